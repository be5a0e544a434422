"""Single values of the store, such as its identity and its pauses, by key (table ``meta``)."""

from sqlalchemy import Connection, bindparam, delete, select

from syndicate.store import schema
from syndicate.store.core.compiled_sql import CompiledStatement
from syndicate.store.core.upsert import replacing

_READ = CompiledStatement(select(schema.meta.c.value).where(schema.meta.c.key == bindparam("key")))
_WRITE = replacing(schema.meta)


def read_value(connection: Connection, key: str) -> str | None:
    """Return the value of a key, or ``None``."""
    found = _READ.rows(connection, {"key": key})
    return found[0][0] if found else None


def write_value(connection: Connection, key: str, value: str) -> None:
    """Store the value of a key."""
    _WRITE.execute_many(connection, [{"key": key, "value": value}])


def delete_value(connection: Connection, key: str) -> bool:
    """Delete a key; false when it had no value."""
    return connection.execute(delete(schema.meta).where(schema.meta.c.key == key)).rowcount == 1
