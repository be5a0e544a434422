"""Newsletters, editions, subscribers and deliveries."""

from sqlalchemy import BigInteger, Boolean, Column, Integer, Table, Text, false, true

from syndicate.store.core.column_types import Json, Moment
from syndicate.store.schema.base import metadata, texts

newsletters = Table(
    "newsletters",
    metadata,
    Column("name", Text, primary_key=True),
    *texts("title", "origin"),
    Column("paused", Boolean, nullable=False),
    Column("known_since", Moment, nullable=False),
    Column("declared", Boolean, nullable=False, server_default=true()),
)

editions = Table(
    "editions",
    metadata,
    Column("id", BigInteger, primary_key=True),
    *texts("newsletter", "cadence", "state", "subject", "html", "text"),
    Column("period_start", Moment, nullable=False),
    Column("period_end", Moment, nullable=False),
    Column("revision", Integer, nullable=False),
    Column("cut_at", Moment, nullable=False),
    Column("stories", Integer, nullable=False),
    Column("content_json", Json),
    *texts("web_url"),
    Column("approve_by", Moment),
)

edition_changes = Table(
    "edition_changes",
    metadata,
    Column("id", BigInteger, primary_key=True),
    Column("edition_id", BigInteger, nullable=False),
    *texts("changed_by", "action", "detail"),
    Column("changed", Moment, nullable=False),
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
    Column("created", Moment, nullable=False),
    Column("hour", Integer),
    Column("time_zone", Text, nullable=False, server_default=""),
    Column("paused_until", Moment),
    Column("feed_revision", Integer, nullable=False, server_default="0"),
)

subscriptions = Table(
    "subscriptions",
    metadata,
    Column("id", BigInteger, primary_key=True),
    Column("subscriber_id", BigInteger, nullable=False),
    *texts("newsletter", "state"),
    Column("created", Moment, nullable=False),
    Column("changed", Moment, nullable=False),
    Column("selection", Text, nullable=False, server_default=""),
    Column("cadence", Text, nullable=False, server_default="edition"),
    Column("ended_for", Text, nullable=False, server_default=""),
)

consents = Table(
    "consents",
    metadata,
    Column("id", BigInteger, primary_key=True),
    *texts("address_key", "newsletter", "event", "detail"),
    Column("recorded", Moment, nullable=False),
    Column("agreed", Text, nullable=False, server_default=""),
)

sign_ups = Table(
    "sign_ups",
    metadata,
    Column("id", BigInteger, primary_key=True),
    *texts("newsletter", "address", "address_key", "address_fold", "network", "agreed", "state"),
    Column("token_digest", Text, nullable=False, server_default=""),
    Column("delivery_id", BigInteger),
    Column("requested", Moment, nullable=False),
    Column("expires", Moment, nullable=False),
)

suppressions = Table(
    "suppressions",
    metadata,
    Column("address_key", Text, primary_key=True),
    Column("reason", Text, nullable=False),
    Column("recorded", Moment, nullable=False),
)

deliveries = Table(
    "deliveries",
    metadata,
    Column("id", BigInteger, primary_key=True),
    Column("edition_id", BigInteger, nullable=False),
    Column("subscription_id", BigInteger, nullable=False),
    *texts("address", "state", "lease_owner", "error"),
    Column("attempts", Integer, nullable=False),
    Column("created", Moment, nullable=False),
    Column("not_before", Moment, nullable=False),
    Column("lease_until", Moment, nullable=False),
    Column("code", Integer),
    Column("changed", Moment, nullable=False),
    Column("requires", Text, nullable=False, server_default="confirmed"),
    Column("not_after", Moment),
    Column("first_attempt", Moment),
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
    Column("recorded", Moment, nullable=False),
)
