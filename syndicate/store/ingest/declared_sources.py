"""Columns of a source that its declaration decides, and the sources of ``config.toml``."""

from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, delete, insert, select, update

from syndicate.model import Absence, Origin, Source, SourceState
from syndicate.store import schema
from syndicate.store.ingest.source_store import CHOICES, DECLARED
from syndicate.store.leases.row_leases import NO_LEASE
from syndicate.text.urls import host_shard


def sync_sources(connection: Connection, declared: Sequence[Source], now: datetime) -> None:
    """Make the sources of origin ``config`` equal to the file.

    New sources are inserted and changed sources updated; a new URL or selector clears the validators.
    Sources no longer declared are paused, never deleted: their articles stay. A declared name takes over
    the source of origin ``store`` that has it.
    """
    table = schema.sources
    existing = {row.name: row for row in connection.execute(select(table))}
    names = {source.name for source in declared}
    for source in declared:
        values = declared_values(source) | {"origin": Origin.CONFIG.value}
        row = existing.get(source.name)
        if row is None:
            about = {"created": now, "title": "", "home_url": "", "feed_id": ""}
            connection.execute(insert(table).values(**about, **unpolled_state(source.url), **values))
            continue
        if (row.url, row.kind, row.select_json) != (values["url"], values["kind"], values["select_json"]):
            values |= unpolled_state(source.url)
            connection.execute(delete(schema.sitemap_parts).where(schema.sitemap_parts.c.source_id == row.id))
        elif row.poll_interval != source.interval and row.next_check is not None:
            # The next check was planned with the old interval, which may be far too long.
            values["next_check"] = max(now, row.not_before or now)
        if any(getattr(row, key) != value for key, value in values.items()):
            connection.execute(update(table).where(table.c.id == row.id).values(**values))
    gone = [
        row.id
        for row in existing.values()
        if row.origin == Origin.CONFIG and row.name not in names and row.absent == Absence.NONE
    ]
    if gone:
        pausing = update(table).where(table.c.id.in_(gone))
        connection.execute(pausing.values(paused=True, absent=Absence.UNDECLARED.value))


def declared_values(source: Source) -> dict[str, Any]:
    """Return the columns of a source that its declaration decides."""
    return {
        **{name: getattr(source, name) for name in DECLARED},
        **{name: getattr(source, name).value for name in CHOICES},
        "poll_interval": source.interval,
        "select_json": source.select and asdict(source.select),
        "access_json": source.access and asdict(source.access),
        "outline_json": [list(pair) for pair in source.outline],
    }


def unpolled_state(url: str) -> dict[str, Any]:
    """Return the columns of a source that was never polled at this URL."""
    state = SourceState()
    columns = {name: getattr(state, name) for name in SourceState.__dataclass_fields__}
    return columns | NO_LEASE | {"shard": host_shard(url)}
