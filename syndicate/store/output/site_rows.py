"""Rows of the site's own documents: pages for the sitemap, and numbers for the directory of feeds."""

from collections import Counter
from collections.abc import Collection, Iterable
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import Connection, func, select

from syndicate.model import known_since
from syndicate.store import schema
from syndicate.store.output.stale import SITEMAP_BLOCK


def sitemap_blocks(connection: Connection) -> dict[str, int]:
    """Return the number of blocks of ids by kind: ``articles`` and ``stories``."""
    tables = {"articles": schema.articles, "stories": schema.stories}
    last = {kind: connection.scalar(select(func.max(table.c.id))) for kind, table in tables.items()}
    return {kind: 0 if number is None else 1 + number // SITEMAP_BLOCK for kind, number in last.items()}


def own_article_pages(
    connection: Connection, source_ids: Collection[int], block: int
) -> list[tuple[str, datetime]]:
    """Return path and last change of these sources' placed articles with ids in a block."""
    table = schema.articles
    query = select(table.c.path, table.c.updated).where(
        table.c.id.between(*_ids(block)),
        table.c.source_id.in_(sorted(source_ids)),
        table.c.story_id.is_not(None),
    )
    return [(row.path, known_since(row.updated)) for row in connection.execute(query.order_by(table.c.id))]


def story_pages(connection: Connection, block: int) -> list[tuple[str, datetime]]:
    """Return path and arrival of the newest article of the stories with pages and ids in a block."""
    stories, articles = schema.stories, schema.articles
    newest = func.max(articles.c.first_seen, type_=articles.c.first_seen.type)
    query = select(stories.c.path, newest).join(articles, articles.c.story_id == stories.c.id)
    query = query.where(stories.c.id.between(*_ids(block)), stories.c.path != "", stories.c.coverage > 1)
    query = query.group_by(stories.c.id, stories.c.path).order_by(stories.c.id)
    return [(row[0], row[1]) for row in connection.execute(query)]


def count_since(connection: Connection, section_keys: Iterable[str], since: datetime) -> dict[str, int]:
    """Return the number of articles published since a time, by section key; ``""`` is all of them."""
    table = schema.articles
    query = select(func.count()).select_from(table).where(table.c.published >= since)
    counts = {"": connection.scalar(query) or 0}
    return counts | {
        key: connection.scalar(query.where(table.c.section_key == key)) or 0 for key in section_keys
    }


def _ids(block: int) -> tuple[int, int]:
    return block * SITEMAP_BLOCK, (block + 1) * SITEMAP_BLOCK - 1


class RecentCount(NamedTuple):
    """Number of articles of a source in a section."""

    section: str
    source_id: int
    articles: int


def recent_counts(connection: Connection, since: datetime) -> list[RecentCount]:
    """Return the numbers of placed articles since a time, by section key and source."""
    table = schema.articles
    # SQLite would read every article in the order of an index to group them: 35 ms at 100 000, not 1.
    query = select(table.c.section_key, table.c.source_id)
    query = query.where(table.c.published >= since, table.c.story_id.is_not(None))
    counts = Counter((row[0], row[1]) for row in connection.execute(query))
    return [RecentCount(*key, articles) for key, articles in sorted(counts.items())]
