"""Tables of webhooks, their events and deliveries."""

from typing import Any

from sqlalchemy import BigInteger, Boolean, Column, Integer, Text, false

from syndicate.store.core.column_types import Json, UtcTime
from syndicate.store.schema.base import columns, table


def attempt_columns() -> list[Column[Any]]:
    """Return the columns of a row that a job sends: its state, attempts, lease and last answer."""
    return [
        *columns(Text, "state", default="pending"),
        *columns(Integer, "attempts", default="0"),
        *columns(UtcTime, "not_before", "changed"),
        *columns(Text, "lease_owner", "error", default=""),
        *columns(UtcTime, "lease_until", default="0"),
        *columns(Integer, "code", nullable=True),
    ]


webhooks = table(
    "webhooks",
    Column("id", BigInteger, primary_key=True),
    *columns(Text, "address", "events", "secret", "state"),
    *columns(Text, "former_secret", "reason", default=""),
    Column("user_id", BigInteger),
    *columns(Integer, "failures", default="0"),
    *columns(UtcTime, "created"),
)

events = table(
    "events",
    Column("id", BigInteger, primary_key=True),
    *columns(Text, "uid", "type", "subject"),
    *columns(Json, "data"),
    *columns(UtcTime, "created"),
)

webhook_deliveries = table(
    "webhook_deliveries",
    Column("id", BigInteger, primary_key=True),
    *columns(BigInteger, "webhook_id", "event_id"),
    *columns(Text, "subject"),
    *attempt_columns(),
)

post_targets = table(
    "post_targets",
    Column("network", Text, primary_key=True),
    *columns(UtcTime, "since"),
    *columns(UtcTime, "rests_until", default="0"),
    *columns(Integer, "failures", default="0"),
    *columns(Text, "reason", default=""),
)

posts = table(
    "posts",
    Column("id", BigInteger, primary_key=True),
    *columns(Text, "network", "channel"),
    *columns(BigInteger, "story_id", "article_id"),
    *columns(Json, "content"),
    *columns(Text, "remote_id", default=""),
    Column("begun", UtcTime),
    Column("in_doubt", Boolean, nullable=False, server_default=false()),
    *columns(UtcTime, "created"),
    *attempt_columns(),
)
