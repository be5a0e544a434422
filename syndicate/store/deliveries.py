"""Deliveries: one row, one state, every change a conditional UPDATE whose row count is looked at.

pending → sending → sent | failed | deferred. ``sending`` is committed after the server's 354 and
before the body; a row that a crash leaves there becomes ``uncertain`` and is sent again only when
a person asks.
"""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Integer,
    Row,
    Table,
    Update,
    and_,
    bindparam,
    case,
    func,
    literal,
    literal_column,
    or_,
    select,
    update,
)
from sqlalchemy.sql.dml import ReturningUpdate

from syndicate.model import Delivery, DeliveryCause, DeliveryState, SubscriptionState
from syndicate.store import schema
from syndicate.store.preferences import moved_to, not_paused
from syndicate.store.types import EPOCH, Moment

_READY = (DeliveryState.PENDING.value, DeliveryState.DEFERRED.value)


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliveryReport:
    """A delivery as an operator looks at it. ``error`` is what the mail server said last."""

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
) -> list[Delivery]:
    """Lease deliveries that may go now. An expired lease is claimable: nothing was sent under it.

    None that is too late ``now``, or, for a run that began ``now``, at the later moment ``late_by``:
    ``fail_late`` says so of them.
    """
    facts = {"owner": owner, "until": until, "moment": now, "late_by": late_by or now, "limit": limit}
    claimed = connection.execute(_claim(), facts)
    return sorted((_delivery(row) for row in claimed), key=lambda one: one.id)


def begin_sending(
    connection: Connection, ids: Sequence[int], *, owner: str, now: datetime, until: datetime
) -> set[int]:
    """The server said 354: move to ``sending``; returns the ids of those that may really go.

    Not those that somebody else has, or that were cancelled. A subscription that ended in the meantime, or
    a reader's pause, cancels its delivery here, at the last moment.
    """
    facts = {"ids": ids, "owner": owner, "moment": now}
    begun = set(connection.scalars(_begin(), facts | {"until": until}))
    if len(begun) < len(ids):
        connection.execute(_cancel(), facts)
    return begun


def mark_sent(connection: Connection, ids: Sequence[int], *, owner: str, now: datetime) -> int:
    """The server has taken these bodies; returns how many rows were still ours to change."""
    return connection.execute(_sent(), {"ids": ids, "owner": owner, "moment": now}).rowcount


# The statements of a sender, made once: building them costs more than running them.


@cache
def _claim() -> ReturningUpdate[Any]:
    table = schema.deliveries
    ids = (
        select(table.c.id)
        .where(_ready(table), table.c.not_before <= bindparam("moment"))
        .where(table.c.lease_until < bindparam("moment"))
        .where(or_(table.c.not_after.is_(None), table.c.not_after >= bindparam("late_by")))
        .order_by(table.c.not_before, table.c.id)
        .limit(bindparam("limit", type_=Integer))
        .with_for_update(skip_locked=True)
    )
    return (
        update(table)
        .where(table.c.id.in_(ids), _ready(table))
        .values(lease_owner=bindparam("owner"), lease_until=bindparam("until"))
        # Not all columns: a moment costs more to read than the rest of a row.
        .returning(*(table.c[field.name] for field in fields(Delivery)))
    )


@cache
def _begin() -> ReturningUpdate[Any]:
    table, subscriptions, subscribers = schema.deliveries, schema.subscriptions, schema.subscribers
    wanted = (
        select(subscriptions.c.id)
        .join(subscribers, subscribers.c.id == subscriptions.c.subscriber_id)
        .where(subscriptions.c.id == table.c.subscription_id, subscriptions.c.state == table.c.requires)
        .where(or_(not_paused(bindparam("moment")), table.c.despite_pause))
    )
    return (
        update(table)
        .where(_these(table), _ready(table), wanted.exists())
        .values(
            state=DeliveryState.SENDING.value,
            attempts=table.c.attempts + 1,
            lease_until=bindparam("until"),
            changed=bindparam("moment"),
        )
        .returning(table.c.id)
    )


@cache
def _cancel() -> Update:
    table, subscriptions = schema.deliveries, schema.subscriptions
    subscribed = select(subscriptions.c.id).where(
        subscriptions.c.id == table.c.subscription_id, subscriptions.c.state == table.c.requires
    )
    return (
        update(table)
        .where(_these(table), _ready(table))
        .values(
            state=DeliveryState.CANCELLED.value,
            cause=case((subscribed.exists(), DeliveryCause.PAUSED.value), else_=DeliveryCause.LEFT.value),
            error="",
            changed=bindparam("moment"),
            **_free(),
        )
    )


@cache
def _sent() -> Update:
    table = schema.deliveries
    return (
        update(table)
        .where(_these(table), _state_is(table, DeliveryState.SENDING))
        .values(state=DeliveryState.SENT.value, code=250, error="", changed=bindparam("moment"), **_free())
    )


def _these(table: Table) -> ColumnElement[bool]:
    return and_(table.c.id.in_(bindparam("ids", expanding=True)), table.c.lease_owner == bindparam("owner"))


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
    """Write how an attempt ended; false when the row is no longer ours to change.

    What is put off until ``not_before`` may be tried until ``keep_trying`` at least; but nobody is asked
    to confirm with a link that has expired.
    """
    table = schema.deliveries
    open_states = (*_READY, DeliveryState.SENDING.value)
    values: dict[str, Any] = {"state": state.value, "code": code, "error": error, "changed": now} | _free()
    # An attempt that ended before the body counts too: otherwise it would be tried for ever.
    values["attempts"] = table.c.attempts + (table.c.state != DeliveryState.SENDING.value).cast(Integer)
    values["first_attempt"] = func.coalesce(table.c.first_attempt, literal(now, Moment))
    if not_before is not None:
        values["not_before"] = not_before
    if keep_trying is not None:
        longer = and_(table.c.not_after < keep_trying, _is_edition(table))
        values["not_after"] = case((longer, literal(keep_trying, Moment)), else_=table.c.not_after)
    mine = and_(table.c.id == delivery_id, table.c.state.in_(open_states), table.c.lease_owner == owner)
    return connection.execute(update(table).where(mine).values(**values)).rowcount == 1


def hold_deliveries(connection: Connection, ids: Sequence[int], *, owner: str) -> None:
    """The server has not taken these bodies, and the verdict comes later: until then they wait, leased."""
    table = schema.deliveries
    mine = and_(table.c.id.in_(ids), table.c.lease_owner == owner, _state_is(table, DeliveryState.SENDING))
    values = {"state": DeliveryState.PENDING.value, "attempts": table.c.attempts - 1}
    connection.execute(update(table).where(mine).values(**values))


def release_deliveries(connection: Connection, ids: Sequence[int], *, owner: str) -> None:
    """Give back deliveries that were leased and not begun."""
    table = schema.deliveries
    mine = and_(table.c.id.in_(ids), table.c.lease_owner == owner, _ready(table))
    connection.execute(update(table).where(mine).values(**_free()))


def postpone_delivery(connection: Connection, delivery_id: int, *, owner: str, not_before: datetime) -> None:
    """Give back a delivery whose turn comes later, without counting an attempt."""
    table = schema.deliveries
    mine = and_(table.c.id == delivery_id, table.c.lease_owner == owner, _ready(table))
    connection.execute(update(table).where(mine).values(**moved_to(not_before), **_free()))


def fail_late(connection: Connection, *, now: datetime) -> int:
    """What waits and could not be sent in time fails; returns how many those were."""
    table = schema.deliveries
    late = and_(_ready(table), table.c.not_before <= now, table.c.not_after < now, table.c.lease_until < now)
    values = {"cause": DeliveryCause.TOO_LATE.value, "code": None, "changed": now, **_free()}
    failed = update(table).where(late).values(state=DeliveryState.FAILED.value, **values)
    return connection.execute(failed).rowcount


def sweep_uncertain(connection: Connection, *, now: datetime) -> int:
    """Rows left in ``sending`` by a sender that is gone become ``uncertain``; returns how many."""
    table = schema.deliveries
    left = and_(_state_is(table, DeliveryState.SENDING), table.c.lease_until < now)
    changed = connection.execute(
        update(table)
        .where(left)
        .values(
            state=DeliveryState.UNCERTAIN.value,
            cause=DeliveryCause.INTERRUPTED.value,
            error="",
            changed=now,
            **_free(),
        )
    )
    return changed.rowcount


def doubt_waiting(connection: Connection, *, now: datetime) -> int:
    """After a backup was restored: what waits may have been sent since it was made. Returns how many."""
    table = schema.deliveries
    values = {"cause": DeliveryCause.RESTORED.value, "error": "", "changed": now, **_free()}
    changed = update(table).where(_ready(table)).values(state=DeliveryState.UNCERTAIN.value, **values)
    return connection.execute(changed).rowcount


def resend(connection: Connection, delivery_id: int, *, now: datetime) -> bool:
    """A person asks for one more attempt of an uncertain or failed delivery, with the same Message-ID."""
    table = schema.deliveries
    states = (DeliveryState.UNCERTAIN.value, DeliveryState.FAILED.value)
    asked = and_(table.c.id == delivery_id, table.c.state.in_(states))
    values = {
        "state": DeliveryState.PENDING.value,
        "not_before": now,
        "not_after": case((_is_edition(table), None), else_=table.c.not_after),
        "first_attempt": None,
        "cause": DeliveryCause.NONE.value,
        "error": "",
        "code": None,
        "changed": now,
    }
    return connection.execute(update(table).where(asked).values(**values)).rowcount == 1


def count_deliveries(connection: Connection) -> dict[str, int]:
    """How many deliveries are in each state."""
    table = schema.deliveries
    query = select(table.c.state, func.count()).group_by(table.c.state).order_by(table.c.state)
    return {state: count for state, count in connection.execute(query)}  # noqa: C416


def list_deliveries(
    connection: Connection,
    *,
    states: Sequence[DeliveryState] = (),
    limit: int = 200,
    due: datetime | None = None,
) -> list[DeliveryReport]:
    """Deliveries for a person to look at, latest change first; with ``due`` only what may go by then."""
    table, editions = schema.deliveries, schema.editions
    query = (
        select(table, editions.c.newsletter, editions.c.subject)
        .join(editions, editions.c.id == table.c.edition_id)
        .order_by(table.c.changed.desc(), table.c.id.desc())
        .limit(limit)
    )
    if states:
        query = query.where(table.c.state.in_([state.value for state in states]))
    if due is not None:
        query = query.where(table.c.not_before <= due)
    return [
        DeliveryReport(
            delivery=_delivery(row),
            newsletter=row.newsletter,
            subject=row.subject,
            code=row.code,
            cause=DeliveryCause(row.cause),
            error=row.error,
            changed=row.changed,
        )
        for row in connection.execute(query)
    ]


def count_refused(connection: Connection) -> int:
    """Deliveries that failed for good to people who are still subscribed: somebody should look at them."""
    table, subscriptions = schema.deliveries, schema.subscriptions
    query = (
        select(func.count())
        .select_from(table)
        .join(subscriptions, subscriptions.c.id == table.c.subscription_id)
        .where(
            table.c.state == DeliveryState.FAILED.value,
            table.c.cause != DeliveryCause.TOO_LATE.value,
            subscriptions.c.state == SubscriptionState.CONFIRMED.value,
        )
    )
    return connection.scalars(query).one()


def count_late(connection: Connection, *, since: datetime) -> int:
    """Deliveries that failed since a moment because they could not be sent in time."""
    table = schema.deliveries
    query = select(func.count()).where(
        table.c.state == DeliveryState.FAILED.value,
        table.c.cause == DeliveryCause.TOO_LATE.value,
        table.c.changed >= since,
    )
    return connection.scalars(query).one()


def count_due(connection: Connection, now: datetime) -> int:
    """How many deliveries may go now."""
    table = schema.deliveries
    query = select(func.count()).where(_ready(table), table.c.not_before <= now)
    return connection.scalars(query).one()


def next_delivery(connection: Connection) -> datetime | None:
    """When the earliest waiting delivery may go, or ``None``."""
    table = schema.deliveries
    query = select(table.c.not_before).where(_ready(table)).order_by(table.c.not_before).limit(1)
    return connection.scalars(query).first()


def _ready(table: Table) -> ColumnElement[bool]:
    """Written out, not as parameters: only so do both engines see that the partial index fits."""
    return table.c.state.in_([literal_column(f"'{state}'") for state in _READY])


def _state_is(table: Table, state: DeliveryState) -> ColumnElement[bool]:
    return table.c.state == literal_column(f"'{state.value}'")


def _is_edition(table: Table) -> ColumnElement[bool]:
    return table.c.requires == SubscriptionState.CONFIRMED.value


def _free() -> dict[str, Any]:
    return {"lease_owner": "", "lease_until": EPOCH}


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
