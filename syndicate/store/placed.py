"""What the story index is loaded from after a restart, and looks up in the store."""

import json
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime

from sqlalchemy import BigInteger, Connection, Text, func, select, type_coerce

from syndicate.store import schema

_TITLES = 500
# Rows fetched one by one take half as long again; a thousand leave the processor's cache unread.
_FETCHED_TOGETHER = 250


# An article as the story index is loaded from the store: id, source, publication in microseconds since 1970,
# title, story, the article it is a copy of, its mean likeness to how many articles of the story when it came
# (zeros if it began one), packed terms, and the titles in its "Read more" list as JSON, ``None`` without one.
PlacedArticle = tuple[int, int, int, str, int, int | None, float, int, bytes, str | None]


def placed_articles(connection: Connection, since: datetime) -> Iterator[Sequence[PlacedArticle]]:
    """Everything the story index holds, in batches, in no order: sorting would move all terms twice."""
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
            func.nullif(type_coerce(table.c.read_more_json, Text), "[]"),
        )
        .join(terms, terms.c.article_id == table.c.id)
        .join(reasons, joined, isouter=True)
        .where(table.c.published >= since, table.c.story_id.is_not(None))
    )
    yield from connection.execute(query).partitions(_FETCHED_TOGETHER)


def published_nth(connection: Connection, place: int) -> datetime | None:
    """When the newest but ``place - 1`` of the placed articles was published; ``None`` if there are fewer."""
    table = schema.articles
    newest = select(table.c.published).where(table.c.story_id.is_not(None)).order_by(table.c.published.desc())
    return connection.scalars(newest.offset(place - 1).limit(1)).one_or_none()


def read_more_titles(listed: str) -> list[str]:
    """The titles in an article's "Read more" list, from its JSON."""
    titles: list[str] = json.loads(listed)
    return titles


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
