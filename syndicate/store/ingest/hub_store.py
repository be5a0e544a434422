"""WebSub: hub subscriptions of sources, and pushes that wait to be read."""

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import BindParameter, Connection, Row, and_, bindparam, delete, insert, or_, select, update

from syndicate.model import Hub, HubState, HubSubscription, Push
from syndicate.store import schema
from syndicate.store.core.compiled_sql import CompiledStatement
from syndicate.store.core.counts import count_rows
from syndicate.store.core.upsert import upsert

MAX_WAITING_PUSHES = 20
"""Maximum number of unread pushes per source; further pushes are dropped."""

_SOURCES: BindParameter[int] = bindparam("sources", expanding=True)
_OF_SOURCES = CompiledStatement(
    select(*(schema.hub_subscriptions.c[name] for name in ("source_id", "hub", "topic", "state"))).where(
        schema.hub_subscriptions.c.source_id.in_(_SOURCES)
    )
)
_ENDING = (HubState.LEAVING.value, HubState.ENDED.value)


def save_hubs(
    connection: Connection,
    hubs: Mapping[int, Hub | None],
    *,
    secrets: Callable[[], tuple[str, str]],
    now: datetime,
) -> None:
    """Store the hub that each feed names now, by source id; ``None`` for no hub.

    A new hub is subscribed to in the next run, with a callback and a secret from ``secrets``. When the hub
    changed, the old subscription is ended first and the next reading of the feed subscribes anew.
    """
    if not hubs:
        return
    rows = _OF_SOURCES.rows(connection, {"sources": list(hubs)})
    noted = {source_id: (Hub(url=url, topic=topic), state) for source_id, url, topic, state in rows}
    for source_id, hub in hubs.items():
        before, state = noted.get(source_id, (None, HubState.ENDED.value))
        if hub is not None and state == HubState.ENDED:
            _request_subscription(connection, source_id, hub, *secrets(), now)
        elif state not in _ENDING and hub != before:
            _request_unsubscription(connection, [source_id], now)


def _request_subscription(
    connection: Connection, source_id: int, hub: Hub, callback: str, secret: str, now: datetime
) -> None:
    fresh = {
        "hub": hub.url,
        "topic": hub.topic,
        "callback": callback,
        "secret": secret,
        "state": HubState.WANTED.value,
        "next_try": now,
        "expires": None,
        "last_push": None,
        "attempts": 0,
        "error": "",
    }
    upsert(connection, schema.hub_subscriptions, {"source_id": source_id}, fresh)


def request_unsubscriptions(connection: Connection, *, now: datetime, everything: bool) -> None:
    """End the subscriptions of paused and gone sources, or all with ``everything``."""
    table, sources = schema.hub_subscriptions, schema.sources
    continuing = table.c.state.not_in(_ENDING)
    stopped = select(sources.c.id).where(or_(sources.c.paused, sources.c.gone))
    query = select(table.c.source_id).where(
        continuing if everything else continuing & table.c.source_id.in_(stopped)
    )
    _request_unsubscription(connection, list(connection.scalars(query)), now)


def _request_unsubscription(connection: Connection, ids: Iterable[int], now: datetime) -> None:
    table = schema.hub_subscriptions
    values = {"state": HubState.LEAVING.value, "next_try": now, "attempts": 0}
    connection.execute(update(table).where(table.c.source_id.in_(list(ids))).values(**values))


def claim_hubs(
    connection: Connection, *, now: datetime, until: datetime, limit: int
) -> list[HubSubscription]:
    """Claim subscriptions that need a request to their hub; no other process gets them before ``until``."""
    table = schema.hub_subscriptions
    due = and_(table.c.next_try <= now, table.c.state != HubState.ENDED.value)
    query = select(table).where(due).order_by(table.c.next_try, table.c.source_id)
    rows = list(connection.execute(query.limit(limit).with_for_update(skip_locked=True)))
    ids = [row.source_id for row in rows]
    connection.execute(update(table).where(table.c.source_id.in_(ids)).values(next_try=until))
    return [_subscription(row) for row in rows]


def count_due_hubs(connection: Connection, *, now: datetime) -> int:
    """Return the number of subscriptions that ``claim_hubs`` would claim."""
    table = schema.hub_subscriptions
    due = and_(table.c.next_try <= now, table.c.state != HubState.ENDED.value)
    return count_rows(connection, table, due)


def save_attempt(
    connection: Connection,
    subscription: HubSubscription,
    *,
    state: HubState,
    next_try: datetime,
    attempts: int,
    error: str,
) -> bool:
    """Store the result of a request to a hub; false when the subscription has changed since."""
    table = schema.hub_subscriptions
    same = and_(
        table.c.source_id == subscription.source_id,
        table.c.callback == subscription.callback,
        table.c.state == subscription.state.value,
    )
    values = {"state": state.value, "next_try": next_try, "attempts": attempts, "error": error}
    return connection.execute(update(table).where(same).values(**values)).rowcount == 1


def confirm_hub_subscription(
    connection: Connection, callback: str, topic: str, *, expires: datetime, next_try: datetime
) -> int | None:
    """Activate a subscription the hub verified; return its source, ``None`` if not requested."""
    table = schema.hub_subscriptions
    asked = table.c.state.in_((HubState.ASKED.value, HubState.ACTIVE.value))
    requested = and_(table.c.callback == callback, table.c.topic == topic, asked)
    values = {
        "state": HubState.ACTIVE.value,
        "expires": expires,
        "next_try": next_try,
        "attempts": 0,
        "error": "",
    }
    return connection.scalars(
        update(table).where(requested).values(**values).returning(table.c.source_id)
    ).first()


def confirm_unsubscription(connection: Connection, callback: str, topic: str) -> bool:
    """End a subscription the hub verified as ended; false when no end was requested."""
    table = schema.hub_subscriptions
    ending = and_(table.c.callback == callback, table.c.topic == topic, table.c.state.in_(_ENDING))
    changed = connection.execute(update(table).where(ending).values(state=HubState.ENDED.value))
    return changed.rowcount == 1


def deny_hub_subscription(
    connection: Connection, callback: str, topic: str, *, reason: str, next_try: datetime
) -> int | None:
    """Mark a subscription that the hub refused or ended; return its source id, or ``None``."""
    table = schema.hub_subscriptions
    subscribed = and_(table.c.callback == callback, table.c.topic == topic, table.c.state.not_in(_ENDING))
    values = {"state": HubState.DENIED.value, "expires": None, "next_try": next_try, "error": reason}
    return connection.scalars(
        update(table).where(subscribed).values(**values).returning(table.c.source_id)
    ).first()


def renew_expired_leases(connection: Connection, *, now: datetime) -> list[int]:
    """Request subscriptions again whose lease expired; return their source ids."""
    table = schema.hub_subscriptions
    over = and_(table.c.state == HubState.ACTIVE.value, table.c.expires <= now)
    values = {"state": HubState.WANTED.value, "expires": None, "error": "its lease ran out"}
    return list(connection.scalars(update(table).where(over).values(**values).returning(table.c.source_id)))


def find_hub_subscription(connection: Connection, callback: str) -> HubSubscription | None:
    """Return the subscription with a callback, or ``None``."""
    table = schema.hub_subscriptions
    row = connection.execute(select(table).where(table.c.callback == callback)).first()
    return _subscription(row) if row else None


def list_hub_subscriptions(connection: Connection) -> dict[int, HubSubscription]:
    """Return every subscription that has not ended, by source id."""
    table = schema.hub_subscriptions
    rows = connection.execute(select(table).where(table.c.state != HubState.ENDED.value))
    return {row.source_id: _subscription(row) for row in rows}


def add_push(
    connection: Connection, subscription: HubSubscription, *, content_type: str, body: bytes, now: datetime
) -> bool:
    """Store a pushed document; false when ``MAX_WAITING_PUSHES`` of its source wait already."""
    table = schema.pushes
    of_source = table.c.source_id == subscription.source_id
    if count_rows(connection, table, of_source) >= MAX_WAITING_PUSHES:
        return False
    connection.execute(
        insert(table).values(
            source_id=subscription.source_id,
            url=subscription.topic,
            content_type=content_type,
            body=body,
            received=now,
        )
    )
    return True


def waiting_pushes(connection: Connection, *, limit: int) -> list[Push]:
    """Return unread pushes, oldest first."""
    table = schema.pushes
    return [
        Push(**row._asdict()) for row in connection.execute(select(table).order_by(table.c.id).limit(limit))
    ]


def delete_push(connection: Connection, push_id: int) -> None:
    """Delete a push that was read or cannot be read."""
    connection.execute(delete(schema.pushes).where(schema.pushes.c.id == push_id))


def record_valid_push(connection: Connection, source_id: int, now: datetime) -> datetime | None:
    """Store the time of a valid push; return the end of the lease, ``None`` without a lease."""
    table = schema.hub_subscriptions
    active = and_(table.c.source_id == source_id, table.c.state == HubState.ACTIVE.value)
    return connection.scalars(
        update(table).where(active).values(last_push=now).returning(table.c.expires)
    ).first()


def _subscription(row: Row[Any]) -> HubSubscription:
    return HubSubscription(**row._asdict() | {"state": HubState(row.state)})
