"""Periods of newsletters: their unread sources, and records of periods without an edition."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import ColumnElement, Connection, and_, delete, func, or_, select, text, true

from syndicate.groups import grouped
from syndicate.model import EVERY_EDITION, Clause, ClauseField
from syndicate.store.ingest.source_store import CLOCK_STEP
from syndicate.store.mail.edition_store import EMPTY, MISSED, VARIANT
from syndicate.store.schema import articles, sources
from syndicate.store.schema import editions as table

# The text must equal that of the partial index: otherwise SQLite does not use the index.
_UNPLACED = text("NOT articles.placed")


def unfinished_counts(
    connection: Connection,
    clauses: Sequence[Clause],
    period: tuple[datetime, datetime],
    *,
    due_by: datetime,
    now: datetime,
) -> dict[str, int]:
    """Count the active sources that a query can match, and the reading and placing still to do.

    ``unread``: due by ``due_by`` and not read since; a server's Retry-After is not waited for. ``failing``:
    failed when last read. ``unplaced``: articles of the period, or seen late for it, without a story.
    """
    start, end = period
    wrong_clock = sources.c.last_attempt > now + CLOCK_STEP
    due = or_(sources.c.next_check.is_(None), sources.c.next_check <= due_by, wrong_clock)
    pause_over = or_(sources.c.not_before.is_(None), sources.c.not_before <= now, wrong_clock)
    counts = select(
        func.count().label("sources"),
        func.count().filter(due, pause_over).label("unread"),
        func.count().filter(sources.c.failures > 0).label("failing"),
    ).where(_can_match(clauses), sources.c.paused.is_(False), sources.c.gone.is_(False))
    unplaced = (
        select(func.count())
        .select_from(articles)
        .where(_UNPLACED, articles.c.story_id.is_(None))
        .where(articles.c.published >= start - (end - start), articles.c.published < end)
        .where(articles.c.source_id.in_(select(sources.c.id).where(_can_match(clauses))))
    )
    row = connection.execute(counts).one()
    return {**row._asdict(), "unplaced": connection.scalars(unplaced).one()}


def _can_match(clauses: Sequence[Clause]) -> ColumnElement[bool]:
    """Return the condition for sources that the clauses about sources do not exclude."""
    names = sources.c.name
    conditions = [
        names.not_in(clause.values) if clause.negated else names.in_(clause.values)
        for clause in clauses
        if clause.field is ClauseField.SOURCE
    ]
    return and_(true(), *conditions)


def last_period(connection: Connection, newsletter: str) -> tuple[datetime, datetime] | None:
    """Return the end of the latest recorded period, and the time of its record."""
    query = select(table.c.period_end, table.c.cut_at).where(
        table.c.newsletter == newsletter, table.c.variant_key == EVERY_EDITION
    )
    row = connection.execute(query.order_by(table.c.period_end.desc()).limit(1)).first()
    return None if row is None else (row.period_end, row.cut_at)


def is_void(period_end: datetime, cut_at: datetime, now: datetime) -> bool:
    """Return whether a fast clock made a record."""
    return period_end > now or cut_at > now + CLOCK_STEP


def delete_void_records(connection: Connection, now: datetime) -> int:
    """Delete records of empty or missed periods that a fast clock made (``is_void``)."""
    empty_variant = and_(table.c.state == VARIANT, table.c.stories == 0)
    ahead = or_(table.c.period_end > now, table.c.cut_at > now + CLOCK_STEP)
    void = and_(ahead, or_(table.c.state.in_((EMPTY, MISSED)), empty_variant))
    return connection.execute(delete(table).where(void)).rowcount


def missed_periods(connection: Connection, *, since: datetime) -> dict[str, list[datetime]]:
    """Return the ends of the missed periods recorded since a time, oldest first, by newsletter."""
    recorded = table.c.state == MISSED, table.c.variant_key == EVERY_EDITION, table.c.cut_at >= since
    query = select(table.c.newsletter, table.c.period_end).where(*recorded).order_by(table.c.period_end)
    return grouped(map(tuple, connection.execute(query)))
