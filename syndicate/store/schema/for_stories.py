"""Tables of stories, of their merges and splits, of related links and ranked lists."""

from sqlalchemy import BigInteger, Column, Float, Integer, LargeBinary, Table, Text

from syndicate.store.core.column_types import Json, UtcTime
from syndicate.store.schema.base import columns, id_keys, metadata

article_terms = Table(
    "article_terms", metadata, *id_keys("article_id"), Column("terms", LargeBinary, nullable=False)
)

stories = Table(
    "stories",
    metadata,
    Column("id", BigInteger, primary_key=True),
    *columns(BigInteger, "lead_id"),
    *columns(UtcTime, "created", "updated"),
    *columns(Integer, "articles", "coverage"),
    Column("path", Text, nullable=False, server_default=""),
)

story_leads = Table(
    "story_leads",
    metadata,
    *id_keys("story_id"),
    Column("language", Text, primary_key=True),
    *columns(BigInteger, "article_id"),
)

story_moves = Table(
    "story_moves",
    metadata,
    Column("id", BigInteger, primary_key=True),
    *columns(Text, "kind"),
    *columns(BigInteger, "from_story", "to_story", "article_id"),
    *columns(Integer, "articles"),
    *columns(Float, "similarity", "threshold"),
    *columns(UtcTime, "moved"),
    Column("path", Text, nullable=False, server_default=""),
)

story_reasons = Table(
    "story_reasons",
    metadata,
    *id_keys("article_id"),
    *columns(BigInteger, "story_id", "nearest_id"),
    *columns(Float, "nearest", "mean_similarity", "similarity", "threshold"),
    *columns(Integer, "n_compared"),
    *columns(UtcTime, "placed"),
)

listed_articles = Table(
    "listed_articles",
    metadata,
    Column("list", Text, primary_key=True),
    *id_keys("article_id"),
    Column("language", Text, nullable=False, server_default=""),
)

related = Table(
    "related",
    metadata,
    *id_keys("article_id"),
    Column("position", Integer, primary_key=True, autoincrement=False),
    *columns(BigInteger, "related_id"),
    *columns(Float, "score"),
    *columns(Json, "parts_json"),
)

neighbours = Table("neighbours", metadata, *id_keys("article_id", "neighbour_id"))

ranked = Table(
    "ranked",
    metadata,
    Column("list", Text, primary_key=True),
    Column("position", Integer, primary_key=True, autoincrement=False),
    *columns(BigInteger, "story_id", "article_id"),
    *columns(Float, "score"),
    *columns(Integer, "coverage"),
    *columns(Json, "parts_json"),
)
