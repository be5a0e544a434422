"""Tables of learned weights, page reads and the editor's decisions."""

from sqlalchemy import BigInteger, Column, Float, Integer, Table

from syndicate.store.core.column_types import UtcTime
from syndicate.store.schema.base import metadata, texts

editor_log = Table(
    "editor_log",
    metadata,
    Column("id", BigInteger, primary_key=True),
    Column("recorded", UtcTime, nullable=False),
    *texts("who", "action", "article_uid", "value"),
    Column("expires", UtcTime),
    Column("undoes", BigInteger),
)

source_weights = Table(
    "source_weights",
    metadata,
    Column("source_id", BigInteger, primary_key=True, autoincrement=False),
    Column("weight", Float, nullable=False),
    Column("prominence", Float, nullable=False),
    Column("articles", Integer, nullable=False),
    Column("learned", UtcTime, nullable=False),
)

reads = Table(
    "reads",
    metadata,
    Column("article_id", BigInteger, primary_key=True, autoincrement=False),
    Column("hour", UtcTime, primary_key=True, autoincrement=False),
    Column("count", Integer, nullable=False),
)
