"""State of source lists after their last reading."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Connection, delete, select

from syndicate.model import SourceListState
from syndicate.store import schema
from syndicate.store.core.upsert import upsert
from syndicate.store.ingest.added_sources import pause_undeclared_lists

_FIELDS = tuple(SourceListState.__dataclass_fields__)


def sync_lists(connection: Connection, urls: Sequence[str]) -> None:
    """Delete the state of lists no longer declared, and pause their sources."""
    connection.execute(delete(schema.source_lists).where(schema.source_lists.c.url.not_in(urls)))
    pause_undeclared_lists(connection, urls)


def list_states(connection: Connection) -> dict[str, SourceListState]:
    """Return the state of each list by its URL."""
    rows = connection.execute(select(schema.source_lists))
    return {row.url: SourceListState(**{name: getattr(row, name) for name in _FIELDS}) for row in rows}


def save_list_state(connection: Connection, url: str, state: SourceListState) -> None:
    """Store the state of a list after a reading."""
    values = {name: getattr(state, name) for name in _FIELDS}
    upsert(connection, schema.source_lists, {"url": url}, values)


def is_due(state: SourceListState | None, now: datetime) -> bool:
    """Return whether a list in that state is due at ``now``."""
    return state is None or state.next_check is None or state.next_check <= now
