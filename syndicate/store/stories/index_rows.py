"""Rows from which a restart loads the story index, and its look-ups."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import Any, NamedTuple, cast

from sqlalchemy import BigInteger, BindParameter, Connection, Text, bindparam, func, select, type_coerce

from syndicate.model import StoredArticle
from syndicate.store import schema
from syndicate.store.core.batches import rows_with
from syndicate.store.core.compiled_sql import CompiledStatement

# Fetching single rows takes 1.5 times as long; a thousand rows overflow the processor's cache.
_FETCHED_TOGETHER = 250
_IDS: BindParameter[Any] = bindparam("ids", expanding=True)
_ARTICLES, _TERMS = schema.articles, schema.article_terms
_WITH_TITLES = CompiledStatement(
    select(_ARTICLES.c.title, func.max(_ARTICLES.c.id))
    .where(_ARTICLES.c.title.in_(_IDS))
    .group_by(_ARTICLES.c.title)
)
_LEAD_FACTS = CompiledStatement(
    select(*(_ARTICLES.c[name] for name in ("id", "title", "section", "url")), _TERMS.c.terms)
    .join(_TERMS, _TERMS.c.article_id == _ARTICLES.c.id, isouter=True)
    .where(_ARTICLES.c.id.in_(_IDS))
)


class LeadFacts(NamedTuple):
    """Title, section, URL and packed terms of an article that may lead its story."""

    article_id: int
    title: str
    section: str
    url: str
    terms: bytes | None


def placed_articles(connection: Connection, since: datetime) -> Iterator[Sequence[StoredArticle]]:
    """Yield batches of placed articles since a time, unsorted: sorting would move all terms twice."""
    table, terms, reasons = schema.articles, schema.article_terms, schema.story_reasons
    joined = (reasons.c.article_id == table.c.id) & (reasons.c.similarity >= reasons.c.threshold)
    query = (
        select(
            table.c.id.label("article_id"),
            table.c.source_id,
            type_coerce(table.c.published, BigInteger).label("published"),
            table.c.title,
            table.c.story_id.label("story"),
            table.c.same_text,
            func.coalesce(reasons.c.mean_similarity, 0.0).label("mean_similarity"),
            func.coalesce(reasons.c.n_compared, 0).label("n_compared"),
            terms.c.terms,
            func.nullif(type_coerce(table.c.read_more_json, Text), "[]").label("read_more"),
        )
        .join(terms, terms.c.article_id == table.c.id)
        .join(reasons, joined, isouter=True)
        .where(table.c.published >= since, table.c.story_id.is_not(None))
    )
    rows = connection.execute(query).partitions(_FETCHED_TOGETHER)
    # Rows are tuples with the fields of ``StoredArticle``.
    return cast("Iterator[Sequence[StoredArticle]]", rows)


def nth_newest_published(connection: Connection, place: int, since: datetime) -> datetime | None:
    """Return when the ``place``-th newest placed article was published; ``None`` if fewer were ``since``."""
    table = schema.articles
    placed = table.c.story_id.is_not(None), table.c.published >= since
    newest = select(table.c.published).where(*placed).order_by(table.c.published.desc())
    return connection.scalars(newest.offset(place - 1).limit(1)).one_or_none()


def next_text_label(connection: Connection) -> int:
    """Return the first free label for same texts."""
    return (connection.scalars(select(func.max(schema.articles.c.same_text))).one() or 0) + 1


def articles_with_titles(connection: Connection, titles: Iterable[str]) -> dict[str, int]:
    """Return the latest article with each title that a source's "Read more" list names."""
    return dict(_WITH_TITLES.rows_of(connection, set(titles)))


def lead_facts(connection: Connection, article_ids: Sequence[int]) -> dict[int, LeadFacts]:
    """Return the facts by which a lead is chosen, by article."""
    found = map(LeadFacts._make, _LEAD_FACTS.rows_of(connection, article_ids))
    return {facts.article_id: facts for facts in found}


def related_articles(connection: Connection, article_ids: Sequence[int]) -> list[tuple[int, int, float]]:
    """Return (article, related article, score) for each related link of the articles."""
    table = schema.related
    query = select(table.c.article_id, table.c.related_id, table.c.score)
    rows = rows_with(connection, query, table.c.article_id, article_ids)
    return [(row.article_id, row.related_id, row.score) for row in rows]
