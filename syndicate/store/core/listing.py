"""Lists of rows in pages: each page starts after the last row of the page before.

The position of a page is the sort key and the id of a row, not a number of rows. So rows that arrive or go
between two pages are the only rows that a reader of all pages may miss.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, CompoundSelect, Connection, Select, String, and_, func, or_, select

from syndicate.store.core.column_types import UtcTime, from_microseconds, to_microseconds

Condition = Callable[[Any], ColumnElement[bool]]
Position = tuple[int | float | str, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    """Query in the order of the column ``key``, then of ``id``; ``descending`` begins with the last.

    ``filters`` are conditions by name: each is the column of the value that a reader gives, or takes it.
    """

    query: Select[Any]
    key: ColumnElement[Any]
    id: ColumnElement[int]
    descending: bool = True
    filters: Mapping[str, Condition | ColumnElement[Any]] = field(default_factory=dict)

    def matching(self, values: Mapping[str, object]) -> Select[Any]:
        """Return the query of the rows that meet the conditions of these names; ``None`` and "" are none."""
        given = [(self.filters[name], value) for name, value in values.items() if value not in (None, "")]
        return self.query.where(
            *(known == value if isinstance(known, ColumnElement) else known(value) for known, value in given)
        )

    def page(
        self, connection: Connection, query: Select[Any], *, limit: int, after: Position | None = None
    ) -> tuple[list[dict[str, Any]], Position | None]:
        """Return rows of a query of ``matching``, and the position of the next page, ``None`` at the end."""
        if after is not None:
            query = query.where(self._beyond(*after))
        order = [column.desc() if self.descending else column.asc() for column in (self.key, self.id)]
        marked = query.add_columns(self.key.label("sort_key"), self.id.label("sort_id"))
        rows = [dict(row) for row in connection.execute(marked.order_by(*order).limit(limit + 1)).mappings()]
        places = [(row.pop("sort_key"), row.pop("sort_id")) for row in rows]
        if len(rows) <= limit:
            return rows, None
        key, row_id = places[limit - 1]
        return rows[:limit], (to_microseconds(key) if isinstance(key, datetime) else key, row_id)

    def _beyond(self, key: float | str, row_id: int) -> ColumnElement[bool]:
        """Return the condition for the rows after a position. Raises ``ValueError`` for no such position."""
        is_text = isinstance(self.key.type, String)
        if isinstance(key, str) != is_text or not isinstance(row_id, int):
            raise ValueError("the position belongs to another list")
        value: object = key
        if isinstance(self.key.type, UtcTime):
            value = from_microseconds(int(key))
        if self.descending:
            return and_(self.key <= value, or_(self.key < value, self.id < row_id))
        return and_(self.key >= value, or_(self.key > value, self.id > row_id))


def count_up_to(connection: Connection, query: Select[Any] | CompoundSelect[Any], most: int) -> int:
    """Return the number of rows of a query, at most ``most``."""
    counted = query.limit(most).subquery()
    return connection.execute(select(func.count()).select_from(counted)).scalar_one()
