"""Tables of outputs, and of outputs that are stale."""

from sqlalchemy import BigInteger, Column, Integer, Table, Text

from syndicate.store.core.column_types import UtcTime
from syndicate.store.schema.base import columns, id_keys, metadata

stale_pages = Table("stale_pages", metadata, *id_keys("article_id"), *columns(Integer, "version"))

stale_lists = Table(
    "stale_lists", metadata, Column("name", Text, primary_key=True), *columns(Integer, "version")
)

pruned_tags = Table("pruned_tags", metadata, Column("tag", Text, primary_key=True))

channel_archives = Table(
    "channel_archives",
    metadata,
    Column("channel", Text, primary_key=True),
    Column("number", Integer, primary_key=True, autoincrement=False),
    *columns(BigInteger, "last_id"),
)

list_pages = Table(
    "list_pages",
    metadata,
    Column("list", Text, primary_key=True),
    Column("number", Integer, primary_key=True, autoincrement=False),
    *columns(UtcTime, "published"),
    *columns(BigInteger, "article_id"),
)

outputs = Table(
    "outputs",
    metadata,
    Column("name", Text, primary_key=True),
    *columns(Text, "signature"),
    *columns(UtcTime, "built"),
)

announcements = Table(
    "announcements",
    metadata,
    Column("topic", Text, primary_key=True),
    *columns(Text, "document_hash", "error"),
    Column("next_try", UtcTime),
    *columns(Integer, "attempts"),
)
