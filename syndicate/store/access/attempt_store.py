"""Attempts that limits count: sign-ins by account and network, setup, forms and requests of tokens."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, delete, func, select, update

from syndicate.store import schema
from syndicate.store.core.column_types import EPOCH
from syndicate.store.core.upsert import insert_for, upsert

table = schema.attempts


@dataclass(frozen=True, slots=True)
class Attempts:
    """Number of attempts since a time, and the last of them."""

    count: int
    last: datetime | None


def lock_subject(connection: Connection, kind: str, subject: str) -> None:
    """Make other transactions that count attempts of a subject wait for the end of this transaction."""
    upsert(connection, table, {"kind": kind, "subject": subject, "at": EPOCH}, {"count": 0})


def add_attempt(connection: Connection, kind: str, subject: str, now: datetime, count: int = 1) -> int:
    """Count an attempt, or some, in its second; return the number in that second, of all processes."""
    keys = {"kind": kind, "subject": subject, "at": now.replace(microsecond=0)}
    statement = insert_for(connection, table).values(**keys, count=count)
    more = {"count": table.c.count + count}
    adding = statement.on_conflict_do_update(index_elements=list(keys), set_=more)
    return int(connection.execute(adding.returning(table.c.count)).scalar_one())


def attempts_since(connection: Connection, kind: str, subject: str, since: datetime) -> Attempts:
    """Return the attempts of a subject since a time."""
    columns = (func.coalesce(func.sum(table.c.count), 0), func.max(table.c.at))
    query = select(*columns).where(
        table.c.kind == kind, table.c.subject == subject, table.c.at >= since.replace(microsecond=0)
    )
    count, last = connection.execute(query).one()
    return Attempts(int(count), last)


def forget_attempts(connection: Connection, kind: str, subject: str) -> None:
    """Delete the attempts of a subject."""
    connection.execute(delete(table).where(table.c.kind == kind, table.c.subject == subject))


def take_back(connection: Connection, kind: str, subject: str, now: datetime) -> None:
    """Subtract an attempt of this second that succeeded."""
    chosen = (table.c.kind == kind, table.c.subject == subject, table.c.at == now.replace(microsecond=0))
    connection.execute(update(table).where(*chosen).values(count=table.c.count - 1))
