"""Parts of a sitemap index: each sitemap is read on its own, with its own validators."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, and_, delete, or_, select

from syndicate.model import SitemapPart, Source, SourceState
from syndicate.store import schema
from syndicate.store.core.upsert import insert_for
from syndicate.store.ingest.source_store import source_of
from syndicate.store.leases.row_leases import NO_LEASE, change_leased, take_leases
from syndicate.text.urls import host_shard

table = schema.sitemap_parts
_STATE = ("etag", "last_modified", "body_hash", "last_success", "failures", "error")


@dataclass(frozen=True, slots=True, kw_only=True)
class DuePart:
    """Leased part of a sitemap index. ``state`` has its validators and failures; ``gone`` is never true."""

    id: int
    source: Source
    url: str
    changed: datetime | None
    state: SourceState


def save_parts(connection: Connection, source_id: int, parts: Iterable[SitemapPart], now: datetime) -> None:
    """Store the parts that an index lists now; delete others. A part with a newer date is due at once."""
    listed = list(parts)
    gone = and_(table.c.source_id == source_id, table.c.url.not_in([part.url for part in listed]))
    connection.execute(delete(table).where(gone))
    for part in listed:
        facts = {"source_id": source_id, "url": part.url, "changed": part.changed, "next_check": now}
        facts["shard"] = host_shard(part.url)
        state = {name: getattr(SourceState(), name) for name in _STATE}
        statement = insert_for(connection, table).values(**facts, **state, **NO_LEASE)
        changed, before = statement.excluded.changed, table.c.changed
        newer = or_(changed.is_(None), before.is_(None), changed > before)
        again = {"changed": changed, "next_check": now}
        keys, is_later = ["source_id", "url"], and_(newer, table.c.next_check > now)
        connection.execute(statement.on_conflict_do_update(index_elements=keys, set_=again, where=is_later))


def due_shards(connection: Connection, now: datetime) -> list[int]:
    """Return the shards of the parts that ``claim_parts`` would lease."""
    return list(connection.scalars(_due(table.c.shard, now).distinct()))


def _due(column: ColumnElement[Any], now: datetime) -> Select[Any]:
    sources = schema.sources
    live = select(column).join(sources, sources.c.id == table.c.source_id).where(sources.c.paused.is_(False))
    return live.where(table.c.next_check <= now, table.c.lease_until < now)


def claim_parts(
    connection: Connection,
    *,
    now: datetime,
    owner: str,
    until: datetime,
    limit: int,
    shard: int | None = None,
) -> list[DuePart]:
    """Lease due parts, of a ``shard`` or of all, the most recently changed first."""
    sources = schema.sources
    newest = table.c.changed.desc().nulls_last(), table.c.id
    due = _due(table.c.id, now).order_by(*newest).limit(limit)
    if shard is not None:
        due = due.where(table.c.shard == shard)
    ids = take_leases(connection, table, due, now=now, owner=owner, until=until)
    columns = [table.c[name].label(f"part_{name}") for name in table.c.keys()]  # noqa: SIM118
    query = select(sources, *columns).join(table, table.c.source_id == sources.c.id)
    rows = connection.execute(query.where(table.c.id.in_(ids)))
    return [
        DuePart(
            id=row.part_id,
            source=source_of(row),
            url=row.part_url,
            changed=row.part_changed,
            state=SourceState(**{name: getattr(row, f"part_{name}") for name in _STATE}),
        )
        for row in rows
    ]


def save_part(
    connection: Connection, part_id: int, state: SourceState, next_check: datetime, *, owner: str
) -> bool:
    """Store the state of a part after a reading and end its lease; false when the lease was lost."""
    values = {name: getattr(state, name) for name in _STATE} | {"next_check": next_check}
    changed = change_leased(connection, table, [part_id], owner=owner, **values, **NO_LEASE)
    return changed == 1


def failing_parts(connection: Connection, failures: int) -> list[tuple[str, int, str]]:
    """Return (URL, failures, error) of parts that failed at least so many times in a row.

    The source's name replaces the URL of a private source's part.
    """
    sources = schema.sources
    query = (
        select(table.c.url, table.c.failures, table.c.error, sources.c.name, sources.c.private)
        .join(sources, sources.c.id == table.c.source_id)
        .where(table.c.failures >= failures)
        .order_by(table.c.url)
    )
    return [
        (f"of {row.name}" if row.private else row.url, row.failures, row.error)
        for row in connection.execute(query)
    ]


def release_parts(connection: Connection, ids: Sequence[int], *, owner: str) -> None:
    """Release leases of parts that were not read."""
    change_leased(connection, table, ids, owner=owner, **NO_LEASE)
