"""Tables of stories, of their merges and splits, of related links and ranked lists."""

from sqlalchemy import BigInteger, Column, Float, Integer, LargeBinary, Table, Text

from syndicate.store.core.column_types import Json, UtcTime
from syndicate.store.schema.base import metadata

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
    Column("created", UtcTime, nullable=False),
    Column("updated", UtcTime, nullable=False),
    Column("articles", Integer, nullable=False),
    Column("coverage", Integer, nullable=False),
)

story_leads = Table(
    "story_leads",
    metadata,
    Column("story_id", BigInteger, primary_key=True, autoincrement=False),
    Column("language", Text, primary_key=True),
    Column("article_id", BigInteger, nullable=False),
)

story_moves = Table(
    "story_moves",
    metadata,
    Column("id", BigInteger, primary_key=True),
    Column("kind", Text, nullable=False),
    Column("from_story", BigInteger, nullable=False),
    Column("to_story", BigInteger, nullable=False),
    Column("article_id", BigInteger, nullable=False),
    Column("articles", Integer, nullable=False),
    Column("similarity", Float, nullable=False),
    Column("threshold", Float, nullable=False),
    Column("moved", UtcTime, nullable=False),
)

story_reasons = Table(
    "story_reasons",
    metadata,
    Column("article_id", BigInteger, primary_key=True, autoincrement=False),
    Column("story_id", BigInteger, nullable=False),
    Column("nearest_id", BigInteger, nullable=False),
    Column("nearest", Float, nullable=False),
    Column("mean_similarity", Float, nullable=False),
    Column("n_compared", Integer, nullable=False),
    Column("similarity", Float, nullable=False),
    Column("threshold", Float, nullable=False),
    Column("placed", UtcTime, nullable=False),
)

listed_articles = Table(
    "listed_articles",
    metadata,
    Column("list", Text, primary_key=True),
    Column("article_id", BigInteger, primary_key=True, autoincrement=False),
    Column("language", Text, nullable=False, server_default=""),
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
