"""Tables of sources, their articles, tombstones, failures and hub subscriptions."""

from sqlalchemy import BigInteger, Boolean, Column, Float, Integer, LargeBinary, Table, Text

from syndicate.store.core.column_types import Json, UtcTime
from syndicate.store.schema.base import metadata, texts

sources = Table(
    "sources",
    metadata,
    Column("id", BigInteger, primary_key=True),
    *texts("name", "kind", "url", "section", "language", "republish", "origin", "full_text"),
    Column("poll_interval", Float),
    Column("select_json", Json),
    Column("own", Boolean, nullable=False),
    Column("weight", Float, nullable=False),
    Column("paused", Boolean, nullable=False),
    Column("private", Boolean, nullable=False),
    Column("access_json", Json),
    *texts("listed_in", "absent"),
    Column("outline_json", Json, nullable=False),
    *texts("title", "home_url", "feed_id"),
    Column("created", UtcTime, nullable=False),
    *texts("etag", "last_modified", "body_hash", "feed_skeleton_hash", "error", "warning", "permanent_url"),
    Column("read_from", Text, nullable=False, server_default=""),
    Column("moved_to", Text, nullable=False, server_default=""),
    Column("paywall", Text, nullable=False, server_default="respect"),
    Column("last_attempt", UtcTime),
    Column("last_success", UtcTime),
    Column("next_check", UtcTime),
    Column("failures", Integer, nullable=False),
    Column("gone", Boolean, nullable=False),
    Column("permanent_seen", Integer, nullable=False),
    Column("check_reason", Text, nullable=False),
    Column("not_before", UtcTime),
    Column("max_age", Float),
    Column("requested_interval", Float),
    Column("skip_hours", Integer, nullable=False),
    Column("skip_days", Integer, nullable=False),
    Column("publications", Integer, nullable=False),
    Column("counted_since", UtcTime),
    Column("websub_lease_until", UtcTime),
    Column("lease_owner", Text, nullable=False),
    Column("lease_until", UtcTime, nullable=False),
)

source_lists = Table(
    "source_lists",
    metadata,
    Column("url", Text, primary_key=True),
    *texts("etag", "last_modified", "body_hash", "error"),
    Column("last_success", UtcTime),
    Column("next_check", UtcTime),
    Column("failures", Integer, nullable=False),
)

articles = Table(
    "articles",
    metadata,
    Column("id", BigInteger, primary_key=True),
    Column("source_id", BigInteger, nullable=False),
    *texts("uid", "entry_key", "url", "path", "title", "language", "direction", "section", "summary"),
    Column("section_key", Text, nullable=False, server_default=""),
    *texts("content_hash", "item_hash", "search", "headline"),
    Column("authors_json", Json, nullable=False),
    Column("tags_json", Json, nullable=False),
    Column("image_json", Json),
    Column("enclosures_json", Json, nullable=False),
    Column("read_more_json", Json, nullable=False),
    Column("published", UtcTime, nullable=False),
    Column("updated", UtcTime, nullable=False),
    Column("first_seen", UtcTime, nullable=False),
    Column("minutes", Integer, nullable=False),
    Column("words", Integer, nullable=False),
    Column("story_id", BigInteger),
    Column("same_text", BigInteger),
    Column("placed", Boolean, nullable=False),
    Column("boost", Float, nullable=False),
    Column("declared_title", Text, nullable=False),
    Column("revised", UtcTime),
)

article_bodies = Table(
    "article_bodies",
    metadata,
    Column("article_id", BigInteger, primary_key=True, autoincrement=False),
    *texts("html"),
)

article_tags = Table(
    "article_tags",
    metadata,
    Column("tag", Text, primary_key=True),
    Column("article_id", BigInteger, primary_key=True, autoincrement=False),
)

tombstones = Table(
    "tombstones",
    metadata,
    Column("source_id", BigInteger, primary_key=True, autoincrement=False),
    Column("entry_key", Text, primary_key=True),
    Column("item_hash", Text, nullable=False),
    Column("pruned", UtcTime, nullable=False),
    *texts("rule", "title_hash"),
)

quarantine = Table(
    "quarantine",
    metadata,
    Column("kind", Text, primary_key=True),
    Column("subject", Text, primary_key=True),
    Column("source_id", BigInteger, primary_key=True, autoincrement=False),
    Column("attempts", Integer, nullable=False),
    Column("reason", Text, nullable=False),
    Column("first_failed", UtcTime, nullable=False),
    Column("last_failed", UtcTime, nullable=False),
)

hub_subscriptions = Table(
    "hub_subscriptions",
    metadata,
    Column("source_id", BigInteger, primary_key=True, autoincrement=False),
    *texts("hub", "topic", "callback", "secret", "state"),
    Column("next_try", UtcTime, nullable=False),
    Column("expires", UtcTime),
    Column("last_push", UtcTime),
    Column("attempts", Integer, nullable=False),
    Column("error", Text, nullable=False),
)

pushes = Table(
    "pushes",
    metadata,
    Column("id", BigInteger, primary_key=True),
    Column("source_id", BigInteger, nullable=False),
    *texts("url", "content_type"),
    Column("body", LargeBinary, nullable=False),
    Column("received", UtcTime, nullable=False),
)
