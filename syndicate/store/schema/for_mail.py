"""Newsletters, editions, subscribers and deliveries."""

from sqlalchemy import BigInteger, Boolean, Column, Double, Integer, Text, false, true

from syndicate.store.core.column_types import Json, UtcTime
from syndicate.store.schema.base import columns, id_keys, table

newsletters = table(
    "newsletters",
    Column("name", Text, primary_key=True),
    *columns(Text, "title", "origin"),
    *columns(Boolean, "paused"),
    *columns(UtcTime, "known_since"),
    Column("declared", Boolean, nullable=False, server_default=true()),
    Column("sender", Text, nullable=False, server_default=""),
    Column("declaration", Json),
)

editions = table(
    "editions",
    Column("id", BigInteger, primary_key=True),
    *columns(Text, "newsletter", "variant_key", "state", "subject", "html", "text", "web_url"),
    *columns(UtcTime, "period_start", "period_end", "cut_at"),
    *columns(Integer, "revision", "stories"),
    Column("content_json", Json),
    Column("approve_by", UtcTime),
    Column("segment", Text, nullable=False, server_default=""),
    Column("unlisted", Boolean, nullable=False, server_default=false()),
)

edition_changes = table(
    "edition_changes",
    Column("id", BigInteger, primary_key=True),
    *columns(BigInteger, "edition_id"),
    *columns(Text, "changed_by", "action", "detail"),
    *columns(UtcTime, "changed"),
    Column("story_id", BigInteger),
)

edition_articles = table(
    "edition_articles",
    *id_keys("article_id", "edition_id"),
    *columns(BigInteger, "lead_id"),
    *columns(Text, "reason", "detail"),
)

subscribers = table(
    "subscribers",
    Column("id", BigInteger, primary_key=True),
    *columns(Text, "address", "address_key", "name", "language"),
    *columns(UtcTime, "created"),
    Column("hour", Integer),
    Column("time_zone", Text, nullable=False, server_default=""),
    Column("paused_until", UtcTime),
    *columns(Integer, "feed_revision", "shard", default="0"),
)

subscriber_fields = table(
    "subscriber_fields",
    *id_keys("subscriber_id"),
    Column("name", Text, primary_key=True),
    *columns(Text, "value"),
    Column("number", Double),
)

subscriber_tags = table("subscriber_tags", *id_keys("subscriber_id"), Column("tag", Text, primary_key=True))

subscriptions = table(
    "subscriptions",
    Column("id", BigInteger, primary_key=True),
    *columns(BigInteger, "subscriber_id"),
    *columns(Text, "newsletter", "state"),
    *columns(UtcTime, "created", "changed"),
    *columns(Text, "selection", "end_reason", "source", default=""),
    *columns(Text, "cadence", default="edition"),
)

consents = table(
    "consents",
    Column("id", BigInteger, primary_key=True),
    *columns(Text, "address_key", "newsletter", "event", "detail"),
    *columns(UtcTime, "recorded"),
    Column("agreed", Text, nullable=False, server_default=""),
)

sign_ups = table(
    "sign_ups",
    Column("id", BigInteger, primary_key=True),
    *columns(Text, "newsletter", "address", "address_key", "address_fold", "network", "agreed", "state"),
    Column("token_hash", Text, nullable=False, server_default=""),
    *columns(Text, "more_newsletters", "source", default=""),
    *columns(Json, "fields", default="{}"),
    Column("delivery_id", BigInteger),
    *columns(UtcTime, "requested", "expires"),
)

suppressions = table(
    "suppressions",
    Column("address_key", Text, primary_key=True),
    *columns(Text, "reason"),
    *columns(UtcTime, "recorded"),
)

deliveries = table(
    "deliveries",
    Column("id", BigInteger, primary_key=True),
    *columns(BigInteger, "edition_id", "subscription_id"),
    *columns(Text, "address", "state", "lease_owner", "error"),
    *columns(Integer, "attempts"),
    *columns(UtcTime, "created", "not_before", "lease_until", "changed"),
    Column("code", Integer),
    Column("requires", Text, nullable=False, server_default="confirmed"),
    *columns(UtcTime, "not_after", "first_attempt", nullable=True),
    Column("despite_pause", Boolean, nullable=False, server_default=false()),
    *columns(Text, "cause", "sender", default=""),
    Column("shard", Integer, nullable=False, server_default="0"),
)

message_steps = table(
    "message_steps",
    *(Column(name, Text, primary_key=True) for name in ("newsletter", "step")),
    *columns(Integer, "days"),
)

subscription_steps = table(
    "subscription_steps",
    Column("subscription_id", BigInteger, primary_key=True),
    Column("step", Text, primary_key=True),
    *columns(Text, "state", "reason"),
    *columns(UtcTime, "due_at", "changed"),
)

sending_rests = table(
    "sending_rests",
    *id_keys("edition_id"),
    *columns(UtcTime, "since"),
    *columns(Text, "reason", "rested_by"),
    Column("resumed", UtcTime),
)

sending_slots = table(
    "sending_slots",
    Column("name", Text, primary_key=True),
    *columns(UtcTime, "free_at", "free_at_for_first"),
)

bounces = table(
    "bounces",
    Column("id", BigInteger, primary_key=True),
    *columns(BigInteger, "subscription_id", "delivery_id"),
    *columns(Text, "kind", "status", "detail", "fingerprint"),
    *columns(UtcTime, "recorded"),
    Column("edition_id", BigInteger, nullable=False, server_default="0"),
)
