"""Numbers of the overview: articles by hour and source, and moving stories."""

from collections.abc import Collection
from datetime import datetime, timedelta

from sqlalchemy import BigInteger, ColumnElement, Connection, cast, func, select

from syndicate.store import schema
from syndicate.store.core.column_types import to_microseconds
from syndicate.store.core.counts import count_rows
from syndicate.store.stories.same_text import Unindexed

articles, stories = schema.articles, schema.stories


def articles_by_step(
    connection: Connection, since: datetime, step: timedelta, steps: int, named: Collection[int] = ()
) -> dict[int, list[int]]:
    """Return the number of articles first seen in each step after a time, by source.

    Sources that are not ``named`` share the key 0.
    """
    starts = [since + step * number for number in range(steps)]
    counts = {0: [count_rows(connection, articles, *_seen(start, start + step)) for start in starts]}
    if named:
        # Without its type, the column would take the numbers for times.
        seen = cast(articles.c.first_seen, BigInteger) - to_microseconds(since)
        # Unindexed: the index of sources would lead to all articles of the named sources.
        owner, place = Unindexed(articles).c.source_id, seen // (step // timedelta(microseconds=1))
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
