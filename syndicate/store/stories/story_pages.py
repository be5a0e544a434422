"""Pages of stories: a story gets its address, once, when two sources have told it."""

from collections.abc import Mapping
from datetime import datetime
from typing import NamedTuple, Self

from sqlalchemy import Connection, bindparam, func, select, text, tuple_, update

from syndicate.model import Article
from syndicate.store import schema
from syndicate.store.core.column_types import from_microseconds, to_microseconds
from syndicate.store.core.compiled_sql import CompiledStatement
from syndicate.store.output.stale import STORY, mark_lists, mark_stories

_TITLE = func.coalesce(func.nullif(schema.articles.c.headline, ""), schema.articles.c.title)
# The text must equal that of the partial index: otherwise SQLite does not use the index.
_UNNAMED = CompiledStatement(
    select(schema.stories.c.id, _TITLE)
    .join(schema.articles, schema.articles.c.id == schema.stories.c.lead_id)
    .where(text("stories.path = '' AND stories.coverage > 1"))
    .order_by(schema.stories.c.id)
    .limit(bindparam("most"))
)


def unnamed_stories(connection: Connection, limit: int) -> dict[int, str]:
    """Return the stories that lack their page, with the headline of the lead."""
    return {row[0]: row[1] for row in _UNNAMED.rows(connection, {"most": limit})}


def save_paths(connection: Connection, paths: Mapping[int, str]) -> None:
    """Store the pages of stories; mark them and the pages of their articles, which link to them."""
    if not paths:
        return
    table = schema.stories
    naming = update(table).where(table.c.id == bindparam("story")).values(path=bindparam("page"))
    connection.execute(naming, [{"story": story_id, "page": path} for story_id, path in paths.items()])
    mark_lists(connection, (f"{STORY}{story_id}" for story_id in paths))
    mark_stories(connection, paths)


def related_leads(connection: Connection, story_id: int, *, limit: int) -> list[int]:
    """Return the leads of the stories that a story's related links lead to, the most similar first."""
    table, own, other = schema.related, schema.articles.alias("own"), schema.articles.alias("other")
    lead_id = schema.stories.c.lead_id
    query = (
        select(lead_id)
        .join(other, other.c.story_id == schema.stories.c.id)
        .join(table, table.c.related_id == other.c.id)
        .join(own, own.c.id == table.c.article_id)
        .where(own.c.story_id == story_id, other.c.story_id != story_id)
        .group_by(other.c.story_id, lead_id)
        .order_by(func.max(table.c.score).desc(), other.c.story_id)
        .limit(limit)
    )
    return list(connection.scalars(query))


class Below(NamedTuple):
    """Last row of a page: the next page begins below it. As text, ``microseconds-id``."""

    at: datetime
    id: int

    @classmethod
    def parse(cls, text: str) -> Self | None:
        """Return the place that a text names; ``None`` for any other text."""
        at, _, number = text.partition("-")
        if not (text.isascii() and at.isdecimal() and number.isdecimal() and len(at) < 18 > len(number)):
            return None
        return cls(from_microseconds(int(at)), int(number))

    @classmethod
    def of(cls, article: Article) -> Self:
        """Return the place of an article in a list by publication."""
        return cls(article.published, article.id)

    def text(self) -> str:
        """Return the place as text for an address."""
        return f"{to_microseconds(self.at)}-{self.id}"


def moving_stories(
    connection: Connection, *, since: datetime, below: Below | None, limit: int
) -> list[Below]:
    """Return the stories of two sources or more that changed since a time, the latest change first."""
    table = schema.stories
    query = select(table.c.updated, table.c.id).where(table.c.updated >= since, table.c.coverage > 1)
    if below is not None:
        query = query.where(tuple_(table.c.updated, table.c.id) < tuple(below))
    rows = connection.execute(query.order_by(table.c.updated.desc(), table.c.id.desc()).limit(limit))
    return [Below(*row) for row in rows]
