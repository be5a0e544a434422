"""Records of finished polls: a row of ``polls``, and the last answer of a source."""

from dataclasses import replace
from datetime import datetime
from typing import NamedTuple

from syndicate import measures
from syndicate.errors import NO_EXCHANGE, Exchange
from syndicate.model import Source, SourceState
from syndicate.net import Fetched
from syndicate.store import Connection
from syndicate.store.ingest.poll_store import LastAnswer, PollRow, add_polls, packed, save_answers

MAX_ANSWER = 64 * 1024
"""Bytes of a body that are kept."""
_MAX_HEADERS = 16 * 1024
_SECRET_FIELDS = (b"set-cookie", b"set-cookie2")


class PollRecord(NamedTuple):
    """Row of a poll, and the answer to keep: ``None`` keeps the answer of an earlier poll."""

    row: PollRow
    answer: LastAnswer | None = None

    def counted(self, new: int, changed: int) -> "PollRecord":
        """Return the record with the numbers of articles; without any, the content was equal."""
        outcome = "equal" if self.row.outcome == "new" and not new + changed else self.row.outcome
        return self._replace(row=replace(self.row, outcome=outcome, new=new, changed=changed))


class QuietPoll(NamedTuple):
    """Poll without news: its source, the state to store, and its record."""

    source: Source
    state: SourceState
    record: PollRecord


def record_of(
    source: Source,
    outcome: str,
    now: datetime,
    exchange: Exchange = NO_EXCHANGE,
    body: bytes | None = None,
    *,
    keep: bool = False,
) -> PollRecord:
    """Return the record of a poll; ``keep`` keeps its answer, with this body or that of an error."""
    row = PollRow(
        source_id=source.id,
        at=now,
        outcome=outcome,
        status=exchange.status,
        ms=round(exchange.seconds * 1000),
        bytes=exchange.size,
    )
    if not keep:
        return PollRecord(row)
    body = packed((exchange.body if body is None else body)[:MAX_ANSWER])
    return PollRecord(row, LastAnswer(source_id=source.id, at=now, headers=_lines(exchange), body=body))


def save_records(connection: Connection, records: list[PollRecord]) -> None:
    """Append the rows and replace the answers of finished polls."""
    add_polls(connection, [record.row for record in records])
    for row in (record.row for record in records):
        measures.count("polls", row.outcome)
        measures.count("fetched bytes", by=row.bytes)
        measures.observe("poll", row.outcome, row.ms / 1000)
    save_answers(connection, [record.answer for record in records if record.answer])


def response_body(response: Fetched) -> bytes:
    """Return the beginning of a body, enough to keep."""
    return response.body[:MAX_ANSWER]


def _lines(exchange: Exchange) -> str:
    """Return the status and the header fields, without cookies, as lines of text."""
    fields = (
        (name, b"not kept" if name.lower() in _SECRET_FIELDS else value) for name, value in exchange.fields
    )
    lines = [b"%d" % exchange.status if exchange.status else b"no answer", *map(b": ".join, fields)]
    return b"\n".join(lines).decode("latin-1").replace("\0", "\N{SYMBOL FOR NULL}")[:_MAX_HEADERS]
