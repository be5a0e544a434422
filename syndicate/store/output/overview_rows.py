"""Numbers of the overview: articles by hour and source, and moving stories."""

from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import BigInteger, ColumnElement, Connection, bindparam, cast, func, select, type_coerce

from syndicate.store import schema
from syndicate.store.core.column_types import to_microseconds
from syndicate.store.core.compiled_sql import CompiledStatement
from syndicate.store.stories.same_text import Unindexed

articles, stories = schema.articles, schema.stories
_SOURCE = Unindexed(articles).c.source_id
_first_seen = type_coerce(articles.c.first_seen, BigInteger)
_COUNT = CompiledStatement(
    select(func.count()).where(_first_seen >= bindparam("since"), _first_seen < bindparam("until"))
)


def articles_by_step(
    connection: Connection, since: datetime, step: timedelta, steps: int, named: Collection[int] = ()
) -> dict[int, list[int]]:
    """Return the number of articles first seen in each step after a time, by source.

    Sources that are not ``named`` share the key 0.
    """
    start, length = to_microseconds(since), step // timedelta(microseconds=1)
    places = [
        {"since": start + place * length, "until": start + (place + 1) * length} for place in range(steps)
    ]
    counts = {0: [_COUNT.rows(connection, place)[0][0] for place in places]}
    if named:
        # Unindexed: the index of sources would lead to all articles of the named sources.
        owner, place = _SOURCE, _place(articles.c.first_seen, since, step)
        query = select(place, owner, func.count()).where(
            *_seen(since, since + step * steps), owner.in_(named)
        )
        counts |= {source_id: [0] * steps for source_id in named}
        for at, source_id, count in connection.execute(query.group_by(place, owner)):
            counts[source_id][at] = count
            counts[0][at] -= count
    return counts


def count_by_source(connection: Connection, since: datetime, until: datetime) -> dict[int, int]:
    """Return the number of articles first seen in a period by source."""
    query = select(articles.c.source_id, func.count()).where(*_seen(since, until))
    rows = connection.execute(query.group_by(articles.c.source_id)).all()
    return {row[0]: row[1] for row in rows}


def _seen(since: datetime, until: datetime) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    return articles.c.first_seen >= since, articles.c.first_seen < until


def count_moving(connection: Connection, since: datetime, *, covered_by: int) -> tuple[int, int]:
    """Return the number of stories that changed since a time, and of those so many sources tell."""
    well_covered = func.count().filter(stories.c.coverage >= covered_by)
    query = select(func.count(), well_covered).where(stories.c.updated >= since)
    moving, covered = connection.execute(query).one()
    return moving, covered


def _place(column: ColumnElement[Any], since: datetime, step: timedelta) -> ColumnElement[int]:
    """Return the number of whole steps between a time and a column."""
    # Without its type, the column would take the numbers for times.
    return (cast(column, BigInteger) - to_microseconds(since)) // (step // timedelta(microseconds=1))
