"""Export of all data about a subscriber."""

from typing import Any

from sqlalchemy import ColumnElement, Connection, Table, select

from syndicate.model import SubscriptionState
from syndicate.store.schema import (
    bounces,
    consents,
    deliveries,
    sign_ups,
    subscribers,
    subscription_steps,
    subscriptions,
    suppressions,
)
from syndicate.store.schema import subscriber_fields as fields
from syndicate.store.schema import subscriber_tags as tags
from syndicate.store.subscribers import audience_store

# Columns about the machine, not about the subscriber.
_INTERNAL = {
    "id", "subscriber_id", "lease_owner", "lease_until", "token_hash", "fingerprint", "feed_revision",
    "number", "shard",
}  # fmt: skip


def export_subscriber_data(connection: Connection, address_key: str) -> dict[str, Any] | None:
    """Return every row about a mailbox, by kind, times as ISO 8601; ``None`` without any."""
    owner = select(subscribers.c.id).where(subscribers.c.address_key == address_key)
    matching = select(subscriptions.c.id).where(subscriptions.c.subscriber_id.in_(owner))
    rows = _rows(connection, subscribers, subscribers.c.address_key == address_key)
    reason = audience_store.suppression(connection, address_key)
    subscriber: dict[str, Any] = dict(rows[0]) if rows else {}
    lists = {
        "subscriptions": _rows(connection, subscriptions, subscriptions.c.subscriber_id.in_(owner)),
        "fields": _rows(connection, fields, fields.c.subscriber_id.in_(owner)),
        "tags": _rows(connection, tags, tags.c.subscriber_id.in_(owner)),
        "consents": _rows(connection, consents, consents.c.address_key == address_key),
        "requests": _rows(connection, sign_ups, sign_ups.c.address_key == address_key),
        "deliveries": _rows(connection, deliveries, deliveries.c.subscription_id.in_(matching)),
        "messages": _rows(connection, subscription_steps, subscription_steps.c.subscription_id.in_(matching)),
        "bounces": _rows(connection, bounces, bounces.c.subscription_id.in_(matching)),
    }
    if not subscriber and reason is None and not any(lists.values()):
        return None
    return {"address": address_key} | subscriber | {"suppressed": reason or "no"} | lists


def _rows(connection: Connection, table: Table, matching: ColumnElement[bool]) -> list[dict[str, Any]]:
    columns = [column for column in table.c if column.name not in _INTERNAL]
    rows = connection.execute(select(*columns).where(matching).order_by(*table.primary_key.columns))
    return [{name: _plain(value) for name, value in row._asdict().items()} for row in rows]


def _plain(value: Any) -> Any:
    return value.isoformat() if hasattr(value, "isoformat") else value


def subscription_facts(connection: Connection) -> dict[tuple[int, str], dict[str, Any]]:
    """Return times, end and last agreement of each subscription, by subscriber's id and newsletter."""
    listed = select(suppressions.c.address_key, suppressions.c.reason)
    suppressed = dict(connection.execute(listed).all())
    events = consents.c.event.in_(("subscribed by operator", "confirmed"))
    agreements = select(consents).where(events).order_by(consents.c.id)
    agreed = {
        (row.address_key, row.newsletter): {"consent": row.detail, "agreed": row.agreed}
        for row in connection.execute(agreements)
    }
    owner = subscribers.c.id == subscriptions.c.subscriber_id
    facts = {}
    for row in connection.execute(select(subscriptions, subscribers.c.address_key).join(subscribers, owner)):
        ended = row.state == SubscriptionState.UNSUBSCRIBED
        facts[row.subscriber_id, row.newsletter] = {
            "since": row.created.isoformat(),
            "ended": row.changed.isoformat() if ended else "",
            "reason": suppressed.get(row.address_key, row.end_reason) if ended else "",
        } | agreed.get((row.address_key, row.newsletter), {})
    return facts
