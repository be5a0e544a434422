"""Parts of sitemaps, pages to read for their articles, and what robots.txt files said."""

from sqlalchemy import BigInteger, Boolean, Column, Float, Integer, Table, Text

from syndicate.store.core.column_types import Json, Moment
from syndicate.store.schema.base import metadata, texts

sitemap_parts = Table(
    "sitemap_parts",
    metadata,
    Column("id", BigInteger, primary_key=True),
    Column("source_id", BigInteger, nullable=False),
    *texts("url", "etag", "last_modified", "body_hash", "error", "lease_owner"),
    Column("changed", Moment),
    Column("last_success", Moment),
    Column("next_check", Moment, nullable=False),
    Column("failures", Integer, nullable=False),
    Column("lease_until", Moment, nullable=False),
)

page_reads = Table(
    "page_reads",
    metadata,
    Column("id", BigInteger, primary_key=True),
    Column("source_id", BigInteger, nullable=False),
    Column("article_id", BigInteger),
    Column("entry_json", Json),
    *texts("url", "digest", "state", "error", "lease_owner"),
    Column("published", Moment, nullable=False),
    Column("has_text", Boolean, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("next_try", Moment, nullable=False),
    Column("last_try", Moment),
    Column("lease_until", Moment, nullable=False),
)

robots = Table(
    "robots",
    metadata,
    Column("origin", Text, primary_key=True),
    Column("status", Integer, nullable=False),
    Column("rules", Text, nullable=False),
    Column("expires", Moment, nullable=False),
    Column("rests_until", Moment, nullable=False),
    Column("busy_until", Moment, nullable=False),
    Column("busy_pause", Float, nullable=False, server_default="0"),
)
