"""Lists show each text once: of the matching articles with equal texts, the first published.

The label ``articles.same_text`` marks equal texts. A query alone therefore decides which article stands for
a text, and no article is missing from a list because its copy matches another.
"""

from collections.abc import Callable, Sequence
from typing import Any

from sqlalchemy import ColumnElement, FromClause, and_, func, or_, select

from syndicate.store import schema


class Unindexed:
    """Table whose columns no index serves, so that the database finds its rows by another condition.

    Without statistics SQLite may use the index of a section to find an article's copies and scan the
    section for each. Measured with 10 000 articles: 100 ms for a page of a section instead of 1 ms.
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
"""Conditions of a query on the table of articles or an alias."""

NEWEST_FIRST = schema.articles.c.published.desc(), schema.articles.c.id.desc()
# Built once: an alias of so many columns takes longer than most queries.
_TWIN = schema.articles.alias("twin")


def first_of_text(matching: Matching) -> list[ColumnElement[bool]]:
    """Return conditions for placed articles that match: the first published of each text."""
    table, twin = schema.articles, _TWIN
    earlier = or_(
        twin.c.published < table.c.published,
        and_(twin.c.published == table.c.published, twin.c.id < table.c.id),
    )
    same = twin.c.same_text == table.c.same_text
    shown_instead = select(twin.c.same_text).where(same, earlier, *_placed(matching, Unindexed(twin)))
    return [*_placed(matching, table), ~shown_instead.exists()]


def _placed(matching: Matching, rows: Rows) -> list[ColumnElement[bool]]:
    return [rows.c.story_id.is_not(None), *matching(rows)]
