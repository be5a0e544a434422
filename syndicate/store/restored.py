"""A store that was restored from a backup: what it would do again is not done by itself."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, update

from syndicate.store import deliveries, editions, schema


@dataclass(frozen=True, slots=True, kw_only=True)
class Doubted:
    """Counts of deliveries that are uncertain, editions that wait for a person, periods without edition."""

    deliveries: int
    editions: int
    periods: int


def distrust(
    connection: Connection, periods: Iterable[tuple[str, str, tuple[datetime, datetime]]], now: datetime
) -> Doubted:
    """Put work that may have been done since the backup on hold; mark ``periods`` as dealt with.

    Each period is (newsletter, cadence, (start, end)). Periods that ended before now get no edition.
    """
    table, newsletters = schema.editions, schema.newsletters
    doubted = deliveries.doubt_waiting(connection, now=now)
    waiting = update(table).where(table.c.state == editions.WAITING)
    held = connection.execute(waiting.values(state=editions.HELD, approve_by=None)).rowcount
    missed = editions.MISSED
    noted = [
        editions.record_no_edition(connection, newsletter, cadence, period, missed, now)
        for newsletter, cadence, period in periods
    ]
    connection.execute(update(newsletters).values(known_since=now))
    return Doubted(deliveries=doubted, editions=held, periods=sum(noted))
