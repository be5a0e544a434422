"""Single values of the store, such as its identity and its pauses, by key (table ``meta``)."""

from sqlalchemy import Connection, delete, select

from syndicate.store import schema
from syndicate.store.core.upsert import upsert


def read_value(connection: Connection, key: str) -> str | None:
    """Return the value of a key, or ``None``."""
    return connection.scalars(select(schema.meta.c.value).where(schema.meta.c.key == key)).first()


def write_value(connection: Connection, key: str, value: str) -> None:
    """Store the value of a key."""
    upsert(connection, schema.meta, {"key": key}, {"value": value})


def delete_value(connection: Connection, key: str) -> bool:
    """Delete a key; false when it had no value."""
    return connection.execute(delete(schema.meta).where(schema.meta.c.key == key)).rowcount == 1
