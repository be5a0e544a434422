"""Every list shows each text once: of the articles that match, the one published first.

Sameness is a label (``articles.same_text``), so which article stands for a text follows from the query alone,
and no article is missing from a list because its twin matches another.
"""

from collections.abc import Callable, Sequence

from sqlalchemy import ColumnElement, FromClause, and_, or_, select

from syndicate.store import schema

Matching = Callable[[FromClause], Sequence[ColumnElement[bool]]]
"""The conditions of a query on a table or alias of articles."""


def first_of_text(matching: Matching) -> list[ColumnElement[bool]]:
    """Return conditions for the placed articles that match, of each text the first one published."""
    table, twin = schema.articles, schema.articles.alias("twin")
    earlier = or_(
        twin.c.published < table.c.published,
        and_(twin.c.published == table.c.published, twin.c.id < table.c.id),
    )
    shown_instead = select(twin.c.id).where(
        twin.c.same_text == table.c.same_text, earlier, *_placed(matching, twin)
    )
    return [*_placed(matching, table), ~shown_instead.exists()]


def _placed(matching: Matching, rows: FromClause) -> list[ColumnElement[bool]]:
    return [rows.c.story_id.is_not(None), *matching(rows)]
