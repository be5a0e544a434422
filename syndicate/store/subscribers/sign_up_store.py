"""Requests of the sign-up page, until consent.

waiting → mailed | ignored, mailed → confirmed. A request is stored the same way for a known and an unknown
mailbox, and processed later. Neither the answer nor its timing reveals a subscriber.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Any

from sqlalchemy import ColumnElement, Connection, and_, delete, insert, literal, or_, select, tuple_, update

from syndicate.model import SubscriptionState, SuppressionReason
from syndicate.model.shards import shard_of_address
from syndicate.store.core.counts import count_rows
from syndicate.store.core.upsert import insert_for
from syndicate.store.mail.edition_store import (
    CONFIRMATION,
    edition_of_period,
    edition_values,
    insert_row,
    new_delivery,
)
from syndicate.store.mail.newsletter_store import sender_of
from syndicate.store.schema import deliveries, editions, subscribers, subscriptions
from syndicate.store.schema import newsletters as newsletter_rows
from syndicate.store.schema import sign_ups as table
from syndicate.store.subscribers import audience_store, field_store

WAITING = "waiting"
MAILED = "mailed"
IGNORED = "ignored"
CONFIRMED = "confirmed"
_HOUR = timedelta(hours=1)
_DAY = timedelta(days=1)
_QUARTER = timedelta(minutes=15)


@dataclass(frozen=True, slots=True, kw_only=True)
class SignUp:
    """Sign-up request. ``address_fold`` is equal for all spellings of a mailbox.

    ``newsletter`` is the first of the requested newsletters; ``more_newsletters`` are the others, separated
    by spaces. ``source`` is the origin of the request, ``fields`` are values of the subscriber's fields.
    """

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
    more_newsletters: str = ""
    source: str = ""
    fields: Mapping[str, str] = field(default_factory=dict)

    @property
    def newsletters(self) -> tuple[str, ...]:
        """Names of all requested newsletters."""
        return (self.newsletter, *self.more_newsletters.split())


def record_sign_up(
    connection: Connection,
    *,
    newsletters: Sequence[str],
    address: tuple[str, str, str],
    network: str,
    agreed: str,
    now: datetime,
    expires: datetime,
    limits: tuple[int, int],
    source: str = "",
    fields: Mapping[str, str] = MappingProxyType({}),
) -> bool:
    """Store a request; false when its network or a newsletter has reached its hourly limit.

    ``address`` is (display, key, fold). ``limits`` are requests per hour from one network and for one
    newsletter.
    """
    # Lock per newsletter: on PostgreSQL concurrent requests could all count before any of them inserts.
    rows = (
        select(newsletter_rows.c.name)
        .where(newsletter_rows.c.name.in_(newsletters))
        .order_by(newsletter_rows.c.name)
    )
    connection.execute(rows.with_for_update(key_share=True))
    recent = table.c.requested > now - _HOUR
    names = literal(" ") + table.c.newsletter + " " + table.c.more_newsletters + " "
    counted = [(table.c.network == network, limits[0])]
    counted += [(names.contains(f" {name} ", autoescape=True), limits[1]) for name in newsletters]
    if any(count_rows(connection, table, which, recent) >= limit for which, limit in counted):
        return False
    values = dict(zip(("address", "address_key", "address_fold"), address, strict=True))
    values |= {"newsletter": newsletters[0], "more_newsletters": " ".join(newsletters[1:])}
    values |= {"network": network, "agreed": agreed, "state": WAITING, "source": source}
    connection.execute(insert(table).values(**values, fields=dict(fields), requested=now, expires=expires))
    return True


def waiting_sign_ups(
    connection: Connection, *, limit: int, now: datetime, without: Collection[tuple[str, ...]] = ()
) -> list[SignUp]:
    """Return unprocessed requests, oldest first; expired requests alone for newsletters ``without`` mail."""
    query = select(*_columns()).where(table.c.state == WAITING).order_by(table.c.id).limit(limit)
    if without:
        asked = tuple_(table.c.newsletter, table.c.more_newsletters)
        pairs = [(first, " ".join(more)) for first, *more in sorted(without)]
        query = query.where(or_(asked.not_in(pairs), table.c.expires <= now))
    return [SignUp(**row._asdict()) for row in connection.execute(query)]


def find_sign_up(connection: Connection, delivery_id: int) -> SignUp | None:
    """Return the request of a mail that asks for confirmation."""
    query = select(*_columns()).where(table.c.delivery_id == delivery_id)
    row = connection.execute(query).first()
    return None if row is None else SignUp(**row._asdict())


def confirmation_edition(
    connection: Connection, newsletters: Sequence[str], rendered: tuple[str, str, str], now: datetime
) -> int:
    """Return the current edition that asks to confirm these newsletters, renewed every quarter of an hour.

    So its date is right, and a mailbox gets at most a single such mail in a quarter of an hour.
    """
    start = now.replace(minute=now.minute - now.minute % 15, second=0, microsecond=0)
    period = (start, start + _QUARTER)
    subject, html, text = rendered
    newsletter, variant_key = newsletters[0], " ".join((CONFIRMATION, *newsletters[1:]))
    values = edition_values(newsletter, variant_key, period, now)
    values |= {"state": CONFIRMATION, "subject": subject, "html": html, "text": text}
    inserted = insert_row(connection, values)
    if inserted is not None:
        return inserted
    same = edition_of_period(newsletter, variant_key, period[1])
    edition_id: int = connection.scalars(select(editions.c.id).where(same)).one()
    return edition_id


def claim_sign_up(connection: Connection, sign_up_id: int) -> bool:
    """Claim a request: it is ignored unless ``mark_mailed`` follows; false when already claimed."""
    return _move(connection, sign_up_id, WAITING, IGNORED)


def prepare_confirmation(
    connection: Connection,
    sign_up: SignUp,
    edition_id: int,
    newsletters: Sequence[str],
    *,
    per_address: int,
    now: datetime,
) -> int | None:
    """Add the delivery of a mail that asks to confirm ``newsletters``; return its id, or ``None``.

    Returns ``None`` for a suppressed mailbox, and for a mailbox subscribed to all of them, unless the request
    has fields. Also when the owner, in any spelling, was mailed ``per_address`` times within a day, or has
    just got such a mail.
    """
    if audience_store.suppression(connection, sign_up.address_key) not in (
        None,
        SuppressionReason.ERASED.value,
    ):
        return None
    if _mails_today(connection, sign_up) >= per_address:
        return None
    address, key = sign_up.address, sign_up.address_key
    requested = [
        audience_store.request_subscription(connection, address, key, name, now) for name in newsletters
    ]
    unconfirmed = [found for found in requested if found[1] is not SubscriptionState.CONFIRMED]
    if not unconfirmed and not sign_up.fields:
        return None
    subscription_id, state = (unconfirmed or requested)[0]
    values = {"edition_id": edition_id, "subscription_id": subscription_id, "address": sign_up.address}
    values |= {"requires": state.value, "not_after": sign_up.expires, "despite_pause": True}
    values |= {"shard": shard_of_address(sign_up.address_key), "sender": sender_of(newsletters[0])}
    statement = insert_for(connection, deliveries).values(**new_delivery(now), **values, not_before=now)
    return connection.scalars(statement.on_conflict_do_nothing().returning(deliveries.c.id)).first()


def _mails_today(connection: Connection, sign_up: SignUp) -> int:
    """Return the number of mails to the mailbox, in any spelling, on the day before a request."""
    recent = table.c.requested > sign_up.requested - _DAY
    mailed = table.c.state.in_((MAILED, CONFIRMED))
    return count_rows(connection, table, table.c.address_fold == sign_up.address_fold, recent, mailed)


def mark_mailed(
    connection: Connection, sign_up_id: int, delivery_id: int, newsletters: Sequence[str], token_hash: str
) -> None:
    """Mark a claimed request as mailed; the token with this hash can then confirm ``newsletters`` once."""
    named = {"newsletter": newsletters[0], "more_newsletters": " ".join(newsletters[1:])}
    _move(connection, sign_up_id, IGNORED, MAILED, delivery_id=delivery_id, token_hash=token_hash, **named)


def confirm_sign_up(connection: Connection, sign_up: SignUp, *, network: str, now: datetime) -> int | None:
    """Confirm a request: subscribe, and store its fields.

    Returns a subscription's id, or ``None`` for a request that is used.
    """
    if sign_up.expires <= now or not _move(connection, sign_up.id, MAILED, CONFIRMED):
        return None
    asked = f"asked {sign_up.requested:%Y-%m-%d %H:%M} UTC from {sign_up.network}, confirmed from {network}"
    if sign_up.source:
        asked += f", source: {sign_up.source}"
    proof: dict[str, Any] = {"detail": asked, "agreed": sign_up.agreed, "source": sign_up.source, "now": now}
    confirmed = [
        audience_store.confirm_subscription(connection, sign_up.address_key, name, **proof)
        for name in sign_up.newsletters
    ]
    subscription_id = next((found for found in confirmed if found is not None), None)
    if subscription_id is not None and sign_up.fields:
        owner = select(subscriptions.c.subscriber_id).where(subscriptions.c.id == subscription_id)
        field_store.save_fields(connection, connection.scalars(owner).one(), sign_up.fields)
    return subscription_id


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
