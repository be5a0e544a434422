"""Sources of origin ``store``: added by an operator, or maintained by a source list.

Sources of origin ``config`` are read-only here: only ``config.toml`` changes them. A removed source keeps
its row, because its articles belong to it. Adding its name again revives the row, so that ids never change.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, and_, select, true, update

from syndicate.model import Absence, Origin, Source
from syndicate.store import schema
from syndicate.store.core.batches import in_batches
from syndicate.store.core.upsert import insert_for
from syndicate.store.ingest.declared_sources import declared_values, unpolled_state
from syndicate.store.ingest.source_store import source_of
from syndicate.text.urls import host_shard

table = schema.sources


def add_source(connection: Connection, source: Source, now: datetime) -> bool:
    """Add a source of origin ``store``, or revive an absent source; false when the name is taken."""
    values = declared_values(replace(source, origin=Origin.STORE, absent=Absence.NONE))
    row = connection.execute(select(table).where(table.c.name == source.name)).first()
    if row is None:
        # Another process may insert the same name between the query and the insert.
        about = {"created": now, "title": source.title, "home_url": source.home_url, "feed_id": ""}
        statement = insert_for(connection, table).values(**about, **unpolled_state(source.url), **values)
        added = connection.execute(statement.on_conflict_do_nothing().returning(table.c.id))
        return added.first() is not None
    if (row.url, row.kind) != (source.url, source.kind.value):
        values |= unpolled_state(source.url)
    values |= {"gone": False, "next_check": None}
    absent = and_(table.c.id == row.id, table.c.absent != Absence.NONE.value)
    return connection.execute(update(table).where(absent).values(**values)).rowcount == 1


def find_source(connection: Connection, name: str) -> Source | None:
    """Return the source of that name, unless it was removed."""
    query = select(table).where(table.c.name == name, table.c.absent != Absence.REMOVED.value)
    row = connection.execute(query).first()
    return source_of(row) if row else None


def pause_source(connection: Connection, name: str) -> bool:
    """Stop polling a source of origin ``store``; false when there is none or it is paused already."""
    return _change(connection, name, table.c.paused.is_(False), {"paused": True})


def resume_source(connection: Connection, name: str) -> bool:
    """Poll a paused or gone source of origin ``store`` again; false when there is none.

    A source that vanished from its source list leaves the list: the list no longer pauses it.
    """
    values = {"paused": False, "absent": Absence.NONE.value}
    if _change(connection, name, table.c.absent == Absence.UNLISTED.value, values | {"listed_in": ""}):
        return True
    revived = values | {"gone": False, "next_check": None, "failures": 0, "error": ""}
    if _change(connection, name, table.c.gone.is_(True), revived):
        return True
    return _change(connection, name, table.c.paused.is_(True), values)


def remove_source(connection: Connection, name: str) -> bool:
    """Remove a source of origin ``store``, or a source that ``config.toml`` dropped; its articles stay."""
    matching = table.c.origin == Origin.STORE.value
    gone = table.c.absent == Absence.UNDECLARED.value
    there = table.c.absent != Absence.REMOVED.value
    removing = update(table).where(table.c.name == name, there, matching | gone)
    values = {"paused": True, "absent": Absence.REMOVED.value, "origin": Origin.STORE.value}
    return connection.execute(removing.values(**values, access_json=None)).rowcount == 1


def move_source(connection: Connection, name: str, url: str) -> bool:
    """Give a source of origin ``store`` a new URL, polled from scratch; its articles stay."""
    values = {"url": url} | unpolled_state(url)
    return _change(connection, name, table.c.url != url, values)


def edit_source(connection: Connection, name: str, source: Source) -> None:
    """Store the declared fields of a source of origin ``store``, except its address and its list."""
    values = declared_values(source)
    for kept in ("url", "kind", "listed_in", "origin", "absent", "paused", "outline_json", "select_json"):
        del values[kept]
    _change(connection, name, true(), values)


def pause_unlisted(connection: Connection, url: str, *, listed: Sequence[int]) -> list[str]:
    """Pause the sources that a source list no longer contains; return their names."""
    there = table.c.listed_in == url, table.c.absent == Absence.NONE.value
    rows = connection.execute(select(table.c.id, table.c.name).where(*there).order_by(table.c.name))
    kept = set(listed)
    vanished = {row.id: row.name for row in rows if row.id not in kept}
    for batch in in_batches([*vanished]):
        connection.execute(update(table).where(table.c.id.in_(batch)).values(**_UNLISTED))
    return [*vanished.values()]


def pause_undeclared_lists(connection: Connection, urls: Sequence[str]) -> None:
    """Pause the sources of source lists that are no longer declared."""
    orphan = and_(table.c.listed_in != "", table.c.listed_in.not_in(urls))
    there = table.c.absent == Absence.NONE.value
    connection.execute(update(table).where(orphan, there).values(**_UNLISTED))


def update_listed(connection: Connection, source_id: int, source: Source) -> None:
    """Apply the list's facts to a source of that list; poll a source again that was missing."""
    row = connection.execute(select(table).where(table.c.id == source_id)).one()
    values: dict[str, Any] = {name: getattr(source, name) for name in _LISTED}
    values["outline_json"] = [list(pair) for pair in source.outline]
    values["shard"] = host_shard(row.moved_to or source.url)
    if row.absent == Absence.UNLISTED.value:
        values |= {"paused": False, "absent": Absence.NONE.value}
    if any(getattr(row, key) != value for key, value in values.items()):
        connection.execute(update(table).where(table.c.id == source_id).values(**values))


_LISTED = ("url", "section", "language", "listed_in")
_UNLISTED = {"paused": True, "absent": Absence.UNLISTED.value}


def _change(
    connection: Connection, name: str, condition: ColumnElement[bool], values: dict[str, Any]
) -> bool:
    editable = and_(table.c.name == name, table.c.origin == Origin.STORE.value)
    there = table.c.absent != Absence.REMOVED.value
    return connection.execute(update(table).where(editable, there, condition).values(**values)).rowcount == 1
