"""Archive pages of channels (RFC 5005): the articles that each page holds.

A page holds the articles of its channel with ids above the previous page's last id and up to its own.
Bounds never change, so that page numbers and membership stay; page 1 is the oldest. The bound of "page 0"
is the start of the archive.
"""

from collections.abc import Collection, Sequence
from datetime import datetime

from sqlalchemy import Connection, delete, func, insert, select, update

from syndicate.model import Article, Clause
from syndicate.store import schema
from syndicate.store.ingest.article_store import article_of
from syndicate.store.output.channel_store import shown_articles

# The articles stored last are looked at first: this many for each article that an archive begins with, then
# this many times as many, until enough are found.
_LATEST = 32
_LAST_ID = 2**63 - 1


def archive_bounds(connection: Connection, channel: str) -> list[int]:
    """Return the last article id of each archive page of a channel, oldest page first."""
    table = schema.channel_archives
    query = select(table.c.last_id).where(table.c.channel == channel).order_by(table.c.number)
    return list(connection.scalars(query))


def articles_after(
    connection: Connection,
    clauses: Sequence[Clause],
    after: int,
    *,
    until: int = _LAST_ID,
) -> list[Article]:
    """Return the articles of a channel with ids above ``after`` and up to ``until``, by id."""
    query = select(schema.articles).where(*shown_articles(connection, clauses, (after + 1, until)))
    return [article_of(row) for row in connection.execute(query.order_by(schema.articles.c.id))]


def open_articles(
    connection: Connection, clauses: Sequence[Clause], after: int, since: datetime
) -> list[Article]:
    """Return the articles of a channel that the next archive pages may hold, by id.

    They end before the first article that waits for its place, if it was first seen after ``since``: once a
    page is closed, an article with a lower id would be on none.
    """
    table = schema.articles
    waiting = select(func.min(table.c.id)).where(~table.c.placed, table.c.first_seen > since)
    first = connection.scalar(waiting)
    return articles_after(connection, clauses, after, until=first - 1 if first else _LAST_ID)


def has_others(connection: Connection, clauses: Sequence[Clause], after: int, ids: Collection[int]) -> bool:
    """Return whether a channel has an article with an id above ``after`` that is not among ``ids``."""
    table = schema.articles
    shown = shown_articles(connection, clauses, (after + 1, _LAST_ID))
    query = select(table.c.id).where(*shown, table.c.id.not_in(ids)).limit(1)
    return connection.scalars(query).first() is not None


def archive_cutoff_id(connection: Connection, clauses: Sequence[Clause], count: int) -> int:
    """Return the id above which a channel has ``count`` articles; 0 when it has no more in all."""
    number = schema.articles.c.id
    newest_first = select(number).order_by(number.desc()).limit(1).offset(count)
    after = last = connection.scalar(select(func.max(number))) or 0
    latest = _LATEST * (count + 1)
    while after > 0:
        after, latest = max(0, last - latest), latest * _LATEST
        shown = shown_articles(connection, clauses, (after + 1, last))
        if found := connection.scalars(newest_first.where(*shown)).first():
            return int(found)
    return 0


def sources_in(connection: Connection, keys: Collection[str]) -> set[int]:
    """Return the ids of sources with an article in any of these sections (keys)."""
    table = schema.articles
    query = select(table.c.source_id).where(table.c.section_key.in_(keys)).distinct()
    return set(connection.scalars(query))


def add_archive_page(connection: Connection, channel: str, number: int, last_id: int) -> None:
    """Record the next archive page of a channel."""
    row = {"channel": channel, "number": number, "last_id": last_id}
    connection.execute(insert(schema.channel_archives).values(row))


def move_archive(connection: Connection, channel: str, name: str | None) -> None:
    """Rename the archive of a channel; delete it when ``name`` is ``None``."""
    table = schema.channel_archives
    if name is not None and not archive_bounds(connection, name):
        connection.execute(update(table).where(table.c.channel == channel).values(channel=name))
    else:
        connection.execute(delete(table).where(table.c.channel == channel))
