"""Counts of rows, and the shards that have rows."""

from collections.abc import Callable, Iterable
from typing import TypeVar

from sqlalchemy import ColumnElement, Connection, Integer, Table, exists, func, literal_column, select

from syndicate.model.shards import SHARDS

T = TypeVar("T")
Kept = dict[tuple[int, ...], T]
"""Values of periods by their start and by numbers that change with their rows."""


def read_changed(kept: Kept[T], counts: Iterable[tuple[int, ...]], read: Callable[[int], T]) -> list[T]:
    """Return the value of each period of (start, its numbers); ``read`` reads it if these have changed."""
    known = [(key, kept.get(key)) for key in counts]
    found = {key: read(key[0]) if value is None else value for key, value in known}
    kept.clear()
    kept |= found
    return [*found.values()]


def count_rows(connection: Connection, table: Table, *conditions: ColumnElement[bool]) -> int:
    """Return the number of rows that meet all conditions."""
    return connection.scalars(select(func.count()).select_from(table).where(*conditions)).one()


def count_by(
    connection: Connection, column: ColumnElement[str], *conditions: ColumnElement[bool]
) -> dict[str, int]:
    """Return the number of rows that meet all conditions by value of a column, sorted by value."""
    query = select(column, func.count()).where(*conditions).group_by(column).order_by(column)
    rows = connection.execute(query)
    return {value: count for value, count in rows}  # noqa: C416 - mypy rejects dict() of rows


def shards_with(
    connection: Connection, condition: Callable[[ColumnElement[int]], ColumnElement[bool]]
) -> list[int]:
    """Return the shards in which a row meets the condition, a function of the column of the shard.

    Each shard costs a probe of an index, however many rows meet the condition.
    """
    shards = select(literal_column("0", Integer).label("shard")).cte("shards", recursive=True)
    shards = shards.union_all(select(shards.c.shard + 1).where(shards.c.shard < SHARDS - 1))
    return list(connection.scalars(select(shards.c.shard).where(exists().where(condition(shards.c.shard)))))
