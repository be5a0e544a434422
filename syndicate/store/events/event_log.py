"""Events: a row for each change that an endpoint wants to know, in the transaction of the change.

``EVENTS`` names the types. Without an endpoint that wants its type, an event leaves no row.
"""

import secrets
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any
from weakref import WeakKeyDictionary

from sqlalchemy import Connection, RootTransaction, insert, select

from syndicate.store import schema
from syndicate.store.core.compiled_sql import CompiledStatement

EVENTS: Mapping[str, str] = {
    "source.failing": "a source needs a person",
    "source.recovered": "a failing source answers again",
    "story.created": "a second source told a story",
    "story.trending": "a story entered the list of trending stories",
    "article.published": "new articles entered their stories, at most 100 an event",
    "search.matched": "new articles match an operator's saved search",
    "edition.waiting": "an edition waits for approval",
    "edition.sent": "every delivery of an edition has ended",
    "delivery.uncertain": "mails may or may not have arrived",
    "subscriber.confirmed": "a subscriber confirmed a subscription",
    "subscriber.left": "a subscription ended",
    "needs.changed": "the list of what needs a person changed",
}
"""Types of events, each with its cause."""
TEST = "test"
"""Type of the event that an operator sends to an endpoint to try it."""
OFF = "off"
_WANTING = CompiledStatement(
    select(schema.webhooks.c.id, schema.webhooks.c.events).where(schema.webhooks.c.state != OFF)
)
# Endpoints by the transaction that read them.
_KNOWN: WeakKeyDictionary[RootTransaction, list[tuple[int, list[str]]]] = WeakKeyDictionary()
Data = Mapping[str, Any]


def is_wanted(connection: Connection, event_type: str) -> bool:
    """Return whether an endpoint wants events of this type."""
    return bool(_wanting(connection, event_type))


def add_event(
    connection: Connection,
    event_type: str,
    subject: str,
    data: Data | Callable[[], Data],
    now: datetime,
    *,
    endpoint: int | None = None,
) -> None:
    """Write an event and its delivery to each endpoint that wants the type, or only to ``endpoint``.

    ``subject`` is the changed object, such as ``story/12``: its events arrive in order. ``data`` has ids and
    links; a function computes it only for an endpoint.
    """
    wanting = _wanting(connection, event_type) if endpoint is None else [endpoint]
    if not wanting:
        return
    # PostgreSQL would end the transaction of the change if an endpoint were removed meanwhile.
    known = select(schema.webhooks.c.id).where(schema.webhooks.c.id.in_(wanting))
    wanting = list(connection.scalars(known.with_for_update(read=True, key_share=True)))
    if not wanting:
        return
    facts = dict(data() if callable(data) else data)
    values = {"uid": f"evt_{secrets.token_hex(12)}", "type": event_type, "subject": subject, "data": facts}
    event = insert(schema.events).values(**values, created=now).returning(schema.events.c.id)
    event_id = connection.scalars(event).one()
    row = {"event_id": event_id, "subject": subject, "not_before": now, "changed": now}
    connection.execute(insert(schema.webhook_deliveries), [{"webhook_id": to, **row} for to in wanting])


def _wanting(connection: Connection, event_type: str) -> list[int]:
    """Return the endpoints that want a type, read once in a transaction."""
    transaction = connection.get_transaction()
    endpoints = _KNOWN.get(transaction) if transaction else None
    if endpoints is None:
        endpoints = [(key, wanted.split()) for key, wanted in _WANTING.rows(connection, {})]
        if transaction:
            _KNOWN[transaction] = endpoints
    return [key for key, wanted in endpoints if event_type in wanted]
