"""What the story index is loaded from after a restart, and looks up in the store."""

from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import BigInteger, Connection, func, select, type_coerce

from syndicate.store import schema

_TITLES = 500
# Rows fetched one by one take half as long again.
_FETCHED_TOGETHER = 1000


class PlacedArticle(NamedTuple):
    """An article as the story index is loaded from the store: its packed terms and its place.

    ``published`` is in microseconds since 1970. ``mean`` is its likeness to ``compared`` articles of the
    story when it joined; zeros if it began one. A tuple, as the row is: a restart makes hundreds of
    thousands of them.
    """

    id: int
    source_id: int
    published: int
    title: str
    story_id: int
    duplicate_of: int | None
    mean: float
    compared: int
    terms: bytes


def placed_articles(connection: Connection, since: datetime) -> Iterator[PlacedArticle]:
    """Everything the story index holds, in no order: to sort it here would move all terms twice."""
    table, terms, reasons = schema.articles, schema.article_terms, schema.story_reasons
    joined = (reasons.c.article_id == table.c.id) & (reasons.c.likeness >= reasons.c.needed)
    query = (
        select(
            table.c.id,
            table.c.source_id,
            type_coerce(table.c.published, BigInteger),
            table.c.title,
            table.c.story_id,
            table.c.duplicate_of,
            func.coalesce(reasons.c.mean, 0.0),
            func.coalesce(reasons.c.compared, 0),
            terms.c.terms,
        )
        .join(terms, terms.c.article_id == table.c.id)
        .join(reasons, joined, isouter=True)
        .where(table.c.published >= since, table.c.story_id.is_not(None))
    )
    for rows in connection.execute(query).partitions(_FETCHED_TOGETHER):
        yield from map(PlacedArticle._make, rows)


def articles_with_titles(connection: Connection, titles: Iterable[str]) -> dict[str, int]:
    """The latest article with each of these titles: what a source's own "Read more" list names."""
    table = schema.articles
    wanted = sorted(set(titles))
    latest = select(table.c.title, func.max(table.c.id).label("id")).group_by(table.c.title)
    return {
        row.title: row.id
        for start in range(0, len(wanted), _TITLES)
        for row in connection.execute(latest.where(table.c.title.in_(wanted[start : start + _TITLES])))
    }


def read_more_titles(connection: Connection, since: datetime) -> dict[int, tuple[str, ...]]:
    """The titles in the "Read more" lists of articles published since a moment; none for those without."""
    table = schema.articles
    listing = (table.c.published >= since) & (table.c.read_more_json != [])
    rows = connection.execute(select(table.c.id, table.c.read_more_json).where(listing))
    return {article_id: tuple(titles) for article_id, titles in rows}
