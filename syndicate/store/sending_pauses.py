"""A rest for everything that is sent: the server takes nothing from us for now."""

import json
from datetime import datetime

from sqlalchemy import Connection, delete, select

from syndicate.store import schema
from syndicate.store.types import from_microseconds, to_microseconds
from syndicate.store.upsert import insert_for

_PAUSE = "sending paused"


def pause_sending(connection: Connection, *, until: datetime, reason: str) -> None:
    """The server takes nothing from us for now: nobody should try before ``until``."""
    value = json.dumps([to_microseconds(until), reason])
    statement = insert_for(connection, schema.meta).values(key=_PAUSE, value=value)
    connection.execute(statement.on_conflict_do_update(index_elements=["key"], set_={"value": value}))


def resume_sending(connection: Connection) -> None:
    """End a pause."""
    connection.execute(delete(schema.meta).where(schema.meta.c.key == _PAUSE))


def sending_pause(connection: Connection, now: datetime) -> tuple[datetime, str] | None:
    """Until when nothing is sent, and why; ``None`` when it may be."""
    value = connection.scalars(select(schema.meta.c.value).where(schema.meta.c.key == _PAUSE)).first()
    if value is None:
        return None
    until, reason = json.loads(value)
    return (from_microseconds(until), reason) if from_microseconds(until) > now else None
