"""Channels of origin ``store``, and former names of all channels."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, delete, select, update

from syndicate.store.core.upsert import upsert
from syndicate.store.schema import channel_moves as moves
from syndicate.store.schema import channels as table


@dataclass(frozen=True, slots=True, kw_only=True)
class AddedChannel:
    """Channel in the store. ``declaration`` has the keys of ``[[channels]]`` but the name."""

    name: str
    declaration: Mapping[str, Any]
    added: datetime
    removed: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ChannelMove:
    """Former name, whose documents lead to ``channel`` since ``at``, or are gone if it is ``""``."""

    name: str
    channel: str
    at: datetime


def added_channels(connection: Connection) -> dict[str, AddedChannel]:
    """Return all added channels by name, in the order of adding; also the removed channels."""
    rows = connection.execute(select(table).order_by(table.c.added, table.c.name))
    return {row["name"]: AddedChannel(**row) for row in rows.mappings()}


def channel_moves(connection: Connection) -> dict[str, ChannelMove]:
    """Return the moves by the former name, the oldest first."""
    rows = connection.execute(select(moves).order_by(moves.c.at, moves.c.name))
    return {row["name"]: ChannelMove(**row) for row in rows.mappings()}


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
