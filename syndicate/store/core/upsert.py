"""``INSERT … ON CONFLICT`` for either engine."""

from collections.abc import Callable, Mapping
from importlib import import_module
from typing import Any

from sqlalchemy import ColumnElement, Connection, Table, bindparam

from syndicate.store.core.compiled_sql import CompiledStatement


def insert_for(connection: Connection, table: Table) -> Any:
    """Return an insert with ``on_conflict_do_nothing`` and ``on_conflict_do_update``.

    Both dialects compile the same text (measured); only the class differs.
    """
    return insert_on(connection.dialect.name, table)


def insert_on(dialect: str, table: Table) -> Any:
    """Return such an insert by the dialect's name, for statements that are built once and cached."""
    # A store on SQLite never imports PostgreSQL's dialect: it takes 40 ms of each command.
    return import_module(f"sqlalchemy.dialects.{dialect}").insert(table)


def replacing(table: Table, where: Callable[[Any], ColumnElement[bool]] | None = None) -> CompiledStatement:
    """Return a statement that inserts a row, or replaces the row with its primary key.

    ``where`` gets the columns of the new row and returns the condition for a replacement.
    """

    def statement(dialect: str) -> Any:
        new = insert_on(dialect, table).values({column.name: bindparam(column.name) for column in table.c})
        keys = [column.name for column in table.primary_key]
        others = {column.name: new.excluded[column.name] for column in table.c if not column.primary_key}
        condition = where and where(new.excluded)
        return new.on_conflict_do_update(index_elements=keys, set_=others, where=condition)

    return CompiledStatement(statement)


def insert_new(connection: Connection, table: Table, values: Mapping[str, Any]) -> bool:
    """Insert a row unless a row with its keys exists; return whether the row is new."""
    new = insert_for(connection, table).values(values).on_conflict_do_nothing()
    return connection.execute(new).rowcount == 1


def upsert(
    connection: Connection,
    table: Table,
    keys: Mapping[str, Any],
    values: Mapping[str, Any],
    *,
    new: Mapping[str, Any] | None = None,
    where: ColumnElement[bool] | None = None,
) -> int:
    """Insert a row with all these columns, or set ``values`` in the row with these keys if ``where``.

    Return the number of rows written.
    """
    statement = insert_for(connection, table).values(**keys, **values, **(new or {}))
    written = statement.on_conflict_do_update(index_elements=list(keys), set_=values, where=where)
    return connection.execute(written).rowcount
