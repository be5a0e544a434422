"""Sources and their polling state."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from functools import lru_cache
from typing import Any, get_type_hints

from sqlalchemy import (
    BindParameter,
    ColumnElement,
    Connection,
    Row,
    and_,
    bindparam,
    func,
    literal_column,
    null,
    or_,
    select,
    update,
)

from syndicate.model import (
    Absence,
    Access,
    AccessKind,
    Selectors,
    Source,
    SourceKind,
    SourceState,
)
from syndicate.store import schema
from syndicate.store.core.batches import rows_with
from syndicate.store.core.column_types import UtcTime, to_microseconds
from syndicate.store.core.compiled_sql import CompiledStatement
from syndicate.store.core.counts import shards_with
from syndicate.store.leases.row_leases import NO_LEASE, change_leased

table = schema.sources
# Longer than clocks of two processes differ, and than an ordinary clock correction.
CLOCK_STEP = timedelta(hours=1)

_STATE_FIELDS = tuple(SourceState.__dataclass_fields__)
# Names of the parameters of the UPDATE.
_TIMES = tuple(f"new_{name}" for name in _STATE_FIELDS if isinstance(table.c[name].type, UtcTime))
_ABOUT = ("title", "home_url", "feed_id")
DECLARED = ("name", "url", "section", "language", "own", "weight", "paused", "private", "listed_in")
"""Declared fields of a source that are columns of the same name and type."""
_PLAIN = ("id", *DECLARED, *_ABOUT)
CHOICES: dict[str, dict[str, Any]] = {
    name: {choice.value: choice for choice in kind}
    for name, kind in get_type_hints(Source).items()
    if isinstance(kind, type) and issubclass(kind, StrEnum)
}
"""Declared fields of a source that are columns of text."""
_POLLED = and_(*(table.c.kind != kind.value for kind in SourceKind if not kind.is_polled))
_STRUCTURED = ("poll_interval", "select_json", "access_json", "outline_json")
_NAMES = (*_PLAIN, *CHOICES, *_STRUCTURED)
_SOURCE = select(*(table.c[name] for name in _NAMES))
_SOURCES: BindParameter[int] = bindparam("sources", expanding=True)
_WEIGHTS = CompiledStatement(select(table.c.id, table.c.weight))
_LEASED_BY = CompiledStatement(
    select(table.c.id)
    .where(table.c.id.in_(_SOURCES), table.c.lease_owner == bindparam("owner"))
    .with_for_update()
)
_LEASING = CompiledStatement(
    update(table)
    .where(table.c.id.in_(_SOURCES))
    .values(lease_owner=bindparam("owner"), lease_until=bindparam("until"))
)
# With a literal, as in the index.
_NEXT_CHECK = func.coalesce(table.c.next_check, literal_column("0"))
_ROWS = select(table).where(table.c.id.in_(_SOURCES)).order_by(table.c.id)


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceReport:
    """Source with its state and article counts, for ``status``; ``articles`` is ``None`` if not counted."""

    source: Source
    state: SourceState
    articles: int | None
    articles_last_week: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SavedPoll:
    """Result of a poll with a document: the source's new state and its self-description.

    ``url`` replaces the URL after a confirmed permanent redirect; ``shard`` is that of a new polled address.
    """

    source_id: int
    state: SourceState
    title: str
    home_url: str
    feed_id: str
    url: str = ""
    shard: int | None = None


def list_sources(connection: Connection) -> tuple[Source, ...]:
    """Return every source ever declared or added, by name; removed sources still have articles."""
    rows = connection.execute(_SOURCE.order_by(table.c.name))
    return tuple(_source(dict(zip(_NAMES, row, strict=True))) for row in rows)


def get_sources(connection: Connection, ids: Iterable[int]) -> dict[int, Source]:
    """Return sources by id; unknown ids are left out."""
    return {row.id: source_of(row) for row in rows_with(connection, _SOURCE, table.c.id, sorted(set(ids)))}


def source_names(connection: Connection, ids: Iterable[int]) -> dict[int, str]:
    """Return the names of sources by id."""
    rows = rows_with(connection, select(table.c.id, table.c.name), table.c.id, sorted(set(ids)))
    return {row.id: row.name for row in rows}


def declared_weights(connection: Connection) -> dict[int, float]:
    """Return the declared weight of each source by its id."""
    return dict(_WEIGHTS.rows(connection, {}))


def claim_due_sources(
    connection: Connection,
    *,
    now: datetime,
    owner: str,
    until: datetime,
    limit: int,
    names: Sequence[str] | None = None,
    shard: int | None = None,
) -> list[tuple[Source, SourceState]]:
    """Lease due sources, of a ``shard`` or of all, the most overdue first; each once per value of ``now``.

    With ``names`` only these sources are considered, due or not, except during a server's Retry-After.
    Paused and gone sources are never due. An expired lease is claimable, because its poll committed
    nothing. A last poll in the future (a clock was set back) is ignored.
    """
    due = {"now": to_microseconds(now), "ahead": to_microseconds(now + CLOCK_STEP), "most": limit}
    named = {} if names is None else {"names": list(names)}
    if names is not None and not names:
        return []
    if shard is None:
        rows = _claimable(named=bool(named)).rows(connection, due | named)
    else:
        rows = _CLAIMABLE_IN_SHARD.rows(connection, {"now": due["now"], "most": limit, "shard": shard})
    ids = [found for (found,) in rows]
    if not ids:
        return []
    _LEASING.execute(connection, {"sources": ids, "owner": owner, "until": to_microseconds(until)})
    return [_polled(row) for row in connection.execute(_ROWS, {"sources": ids}).all()]


def claim_source(
    connection: Connection, source_id: int, *, now: datetime, owner: str, until: datetime
) -> tuple[Source, SourceState] | None:
    """Lease a source, due or not, to store a push; ``None`` if it is leased by another, paused or gone."""
    live = and_(table.c.paused.is_(False), table.c.gone.is_(False))
    free = and_(table.c.id == source_id, table.c.lease_until < now, live)
    changed = connection.execute(update(table).where(free).values(lease_owner=owner, lease_until=until))
    return get_source(connection, source_id) if changed.rowcount == 1 else None


def due_sources(connection: Connection, *, now: datetime, names: Sequence[str] | None = None) -> list[str]:
    """Return the names of the sources that ``claim_due_sources`` would lease, sorted."""
    due = _due(now, now + CLOCK_STEP, names)
    return list(connection.scalars(select(table.c.name).where(due).order_by(table.c.name)))


def due_shards(connection: Connection, now: datetime) -> list[int]:
    """Return the shards with sources that ``claim_due_sources`` would lease for them."""
    return shards_with(connection, lambda shard: _due_in(shard, now))


def forget_future_polls(connection: Connection, now: datetime) -> None:
    """Make sources due whose last poll is in the future: a wrong clock set it.

    Only ``claim_due_sources`` without a shard finds such sources by itself.
    """
    wrong = update(table).where(table.c.last_attempt > now + CLOCK_STEP)
    connection.execute(wrong.values(last_attempt=None, next_check=None, not_before=None))


def _due_in(shard: Any, now: Any) -> ColumnElement[bool]:
    """Return the condition for due sources of a shard, in the form of the index."""
    return and_(
        table.c.shard == shard,
        now >= _NEXT_CHECK,
        _free(now),
        or_(table.c.not_before.is_(None), table.c.not_before <= now),
        or_(table.c.last_attempt.is_(None), table.c.last_attempt < now),
    )


def _free(now: Any) -> ColumnElement[bool]:
    live = and_(table.c.paused.is_(False), table.c.gone.is_(False), _POLLED)
    return and_(live, table.c.lease_until < now)


@lru_cache
def _claimable(*, named: bool) -> CompiledStatement:
    """Return the statement that finds due sources, built once for all sources and once for names."""
    names: BindParameter[str] | None = bindparam("names", expanding=True) if named else None
    return CompiledStatement(
        select(table.c.id)
        .where(_due(bindparam("now"), bindparam("ahead"), names))
        .order_by(func.coalesce(table.c.next_check, 0), table.c.id)
        .limit(bindparam("most"))
        .with_for_update(skip_locked=True)
    )


def _due(now: Any, ahead: Any, names: Any) -> ColumnElement[bool]:
    """Return the condition for due sources; ``now`` is a time or parameter, ``ahead`` a ``CLOCK_STEP`` on."""
    free = _free(now)
    # A server's Retry-After holds for commanded polls, too (F5).
    wrong_clock = table.c.last_attempt > ahead
    pause_over = or_(table.c.not_before.is_(None), table.c.not_before <= now, wrong_clock)
    if names is not None:
        return and_(free, pause_over, table.c.name.in_(names))
    due = or_(table.c.next_check.is_(None), table.c.next_check <= now)
    ordinary = and_(due, or_(table.c.last_attempt.is_(None), table.c.last_attempt < now))
    return and_(free, or_(ordinary, wrong_clock))


_CLAIMABLE_IN_SHARD = CompiledStatement(
    select(table.c.id)
    .where(_due_in(bindparam("shard"), bindparam("now")))
    .order_by(_NEXT_CHECK, table.c.id)
    .limit(bindparam("most"))
    .with_for_update(skip_locked=True)
)


def release_sources(connection: Connection, ids: Iterable[int], *, owner: str) -> None:
    """Release leases of sources that were not polled."""
    change_leased(connection, table, ids, owner=owner, **NO_LEASE)


def extend_leases(connection: Connection, ids: Iterable[int], *, owner: str, until: datetime) -> None:
    """Extend the leases of sources that are polled later than planned."""
    change_leased(connection, table, ids, owner=owner, lease_until=until)


def set_next_check(connection: Connection, source_id: int, state: SourceState) -> None:
    """Store time and reason of the next poll and the lease's end; a running poll overwrites them."""
    names = ("next_check", "check_reason", "websub_lease_until")
    values = {name: getattr(state, name) for name in names}
    connection.execute(update(table).where(table.c.id == source_id).values(**values))


def make_due(connection: Connection, source_id: int, now: datetime, reason: str) -> None:
    """Make a source due at ``now`` if it is due later; ``claim_due_sources`` decides about pauses."""
    later = and_(table.c.id == source_id, table.c.next_check > now)
    connection.execute(update(table).where(later).values(next_check=now, check_reason=reason))


def get_source(connection: Connection, source_id: int) -> tuple[Source, SourceState] | None:
    """Return a source and its state, or ``None``."""
    row = connection.execute(_ROWS, {"sources": [source_id]}).first()
    return _polled(row) if row else None


def save_poll(
    connection: Connection,
    source_id: int,
    state: SourceState,
    *,
    owner: str,
    url: str | None = None,
    shard: int | None = None,
) -> bool:
    """Store the state after a poll and end its lease; false when the lease was lost.

    ``url`` replaces the URL after a confirmed permanent redirect; ``shard`` is that of a new polled address.
    """
    row = _written(source_id, state, owner) | ({} if url is None else {"new_url": url})
    row |= {} if shard is None else {"new_shard": shard}
    return _saving(tuple(row)).execute(connection, row).rowcount == 1


def save_polls(connection: Connection, polls: Iterable[SavedPoll], *, owner: str) -> None:
    """Store many polls like ``save_poll``; polls with a lost lease are skipped."""
    alike: dict[tuple[str, ...], list[dict[str, Any]]] = {}
    for poll in polls:
        row = _written(poll.source_id, poll.state, owner)
        row |= {f"new_{name}": getattr(poll, name) for name in (*_ABOUT, *(["url"] if poll.url else []))}
        row |= {} if poll.shard is None else {"new_shard": poll.shard}
        alike.setdefault(tuple(row), []).append(row)
    for parameters, rows in alike.items():
        _saving(parameters).execute_many(connection, rows)


def has_leases(connection: Connection, ids: Collection[int], *, owner: str) -> bool:
    """Return whether ``owner`` leases all these sources; the rows stay locked in this transaction."""
    leased = _LEASED_BY.rows(connection, {"sources": list(ids), "owner": owner}) if ids else []
    return len(leased) == len(ids)


def save_unchanged_polls(
    connection: Connection, polls: Sequence[tuple[int, SourceState]], *, owner: str
) -> None:
    """Store many polls without new content in a single statement; skip polls with a lost lease."""
    rows = [_written(source_id, state, owner) for source_id, state in polls]
    if rows:
        _saving(tuple(rows[0])).execute_many(connection, rows)


def _written(source_id: int, state: SourceState, owner: str) -> dict[str, Any]:
    """Return the columns of a state as parameters of ``_saving``."""
    written: dict[str, Any] = {"polled": source_id, "polled_by": owner}
    written |= {f"new_{name}": getattr(state, name) for name in _STATE_FIELDS}
    for parameter in _TIMES:
        at = written[parameter]
        written[parameter] = None if at is None else to_microseconds(at)
    return written


@lru_cache
def _saving(parameters: tuple[str, ...]) -> CompiledStatement:
    """Return the statement that stores a poll, built once per set of columns."""
    values: dict[str, Any] = {name[4:]: bindparam(name) for name in parameters if name.startswith("new_")}
    matching = and_(table.c.id == bindparam("polled"), table.c.lease_owner == bindparam("polled_by"))
    return CompiledStatement(update(table).where(matching).values(**NO_LEASE, **values))


def report_sources(
    connection: Connection, *, week_ago: datetime, totals: bool = True
) -> tuple[SourceReport, ...]:
    """Return every source that was not removed, with state and article counts, by name.

    ``totals`` is for the numbers of all articles, which take time to count in a large archive.
    """
    articles = schema.articles
    own = select(func.count()).where(articles.c.source_id == table.c.id)
    recent = own.where(articles.c.published >= week_ago).scalar_subquery()
    total = own.scalar_subquery() if totals else null()
    query = select(table, total.label("total"), recent.label("recent"))
    query = query.where(table.c.absent != Absence.REMOVED.value)
    return tuple(
        SourceReport(source=source, state=state, articles=row.total, articles_last_week=row.recent)
        for row in connection.execute(query.order_by(table.c.name))
        for source, state in [_polled(row)]
    )


def sources_in_trouble(connection: Connection, failures: int) -> list[tuple[Source, SourceState]]:
    """Return the active sources that failed at least so often in a row, never worked, are gone or moved."""
    failing = or_(table.c.failures >= failures, and_(table.c.failures > 0, table.c.last_success.is_(None)))
    moved = or_(table.c.permanent_url != "", table.c.moved_to != "")
    query = select(table).where(table.c.paused.is_(False), table.c.absent != Absence.REMOVED.value)
    query = query.where(or_(failing, moved, table.c.gone)).order_by(table.c.name)
    return [_polled(row) for row in connection.execute(query)]


def read_again(connection: Connection, source_id: int, now: datetime) -> None:
    """Make a source due and forget its last document, so that the next poll reads every item."""
    unread = {"etag": "", "last_modified": "", "body_hash": "", "feed_skeleton_hash": "", "next_check": now}
    connection.execute(update(table).where(table.c.id == source_id).values(**unread))


def next_check(connection: Connection) -> datetime | None:
    """Return the time at which the earliest source is due, or ``None`` without sources."""
    live = and_(table.c.paused.is_(False), table.c.gone.is_(False))
    query = select(table.c.next_check).where(live, table.c.next_check.is_not(None))
    return connection.scalars(query.order_by(table.c.next_check).limit(1)).first()


def was_any_read(connection: Connection, since: datetime) -> bool:
    """Return whether a source was polled at that time or later, with or without success."""
    query = select(table.c.id).where(table.c.last_attempt >= since).limit(1)
    return connection.scalars(query).first() is not None


def source_of(row: Row[Any]) -> Source:
    """Return a row of ``sources`` as a ``Source``."""
    return _source(row._asdict())


def _source(facts: Mapping[str, Any]) -> Source:
    access = facts["access_json"]
    return Source(
        **{name: facts[name] for name in _PLAIN},
        **{name: choices[facts[name]] for name, choices in CHOICES.items()},
        interval=facts["poll_interval"],
        select=Selectors(**facts["select_json"]) if facts["select_json"] else None,
        access=Access(**{**access, "kind": AccessKind(access["kind"])}) if access else None,
        outline=tuple((name, value) for name, value in facts["outline_json"]),
    )


def _polled(row: Row[Any]) -> tuple[Source, SourceState]:
    facts = row._asdict()  # faster than attribute access to a row
    return _source(facts), SourceState(**{name: facts[name] for name in _STATE_FIELDS})
