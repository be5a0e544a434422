"""Tables of learned weights, page reads and the editor's decisions."""

from sqlalchemy import BigInteger, Column, Float, Integer, Text

from syndicate.store.core.column_types import UtcTime
from syndicate.store.schema.base import columns, id_keys, table

editor_log = table(
    "editor_log",
    Column("id", BigInteger, primary_key=True),
    *columns(UtcTime, "recorded"),
    *columns(Text, "who", "action", "article_uid", "value"),
    Column("expires", UtcTime),
    Column("undoes", BigInteger),
)

source_weights = table(
    "source_weights",
    *id_keys("source_id"),
    *columns(Float, "weight", "prominence"),
    *columns(Integer, "articles"),
    *columns(UtcTime, "learned"),
)

reads = table(
    "reads",
    *id_keys("article_id"),
    Column("hour", UtcTime, primary_key=True, autoincrement=False),
    *columns(Integer, "count"),
)
