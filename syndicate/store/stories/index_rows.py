"""Rows from which a restart loads the story index, and its look-ups."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import NamedTuple, cast

from sqlalchemy import BigInteger, Connection, Text, func, select, type_coerce

from syndicate.model import StoredArticle
from syndicate.store import schema
from syndicate.store.core.batches import rows_with

# Fetching single rows takes 1.5 times as long; a thousand rows overflow the processor's cache.
_FETCHED_TOGETHER = 250


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
    table = schema.articles
    names = sorted(set(titles))
    latest = select(table.c.title, func.max(table.c.id).label("id")).group_by(table.c.title)
    return {row.title: row.id for row in rows_with(connection, latest, table.c.title, names)}


def lead_facts(connection: Connection, article_ids: Sequence[int]) -> dict[int, LeadFacts]:
    """Return the facts by which a lead is chosen, by article."""
    table, terms = schema.articles, schema.article_terms
    query = select(table.c.id, table.c.title, table.c.section, table.c.url, terms.c.terms)
    query = query.join(terms, terms.c.article_id == table.c.id, isouter=True)
    return {row.id: LeadFacts._make(row) for row in rows_with(connection, query, table.c.id, article_ids)}


def related_articles(connection: Connection, article_ids: Sequence[int]) -> list[tuple[int, int, float]]:
    """Return (article, related article, score) for each related link of the articles."""
    table = schema.related
    query = select(table.c.article_id, table.c.related_id, table.c.score)
    rows = rows_with(connection, query, table.c.article_id, article_ids)
    return [(row.article_id, row.related_id, row.score) for row in rows]
