"""Counts of rows."""

from sqlalchemy import ColumnElement, Connection, Table, func, select


def count_rows(connection: Connection, table: Table, *conditions: ColumnElement[bool]) -> int:
    """Return the number of rows that meet all conditions."""
    return connection.scalars(select(func.count()).select_from(table).where(*conditions)).one()


def count_by(connection: Connection, column: ColumnElement[str]) -> dict[str, int]:
    """Return the number of rows by value of a column, sorted by value."""
    rows = connection.execute(select(column, func.count()).group_by(column).order_by(column))
    return {value: count for value, count in rows}  # noqa: C416 - mypy rejects dict() of rows
