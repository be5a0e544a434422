"""Times of messages under the rate limits, which all processes share.

A row holds the time from which the next message may be sent: of all messages over a server (its name, ""
for that of [mail]), or to a domain.
"""

from collections.abc import Collection, Mapping
from datetime import datetime

from sqlalchemy import Connection, and_, delete, select

from syndicate.store.core.upsert import upsert
from syndicate.store.schema import sending_slots as table

ALL = ""

Slots = dict[str, tuple[datetime, datetime]]
"""Name → the time for other messages, and for messages with priority."""


def lock_slots(connection: Connection, names: Collection[str], *, now: datetime) -> Slots:
    """Return the times after ``now``; until the commit no other process reads or writes any."""
    connection.execute(select(table.c.name).where(table.c.name == ALL).with_for_update())
    past = and_(table.c.free_at <= now, table.c.free_at_for_first <= now, table.c.name != ALL)
    connection.execute(delete(table).where(past))
    rows = connection.execute(select(table).where(table.c.name.in_(names)))
    return {row.name: (row.free_at, row.free_at_for_first) for row in rows}


def save_slots(connection: Connection, slots: Mapping[str, tuple[datetime, datetime]]) -> None:
    """Store times that ``lock_slots`` has locked."""
    for name, (free_at, first) in slots.items():
        upsert(connection, table, {"name": name}, {"free_at": free_at, "free_at_for_first": first})
