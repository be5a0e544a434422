"""Requests of the sign-up page, until consent.

waiting → mailed | ignored, mailed → confirmed. A request is stored the same way for a known and an unknown
mailbox, and processed later. Neither the answer nor its timing reveals a subscriber.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Connection, and_, delete, insert, select, update

from syndicate.model import SubscriptionState, SuppressionReason
from syndicate.store.core.counts import count_rows
from syndicate.store.core.upsert import insert_for
from syndicate.store.mail import audience_store
from syndicate.store.mail.edition_store import (
    CONFIRMATION,
    edition_of_period,
    edition_values,
    insert_row,
    new_delivery,
)
from syndicate.store.schema import deliveries, editions, newsletters, subscribers, subscriptions
from syndicate.store.schema import sign_ups as table

WAITING = "waiting"
MAILED = "mailed"
IGNORED = "ignored"
CONFIRMED = "confirmed"
_HOUR = timedelta(hours=1)
_DAY = timedelta(days=1)
_QUARTER = timedelta(minutes=15)


@dataclass(frozen=True, slots=True, kw_only=True)
class SignUp:
    """Sign-up request. ``address_fold`` is equal for all spellings of a mailbox."""

    id: int
    newsletter: str
    address: str
    address_key: str
    address_fold: str
    network: str
    agreed: str
    state: str
    token_hash: str
    requested: datetime
    expires: datetime


def record_sign_up(
    connection: Connection,
    *,
    newsletter: str,
    address: tuple[str, str, str],
    network: str,
    agreed: str,
    now: datetime,
    expires: datetime,
    limits: tuple[int, int],
) -> bool:
    """Store a request; false when its network or newsletter has reached its hourly limit.

    ``address`` is (display, key, fold). ``limits`` are requests per hour from one network and for one
    newsletter.
    """
    # Lock per newsletter: on PostgreSQL concurrent requests could all count before any of them inserts.
    row = select(newsletters.c.name).where(newsletters.c.name == newsletter)
    connection.execute(row.with_for_update(key_share=True))
    recent = table.c.requested > now - _HOUR
    for which, limit in zip(
        (table.c.network == network, table.c.newsletter == newsletter), limits, strict=True
    ):
        if count_rows(connection, table, which, recent) >= limit:
            return False
    values = dict(zip(("address", "address_key", "address_fold"), address, strict=True))
    values |= {"newsletter": newsletter, "network": network, "agreed": agreed, "state": WAITING}
    connection.execute(insert(table).values(**values, requested=now, expires=expires))
    return True


def waiting_sign_ups(connection: Connection, *, limit: int) -> list[SignUp]:
    """Return unprocessed requests, oldest first."""
    query = select(*_columns()).where(table.c.state == WAITING).order_by(table.c.id).limit(limit)
    return [SignUp(**row._asdict()) for row in connection.execute(query)]


def find_sign_up(connection: Connection, delivery_id: int) -> SignUp | None:
    """Return the request of a mail that asks for confirmation."""
    query = select(*_columns()).where(table.c.delivery_id == delivery_id)
    row = connection.execute(query).first()
    return None if row is None else SignUp(**row._asdict())


def confirmation_edition(
    connection: Connection, newsletter: str, rendered: tuple[str, str, str], now: datetime
) -> int:
    """Return the current edition that asks for confirmation, a new edition every quarter of an hour.

    So its date is right, and a mailbox gets at most a single such mail in a quarter of an hour.
    """
    start = now.replace(minute=now.minute - now.minute % 15, second=0, microsecond=0)
    period = (start, start + _QUARTER)
    subject, html, text = rendered
    values = edition_values(newsletter, CONFIRMATION, period, now)
    values |= {"state": CONFIRMATION, "subject": subject, "html": html, "text": text}
    inserted = insert_row(connection, values)
    if inserted is not None:
        return inserted
    same = edition_of_period(newsletter, CONFIRMATION, period[1])
    edition_id: int = connection.scalars(select(editions.c.id).where(same)).one()
    return edition_id


def claim_sign_up(connection: Connection, sign_up_id: int) -> bool:
    """Claim a request: it is ignored unless ``mark_mailed`` follows; false when already claimed."""
    return _move(connection, sign_up_id, WAITING, IGNORED)


def prepare_confirmation(
    connection: Connection, sign_up: SignUp, edition_id: int, *, per_address: int, now: datetime
) -> int | None:
    """Add the delivery of a mail that asks for confirmation; return its id, or ``None``.

    Returns ``None`` for a subscribed or suppressed mailbox. Also when the owner, in any spelling, was
    mailed ``per_address`` times within a day, or has just got such a mail.
    """
    if audience_store.suppression(connection, sign_up.address_key) not in (
        None,
        SuppressionReason.ERASED.value,
    ):
        return None
    if _mails_today(connection, sign_up) >= per_address:
        return None
    subscription_id, state = audience_store.request_subscription(
        connection, sign_up.address, sign_up.address_key, sign_up.newsletter, now
    )
    if state is SubscriptionState.CONFIRMED:
        return None
    values = {"edition_id": edition_id, "subscription_id": subscription_id, "address": sign_up.address}
    values |= {"requires": state.value, "not_after": sign_up.expires, "despite_pause": True}
    statement = insert_for(connection, deliveries).values(**new_delivery(now), **values, not_before=now)
    return connection.scalars(statement.on_conflict_do_nothing().returning(deliveries.c.id)).first()


def _mails_today(connection: Connection, sign_up: SignUp) -> int:
    """Return the number of mails to the mailbox, in any spelling, on the day before a request."""
    recent = table.c.requested > sign_up.requested - _DAY
    mailed = table.c.state.in_((MAILED, CONFIRMED))
    return count_rows(connection, table, table.c.address_fold == sign_up.address_fold, recent, mailed)


def mark_mailed(connection: Connection, sign_up_id: int, delivery_id: int, token_hash: str) -> None:
    """Mark a claimed request as mailed; the token with this hash can then confirm it once."""
    _move(connection, sign_up_id, IGNORED, MAILED, delivery_id=delivery_id, token_hash=token_hash)


def confirm_sign_up(connection: Connection, sign_up: SignUp, *, network: str, now: datetime) -> int | None:
    """Confirm a request and subscribe; return the subscription's id, or ``None`` when it was used."""
    if sign_up.expires <= now or not _move(connection, sign_up.id, MAILED, CONFIRMED):
        return None
    asked = f"asked {sign_up.requested:%Y-%m-%d %H:%M} UTC from {sign_up.network}, confirmed from {network}"
    return audience_store.confirm_subscription(
        connection, sign_up.address_key, sign_up.newsletter, detail=asked, agreed=sign_up.agreed, now=now
    )


def prune_sign_ups(connection: Connection, *, before: datetime) -> int:
    """Delete requests from before a time, and subscribers who never confirmed; return the requests."""
    gone = connection.execute(delete(table).where(table.c.requested < before)).rowcount
    mails = select(deliveries.c.id).where(deliveries.c.edition_id == editions.c.id)
    asked = and_(editions.c.state == CONFIRMATION, editions.c.period_end < before)
    connection.execute(delete(editions).where(asked, ~mails.exists()))
    waits = and_(subscriptions.c.state == SubscriptionState.PENDING.value, subscriptions.c.changed < before)
    owners = set(connection.scalars(select(subscriptions.c.subscriber_id).where(waits)))
    if not owners:
        return gone
    connection.execute(delete(subscriptions).where(waits))
    left = select(subscriptions.c.id).where(subscriptions.c.subscriber_id == subscribers.c.id)
    connection.execute(delete(subscribers).where(subscribers.c.id.in_(owners), ~left.exists()))
    return gone


def _columns() -> list[ColumnElement[Any]]:
    return [table.c[name] for name in SignUp.__dataclass_fields__]


def _move(connection: Connection, sign_up_id: int, before: str, after: str, **values: object) -> bool:
    moved = connection.execute(
        update(table).where(table.c.id == sign_up_id, table.c.state == before).values(state=after, **values)
    )
    return moved.rowcount == 1
