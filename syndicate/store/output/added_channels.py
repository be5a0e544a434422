"""Channels of origin ``store``, and former names of all channels."""

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import Connection, delete, select, update

from syndicate.store.core.column_types import from_microseconds
from syndicate.store.core.compiled_sql import CompiledStatement
from syndicate.store.core.upsert import upsert
from syndicate.store.schema import channel_moves as moves
from syndicate.store.schema import channels as table

_ADDED = CompiledStatement(select(table).order_by(table.c.added, table.c.name))
_MOVES = CompiledStatement(select(moves).order_by(moves.c.at, moves.c.name))


class AddedChannel(NamedTuple):
    """Channel in the store. ``declaration`` has the keys of ``[[channels]]`` but the name."""

    name: str
    declaration: Mapping[str, Any]
    added: datetime
    removed: datetime | None


class ChannelMove(NamedTuple):
    """Former name, whose documents lead to ``channel`` since ``at``, or are gone if it is ``""``."""

    name: str
    channel: str
    at: datetime


def added_channels(connection: Connection) -> dict[str, AddedChannel]:
    """Return all added channels by name, in the order of adding; also the removed channels."""
    return {
        name: AddedChannel(name, json.loads(written), from_microseconds(at), gone and from_microseconds(gone))
        for name, written, at, gone in _ADDED.rows(connection, {})
    }


def channel_moves(connection: Connection) -> dict[str, ChannelMove]:
    """Return the moves by the former name, the oldest first."""
    rows = _MOVES.rows(connection, {})
    return {name: ChannelMove(name, channel, from_microseconds(at)) for name, channel, at in rows}


def save_channel(connection: Connection, name: str, declaration: Mapping[str, Any], now: datetime) -> None:
    """Add a channel, or save its new declaration. Its name leads nowhere else any more."""
    values = {"declaration": dict(declaration), "removed": None}
    upsert(connection, table, {"name": name}, values, new={"added": now})
    delete_move(connection, name)


def rename_channel(connection: Connection, name: str, new_name: str) -> None:
    """Rename an added channel."""
    connection.execute(update(table).where(table.c.name == name).values(name=new_name))


def mark_removed(connection: Connection, name: str, now: datetime) -> None:
    """Mark an added channel as removed; the row stays, so that it can be restored."""
    connection.execute(update(table).where(table.c.name == name).values(removed=now))


def save_move(connection: Connection, name: str, channel: str, now: datetime) -> None:
    """Let the documents of a former name, and those that led there, lead to a channel or be gone (``""``)."""
    if channel:
        delete_move(connection, channel)
        connection.execute(update(moves).where(moves.c.channel == name).values(channel=channel))
    upsert(connection, moves, {"name": name}, {"channel": channel, "at": now})


def delete_move(connection: Connection, name: str) -> bool:
    """Forget that a name is a former name; false when it was none."""
    return connection.execute(delete(moves).where(moves.c.name == name)).rowcount == 1
