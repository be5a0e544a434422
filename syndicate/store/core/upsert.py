"""``INSERT … ON CONFLICT`` for either engine."""

from typing import Any

from sqlalchemy import Connection, Table
from sqlalchemy.dialects import postgresql, sqlite


def insert_for(connection: Connection, table: Table) -> Any:
    """Return an insert with ``on_conflict_do_nothing`` and ``on_conflict_do_update``.

    Both dialects compile the same text (measured); only the class differs.
    """
    return insert_on(connection.dialect.name, table)


def insert_on(dialect: str, table: Table) -> Any:
    """Return such an insert by the dialect's name, for statements that are built once and cached."""
    return postgresql.insert(table) if dialect == "postgresql" else sqlite.insert(table)
