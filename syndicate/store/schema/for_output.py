"""Tables of outputs, and of outputs that are stale."""

from sqlalchemy import BigInteger, Column, Integer, Table, Text

from syndicate.store.core.column_types import UtcTime
from syndicate.store.schema.base import metadata, texts

stale_pages = Table(
    "stale_pages",
    metadata,
    Column("article_id", BigInteger, primary_key=True, autoincrement=False),
    Column("version", Integer, nullable=False),
)

stale_lists = Table(
    "stale_lists",
    metadata,
    Column("name", Text, primary_key=True),
    Column("version", Integer, nullable=False),
)

pruned_tags = Table("pruned_tags", metadata, Column("tag", Text, primary_key=True))

channel_archives = Table(
    "channel_archives",
    metadata,
    Column("channel", Text, primary_key=True),
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("last_id", BigInteger, nullable=False),
)

outputs = Table(
    "outputs",
    metadata,
    Column("name", Text, primary_key=True),
    Column("signature", Text, nullable=False),
    Column("built", UtcTime, nullable=False),
)

announcements = Table(
    "announcements",
    metadata,
    Column("topic", Text, primary_key=True),
    *texts("document_hash"),
    Column("next_try", UtcTime),
    Column("attempts", Integer, nullable=False),
    Column("error", Text, nullable=False),
)
