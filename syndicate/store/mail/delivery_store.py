"""Deliveries: one row, one state; each change is a conditional UPDATE whose row count is checked.

pending → sending → sent | failed | deferred | uncertain. ``sending`` is committed after the server's 354
and before the body. The row returns to pending when the final dot was never written or the reply comes
later. A row that a crash leaves in ``sending`` becomes ``uncertain`` and is sent again only on an
operator's command.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Integer,
    Row,
    Table,
    and_,
    case,
    func,
    literal,
    or_,
    select,
    update,
)

from syndicate.model import Delivery, DeliveryCause, DeliveryState, SubscriptionState
from syndicate.store.core.column_types import UtcTime, to_microseconds
from syndicate.store.core.counts import count_by, count_rows, shards_with
from syndicate.store.events.event_log import add_event
from syndicate.store.leases.row_leases import NO_LEASE
from syndicate.store.mail import delivery_statements as statements
from syndicate.store.mail.delivery_statements import READY, TROUBLE, ready, state_is
from syndicate.store.mail.sending_rests import not_resting
from syndicate.store.schema import deliveries as table
from syndicate.store.schema import editions, newsletters, subscriptions
from syndicate.store.subscribers.preference_store import rescheduled_values

_FAILED = (TROUBLE, state_is(table, DeliveryState.FAILED))


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliveryReport:
    """Delivery as an operator sees it. ``error`` is the mail server's last reply."""

    delivery: Delivery
    newsletter: str
    subject: str
    code: int | None
    cause: DeliveryCause
    error: str
    changed: datetime


def claim_deliveries(
    connection: Connection,
    *,
    now: datetime,
    owner: str,
    until: datetime,
    limit: int,
    late_by: datetime | None = None,
    confirmations: bool = False,
    shard: int | None = None,
    sender: str = "",
) -> list[Delivery]:
    """Lease deliveries that may be sent now. An expired lease is claimable: nothing was sent under it.

    Leaves out deliveries that are too late ``now``, or at ``late_by`` for a run that began ``now``:
    ``fail_late`` fails them. ``confirmations`` leases only mails that ask for a confirmation, ``shard`` only
    mails to the domains of a shard. ``sender`` is the mail server, as in ``Brand.sender``.
    """
    facts: dict[str, Any] = {"owner": owner, "until": until, "limit": limit, "the_sender": sender}
    facts |= {"now": now, "late_by": late_by or now}
    statement = statements.claim(confirmations=confirmations, of_shard=shard is not None)
    claimed = connection.execute(statement, facts | _named(shard))
    return sorted((_delivery(row) for row in claimed), key=lambda delivery: delivery.id)


def is_any_due(
    connection: Connection,
    *,
    now: datetime,
    confirmations: bool = False,
    shard: int | None = None,
    sender: str = "",
) -> bool:
    """Return whether ``claim_deliveries`` would lease any delivery."""
    query = statements.claimable(confirmations=confirmations, of_shard=shard is not None)
    facts = {"now": now, "late_by": now, "limit": 1, "the_sender": sender, **_named(shard)}
    return connection.execute(query, facts).first() is not None


def _named(shard: int | None) -> dict[str, int]:
    return {} if shard is None else {"the_shard": shard}


def extend_claims(connection: Connection, ids: Sequence[int], *, owner: str, until: datetime) -> None:
    """Extend the leases of claimed deliveries that are not in ``sending``."""
    matching = and_(table.c.id.in_(ids), table.c.lease_owner == owner, ready(table))
    connection.execute(update(table).where(matching).values(lease_until=until))


def begin_sending(
    connection: Connection, ids: Sequence[int], *, owner: str, now: datetime, until: datetime
) -> set[int]:
    """Move deliveries to ``sending`` after the server's 354; return the ids of deliveries that may be sent.

    Deliveries of another owner and cancelled deliveries may not. If the subscription ended or the reader
    paused since the claim, the delivery is cancelled here.
    """
    places, named = statements.named(ids)
    instants = {"now": to_microseconds(now), "until": to_microseconds(until)}
    begun = {
        key for (key,) in statements.begin(places).execute(connection, {**named, **instants, "owner": owner})
    }
    if len(begun) < len(ids):
        connection.execute(statements.cancel(places), {**named, "owner": owner, "now": now})
    return begun


def already_sending(connection: Connection, ids: Sequence[int], *, owner: str) -> set[int]:
    """Return deliveries in ``sending``, after a commit that succeeded but whose answer was lost."""
    matching = and_(table.c.id.in_(ids), table.c.lease_owner == owner, state_is(table, DeliveryState.SENDING))
    return set(connection.scalars(select(table.c.id).where(matching)))


def mark_sent(connection: Connection, ids: Sequence[int], *, owner: str, now: datetime) -> int:
    """Mark deliveries as sent whose bodies the server accepted; return the number of rows changed."""
    places, named = statements.named(ids)
    facts = {**named, "owner": owner, "now": to_microseconds(now)}
    return statements.sent(places).execute(connection, facts).rowcount


def finish_delivery(
    connection: Connection,
    delivery_id: int,
    state: DeliveryState,
    *,
    owner: str,
    now: datetime,
    code: int | None = None,
    error: str = "",
    not_before: datetime | None = None,
    keep_trying: datetime | None = None,
) -> bool:
    """Store the result of an attempt; false when the owner has lost the delivery.

    A deferred delivery waits until ``not_before``. Its deadline moves to ``keep_trying`` at least, except
    for a mail that asks for a confirmation, whose link expires.
    """
    open_states = (*READY, DeliveryState.SENDING.value)
    values: dict[str, Any] = {"state": state.value, "code": code, "error": error, "changed": now} | NO_LEASE
    # An attempt that ended before the body counts too; otherwise the delivery would be retried for ever.
    values["attempts"] = table.c.attempts + (table.c.state != DeliveryState.SENDING.value).cast(Integer)
    values["first_attempt"] = func.coalesce(table.c.first_attempt, literal(now, UtcTime))
    if not_before is not None:
        values["not_before"] = not_before
    if keep_trying is not None:
        longer = and_(table.c.not_after < keep_trying, _is_edition(table))
        values["not_after"] = case((longer, literal(keep_trying, UtcTime)), else_=table.c.not_after)
    matching = and_(table.c.id == delivery_id, table.c.state.in_(open_states), table.c.lease_owner == owner)
    return connection.execute(update(table).where(matching).values(**values)).rowcount == 1


def return_to_pending(connection: Connection, ids: Sequence[int], *, owner: str) -> None:
    """Return deliveries to pending, still leased, whose bodies the server has not accepted."""
    matching = and_(table.c.id.in_(ids), table.c.lease_owner == owner, state_is(table, DeliveryState.SENDING))
    values = {"state": DeliveryState.PENDING.value, "attempts": table.c.attempts - 1}
    connection.execute(update(table).where(matching).values(**values))


def release_deliveries(connection: Connection, ids: Sequence[int], *, owner: str) -> None:
    """Release leases of deliveries that were not begun."""
    matching = and_(table.c.id.in_(ids), table.c.lease_owner == owner, ready(table))
    connection.execute(update(table).where(matching).values(**NO_LEASE))


def postpone_delivery(connection: Connection, delivery_id: int, *, owner: str, not_before: datetime) -> None:
    """Release a delivery to be sent later, without counting an attempt."""
    matching = and_(table.c.id == delivery_id, table.c.lease_owner == owner, ready(table))
    connection.execute(update(table).where(matching).values(**rescheduled_values(not_before), **NO_LEASE))


def put_off(connection: Connection, ids: Sequence[int], *, owner: str, not_before: datetime) -> None:
    """Release deliveries to be sent later; they may still become too late."""
    matching = and_(table.c.id.in_(ids), table.c.lease_owner == owner, ready(table))
    connection.execute(update(table).where(matching).values(not_before=not_before, **NO_LEASE))


def fail_late(connection: Connection, *, now: datetime, shard: int | None = None, sender: str = "") -> int:
    """Fail a server's deliveries (of a shard) that could not be sent in time; return their number."""
    late = and_(_due(now, sender), table.c.not_after < now, table.c.lease_until < now, *_of_shard(shard))
    values = {"cause": DeliveryCause.TOO_LATE.value, "code": None, "changed": now, **NO_LEASE}
    failed = update(table).where(late).values(state=DeliveryState.FAILED.value, **values)
    return connection.execute(failed).rowcount


def sending_owners(connection: Connection) -> set[str]:
    """Return the owners of rows in ``sending``."""
    owners = select(table.c.lease_owner).where(state_is(table, DeliveryState.SENDING)).distinct()
    return set(connection.scalars(owners))


def mark_stuck_uncertain(connection: Connection, *, now: datetime, dead: Collection[str] = ()) -> int:
    """Move abandoned rows from ``sending`` to ``uncertain``; return their number.

    A row is abandoned when its lease expired, or when its owner is dead.
    """
    left = state_is(table, DeliveryState.SENDING)
    left = and_(left, or_(table.c.lease_until < now, table.c.lease_owner.in_(dead)))
    return _make_uncertain(connection, left, DeliveryCause.INTERRUPTED, now)


def mark_waiting_uncertain(
    connection: Connection, *, now: datetime, created_by: datetime | None = None
) -> int:
    """Make waiting deliveries uncertain that may have been sent since a backup; return their number.

    Deliveries created after ``created_by`` were not in the backup.
    """
    old = table.c.created <= (created_by or now)
    return _make_uncertain(connection, and_(ready(table), old), DeliveryCause.RESTORED, now)


def _make_uncertain(
    connection: Connection, which: ColumnElement[bool], cause: DeliveryCause, now: datetime
) -> int:
    values = {"state": DeliveryState.UNCERTAIN.value, "cause": cause.value, "error": "", "changed": now}
    count = connection.execute(update(table).where(which).values(**values, **NO_LEASE)).rowcount
    if count:
        add_event(connection, "delivery.uncertain", "deliveries", {"count": count}, now)
    return count


def resend(connection: Connection, delivery_id: int, *, now: datetime) -> bool:
    """Queue an uncertain or failed delivery again on an operator's command, with the same Message-ID."""
    states = (DeliveryState.UNCERTAIN.value, DeliveryState.FAILED.value)
    asked = and_(table.c.id == delivery_id, table.c.state.in_(states))
    deadline = case((_is_edition(table), None), else_=table.c.not_after)
    values = {"not_before": now, "not_after": deadline, "first_attempt": None, "code": None}
    return _resolve(connection, asked, DeliveryState.PENDING, now, **values)


def mark_arrived(connection: Connection, delivery_id: int, *, now: datetime) -> bool:
    """Mark an uncertain delivery as sent, which an operator found in the mail server's log."""
    known = and_(table.c.id == delivery_id, state_is(table, DeliveryState.UNCERTAIN))
    return _resolve(connection, known, DeliveryState.SENT, now, cause=DeliveryCause.PERSON.value)


def _resolve(
    connection: Connection, which: ColumnElement[bool], state: DeliveryState, now: datetime, **values: Any
) -> bool:
    values = {"cause": DeliveryCause.NONE.value, "state": state.value, "error": "", "changed": now} | values
    return connection.execute(update(table).where(which).values(**values)).rowcount == 1


def count_deliveries(connection: Connection) -> dict[str, int]:
    """Return the number of deliveries by state."""
    return count_by(connection, table.c.state)


def list_deliveries(
    connection: Connection,
    *,
    states: Sequence[DeliveryState] = (),
    limit: int = 200,
    due: datetime | None = None,
) -> list[DeliveryReport]:
    """Return deliveries for an operator, latest change first; ``due``: only deliveries due by then."""
    query = (
        select(table, editions.c.newsletter, editions.c.subject)
        .join(editions, editions.c.id == table.c.edition_id)
        .order_by(table.c.changed.desc(), table.c.id.desc())
        .limit(limit)
    )
    if states and set(states) <= {DeliveryState.FAILED, DeliveryState.UNCERTAIN}:
        query = query.where(TROUBLE)
    if states:
        query = query.where(table.c.state.in_([state.value for state in states]))
    if due is not None:
        query = query.where(table.c.not_before <= due)
    return [
        DeliveryReport(
            delivery=_delivery(row),
            cause=DeliveryCause(row.cause),
            **{name: getattr(row, name) for name in ("newsletter", "subject", "code", "error", "changed")},
        )
        for row in connection.execute(query)
    ]


def count_uncertain(connection: Connection) -> int:
    """Return the number of uncertain deliveries."""
    return count_rows(connection, table, TROUBLE, state_is(table, DeliveryState.UNCERTAIN))


def count_refused(connection: Connection) -> int:
    """Return the number of failed deliveries to readers who are still subscribed."""
    subscribed = select(subscriptions.c.id).where(
        subscriptions.c.id == table.c.subscription_id,
        subscriptions.c.state == SubscriptionState.CONFIRMED.value,
    )
    return count_rows(
        connection, table, *_FAILED, table.c.cause != DeliveryCause.TOO_LATE.value, subscribed.exists()
    )


def count_late(connection: Connection, *, since: datetime) -> int:
    """Return the number of deliveries since a time that failed because they were too late."""
    is_late = table.c.cause == DeliveryCause.TOO_LATE.value
    return count_rows(connection, table, *_FAILED, is_late, table.c.changed >= since)


def count_due(
    connection: Connection,
    now: datetime,
    *,
    confirmations: bool = False,
    shard: int | None = None,
    sender: str | None = None,
) -> int:
    """Return the number of deliveries (of a shard, of a mail server) that may be sent now.

    It counts all of them, or only confirmations.
    """
    which = [statements.is_confirmation(table)] if confirmations else []
    return count_rows(connection, table, _due(now, sender), *which, *_of_shard(shard))


def due_shards(connection: Connection, now: datetime, sender: str = "") -> set[int]:
    """Return the shards with deliveries that may be sent now, or were abandoned while they were sent."""
    due = _due(now, sender)
    abandoned = select(table.c.shard).where(
        state_is(table, DeliveryState.SENDING), table.c.lease_until < now, table.c.sender == sender
    )
    waiting = shards_with(connection, lambda shard: and_(due, table.c.shard == shard))
    return {*waiting, *connection.scalars(abandoned.distinct())}


def _due(now: datetime, sender: str | None) -> ColumnElement[bool]:
    of_sender = [] if sender is None else [table.c.sender == sender]
    return and_(ready(table), *of_sender, table.c.not_before <= now, not_resting(table))


def _of_shard(shard: int | None) -> list[ColumnElement[bool]]:
    return [] if shard is None else [table.c.shard == shard]


def next_delivery(connection: Connection) -> datetime | None:
    """Return the time at which the earliest waiting delivery may be sent, or ``None``."""
    # Of each mail server, so that the index is not read as a whole.
    servers = select(newsletters.c.sender).union(select(literal(""))).subquery()
    of_server = ready(table), table.c.sender == servers.c.sender
    first = select(func.min(table.c.not_before)).where(*of_server).correlate(servers).scalar_subquery()
    earliest: datetime | None = connection.scalar(select(func.min(first)).select_from(servers))
    return earliest


def _is_edition(table: Table) -> ColumnElement[bool]:
    return table.c.requires == SubscriptionState.CONFIRMED.value


def _delivery(row: Row[Any]) -> Delivery:
    return Delivery(
        id=row.id,
        edition_id=row.edition_id,
        subscription_id=row.subscription_id,
        address=row.address,
        state=DeliveryState(row.state),
        attempts=row.attempts,
        first_attempt=row.first_attempt,
        requires=SubscriptionState(row.requires),
    )
