"""Figures about many sources at once, for the list of sources."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from sqlalchemy import BigInteger, Connection, and_, bindparam, cast, func, select, text, type_coerce

from syndicate.model import Absence
from syndicate.store import schema
from syndicate.store.core.batches import in_batches
from syndicate.store.core.column_types import to_microseconds
from syndicate.store.core.compiled_sql import CompiledStatement

sources, articles = schema.sources, schema.articles
PAUSES = 30
"""Number of recent pauses between articles that are compared with a silence."""


class SourceFigures(NamedTuple):
    """Facts about a source as the store holds them: times are in microseconds.

    ``latest`` is the publication time of its newest article.
    """

    id: int
    name: str
    url: str
    kind: str
    section: str
    origin: str
    listed_in: str
    absent: str
    private: bool
    paused: bool
    gone: bool
    failures: int
    permanent_url: str
    permanent_seen: int
    moved_to: str
    check_reason: str
    last_success: int | None
    next_check: int | None
    websub_lease_until: int | None
    latest: int | None


_published = type_coerce(articles.c.published, BigInteger)
_LATEST = select(_published).where(articles.c.source_id == sources.c.id)
_LATEST = _LATEST.order_by(articles.c.published.desc(), articles.c.id.desc()).limit(1)
_present = select(*(sources.c[name] for name in SourceFigures._fields[:-1]), _LATEST.scalar_subquery()).where(
    sources.c.absent != Absence.REMOVED.value
)
_FIGURES = CompiledStatement(_present)
_FIGURE = CompiledStatement(_present.where(sources.c.id == bindparam("source")))


def source_figures(connection: Connection, source_id: int | None = None) -> list[SourceFigures]:
    """Return the facts about every source that was not removed, or about the source with this id."""
    rows = (
        _FIGURES.rows(connection, {})
        if source_id is None
        else _FIGURE.rows(connection, {"source": source_id})
    )
    return list(map(SourceFigures._make, rows))


def source_sections(connection: Connection) -> list[str]:
    """Return the sections of all sources, sorted."""
    return sorted(connection.scalars(select(sources.c.section).where(sources.c.section != "").distinct()))


# Core cannot correlate a subquery of FROM with the outer statement.
_PAUSES = text(
    """SELECT id, (SELECT max(pause) FROM (
           SELECT published - lead(published) OVER (ORDER BY published DESC, id DESC) AS pause FROM (
               SELECT published, id FROM articles WHERE source_id = sources.id
               ORDER BY published DESC, id DESC LIMIT :recent) AS latest) AS pauses)
       FROM sources WHERE id IN :sources"""
).bindparams(bindparam("sources", expanding=True), recent=PAUSES + 1)


def longest_pauses(connection: Connection, source_ids: Sequence[int]) -> dict[int, int]:
    """Return the longest of the last ``PAUSES`` pauses between articles of each source, in microseconds.

    A source with fewer than two articles has 0.
    """
    pauses: dict[int, int] = {}
    for batch in in_batches(source_ids):
        rows = connection.execute(_PAUSES, {"sources": batch})
        pauses |= {source_id: pause or 0 for source_id, pause in rows}
    return pauses


def article_days(
    connection: Connection, source_ids: Collection[int], *, since: datetime
) -> Mapping[int, Mapping[int, int]]:
    """Return numbers of articles by source and by number of whole days after ``since``."""
    length = to_microseconds(since + timedelta(days=1)) - to_microseconds(since)
    day = ((cast(articles.c.published, BigInteger) - to_microseconds(since)) // length).label("day")
    query = select(articles.c.source_id, day, func.count().label("articles"))
    query = query.where(and_(articles.c.source_id.in_(source_ids), articles.c.published >= since))
    days: dict[int, dict[int, int]] = {}
    for row in connection.execute(query.group_by(articles.c.source_id, day)):
        days.setdefault(row.source_id, {})[row.day] = row.articles
    return days


def count_articles(connection: Connection, *, since: datetime) -> int:
    """Return the number of articles first seen from a time on."""
    return connection.scalars(select(func.count()).where(articles.c.first_seen >= since)).one()


def newest_articles(connection: Connection, source_id: int, *, limit: int) -> list[int]:
    """Return the ids of the newest articles of a source."""
    query = select(articles.c.id).where(articles.c.source_id == source_id)
    query = query.order_by(articles.c.published.desc(), articles.c.id.desc()).limit(limit)
    return list(connection.scalars(query))


def article_span(connection: Connection, source_id: int) -> tuple[int, datetime | None]:
    """Return the number of articles of a source, and the time at which the first was seen."""
    first = func.min(articles.c.first_seen, type_=articles.c.first_seen.type)
    row = connection.execute(select(func.count(), first).where(articles.c.source_id == source_id)).one()
    return row[0], row[1]
