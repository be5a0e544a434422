"""Answers for robots.txt, and pauses of origins."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, bindparam, delete, select, update

from syndicate.store import schema
from syndicate.store.core.column_types import EPOCH, from_microseconds, to_microseconds
from syndicate.store.core.compiled_sql import CompiledStatement
from syndicate.store.core.upsert import insert_for

_BUSY = CompiledStatement(
    select(schema.robots.c.origin, schema.robots.c.busy_until).where(
        schema.robots.c.busy_until > bindparam("now")
    )
)


@dataclass(frozen=True, slots=True, kw_only=True)
class RobotsRow:
    """Answer of an origin; ``rests_until`` is when the next page may be asked for.

    ``busy_until`` is what it asked for itself (Retry-After), and holds for everything on it; that pause was
    ``busy_pause`` seconds long.
    """

    origin: str
    status: int
    rules: str
    expires: datetime
    rests_until: datetime
    busy_until: datetime
    busy_pause: float


def read_robots(connection: Connection, origins: Iterable[str]) -> dict[str, RobotsRow]:
    """Return what is known by origin, expired or not: the origin may still want to be left alone."""
    table = schema.robots
    query = select(table).where(table.c.origin.in_(list(origins)))
    return {row.origin: RobotsRow(**row._asdict()) for row in connection.execute(query)}


def save_robots(connection: Connection, origin: str, status: int, rules: str, expires: datetime) -> None:
    """Remember what an origin answered; how long it rests stays as it is."""
    table = schema.robots
    values = {"status": status, "rules": rules, "expires": expires}
    statement = insert_for(connection, table).values(
        origin=origin, rests_until=EPOCH, busy_until=EPOCH, busy_pause=0.0, **values
    )
    connection.execute(statement.on_conflict_do_update(index_elements=["origin"], set_=values))


def delay_next_page(connection: Connection, origin: str, until: datetime) -> None:
    """No further page of an origin before that moment."""
    table = schema.robots
    later = (table.c.origin == origin) & (table.c.rests_until < until)
    connection.execute(update(table).where(later).values(rests_until=until))


def latest_origin_pause(connection: Connection, origin: str) -> tuple[datetime, float]:
    """Return when the last pause of an origin ends or ended, and its length in seconds."""
    table = schema.robots
    query = select(table.c.busy_until, table.c.busy_pause).where(table.c.origin == origin)
    row = connection.execute(query).first()
    return (row.busy_until, row.busy_pause) if row else (EPOCH, 0.0)


def set_origin_pause(connection: Connection, origin: str, until: datetime, pause: float) -> None:
    """Request nothing from an origin before ``until``, whether its robots.txt is known or not.

    ``pause`` is the length of that pause in seconds.
    """
    table = schema.robots
    unknown = {"status": 0, "rules": "", "expires": EPOCH, "rests_until": EPOCH}
    values = {"busy_until": until, "busy_pause": pause}
    statement = insert_for(connection, table).values(origin=origin, **values, **unknown)
    connection.execute(
        statement.on_conflict_do_update(
            index_elements=["origin"], set_=values, where=table.c.busy_until < until
        )
    )


def paused_origins(connection: Connection, now: datetime) -> dict[str, datetime]:
    """The origins that want to be left alone, and until when: few at any time."""
    rows = _BUSY.rows(connection, {"now": to_microseconds(now)})
    return {origin: from_microseconds(until) for origin, until in rows}


def prune_robots(connection: Connection, *, before: datetime) -> None:
    """Forget files that may not be relied on since a moment, unless their origin still rests."""
    table = schema.robots
    over = (table.c.expires, table.c.rests_until, table.c.busy_until)
    connection.execute(delete(table).where(*(moment < before for moment in over)))
