"""Tables of sitemap parts, pages to read for their articles, and answers for robots.txt."""

from sqlalchemy import BigInteger, Boolean, Column, Float, Integer, Table, Text

from syndicate.store.core.column_types import Json, UtcTime
from syndicate.store.schema.base import columns, metadata

sitemap_parts = Table(
    "sitemap_parts",
    metadata,
    Column("id", BigInteger, primary_key=True),
    *columns(BigInteger, "source_id"),
    *columns(Text, "url", "etag", "last_modified", "body_hash", "error", "lease_owner"),
    *columns(UtcTime, "changed", "last_success", nullable=True),
    *columns(UtcTime, "next_check", "lease_until"),
    *columns(Integer, "failures"),
)

page_reads = Table(
    "page_reads",
    metadata,
    Column("id", BigInteger, primary_key=True),
    *columns(BigInteger, "source_id"),
    Column("article_id", BigInteger),
    Column("entry_json", Json),
    *columns(Text, "url", "content_hash", "state", "error", "lease_owner"),
    *columns(UtcTime, "published", "next_try", "lease_until"),
    *columns(Boolean, "has_text"),
    *columns(Integer, "attempts"),
    Column("last_try", UtcTime),
)

robots = Table(
    "robots",
    metadata,
    Column("origin", Text, primary_key=True),
    *columns(Integer, "status"),
    *columns(Text, "rules"),
    *columns(UtcTime, "expires", "next_page_at", "busy_until"),
    Column("busy_pause", Float, nullable=False, server_default="0"),
)
