"""Tables of outputs, stale outputs, the last runs of stages, and totals."""

from sqlalchemy import BigInteger, Column, Integer, Text

from syndicate.store.core.column_types import Json, UtcTime
from syndicate.store.schema.base import columns, id_keys, table

stale_pages = table("stale_pages", *id_keys("article_id"), *columns(Integer, "version"))

stale_lists = table("stale_lists", Column("name", Text, primary_key=True), *columns(Integer, "version"))

pruned_tags = table("pruned_tags", Column("tag", Text, primary_key=True))

channel_archives = table(
    "channel_archives",
    Column("channel", Text, primary_key=True),
    Column("number", Integer, primary_key=True, autoincrement=False),
    *columns(BigInteger, "last_id"),
)

list_pages = table(
    "list_pages",
    Column("list", Text, primary_key=True),
    Column("number", Integer, primary_key=True, autoincrement=False),
    *columns(UtcTime, "published"),
    *columns(BigInteger, "article_id"),
)

outputs = table(
    "outputs",
    Column("name", Text, primary_key=True),
    *columns(Text, "signature"),
    *columns(UtcTime, "built"),
)

announcements = table(
    "announcements",
    Column("topic", Text, primary_key=True),
    *columns(Text, "document_hash", "error"),
    Column("next_try", UtcTime),
    *columns(Integer, "attempts"),
)

published_files = table(
    "published_files",
    Column("path", Text, primary_key=True),
    *columns(Text, "hash"),
    *columns(UtcTime, "written"),
)

saved_searches = table(
    "saved_searches",
    Column("id", BigInteger, primary_key=True),
    Column("subscription_id", BigInteger),
    *columns(Text, "created_by", "query"),
    *columns(Integer, "per_day"),
    *columns(BigInteger, "seen_id"),
    *columns(UtcTime, "next_at", "created"),
    Column("ended", UtcTime),
)

channels = table(
    "channels",
    Column("name", Text, primary_key=True),
    *columns(Json, "declaration"),
    *columns(UtcTime, "added"),
    Column("removed", UtcTime),
)

channel_moves = table(
    "channel_moves",
    Column("name", Text, primary_key=True),
    *columns(Text, "channel"),
    *columns(UtcTime, "at"),
)

feed_reads = table(
    "feed_reads",
    *(Column(name, Text, primary_key=True) for name in ("channel", "program")),
    Column("day", UtcTime, primary_key=True),
    *columns(Integer, "count"),
)


stage_runs = table(
    "stage_runs",
    Column("stage", Text, primary_key=True),
    *columns(UtcTime, "at"),
    *columns(BigInteger, "ms"),
    *columns(Text, "problem"),
    *columns(Json, "facts_json", "recent_json"),
    Column("success", UtcTime),
)

totals = table(
    "totals",
    *(Column(name, Text, primary_key=True) for name in ("name", "label")),
    *columns(BigInteger, "value"),
)
