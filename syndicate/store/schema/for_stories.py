"""Tables of stories, of their merges and splits, of related links and ranked lists."""

from sqlalchemy import BigInteger, Column, Float, Integer, LargeBinary, Text

from syndicate.store.core.column_types import Json, UtcTime
from syndicate.store.schema.base import columns, id_keys, table

article_terms = table("article_terms", *id_keys("article_id"), Column("terms", LargeBinary, nullable=False))

source_lines = table("source_lines", *id_keys("source_id"), Column("seen", LargeBinary, nullable=False))

stories = table(
    "stories",
    Column("id", BigInteger, primary_key=True),
    *columns(BigInteger, "lead_id"),
    *columns(UtcTime, "created", "updated"),
    *columns(Integer, "articles", "coverage"),
    Column("path", Text, nullable=False, server_default=""),
)

story_leads = table(
    "story_leads",
    *id_keys("story_id"),
    Column("language", Text, primary_key=True),
    *columns(BigInteger, "article_id"),
)

story_moves = table(
    "story_moves",
    Column("id", BigInteger, primary_key=True),
    *columns(Text, "kind"),
    *columns(BigInteger, "from_story", "to_story", "article_id"),
    *columns(Integer, "articles"),
    *columns(Float, "similarity", "threshold"),
    *columns(UtcTime, "moved"),
    Column("path", Text, nullable=False, server_default=""),
    *columns(BigInteger, "decision", default="0"),
)

story_reasons = table(
    "story_reasons",
    *id_keys("article_id"),
    *columns(BigInteger, "story_id", "nearest_id"),
    *columns(Float, "nearest", "mean_similarity", "similarity", "threshold"),
    *columns(Integer, "n_compared"),
    *columns(UtcTime, "placed"),
)

listed_articles = table(
    "listed_articles",
    Column("list", Text, primary_key=True),
    *id_keys("article_id"),
    Column("language", Text, nullable=False, server_default=""),
)

related = table(
    "related",
    *id_keys("article_id"),
    Column("position", Integer, primary_key=True, autoincrement=False),
    *columns(BigInteger, "related_id"),
    *columns(Float, "score"),
    *columns(Json, "parts_json"),
)

neighbours = table("neighbours", *id_keys("article_id", "neighbour_id"))

ranked = table(
    "ranked",
    Column("list", Text, primary_key=True),
    Column("position", Integer, primary_key=True, autoincrement=False),
    *columns(BigInteger, "story_id", "article_id"),
    *columns(Float, "score"),
    *columns(Integer, "coverage"),
    *columns(Json, "parts_json"),
)

ranked_history = table(
    "ranked_history",
    Column("list", Text, primary_key=True),
    Column("hour", UtcTime, primary_key=True, autoincrement=False),
    Column("position", Integer, primary_key=True, autoincrement=False),
    *columns(BigInteger, "story_id"),
)


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
