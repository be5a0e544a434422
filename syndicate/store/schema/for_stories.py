"""Stories, related links and ranked lists."""

from sqlalchemy import BigInteger, Column, Float, Integer, LargeBinary, Table, Text

from syndicate.store.schema.base import metadata
from syndicate.store.types import Json, Moment

article_terms = Table(
    "article_terms",
    metadata,
    Column("article_id", BigInteger, primary_key=True, autoincrement=False),
    Column("terms", LargeBinary, nullable=False),
)

stories = Table(
    "stories",
    metadata,
    Column("id", BigInteger, primary_key=True),
    Column("lead_id", BigInteger, nullable=False),
    Column("created", Moment, nullable=False),
    Column("updated", Moment, nullable=False),
    Column("articles", Integer, nullable=False),
    Column("coverage", Integer, nullable=False),
)

related = Table(
    "related",
    metadata,
    Column("article_id", BigInteger, primary_key=True, autoincrement=False),
    Column("position", Integer, primary_key=True, autoincrement=False),
    Column("related_id", BigInteger, nullable=False),
    Column("score", Float, nullable=False),
    Column("parts_json", Json, nullable=False),
)

ranked = Table(
    "ranked",
    metadata,
    Column("list", Text, primary_key=True),
    Column("position", Integer, primary_key=True, autoincrement=False),
    Column("story_id", BigInteger, nullable=False),
    Column("article_id", BigInteger, nullable=False),
    Column("score", Float, nullable=False),
    Column("coverage", Integer, nullable=False),
    Column("parts_json", Json, nullable=False),
)
