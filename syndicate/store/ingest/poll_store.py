"""Finished polls, and the last answer of each source."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from operator import attrgetter
from typing import NamedTuple

from isal import isal_zlib
from sqlalchemy import BigInteger, Connection, bindparam, cast, delete, func, insert, select, text

from syndicate.store import schema
from syndicate.store.core.column_types import to_microseconds
from syndicate.store.core.compiled_sql import CompiledStatement
from syndicate.store.core.upsert import replacing

table = schema.polls
OUTCOMES = ("new", "unchanged", "equal", "cut", "failed", "put_off")
"""Outcomes: new or changed articles; 304; equal content; a cut document; an error; a request not sent."""
SLOW_MS = 10_000
_GZIP = 31
DAY = timedelta(days=1)
# As in the condition of the index.
_TROUBLE = text(f"(outcome = 'failed' OR ms > {SLOW_MS})")
_recent = table.c.at >= bindparam("since")
# Grouped by the column itself, SQLite would read the polls in the order of their sources.
_source = func.coalesce(table.c.source_id, table.c.source_id).label("source_id")
_failed = func.count().filter(text("outcome = 'failed'"))
_slow = func.count().filter(table.c.ms > SLOW_MS)
_troubled = select(_source, _failed.label("failed"), _slow.label("slow")).where(_TROUBLE, _recent)
_found = _troubled.group_by(_source).subquery()
_every = table.alias("every_poll")
# Polls that sent a request. An index answers this count, so that no poll is read.
_asked = select(func.count().filter(text("every_poll.outcome <> 'put_off'")))
_asked = _asked.where(_every.c.source_id == _found.c.source_id, _every.c.at >= bindparam("since"))
_TROUBLED = CompiledStatement(select(_found, _asked.correlate(_found).scalar_subquery()))
_FIELDS = ("source_id", "at", "outcome", "status", "ms", "bytes", "new", "changed")
_values = attrgetter(*_FIELDS)
_ADDING = CompiledStatement(insert(table).values({name: bindparam(name) for name in _FIELDS}))
_ANSWERS = replacing(schema.last_answers)


@dataclass(frozen=True, slots=True, kw_only=True)
class PollRow:
    """Finished poll. ``status`` is 0 without an answer; ``bytes`` is the size of its body as sent.

    ``outcome`` is of ``OUTCOMES``; ``new`` and ``changed`` are numbers of articles.
    """

    source_id: int
    at: datetime
    outcome: str
    status: int = 0
    ms: int = 0
    bytes: int = 0
    new: int = 0
    changed: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class LastAnswer:
    """Last answer of a source with news of its own: lines of headers, and the beginning of its body."""

    source_id: int
    at: datetime
    headers: str
    body: bytes


class PollTrouble(NamedTuple):
    """Polls of a source in a period, with the failed and the slow polls among them."""

    polls: int
    failed: int = 0
    slow: int = 0

    @property
    def is_slow(self) -> bool:
        """True if the median answer took more than ``SLOW_MS``."""
        return 2 * self.slow > self.polls

    @property
    def is_unreliable(self) -> bool:
        """True if a tenth of the polls failed; a single failure counts from ten polls on."""
        return 10 * self.failed >= self.polls > 0 and (self.failed > 1 or self.polls >= 10)


def add_polls(connection: Connection, polls: Iterable[PollRow]) -> None:
    """Append finished polls."""
    rows = [
        dict(zip(_FIELDS, _values(poll), strict=True)) | {"at": to_microseconds(poll.at)} for poll in polls
    ]
    _ADDING.execute_many(connection, rows)


def save_answers(connection: Connection, answers: Iterable[LastAnswer]) -> None:
    """Replace the last answer of each source; bodies are gzipped already (``packed``)."""
    rows = [
        {"source_id": answer.source_id, "at": to_microseconds(answer.at), "headers": answer.headers,
         "body": answer.body}
        for answer in answers
    ]  # fmt: skip
    _ANSWERS.execute_many(connection, rows)


def packed(body: bytes) -> bytes:
    """Return bytes as gzip, fast."""
    return isal_zlib.compress(body, 0, wbits=_GZIP)


def last_answer(connection: Connection, source_id: int) -> LastAnswer | None:
    """Return the last answer of a source, with its body unpacked."""
    query = select(schema.last_answers).where(schema.last_answers.c.source_id == source_id)
    row = connection.execute(query).mappings().first()
    return LastAnswer(**{**row, "body": isal_zlib.decompress(row["body"], wbits=_GZIP)}) if row else None


def polls_of(
    connection: Connection,
    source_id: int,
    *,
    since: datetime | None = None,
    before: datetime | None = None,
    limit: int = 50,
) -> list[PollRow]:
    """Return polls of a source, newest first, from ``since`` on and before ``before``."""
    query = select(*(table.c[name] for name in _FIELDS)).where(table.c.source_id == source_id)
    query = query if since is None else query.where(table.c.at >= since)
    query = query if before is None else query.where(table.c.at < before)
    rows = connection.execute(query.order_by(table.c.at.desc(), table.c.id.desc()).limit(limit))
    return [PollRow(**row) for row in rows.mappings()]


def latest_answers(connection: Connection, source_ids: Collection[int]) -> dict[int, tuple[int, int]]:
    """Return status and milliseconds of the latest poll of each source that has any."""
    sources, inner = schema.sources, table.alias()
    newest = select(inner.c.id).where(inner.c.source_id == sources.c.id)
    newest = newest.order_by(inner.c.at.desc(), inner.c.id.desc()).limit(1)
    ids = select(newest.scalar_subquery()).where(sources.c.id.in_(source_ids))
    query = select(table.c.source_id, table.c.status, table.c.ms).where(table.c.id.in_(ids))
    return {row.source_id: (row.status, row.ms) for row in connection.execute(query)}


def poll_days(
    connection: Connection, source_ids: Collection[int], *, since: datetime
) -> Mapping[int, Mapping[int, tuple[int, int]]]:
    """Return the numbers of all and of failed polls by source and by number of whole days after ``since``."""
    length = to_microseconds(since + DAY) - to_microseconds(since)
    # Without its type, the column would take the number for a time.
    day = ((cast(table.c.at, BigInteger) - to_microseconds(since)) // length).label("day")
    failed = func.count().filter(table.c.outcome == "failed").label("failed")
    query = select(table.c.source_id, day, func.count().label("polls"), failed)
    query = query.where(table.c.source_id.in_(source_ids), table.c.at >= since)
    days: dict[int, dict[int, tuple[int, int]]] = {}
    for row in connection.execute(query.group_by(table.c.source_id, day)):
        days.setdefault(row.source_id, {})[row.day] = row.polls, row.failed
    return days


def troubled(connection: Connection, *, since: datetime) -> dict[int, PollTrouble]:
    """Return the sources with failed or slow polls since a time; healthy polls are not read."""
    return {
        number: PollTrouble(polls=polls, failed=failed, slow=slow)
        for number, failed, slow, polls in _TROUBLED.rows(connection, {"since": to_microseconds(since)})
    }


def prune_polls(connection: Connection, *, before: datetime) -> None:
    """Delete polls before a time."""
    connection.execute(delete(table).where(table.c.at < before))
