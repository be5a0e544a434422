"""Numbers of the overview: articles by hour and source, and moving stories."""

from collections import Counter
from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import BigInteger, Connection, bindparam, func, select

from syndicate.store import schema
from syndicate.store.core.column_types import to_microseconds
from syndicate.store.core.compiled_sql import CompiledStatement
from syndicate.store.core.counts import Kept, read_changed

_MICROSECOND = timedelta(microseconds=1)
articles, stories = schema.articles, schema.stories

_seen = articles.c.first_seen >= bindparam("start"), articles.c.first_seen < bindparam("end")
_OWNERS = CompiledStatement(select(articles.c.source_id).where(*_seen))
_start, _end, _length = (bindparam(name, type_=BigInteger) for name in ("start", "end", "length"))
_steps = select(_start.label("at")).cte("steps", recursive=True)
_steps = _steps.union_all(select(_steps.c.at + _length).where(_steps.c.at + _length < _end))
_own = articles.c.first_seen >= _steps.c.at, articles.c.first_seen < _steps.c.at + _length
_numbers = [
    select(number).select_from(articles).where(*_own).scalar_subquery()
    for number in (func.count(), func.sum(articles.c.source_id))
]
_COUNTS = CompiledStatement(select(_steps.c.at, *_numbers).order_by(_steps.c.at))


def count_by_step(connection: Connection, since: datetime, step: timedelta, steps: int) -> dict[int, int]:
    """Return the number of articles first seen in each step after a time, by its start in microseconds."""
    return {at: count for at, count, _ in _numbers_by_step(connection, since, step, steps)}


def sources_by_step(
    connection: Connection, since: datetime, step: timedelta, steps: int, kept: Kept[Counter[int]]
) -> list[Counter[int]]:
    """Return the number of articles first seen in each step after a time, by source.

    A step in ``kept`` is read again once its number of articles, or the sum of their sources, has changed.
    """
    length = step // _MICROSECOND

    def read(start: int) -> Counter[int]:
        rows = _OWNERS.rows(connection, {"start": start, "end": start + length})
        return Counter(owner for (owner,) in rows)

    return read_changed(kept, _numbers_by_step(connection, since, step, steps), read)


def _numbers_by_step(
    connection: Connection, since: datetime, step: timedelta, steps: int
) -> Sequence[tuple[int, ...]]:
    start, length = to_microseconds(since), step // _MICROSECOND
    return _COUNTS.rows(connection, {"start": start, "end": start + steps * length, "length": length})


def count_moving(connection: Connection, since: datetime, *, covered_by: int) -> tuple[int, int]:
    """Return the number of stories that changed since a time, and of those so many sources tell."""
    well_covered = func.count().filter(stories.c.coverage >= covered_by)
    query = select(func.count(), well_covered).where(stories.c.updated >= since)
    moving, covered = connection.execute(query).one()
    return moving, covered
