"""Tables of sitemap parts, pages to read for their articles, and answers for robots.txt."""

from sqlalchemy import BigInteger, Boolean, Column, Float, Integer, Table, Text

from syndicate.store.core.column_types import Json, UtcTime
from syndicate.store.schema.base import metadata, texts

sitemap_parts = Table(
    "sitemap_parts",
    metadata,
    Column("id", BigInteger, primary_key=True),
    Column("source_id", BigInteger, nullable=False),
    *texts("url", "etag", "last_modified", "body_hash", "error", "lease_owner"),
    Column("changed", UtcTime),
    Column("last_success", UtcTime),
    Column("next_check", UtcTime, nullable=False),
    Column("failures", Integer, nullable=False),
    Column("lease_until", UtcTime, nullable=False),
)

page_reads = Table(
    "page_reads",
    metadata,
    Column("id", BigInteger, primary_key=True),
    Column("source_id", BigInteger, nullable=False),
    Column("article_id", BigInteger),
    Column("entry_json", Json),
    *texts("url", "content_hash", "state", "error", "lease_owner"),
    Column("published", UtcTime, nullable=False),
    Column("has_text", Boolean, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("next_try", UtcTime, nullable=False),
    Column("last_try", UtcTime),
    Column("lease_until", UtcTime, nullable=False),
)

robots = Table(
    "robots",
    metadata,
    Column("origin", Text, primary_key=True),
    Column("status", Integer, nullable=False),
    Column("rules", Text, nullable=False),
    Column("expires", UtcTime, nullable=False),
    Column("rests_until", UtcTime, nullable=False),
    Column("busy_until", UtcTime, nullable=False),
    Column("busy_pause", Float, nullable=False, server_default="0"),
)
