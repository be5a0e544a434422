"""Failures of single things: an item, a document, a page, a channel, a newsletter.

Items are quarantined after three failures, per source: several feeds of a publisher list the same items.
The other things depend on templates and files that an operator may have fixed. Every run tries them, and
the first success removes the row.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import BindParameter, Connection, bindparam, delete, select

from syndicate.store import schema
from syndicate.store.core.compiled_sql import CompiledStatement
from syndicate.store.core.upsert import insert_for

table = schema.quarantine
LIMIT = 3

_DELETE = delete(table).where(
    table.c.kind == bindparam("kind_is"), table.c.subject == bindparam("subject_is")
)
_CLEAR = CompiledStatement(_DELETE)
_CLEAR_ITEM = CompiledStatement(_DELETE.where(table.c.source_id == bindparam("source")))
_SOURCES: BindParameter[int] = bindparam("sources", expanding=True)
_ITEMS = select(table.c.source_id, table.c.subject).where(table.c.kind == "entry")
_ENTRIES = CompiledStatement(_ITEMS.where(table.c.source_id.in_(_SOURCES)))


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """Failures of a thing: their number, their times and the last reason.

    ``kind`` is ``entry``, ``document``, ``page``, ``channel``, ``newsletter``, ``archive``, ``sign-up``,
    ``mailbox``, ``webhook``, ``message`` (welcome mail or series), ``placing`` (of an article in a story) or
    ``story`` (left out of an edition). ``subject`` identifies the thing, ``source_id`` its source (0: none).
    """

    kind: str
    subject: str
    source_id: int
    attempts: int
    reason: str
    first_failed: datetime
    last_failed: datetime

    @property
    def is_quarantined(self) -> bool:
        """True after three failures: an item is then quarantined."""
        return self.attempts >= LIMIT


def record_failure(
    connection: Connection,
    kind: str,
    subject: str,
    reason: str,
    *,
    now: datetime,
    source_id: int = 0,
    attempts: int = 1,
) -> None:
    """Add ``attempts`` failures of a thing."""
    keys = {"kind": kind, "subject": subject, "source_id": source_id}
    last = {"reason": reason, "last_failed": now}
    statement = insert_for(connection, table).values(**keys, **last, attempts=attempts, first_failed=now)
    again = last | {"attempts": table.c.attempts + attempts}
    connection.execute(statement.on_conflict_do_update(index_elements=list(keys), set_=again))


def clear_failure(connection: Connection, kind: str, subject: str) -> None:
    """Remove the failures of a thing that works again."""
    clear_failures(connection, kind, [subject])


def forget_failure(connection: Connection, kind: str, subject: str, source_id: int) -> bool:
    """Remove the failures of a thing of a source; false when there are none."""
    which = table.c.kind == kind, table.c.subject == subject, table.c.source_id == source_id
    return connection.execute(delete(table).where(*which)).rowcount == 1


def clear_failures(connection: Connection, kind: str, subjects: Iterable[str]) -> None:
    """Remove the failures of several things of a kind."""
    rows = [{"kind_is": kind, "subject_is": subject} for subject in subjects]
    _CLEAR.execute_many(connection, rows)


def count_failures(connection: Connection, kind: str, subject: str) -> int:
    """Return the number of failures of a thing since its last success."""
    query = select(table.c.attempts).where(table.c.kind == kind, table.c.subject == subject)
    return connection.scalars(query).first() or 0


def clear_unlisted(connection: Connection, listed: Mapping[int, Collection[str]]) -> set[int]:
    """Remove the failures of items that their sources no longer list.

    ``listed`` maps a source's id to the hashes of all its items. Returns the ids of sources that still have
    failures.
    """
    if not listed:
        return set()
    rows = _ENTRIES.rows(connection, {"sources": list(listed)})
    gone = [
        {"kind_is": "entry", "subject_is": subject, "source": source_id}
        for source_id, subject in rows
        if subject not in listed[source_id]
    ]
    _CLEAR_ITEM.execute_many(connection, gone)
    return {source_id for source_id, subject in rows if subject in listed[source_id]}


def failures(connection: Connection, *, kind: str | None = None) -> tuple[Failure, ...]:
    """Return all failures without a later success, latest first."""
    query = select(table).order_by(table.c.last_failed.desc(), table.c.kind, table.c.subject)
    if kind is not None:
        query = query.where(table.c.kind == kind)
    return tuple(Failure(**row._asdict()) for row in connection.execute(query))
