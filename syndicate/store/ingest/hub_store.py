"""WebSub: hub subscriptions of sources, and pushes that wait to be read."""

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import (
    BindParameter,
    ColumnElement,
    Connection,
    Row,
    and_,
    bindparam,
    delete,
    insert,
    or_,
    select,
    update,
)

from syndicate.model import Hub, HubState, HubSubscription, Push
from syndicate.store import schema
from syndicate.store.core.column_types import to_microseconds
from syndicate.store.core.compiled_sql import CompiledStatement
from syndicate.store.core.counts import count_rows
from syndicate.store.core.upsert import replacing
from syndicate.text.urls import host_shard

table = schema.hub_subscriptions
MAX_WAITING_PUSHES = 20
"""Maximum number of unread pushes per source; further pushes are dropped."""

_SOURCES: BindParameter[int] = bindparam("sources", expanding=True)
_NOTED = select(*(table.c[name] for name in ("source_id", "hub", "topic", "state")))
_OF_SOURCES = CompiledStatement(_NOTED.where(table.c.source_id.in_(_SOURCES)))
_SUBSCRIBE = replacing(table)
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
            callback, secret = secrets()
            facts = {"hub": hub.url, "topic": hub.topic, "callback": callback, "secret": secret, "error": ""}
            place = {"source_id": source_id, "shard": host_shard(hub.url), "state": HubState.WANTED.value}
            times = {"next_try": to_microseconds(now), "attempts": 0, "expires": None, "last_push": None}
            _SUBSCRIBE.execute_many(connection, [{**facts, **place, **times}])
        elif state not in _ENDING and hub != before:
            _request_unsubscription(connection, [source_id], now)


def request_unsubscriptions(connection: Connection, *, now: datetime, everything: bool) -> None:
    """End the subscriptions of paused and gone sources, or all with ``everything``."""
    sources = schema.sources
    continuing = table.c.state.not_in(_ENDING)
    stopped = select(sources.c.id).where(or_(sources.c.paused, sources.c.gone))
    ending = continuing if everything else continuing & table.c.source_id.in_(stopped)
    ids = connection.scalars(select(table.c.source_id).where(ending)).all()
    _request_unsubscription(connection, ids, now)


def _request_unsubscription(connection: Connection, ids: Iterable[int], now: datetime) -> None:
    values = {"state": HubState.LEAVING.value, "next_try": now, "attempts": 0}
    connection.execute(update(table).where(table.c.source_id.in_(list(ids))).values(**values))


def claim_hubs(
    connection: Connection, *, now: datetime, until: datetime, limit: int, shard: int | None = None
) -> list[HubSubscription]:
    """Claim subscriptions that need a request to their hub; no other process gets them before ``until``."""
    query = select(table).where(*_due(now, shard)).order_by(table.c.next_try, table.c.source_id)
    rows = list(connection.execute(query.limit(limit).with_for_update(skip_locked=True)))
    ids = [row.source_id for row in rows]
    connection.execute(update(table).where(table.c.source_id.in_(ids)).values(next_try=until))
    return [_subscription(row) for row in rows]


def count_due_hubs(connection: Connection, *, now: datetime, shard: int | None = None) -> int:
    """Return the number of subscriptions that ``claim_hubs`` would claim."""
    return count_rows(connection, table, *_due(now, shard))


def due_shards(connection: Connection, now: datetime) -> list[int]:
    """Return the shards of the subscriptions that need a request to their hub."""
    return list(connection.scalars(select(table.c.shard).where(*_due(now, None)).distinct()))


def _due(now: datetime, shard: int | None) -> list[ColumnElement[bool]]:
    due = [table.c.next_try <= now, table.c.state != HubState.ENDED.value]
    return due if shard is None else [*due, table.c.shard == shard]


def save_attempt(
    connection: Connection, before: HubSubscription, after: HubSubscription, *, next_try: datetime
) -> bool:
    """Store the result of a request to a hub; false when the subscription is no longer as ``before``."""
    same = [table.c[name] == getattr(before, name) for name in ("source_id", "callback")]
    values = {"state": after.state.value, "next_try": next_try, "attempts": after.attempts}
    changed = update(table).where(*same, table.c.state == before.state.value)
    return connection.execute(changed.values(**values, error=after.error)).rowcount == 1


def confirm_hub_subscription(
    connection: Connection, callback: str, topic: str, *, expires: datetime, next_try: datetime
) -> int | None:
    """Activate a subscription the hub verified; return its source, ``None`` if not requested."""
    asked = table.c.state.in_((HubState.ASKED.value, HubState.ACTIVE.value))
    values = {"expires": expires, "next_try": next_try, "attempts": 0, "error": ""}
    return _answered(connection, callback, topic, asked, state=HubState.ACTIVE.value, **values)


def confirm_unsubscription(connection: Connection, callback: str, topic: str) -> bool:
    """End a subscription the hub verified as ended; false when no end was requested."""
    ending = table.c.state.in_(_ENDING)
    return _answered(connection, callback, topic, ending, state=HubState.ENDED.value) is not None


def deny_hub_subscription(
    connection: Connection, callback: str, topic: str, *, reason: str, next_try: datetime
) -> int | None:
    """Mark a subscription that the hub refused or ended; return its source id, or ``None``."""
    subscribed = table.c.state.not_in(_ENDING)
    values = {"expires": None, "next_try": next_try, "error": reason}
    return _answered(connection, callback, topic, subscribed, state=HubState.DENIED.value, **values)


def _answered(
    connection: Connection, callback: str, topic: str, condition: ColumnElement[bool], **values: Any
) -> int | None:
    """Change a subscription that a hub answered; return its source id, ``None`` without a match."""
    known = update(table).where(table.c.callback == callback, table.c.topic == topic, condition)
    return connection.scalars(known.values(**values).returning(table.c.source_id)).first()


def renew_expired_leases(connection: Connection, *, now: datetime) -> list[int]:
    """Request subscriptions again whose lease expired; return their source ids."""
    over = and_(table.c.state == HubState.ACTIVE.value, table.c.expires <= now)
    values = {"state": HubState.WANTED.value, "expires": None, "error": "its lease ran out"}
    return list(connection.scalars(update(table).where(over).values(**values).returning(table.c.source_id)))


def find_hub_subscription(connection: Connection, callback: str) -> HubSubscription | None:
    """Return the subscription with a callback, or ``None``."""
    row = connection.execute(select(table).where(table.c.callback == callback)).first()
    return _subscription(row) if row else None


def list_hub_subscriptions(connection: Connection) -> dict[int, HubSubscription]:
    """Return every subscription that has not ended, by source id."""
    rows = connection.execute(select(table).where(table.c.state != HubState.ENDED.value))
    return {row.source_id: _subscription(row) for row in rows}


def add_push(
    connection: Connection, subscription: HubSubscription, *, content_type: str, body: bytes, now: datetime
) -> bool:
    """Store a pushed document; false when ``MAX_WAITING_PUSHES`` of its source wait already."""
    pushes = schema.pushes
    of_source = pushes.c.source_id == subscription.source_id
    if count_rows(connection, pushes, of_source) >= MAX_WAITING_PUSHES:
        return False
    values = {"source_id": subscription.source_id, "url": subscription.topic, "received": now}
    connection.execute(insert(pushes).values(**values, content_type=content_type, body=body))
    return True


def waiting_pushes(connection: Connection, *, limit: int) -> list[Push]:
    """Return unread pushes, oldest first."""
    pushes = schema.pushes
    oldest = select(pushes).order_by(pushes.c.id).limit(limit)
    return [Push(**row._asdict()) for row in connection.execute(oldest)]


def delete_push(connection: Connection, push_id: int) -> None:
    """Delete a push that was read or cannot be read."""
    connection.execute(delete(schema.pushes).where(schema.pushes.c.id == push_id))


def record_valid_push(connection: Connection, source_id: int, now: datetime) -> datetime | None:
    """Store the time of a valid push; return the end of the lease, ``None`` without a lease."""
    active = update(table).where(table.c.source_id == source_id, table.c.state == HubState.ACTIVE.value)
    return connection.scalars(active.values(last_push=now).returning(table.c.expires)).first()


def _subscription(row: Row[Any]) -> HubSubscription:
    facts = {name: getattr(row, name) for name in HubSubscription.__dataclass_fields__}
    return HubSubscription(**facts | {"state": HubState(row.state)})
