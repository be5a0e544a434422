"""Tables of sources, their articles, pages to read, tombstones, failures, robots.txt and hubs."""

from sqlalchemy import BigInteger, Boolean, Column, Float, Integer, LargeBinary, Text

from syndicate.store.core.column_types import Json, UtcTime
from syndicate.store.schema.base import columns, id_keys, table

sources = table(
    "sources",
    Column("id", BigInteger, primary_key=True),
    *columns(Text, "name", "kind", "url", "section", "language", "republish", "origin", "full_text"),
    *columns(Text, "listed_in", "absent", "title", "home_url", "feed_id", "etag", "last_modified"),
    *columns(Text, "body_hash", "feed_skeleton_hash", "error", "warning", "permanent_url"),
    *columns(Text, "check_reason", "lease_owner"),
    *columns(Json, "select_json", "access_json", nullable=True),
    *columns(Boolean, "own", "paused", "private", "gone"),
    *columns(Float, "weight"),
    *columns(Json, "outline_json"),
    *columns(UtcTime, "created", "lease_until"),
    *columns(Text, "read_from", "moved_to", default=""),
    *columns(Text, "paywall", default="respect"),
    *columns(UtcTime, "last_attempt", "last_success", "next_check", "not_before", nullable=True),
    *columns(UtcTime, "counted_since", "websub_lease_until", nullable=True),
    *columns(Integer, "failures", "permanent_seen", "skip_hours", "skip_days", "publications"),
    *columns(Float, "poll_interval", "max_age", "requested_interval", nullable=True),
    *columns(Integer, "shard", default="0"),
)

source_lists = table(
    "source_lists",
    Column("url", Text, primary_key=True),
    *columns(Text, "etag", "last_modified", "body_hash", "error"),
    *columns(UtcTime, "last_success", "next_check", nullable=True),
    *columns(Integer, "failures"),
)

articles = table(
    "articles",
    Column("id", BigInteger, primary_key=True),
    *columns(BigInteger, "source_id"),
    *columns(Text, "uid", "entry_key", "url", "path", "title", "language", "direction", "section"),
    *columns(Text, "summary", "content_hash", "item_hash", "search", "headline", "declared_title"),
    Column("section_key", Text, nullable=False, server_default=""),
    *columns(Json, "authors_json", "tags_json", "enclosures_json", "read_more_json"),
    Column("image_json", Json),
    *columns(UtcTime, "published", "updated", "first_seen"),
    *columns(Integer, "minutes", "words"),
    *columns(BigInteger, "story_id", "same_text", nullable=True),
    *columns(Boolean, "placed"),
    *columns(Float, "boost"),
    Column("revised", UtcTime),
    Column("hidden_tags_json", Json, nullable=False, server_default="[]"),
)

article_bodies = table("article_bodies", *id_keys("article_id"), *columns(Text, "html"))

article_tags = table("article_tags", Column("tag", Text, primary_key=True), *id_keys("article_id"))

article_authors = table("article_authors", Column("author", Text, primary_key=True), *id_keys("article_id"))

tombstones = table(
    "tombstones",
    *id_keys("source_id"),
    Column("entry_key", Text, primary_key=True),
    *columns(Text, "item_hash", "rule", "title_hash"),
    *columns(UtcTime, "pruned"),
)

quarantine = table(
    "quarantine",
    *(Column(name, Text, primary_key=True) for name in ("kind", "subject")),
    *id_keys("source_id"),
    *columns(Integer, "attempts"),
    *columns(Text, "reason"),
    *columns(UtcTime, "first_failed", "last_failed"),
)

hub_subscriptions = table(
    "hub_subscriptions",
    *id_keys("source_id"),
    *columns(Text, "hub", "topic", "callback", "secret", "state", "error"),
    *columns(UtcTime, "next_try"),
    *columns(UtcTime, "expires", "last_push", nullable=True),
    *columns(Integer, "attempts"),
    *columns(Integer, "shard", default="0"),
)

pushes = table(
    "pushes",
    Column("id", BigInteger, primary_key=True),
    *columns(BigInteger, "source_id"),
    *columns(Text, "url", "content_type"),
    Column("body", LargeBinary, nullable=False),
    *columns(UtcTime, "received"),
)

sitemap_parts = table(
    "sitemap_parts",
    Column("id", BigInteger, primary_key=True),
    *columns(BigInteger, "source_id"),
    *columns(Text, "url", "etag", "last_modified", "body_hash", "error", "lease_owner"),
    *columns(UtcTime, "changed", "last_success", nullable=True),
    *columns(UtcTime, "next_check", "lease_until"),
    *columns(Integer, "failures"),
    *columns(Integer, "shard", default="0"),
)

page_reads = table(
    "page_reads",
    Column("id", BigInteger, primary_key=True),
    *columns(BigInteger, "source_id"),
    Column("article_id", BigInteger),
    Column("entry_json", Json),
    *columns(Text, "url", "content_hash", "state", "error", "lease_owner"),
    *columns(UtcTime, "published", "next_try", "lease_until"),
    *columns(Boolean, "has_text"),
    *columns(Integer, "attempts"),
    *columns(Integer, "shard", default="0"),
    Column("last_try", UtcTime),
)

robots = table(
    "robots",
    Column("origin", Text, primary_key=True),
    *columns(Integer, "status"),
    *columns(Text, "rules"),
    *columns(UtcTime, "expires", "next_page_at", "busy_until"),
    Column("busy_pause", Float, nullable=False, server_default="0"),
)

polls = table(
    "polls",
    Column("id", BigInteger, primary_key=True),
    *columns(BigInteger, "source_id", "bytes"),
    *columns(UtcTime, "at"),
    *columns(Text, "outcome"),
    *columns(Integer, "status", "ms", "new", "changed"),
)

last_answers = table(
    "last_answers",
    *id_keys("source_id"),
    *columns(UtcTime, "at"),
    *columns(Text, "headers"),
    Column("body", LargeBinary, nullable=False),
)
