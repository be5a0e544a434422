"""Numbers of the overview: articles by hour and source, and moving stories."""

from collections import Counter
from datetime import datetime, timedelta

from sqlalchemy import Connection, bindparam, func, select

from syndicate.store import schema
from syndicate.store.core.column_types import to_microseconds
from syndicate.store.core.compiled_sql import CompiledStatement

articles, stories = schema.articles, schema.stories

KeptSteps = dict[int, tuple[int, Counter[int]]]
"""Number of articles of each step by its start, and their number by source."""
_seen = articles.c.first_seen >= bindparam("start"), articles.c.first_seen < bindparam("end")
_COUNT = CompiledStatement(select(func.count()).select_from(articles).where(*_seen))
_OWNERS = CompiledStatement(select(articles.c.source_id).where(*_seen))


def count_by_step(connection: Connection, since: datetime, step: timedelta, steps: int) -> list[int]:
    """Return the number of articles first seen in each step after a time."""
    return [_COUNT.rows(connection, span)[0][0] for span in _spans(since, step, steps)]


def sources_by_step(
    connection: Connection, since: datetime, step: timedelta, steps: int, kept: KeptSteps
) -> list[Counter[int]]:
    """Return the number of articles first seen in each step after a time, by source.

    A step in ``kept`` is read again once its number of articles has changed.
    """
    spans, found = _spans(since, step, steps), list[Counter[int]]()
    for span, count in zip(spans, count_by_step(connection, since, step, steps), strict=True):
        known = kept.get(span["start"])
        if known is None or known[0] != count:
            known = count, Counter(owner for (owner,) in _OWNERS.rows(connection, span))
            kept[span["start"]] = known
        found.append(known[1])
    for start in kept.keys() - {span["start"] for span in spans}:
        kept.pop(start, None)
    return found


def _spans(since: datetime, step: timedelta, steps: int) -> list[dict[str, int]]:
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
