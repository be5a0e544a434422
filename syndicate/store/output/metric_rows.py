"""Numbers of the metrics and of the overview: sizes, and counts that indexes answer."""

from collections import Counter
from collections.abc import Collection, Sequence
from datetime import datetime, timedelta

from sqlalchemy import BigInteger, Connection, bindparam, func, or_, select, text

from syndicate.model import EVERY_EDITION, DeliveryState
from syndicate.store import schema
from syndicate.store.core.column_types import to_microseconds
from syndicate.store.core.compiled_sql import CompiledStatement
from syndicate.store.core.counts import Kept, count_by, read_changed
from syndicate.store.mail.delivery_statements import TROUBLE, ready, state_is
from syndicate.store.mail.edition_store import CUT, EMPTY, MISSED, WITHDRAWN
from syndicate.store.output.stale import CHANNEL

UNSENT = ("pending", "deferred", "sending", "failed", "uncertain")
OUTCOMES = {CUT: "sent", EMPTY: "empty", MISSED: "missed", WITHDRAWN: "withdrawn"}
"""Outcome of an edition by its final state."""

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


def store_bytes(connection: Connection) -> int:
    """Return the size of the store in bytes."""
    if connection.dialect.name == "sqlite":
        pages = connection.scalars(text("PRAGMA page_count")).one()
        return int(pages * connection.scalars(text("PRAGMA page_size")).one())
    return int(connection.scalars(text("SELECT pg_database_size(current_database())")).one())


def unsent_deliveries(connection: Connection) -> dict[str, int]:
    """Return the number of deliveries by state, without sent and cancelled deliveries."""
    table = schema.deliveries
    # A partial index answers each of these.
    conditions = ready(table), TROUBLE, state_is(table, DeliveryState.SENDING)
    found = dict.fromkeys(UNSENT, 0)
    for condition in conditions:
        found |= count_by(connection, table.c.state, condition)
    return found


def edition_outcomes(connection: Connection, now: datetime) -> dict[tuple[str, str], int]:
    """Return the number of final editions by newsletter and outcome, once no approval can be taken back."""
    table = schema.editions
    main = table.c.variant_key == EVERY_EDITION, table.c.revision == 0, table.c.state.in_(OUTCOMES)
    final = or_(table.c.approve_by.is_(None), table.c.approve_by <= now)
    query = select(table.c.newsletter, table.c.state, func.count()).where(*main, final)
    rows = connection.execute(query.group_by(table.c.newsletter, table.c.state))
    return {(newsletter, OUTCOMES[state]): count for newsletter, state, count in rows}


def channel_changes(connection: Connection, names: Collection[str]) -> dict[str, datetime]:
    """Return the time of the last change of each channel's feed."""
    table = schema.outputs
    outputs = {f"{CHANNEL}{name}": name for name in names}
    rows = connection.execute(select(table.c.name, table.c.built).where(table.c.name.in_(outputs)))
    return {outputs[row.name]: row.built for row in rows}


def webhook_deliveries(connection: Connection) -> dict[str, int]:
    """Return the number of webhook deliveries by state."""
    return count_by(connection, schema.webhook_deliveries.c.state)


def table_counts(connection: Connection) -> list[tuple[str, int]]:
    """Return the tables with their number of rows, the largest first; PostgreSQL estimates it."""
    names = sorted(schema.metadata.tables)
    if connection.dialect.name == "postgresql":
        query = text("SELECT relname, n_live_tup FROM pg_stat_user_tables")
        counts = {row[0]: int(row[1]) for row in connection.execute(query)}
    else:
        # The largest row number: a table is counted without reading it.
        counts = dict.fromkeys(names, 0)
        for name in names:
            largest = text(f'SELECT max(rowid) FROM "{name}"')  # noqa: S608  (a name of the schema)
            counts[name] = connection.scalars(largest).one() or 0
    return sorted(((name, counts.get(name, 0)) for name in names), key=lambda row: (-row[1], row[0]))


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
