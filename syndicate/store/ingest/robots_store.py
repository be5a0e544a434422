"""Cached robots.txt answers, and pauses of origins."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, bindparam, delete, select, update

from syndicate.store import schema
from syndicate.store.core.column_types import EPOCH, from_microseconds, to_microseconds
from syndicate.store.core.compiled_sql import CompiledStatement
from syndicate.store.core.upsert import upsert

table = schema.robots
_PAUSES = select(table.c.origin, table.c.busy_until)
_BUSY = CompiledStatement(_PAUSES.where(table.c.busy_until > bindparam("now")))


@dataclass(frozen=True, slots=True, kw_only=True)
class RobotsRow:
    """Cached robots.txt answer of an origin; ``next_page_at`` is the earliest time of the next page.

    ``busy_until`` is the end of the Retry-After pause, which holds for every request to the origin.
    ``busy_pause`` is the length of that pause in seconds.
    """

    origin: str
    status: int
    rules: str
    expires: datetime
    next_page_at: datetime
    busy_until: datetime
    busy_pause: float


def read_robots(connection: Connection, origins: Iterable[str]) -> dict[str, RobotsRow]:
    """Return the cached answer of each origin, expired or not, since its pause may still hold."""
    query = select(table).where(table.c.origin.in_(list(origins)))
    return {row.origin: RobotsRow(**row._asdict()) for row in connection.execute(query)}


def save_robots(connection: Connection, origin: str, status: int, rules: str, expires: datetime) -> None:
    """Store the answer of an origin; its pauses stay."""
    values = {"status": status, "rules": rules, "expires": expires}
    new = {"next_page_at": EPOCH, "busy_until": EPOCH, "busy_pause": 0.0}
    upsert(connection, table, {"origin": origin}, values, new=new)


def delay_next_page(connection: Connection, origin: str, until: datetime) -> None:
    """Request no further page of an origin before ``until``."""
    later = (table.c.origin == origin) & (table.c.next_page_at < until)
    connection.execute(update(table).where(later).values(next_page_at=until))


def latest_origin_pause(connection: Connection, origin: str) -> tuple[datetime, float]:
    """Return the end of an origin's last Retry-After pause and its length in seconds."""
    query = select(table.c.busy_until, table.c.busy_pause).where(table.c.origin == origin)
    row = connection.execute(query).first()
    return (row.busy_until, row.busy_pause) if row else (EPOCH, 0.0)


def set_origin_pause(connection: Connection, origin: str, until: datetime, pause: float) -> None:
    """Request nothing from an origin before ``until``, robots.txt known or not; ``pause`` is in seconds."""
    unknown = {"status": 0, "rules": "", "expires": EPOCH, "next_page_at": EPOCH}
    values = {"busy_until": until, "busy_pause": pause}
    later = table.c.busy_until < until
    upsert(connection, table, {"origin": origin}, values, new=unknown, where=later)


def paused_origins(connection: Connection, now: datetime) -> dict[str, datetime]:
    """Return the end of the pause of each origin that is paused now."""
    rows = _BUSY.rows(connection, {"now": to_microseconds(now)})
    return {origin: from_microseconds(until) for origin, until in rows}


def prune_robots(connection: Connection, *, before: datetime) -> None:
    """Delete answers that expired before a time, unless a pause of their origin still holds."""
    over = (table.c.expires, table.c.next_page_at, table.c.busy_until)
    connection.execute(delete(table).where(*(end < before for end in over)))
