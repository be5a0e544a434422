"""Deliveries: one row, one state, every change a conditional UPDATE whose row count is looked at.

pending → sending → sent | failed | deferred. ``sending`` is committed after the server's 354 and
before the body; a row that a crash leaves there becomes ``uncertain`` and is sent again only when
a person asks.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Integer, Row, and_, func, select, update

from syndicate.model import Delivery, DeliveryState, SubscriptionState
from syndicate.store import schema
from syndicate.store.types import EPOCH

_READY = (DeliveryState.PENDING.value, DeliveryState.DEFERRED.value)


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliveryReport:
    """A delivery as an operator looks at it."""

    delivery: Delivery
    newsletter: str
    subject: str
    code: int | None
    error: str
    changed: datetime


def claim_deliveries(
    connection: Connection, *, now: datetime, owner: str, until: datetime, limit: int
) -> list[Delivery]:
    """Lease deliveries that may go now. An expired lease is claimable: nothing was sent under it."""
    table = schema.deliveries
    ids = list(
        connection.scalars(
            select(table.c.id)
            .where(table.c.state.in_(_READY), table.c.not_before <= now, table.c.lease_until < now)
            .order_by(table.c.not_before, table.c.id)
            .limit(limit)
            .with_for_update(skip_locked=True)
        )
    )
    if not ids:
        return []
    connection.execute(update(table).where(table.c.id.in_(ids)).values(lease_owner=owner, lease_until=until))
    return [
        _delivery(row)
        for row in connection.execute(select(table).where(table.c.id.in_(ids)).order_by(table.c.id))
    ]


def begin_sending(
    connection: Connection, delivery_id: int, *, owner: str, now: datetime, until: datetime
) -> bool:
    """The server said 354: move to ``sending``; false when somebody else has it or it was cancelled.

    A subscription that ended in the meantime cancels the delivery here, at the last moment.
    """
    table, subscriptions = schema.deliveries, schema.subscriptions
    mine = and_(table.c.id == delivery_id, table.c.state.in_(_READY), table.c.lease_owner == owner)
    confirmed = select(subscriptions.c.id).where(subscriptions.c.state == SubscriptionState.CONFIRMED.value)
    started = connection.execute(
        update(table)
        .where(mine, table.c.subscription_id.in_(confirmed))
        .values(
            state=DeliveryState.SENDING.value, attempts=table.c.attempts + 1, lease_until=until, changed=now
        )
    )
    if started.rowcount == 1:
        return True
    connection.execute(
        update(table)
        .where(mine)
        .values(
            state=DeliveryState.CANCELLED.value,
            error="unsubscribed before it was sent",
            changed=now,
            **_free(),
        )
    )
    return False


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
) -> bool:
    """Write how an attempt ended; false when the row is no longer ours to change."""
    table = schema.deliveries
    open_states = (*_READY, DeliveryState.SENDING.value)
    values: dict[str, Any] = {"state": state.value, "code": code, "error": error, "changed": now} | _free()
    # An attempt that ended before the body counts too: otherwise it would be tried for ever.
    values["attempts"] = table.c.attempts + (table.c.state != DeliveryState.SENDING.value).cast(Integer)
    if not_before is not None:
        values["not_before"] = not_before
    mine = and_(table.c.id == delivery_id, table.c.state.in_(open_states), table.c.lease_owner == owner)
    return connection.execute(update(table).where(mine).values(**values)).rowcount == 1


def release_deliveries(connection: Connection, ids: Sequence[int], *, owner: str) -> None:
    """Give back deliveries that were leased and not begun."""
    table = schema.deliveries
    mine = and_(table.c.id.in_(ids), table.c.lease_owner == owner, table.c.state.in_(_READY))
    connection.execute(update(table).where(mine).values(**_free()))


def postpone_deliveries(
    connection: Connection, ids: Sequence[int], *, owner: str, not_before: datetime, reason: str
) -> None:
    """The server takes nothing for now: give the leases back and wait, without counting an attempt."""
    table = schema.deliveries
    mine = and_(table.c.id.in_(ids), table.c.lease_owner == owner, table.c.state.in_(_READY))
    connection.execute(update(table).where(mine).values(not_before=not_before, error=reason, **_free()))


def sweep_uncertain(connection: Connection, *, now: datetime) -> int:
    """Rows left in ``sending`` by a sender that is gone become ``uncertain``; returns how many."""
    table = schema.deliveries
    left = and_(table.c.state == DeliveryState.SENDING.value, table.c.lease_until < now)
    changed = connection.execute(
        update(table)
        .where(left)
        .values(
            state=DeliveryState.UNCERTAIN.value,
            error="the sender stopped between the body and the server's answer",
            changed=now,
            **_free(),
        )
    )
    return changed.rowcount


def resend(connection: Connection, delivery_id: int, *, now: datetime) -> bool:
    """A person asks for one more attempt of an uncertain or failed delivery, with the same Message-ID."""
    table = schema.deliveries
    states = (DeliveryState.UNCERTAIN.value, DeliveryState.FAILED.value)
    asked = and_(table.c.id == delivery_id, table.c.state.in_(states))
    values = {
        "state": DeliveryState.PENDING.value,
        "not_before": now,
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
            subscriptions.c.state == SubscriptionState.CONFIRMED.value,
        )
    )
    return connection.scalars(query).one()


def count_due(connection: Connection, now: datetime) -> int:
    """How many deliveries may go now."""
    table = schema.deliveries
    query = select(func.count()).where(table.c.state.in_(_READY), table.c.not_before <= now)
    return connection.scalars(query).one()


def next_delivery(connection: Connection) -> datetime | None:
    """When the earliest waiting delivery may go, or ``None``."""
    table = schema.deliveries
    query = select(table.c.not_before).where(table.c.state.in_(_READY)).order_by(table.c.not_before).limit(1)
    return connection.scalars(query).first()


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
        created=row.created,
    )
