"""Endpoints of webhooks and the deliveries of events to them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import (
    Connection,
    Row,
    Text,
    and_,
    cast,
    delete,
    exists,
    func,
    insert,
    literal,
    or_,
    select,
    update,
)

from syndicate.model import MAIN_KEYS
from syndicate.model.actors import ROLES
from syndicate.store import schema
from syndicate.store.core.counts import count_by
from syndicate.store.events.event_log import OFF, Data, add_event, is_wanted
from syndicate.store.leases.row_leases import NO_LEASE, take_leases
from syndicate.store.mail.delivery_statements import READY
from syndicate.store.mail.edition_store import CUT

ON, RESTING = "on", "resting"
PENDING, SENT, FAILED = "pending", "sent", "failed"
LEASE = timedelta(seconds=60)
MOST_FAILURES = 20
"""Failed attempts in a row after which an endpoint rests until a person resumes it."""
# An edition that has not ended by then is not reported as sent.
_SENT_WITHIN = timedelta(days=7)
# A lease that a wrong clock set does not hold a row for ever.
_LONGEST_LEASE = timedelta(days=1)
_MAY_SEE = [role for role, scopes in ROLES.items() if "subscribers:read" in scopes]
webhooks, table, events = schema.webhooks, schema.webhook_deliveries, schema.events


Endpoint = Row[Any]
"""Row of ``webhooks``. ``state`` is ``on``, ``off`` or ``resting`` after many failures."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DueWebhook:
    """Leased delivery. ``subscriber_address`` is empty unless the endpoint's owner may read it."""

    id: int
    attempts: int
    endpoint: Endpoint
    event_id: int
    uid: str
    type: str
    data: Data
    created: datetime
    subscriber_address: str


def add_endpoint(connection: Connection, values: Mapping[str, Any], now: datetime) -> int:
    """Add an endpoint and return its id."""
    row = insert(webhooks).values(**values, state=ON, created=now).returning(webhooks.c.id)
    return int(connection.scalars(row).one())


def list_endpoints(connection: Connection) -> list[Endpoint]:
    """Return all endpoints, the oldest first."""
    return list(connection.execute(select(webhooks).order_by(webhooks.c.id)))


def change_endpoint(connection: Connection, webhook_id: int, **values: Any) -> bool:
    """Change columns of an endpoint; false for an unknown id."""
    changed = update(webhooks).where(webhooks.c.id == webhook_id).values(values)
    return connection.execute(changed).rowcount == 1


def remove_endpoint(connection: Connection, webhook_id: int) -> None:
    """Remove an endpoint with its deliveries."""
    connection.execute(delete(table).where(table.c.webhook_id == webhook_id))
    connection.execute(delete(webhooks).where(webhooks.c.id == webhook_id))


def is_due(connection: Connection, now: datetime) -> bool:
    """Return whether a delivery may be claimed, or an ended edition is to be reported."""
    due = select(table.c.id).join(webhooks, webhooks.c.id == table.c.webhook_id)
    due = due.where(table.c.state == PENDING, table.c.not_before <= now, webhooks.c.state == ON)
    return connection.execute(due.limit(1)).first() is not None or bool(_sent_editions(connection, now))


def claim_webhooks(connection: Connection, *, owner: str, now: datetime, limit: int) -> list[DueWebhook]:
    """Lease due deliveries: of each endpoint and subject only the first, so that they arrive in order."""
    forget = table.c.lease_until > now + _LONGEST_LEASE
    connection.execute(update(table).where(table.c.state == PENDING, forget).values(**NO_LEASE))
    before = table.alias("before")
    earlier = and_(before.c.webhook_id == table.c.webhook_id, before.c.subject == table.c.subject)
    blocked = exists().where(earlier, before.c.state == PENDING, before.c.id < table.c.id)
    due = (
        select(table.c.id)
        .join(webhooks, webhooks.c.id == table.c.webhook_id)
        .where(table.c.state == PENDING, table.c.not_before <= now, table.c.lease_until < now)
        .where(webhooks.c.state == ON, ~blocked)
        .order_by(table.c.not_before, table.c.id)
        .limit(limit)
        .with_for_update(of=table, skip_locked=True)
    )
    ids = take_leases(connection, table, due, now=now, owner=owner, until=now + LEASE)
    query = select(table.c.id, table.c.attempts, table.c.webhook_id, events.c.id.label("event_id"))
    query = query.add_columns(events.c.uid, events.c.type, events.c.data, events.c.created)
    query = query.join(events, events.c.id == table.c.event_id).where(table.c.id.in_(ids))
    known = {endpoint.id: endpoint for endpoint in list_endpoints(connection)}
    return [
        DueWebhook(
            endpoint=(endpoint := known[row.pop("webhook_id")]),
            subscriber_address=_subscriber_address(connection, endpoint, row["data"]),
            **row,
        )
        for row in map(dict, connection.execute(query.order_by(table.c.id)).mappings())
    ]


def _subscriber_address(connection: Connection, endpoint: Endpoint, data: Data) -> str:
    number = str(data.get("subscriber", ""))
    if not number.isdecimal():
        return ""
    users, subscribers = schema.users, schema.subscribers
    owner = exists().where(users.c.id == endpoint.user_id, users.c.role.in_(_MAY_SEE))
    query = select(subscribers.c.address).where(subscribers.c.id == int(number))
    # An endpoint without a user was added by a command on the machine.
    return connection.scalars(query if endpoint.user_id is None else query.where(owner)).first() or ""


def finish_webhook(
    connection: Connection,
    due: DueWebhook,
    *,
    owner: str,
    now: datetime,
    code: int | None,
    error: str,
    retry: datetime | None,
) -> None:
    """Store the answer to a delivery, and what it says about its endpoint; skip a lost lease.

    Without an ``error`` the delivery is sent. With it, the delivery waits until ``retry``, or has failed. A
    410 turns the endpoint off.
    """
    state = SENT if not error else PENDING if retry else FAILED
    values = {"state": state, "attempts": due.attempts + 1, "code": code, "error": error, "changed": now}
    leased = and_(table.c.id == due.id, table.c.lease_owner == owner, table.c.state == PENDING)
    changed = update(table).where(leased).values(**values, not_before=retry or now, **NO_LEASE)
    if connection.execute(changed).rowcount == 0:
        return
    endpoint = and_(webhooks.c.id == due.endpoint.id, webhooks.c.state == ON)
    if not error:
        connection.execute(update(webhooks).where(endpoint, webhooks.c.failures > 0).values(failures=0))
    elif code == 410:
        off = {"state": OFF, "reason": "it answered 410 (gone)"}
        connection.execute(update(webhooks).where(endpoint).values(off))
        waiting = and_(table.c.webhook_id == due.endpoint.id, table.c.state == PENDING)
        connection.execute(update(table).where(waiting).values(state=FAILED, error=error, changed=now))
    else:
        connection.execute(update(webhooks).where(endpoint).values(failures=webhooks.c.failures + 1))
        many = and_(endpoint, webhooks.c.failures >= MOST_FAILURES)
        connection.execute(update(webhooks).where(many).values(state=RESTING, reason=error))


def list_webhook_deliveries(
    connection: Connection, webhook_id: int, *, below: int | None = None, limit: int = 50
) -> list[dict[str, Any]]:
    """Return deliveries to an endpoint, the latest first; ``below`` is the last id of the page before."""
    names = ("id", "state", "attempts", "not_before", "code", "error", "changed", "subject")
    query = select(*(table.c[name] for name in names), events.c.uid, events.c.type, events.c.created)
    query = query.join(events, events.c.id == table.c.event_id).where(table.c.webhook_id == webhook_id)
    query = query.where(table.c.id < below) if below is not None else query
    latest = query.order_by(table.c.id.desc()).limit(limit)
    return [dict(row) for row in connection.execute(latest).mappings()]


def retry_webhook(connection: Connection, delivery_id: int, now: datetime) -> bool:
    """Send a failed or waiting delivery again at once, with the same id; false for any other."""
    again = and_(table.c.id == delivery_id, table.c.state.in_((PENDING, FAILED)))
    values = {"state": PENDING, "not_before": now, "attempts": 0, "changed": now}
    return connection.execute(update(table).where(again).values(values)).rowcount == 1


def note_sent_editions(connection: Connection, now: datetime) -> None:
    """Write ``edition.sent`` for each edition whose deliveries have ended since an endpoint wants it."""
    state = schema.deliveries.c.state
    for row in _sent_editions(connection, now):
        counts = count_by(connection, state, schema.deliveries.c.edition_id == row.id)
        data = {"edition": str(row.id), "newsletter": row.newsletter, "subject": row.subject}
        add_event(connection, "edition.sent", f"edition/{row.id}", data | {"deliveries": counts}, now)


def _sent_editions(connection: Connection, now: datetime) -> Sequence[Row[*tuple[Any, ...]]]:
    if not is_wanted(connection, "edition.sent"):
        return ()
    editions, deliveries = schema.editions, schema.deliveries
    first = connection.scalars(select(func.min(webhooks.c.created, type_=webhooks.c.created.type))).one()
    waiting = exists().where(
        deliveries.c.edition_id == editions.c.id, deliveries.c.state.in_((*READY, "sending"))
    )
    subject = literal("edition/").concat(cast(editions.c.id, Text))
    told = exists().where(events.c.type == "edition.sent", events.c.subject == subject)
    ended = select(editions.c.id, editions.c.newsletter, editions.c.subject).where(
        editions.c.state == CUT,
        editions.c.variant_key.in_(MAIN_KEYS),
        editions.c.cut_at >= max(first, now - _SENT_WITHIN),
        ~or_(waiting, told),
    )
    return connection.execute(ended).all()


def prune_events(connection: Connection, *, before: datetime) -> int:
    """Delete events written before a time, with their deliveries; return their number."""
    old = select(events.c.id).where(events.c.created < before)
    connection.execute(delete(table).where(table.c.event_id.in_(old)))
    return connection.execute(delete(events).where(events.c.created < before)).rowcount
