"""Export of all data about a subscriber."""

from typing import Any

from sqlalchemy import ColumnElement, Connection, Table, select

from syndicate.store.mail import audience_store
from syndicate.store.schema import bounces, consents, deliveries, sign_ups, subscribers, subscriptions

# Columns about the machine, not about the subscriber.
_INTERNAL = frozenset(
    {"id", "subscriber_id", "lease_owner", "lease_until", "token_hash", "fingerprint", "feed_revision"}
)


def export_subscriber_data(connection: Connection, address_key: str) -> dict[str, Any] | None:
    """Return every row about a mailbox, by kind, times as ISO 8601; ``None`` without any."""
    owner = select(subscribers.c.id).where(subscribers.c.address_key == address_key)
    matching = select(subscriptions.c.id).where(subscriptions.c.subscriber_id.in_(owner))
    rows = _rows(connection, subscribers, subscribers.c.address_key == address_key)
    reason = audience_store.suppression(connection, address_key)
    subscriber: dict[str, Any] = dict(rows[0]) if rows else {}
    lists = {
        "subscriptions": _rows(connection, subscriptions, subscriptions.c.subscriber_id.in_(owner)),
        "consents": _rows(connection, consents, consents.c.address_key == address_key),
        "requests": _rows(connection, sign_ups, sign_ups.c.address_key == address_key),
        "deliveries": _rows(connection, deliveries, deliveries.c.subscription_id.in_(matching)),
        "bounces": _rows(connection, bounces, bounces.c.subscription_id.in_(matching)),
    }
    if not subscriber and reason is None and not any(lists.values()):
        return None
    return {"address": address_key} | subscriber | {"suppressed": reason or "no"} | lists


def _rows(connection: Connection, table: Table, matching: ColumnElement[bool]) -> list[dict[str, Any]]:
    columns = [column for column in table.c if column.name not in _INTERNAL]
    rows = connection.execute(select(*columns).where(matching).order_by(table.c.id))
    return [{name: _plain(value) for name, value in row._asdict().items()} for row in rows]


def _plain(value: Any) -> Any:
    return value.isoformat() if hasattr(value, "isoformat") else value
