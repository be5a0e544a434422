"""Tables of learned weights, page reads and the editor's decisions."""

from sqlalchemy import BigInteger, Column, Float, Integer, Table, Text

from syndicate.store.core.column_types import UtcTime
from syndicate.store.schema.base import columns, id_keys, metadata

editor_log = Table(
    "editor_log",
    metadata,
    Column("id", BigInteger, primary_key=True),
    *columns(UtcTime, "recorded"),
    *columns(Text, "who", "action", "article_uid", "value"),
    Column("expires", UtcTime),
    Column("undoes", BigInteger),
)

source_weights = Table(
    "source_weights",
    metadata,
    *id_keys("source_id"),
    *columns(Float, "weight", "prominence"),
    *columns(Integer, "articles"),
    *columns(UtcTime, "learned"),
)

reads = Table(
    "reads",
    metadata,
    *id_keys("article_id"),
    Column("hour", UtcTime, primary_key=True, autoincrement=False),
    *columns(Integer, "count"),
)
