"""``INSERT … ON CONFLICT`` for whichever engine the connection speaks to."""

from typing import Any

from sqlalchemy import Connection, Table
from sqlalchemy.dialects import postgresql, sqlite


def insert_for(connection: Connection, table: Table) -> Any:
    """An insert into ``table`` that has ``on_conflict_do_nothing`` and ``on_conflict_do_update``.

    Both dialects compile the same text (measured); only the class to start from differs.
    """
    return insert_on(connection.dialect.name, table)


def insert_on(dialect: str, table: Table) -> Any:
    """The same by the dialect's name, for statements that are put together once and kept."""
    return postgresql.insert(table) if dialect == "postgresql" else sqlite.insert(table)
