"""Every list shows each text once: of the articles that match, the one published first.

Sameness is a label (``articles.same_text``), so which article stands for a text follows from the query alone,
and no article is missing from a list because its twin matches another.
"""

from collections.abc import Callable, Sequence
from typing import Any

from sqlalchemy import ColumnElement, FromClause, and_, func, or_, select

from syndicate.store import schema


class Unindexed:
    """A table whose columns no index serves: the database must find its rows by another condition.

    Without statistics SQLite may take the index of a section for the twins of one article, and look at the
    whole section for each (measured at 10 000 articles: 100 ms for one page of a section instead of 1 ms).
    """

    def __init__(self, rows: FromClause) -> None:
        self.c = _Expressions(rows)


class _Expressions:
    def __init__(self, rows: FromClause) -> None:
        self._rows = rows

    def __getattr__(self, name: str) -> ColumnElement[Any]:
        column = self._rows.c[name]
        return func.coalesce(column, column)


Rows = FromClause | Unindexed
Matching = Callable[[Rows], Sequence[ColumnElement[bool]]]
"""The conditions of a query on a table or alias of articles."""

# Made once: an alias of so many columns takes longer than most queries.
_TWIN = schema.articles.alias("twin")


def first_of_text(matching: Matching) -> list[ColumnElement[bool]]:
    """Return conditions for the placed articles that match, of each text the first one published."""
    table, twin = schema.articles, _TWIN
    earlier = or_(
        twin.c.published < table.c.published,
        and_(twin.c.published == table.c.published, twin.c.id < table.c.id),
    )
    shown_instead = select(twin.c.same_text).where(
        twin.c.same_text == table.c.same_text, earlier, *_placed(matching, Unindexed(twin))
    )
    return [*_placed(matching, table), ~shown_instead.exists()]


def _placed(matching: Matching, rows: Rows) -> list[ColumnElement[bool]]:
    return [rows.c.story_id.is_not(None), *matching(rows)]
