"""Readers of feeds by channel, day and program; nothing about a reader is stored."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import NamedTuple

from sqlalchemy import Connection, delete, func, select

from syndicate.store.core.upsert import insert_for
from syndicate.store.schema import feed_reads as table

KEPT = timedelta(days=400)
"""Age at which counts are removed."""


class FeedReads(NamedTuple):
    """Key of a count: channel, start of the day in UTC, and program."""

    channel: str
    day: datetime
    program: str


def save_reads(connection: Connection, counts: Mapping[FeedReads, int]) -> None:
    """Save counts of days. A stored count that is larger stays: a restarted process counts from 0 again."""
    for key, count in sorted(counts.items()):
        statement = insert_for(connection, table).values(**key._asdict(), count=count)
        larger = table.c.count < statement.excluded.count
        connection.execute(
            statement.on_conflict_do_update(
                index_elements=["channel", "day", "program"],
                set_={"count": statement.excluded.count},
                where=larger,
            )
        )
    if counts:
        oldest = max(key.day for key in counts) - KEPT
        connection.execute(delete(table).where(table.c.day < oldest))


def readers(connection: Connection, since: datetime) -> dict[str, dict[str, int]]:
    """Return by channel and program the largest count of a day since a time."""
    query = select(table.c.channel, table.c.program, func.max(table.c.count).label("readers"))
    query = query.where(table.c.day >= since).group_by(table.c.channel, table.c.program)
    found: dict[str, dict[str, int]] = {}
    for row in connection.execute(query.order_by(func.max(table.c.count).desc(), table.c.program)):
        found.setdefault(row.channel, {})[row.program] = row.readers
    return found


def days(connection: Connection, channel: str, since: datetime) -> dict[datetime, int]:
    """Return the sum of all programs by day, the oldest first."""
    query = select(table.c.day, func.sum(table.c.count).label("readers")).group_by(table.c.day)
    query = query.where(table.c.channel == channel, table.c.day >= since).order_by(table.c.day)
    return {row.day: int(row.readers) for row in connection.execute(query)}
