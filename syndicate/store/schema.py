"""The tables as the statements see them. The SQL that makes them is in ``migrations/``.

A test compares these definitions with what the migrations really build, on both engines.
"""

from sqlalchemy import BigInteger, Boolean, Column, Float, Integer, LargeBinary, MetaData, Table, Text

from syndicate.store.types import Json, Moment

metadata = MetaData()


def _text(*names: str) -> list[Column[str]]:
    return [Column(name, Text, nullable=False) for name in names]


meta = Table("meta", metadata, Column("key", Text, primary_key=True), Column("value", Text, nullable=False))

migrations = Table(
    "migrations",
    metadata,
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("name", Text, nullable=False),
    Column("applied", Moment, nullable=False),
)

leases = Table(
    "leases",
    metadata,
    Column("name", Text, primary_key=True),
    Column("owner", Text, nullable=False),
    Column("until", Moment, nullable=False),
)

sources = Table(
    "sources",
    metadata,
    Column("id", BigInteger, primary_key=True),
    *_text("name", "kind", "url", "section", "language", "republish", "origin"),
    Column("own", Boolean, nullable=False),
    Column("weight", Float, nullable=False),
    Column("paused", Boolean, nullable=False),
    *_text("title", "home_url", "feed_id"),
    Column("created", Moment, nullable=False),
    *_text("etag", "last_modified", "body_hash", "error", "warning", "permanent_url"),
    Column("last_attempt", Moment),
    Column("last_success", Moment),
    Column("next_check", Moment),
    Column("failures", Integer, nullable=False),
    Column("gone", Boolean, nullable=False),
    Column("permanent_seen", Integer, nullable=False),
    Column("lease_owner", Text, nullable=False),
    Column("lease_until", Moment, nullable=False),
)

articles = Table(
    "articles",
    metadata,
    Column("id", BigInteger, primary_key=True),
    Column("source_id", BigInteger, nullable=False),
    *_text("uid", "entry_key", "url", "path", "title", "language", "direction", "section", "summary"),
    *_text("content_hash", "digest", "search"),
    Column("authors_json", Json, nullable=False),
    Column("tags_json", Json, nullable=False),
    Column("image_json", Json),
    Column("read_more_json", Json, nullable=False),
    Column("published", Moment, nullable=False),
    Column("updated", Moment, nullable=False),
    Column("first_seen", Moment, nullable=False),
    Column("minutes", Integer, nullable=False),
    Column("words", Integer, nullable=False),
    Column("story_id", BigInteger),
    Column("duplicate_of", BigInteger),
    Column("placed", Boolean, nullable=False),
)

article_bodies = Table(
    "article_bodies",
    metadata,
    Column("article_id", BigInteger, primary_key=True, autoincrement=False),
    *_text("html", "text"),
)

article_tags = Table(
    "article_tags",
    metadata,
    Column("tag", Text, primary_key=True),
    Column("article_id", BigInteger, primary_key=True, autoincrement=False),
)

article_terms = Table(
    "article_terms",
    metadata,
    Column("article_id", BigInteger, primary_key=True, autoincrement=False),
    Column("terms", LargeBinary, nullable=False),
)

tombstones = Table(
    "tombstones",
    metadata,
    Column("source_id", BigInteger, primary_key=True, autoincrement=False),
    Column("entry_key", Text, primary_key=True),
    Column("digest", Text, nullable=False),
    Column("pruned", Moment, nullable=False),
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

stale_pages = Table(
    "stale_pages",
    metadata,
    Column("article_id", BigInteger, primary_key=True, autoincrement=False),
    Column("version", Integer, nullable=False),
)

outputs = Table(
    "outputs",
    metadata,
    Column("name", Text, primary_key=True),
    Column("signature", Text, nullable=False),
    Column("built", Moment, nullable=False),
)

quarantine = Table(
    "quarantine",
    metadata,
    Column("kind", Text, primary_key=True),
    Column("subject", Text, primary_key=True),
    Column("source_id", BigInteger),
    Column("attempts", Integer, nullable=False),
    Column("reason", Text, nullable=False),
    Column("first_failed", Moment, nullable=False),
    Column("last_failed", Moment, nullable=False),
)

newsletters = Table(
    "newsletters",
    metadata,
    Column("name", Text, primary_key=True),
    *_text("title", "origin"),
    Column("paused", Boolean, nullable=False),
    Column("known_since", Moment, nullable=False),
)

editions = Table(
    "editions",
    metadata,
    Column("id", BigInteger, primary_key=True),
    *_text("newsletter", "cadence", "state", "subject", "html", "text"),
    Column("period_start", Moment, nullable=False),
    Column("period_end", Moment, nullable=False),
    Column("revision", Integer, nullable=False),
    Column("cut_at", Moment, nullable=False),
    Column("stories", Integer, nullable=False),
)

edition_stories = Table(
    "edition_stories",
    metadata,
    Column("edition_id", BigInteger, primary_key=True, autoincrement=False),
    Column("position", Integer, primary_key=True, autoincrement=False),
    Column("story_id", BigInteger, nullable=False),
    Column("article_id", BigInteger, nullable=False),
    Column("kind", Text, nullable=False),
    Column("follow_up", Boolean, nullable=False),
    Column("coverage", Integer, nullable=False),
    Column("score", Float, nullable=False),
    Column("parts_json", Json, nullable=False),
)

subscribers = Table(
    "subscribers",
    metadata,
    Column("id", BigInteger, primary_key=True),
    *_text("address", "address_key", "name", "language"),
    Column("created", Moment, nullable=False),
)

subscriptions = Table(
    "subscriptions",
    metadata,
    Column("id", BigInteger, primary_key=True),
    Column("subscriber_id", BigInteger, nullable=False),
    *_text("newsletter", "state"),
    Column("created", Moment, nullable=False),
    Column("changed", Moment, nullable=False),
)

consents = Table(
    "consents",
    metadata,
    Column("id", BigInteger, primary_key=True),
    *_text("address_key", "newsletter", "event", "detail"),
    Column("recorded", Moment, nullable=False),
)

suppressions = Table(
    "suppressions",
    metadata,
    Column("address_key", Text, primary_key=True),
    Column("reason", Text, nullable=False),
    Column("recorded", Moment, nullable=False),
)

deliveries = Table(
    "deliveries",
    metadata,
    Column("id", BigInteger, primary_key=True),
    Column("edition_id", BigInteger, nullable=False),
    Column("subscription_id", BigInteger, nullable=False),
    *_text("address", "state", "lease_owner", "error"),
    Column("attempts", Integer, nullable=False),
    Column("created", Moment, nullable=False),
    Column("not_before", Moment, nullable=False),
    Column("lease_until", Moment, nullable=False),
    Column("code", Integer),
    Column("changed", Moment, nullable=False),
)
