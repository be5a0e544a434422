"""Columns of a source that its declaration decides, and the sources of ``config.toml``."""

from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, delete, insert, select, update

from syndicate.model import Absence, Origin, Source, SourceState
from syndicate.store import schema
from syndicate.store.core.row_leases import NO_LEASE


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
            connection.execute(
                insert(table).values(
                    created=now, title="", home_url="", feed_id="", **unpolled_state(), **values
                )
            )
            continue
        if (row.url, row.kind, row.select_json) != (values["url"], values["kind"], values["select_json"]):
            values |= unpolled_state()
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
        connection.execute(
            update(table).where(table.c.id.in_(gone)).values(paused=True, absent=Absence.UNDECLARED.value)
        )


def declared_values(source: Source) -> dict[str, Any]:
    """Return the columns of a source that its declaration decides."""
    return {
        "name": source.name,
        "kind": source.kind.value,
        "url": source.url,
        "section": source.section,
        "language": source.language,
        "own": source.own,
        "weight": source.weight,
        "republish": source.republish.value,
        "full_text": source.full_text.value,
        "poll_interval": source.interval,
        "paywall": source.paywall.value,
        "select_json": asdict(source.select) if source.select else None,
        "origin": source.origin.value,
        "paused": source.paused,
        "private": source.private,
        "access_json": asdict(source.access) if source.access else None,
        "listed_in": source.listed_in,
        "absent": source.absent.value,
        "outline_json": [list(pair) for pair in source.outline],
    }


def unpolled_state() -> dict[str, Any]:
    """Return the columns of a source that was never polled at its URL."""
    state = SourceState()
    return {name: getattr(state, name) for name in SourceState.__dataclass_fields__} | NO_LEASE
