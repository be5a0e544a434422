"""Numbers of the overview: articles by hour and source, and moving stories."""

from collections import Counter
from datetime import datetime, timedelta

from sqlalchemy import Connection, bindparam, func, select

from syndicate.store import schema
from syndicate.store.core.column_types import to_microseconds
from syndicate.store.core.compiled_sql import CompiledStatement
from syndicate.store.core.counts import Kept, Period, read_changed

articles, stories = schema.articles, schema.stories

_seen = articles.c.first_seen >= bindparam("start"), articles.c.first_seen < bindparam("end")
_COUNT = CompiledStatement(select(func.count()).select_from(articles).where(*_seen))
_OWNERS = CompiledStatement(select(articles.c.source_id).where(*_seen))


def count_by_step(connection: Connection, since: datetime, step: timedelta, steps: int) -> list[int]:
    """Return the number of articles first seen in each step after a time."""
    return [_COUNT.rows(connection, span)[0][0] for span in _spans(since, step, steps)]


def sources_by_step(
    connection: Connection, since: datetime, step: timedelta, steps: int, kept: Kept[Counter[int]]
) -> list[Counter[int]]:
    """Return the number of articles first seen in each step after a time, by source.

    A step in ``kept`` is read again once its number of articles has changed.
    """
    return read_changed(
        connection,
        kept,
        _spans(since, step, steps),
        _COUNT,
        lambda span: Counter(owner for (owner,) in _OWNERS.rows(connection, span)),
    )


def _spans(since: datetime, step: timedelta, steps: int) -> list[Period]:
    start, length = to_microseconds(since), step // timedelta(microseconds=1)
    return [
        {"start": start + number * length, "end": start + (number + 1) * length} for number in range(steps)
    ]


def count_moving(connection: Connection, since: datetime, *, covered_by: int) -> tuple[int, int]:
    """Return the number of stories that changed since a time, and of those so many sources tell."""
    well_covered = func.count().filter(stories.c.coverage >= covered_by)
    query = select(func.count(), well_covered).where(stories.c.updated >= since)
    moving, covered = connection.execute(query).one()
    return moving, covered
