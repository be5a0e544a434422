"""Newsletters, editions, subscribers and deliveries."""

from sqlalchemy import BigInteger, Boolean, Column, Integer, Table, Text, false, true

from syndicate.store.core.column_types import Json, UtcTime
from syndicate.store.schema.base import metadata, texts

newsletters = Table(
    "newsletters",
    metadata,
    Column("name", Text, primary_key=True),
    *texts("title", "origin"),
    Column("paused", Boolean, nullable=False),
    Column("known_since", UtcTime, nullable=False),
    Column("declared", Boolean, nullable=False, server_default=true()),
)

editions = Table(
    "editions",
    metadata,
    Column("id", BigInteger, primary_key=True),
    *texts("newsletter", "cadence", "state", "subject", "html", "text"),
    Column("period_start", UtcTime, nullable=False),
    Column("period_end", UtcTime, nullable=False),
    Column("revision", Integer, nullable=False),
    Column("cut_at", UtcTime, nullable=False),
    Column("stories", Integer, nullable=False),
    Column("content_json", Json),
    *texts("web_url"),
    Column("approve_by", UtcTime),
)

edition_changes = Table(
    "edition_changes",
    metadata,
    Column("id", BigInteger, primary_key=True),
    Column("edition_id", BigInteger, nullable=False),
    *texts("changed_by", "action", "detail"),
    Column("changed", UtcTime, nullable=False),
    Column("story_id", BigInteger),
)

edition_articles = Table(
    "edition_articles",
    metadata,
    Column("article_id", BigInteger, primary_key=True, autoincrement=False),
    Column("edition_id", BigInteger, primary_key=True, autoincrement=False),
    Column("lead_id", BigInteger, nullable=False),
    *texts("reason", "detail"),
)

subscribers = Table(
    "subscribers",
    metadata,
    Column("id", BigInteger, primary_key=True),
    *texts("address", "address_key", "name", "language"),
    Column("created", UtcTime, nullable=False),
    Column("hour", Integer),
    Column("time_zone", Text, nullable=False, server_default=""),
    Column("paused_until", UtcTime),
    Column("feed_revision", Integer, nullable=False, server_default="0"),
)

subscriptions = Table(
    "subscriptions",
    metadata,
    Column("id", BigInteger, primary_key=True),
    Column("subscriber_id", BigInteger, nullable=False),
    *texts("newsletter", "state"),
    Column("created", UtcTime, nullable=False),
    Column("changed", UtcTime, nullable=False),
    Column("selection", Text, nullable=False, server_default=""),
    Column("cadence", Text, nullable=False, server_default="edition"),
    Column("end_reason", Text, nullable=False, server_default=""),
)

consents = Table(
    "consents",
    metadata,
    Column("id", BigInteger, primary_key=True),
    *texts("address_key", "newsletter", "event", "detail"),
    Column("recorded", UtcTime, nullable=False),
    Column("agreed", Text, nullable=False, server_default=""),
)

sign_ups = Table(
    "sign_ups",
    metadata,
    Column("id", BigInteger, primary_key=True),
    *texts("newsletter", "address", "address_key", "address_fold", "network", "agreed", "state"),
    Column("token_hash", Text, nullable=False, server_default=""),
    Column("delivery_id", BigInteger),
    Column("requested", UtcTime, nullable=False),
    Column("expires", UtcTime, nullable=False),
)

suppressions = Table(
    "suppressions",
    metadata,
    Column("address_key", Text, primary_key=True),
    Column("reason", Text, nullable=False),
    Column("recorded", UtcTime, nullable=False),
)

deliveries = Table(
    "deliveries",
    metadata,
    Column("id", BigInteger, primary_key=True),
    Column("edition_id", BigInteger, nullable=False),
    Column("subscription_id", BigInteger, nullable=False),
    *texts("address", "state", "lease_owner", "error"),
    Column("attempts", Integer, nullable=False),
    Column("created", UtcTime, nullable=False),
    Column("not_before", UtcTime, nullable=False),
    Column("lease_until", UtcTime, nullable=False),
    Column("code", Integer),
    Column("changed", UtcTime, nullable=False),
    Column("requires", Text, nullable=False, server_default="confirmed"),
    Column("not_after", UtcTime),
    Column("first_attempt", UtcTime),
    Column("despite_pause", Boolean, nullable=False, server_default=false()),
    Column("cause", Text, nullable=False, server_default=""),
)

bounces = Table(
    "bounces",
    metadata,
    Column("id", BigInteger, primary_key=True),
    Column("subscription_id", BigInteger, nullable=False),
    Column("delivery_id", BigInteger, nullable=False),
    *texts("kind", "status", "detail", "fingerprint"),
    Column("recorded", UtcTime, nullable=False),
)
