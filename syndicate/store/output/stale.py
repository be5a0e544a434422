"""Stale pages and lists, and the signatures of outputs.

The transaction that changes a page's content marks the page as stale. The mark is removed only if no later
transaction marked it again while the page was written. A crash in between writes the same bytes again.
"""

from collections.abc import Collection, Iterable, Mapping
from datetime import datetime
from functools import lru_cache

from sqlalchemy import Connection, bindparam, delete, select, update

from syndicate.store import schema
from syndicate.store.core.compiled_sql import CompiledStatement
from syndicate.store.core.counts import count_rows
from syndicate.store.core.upsert import insert_for, insert_on, upsert

EDIT = "edit:"
STORY = "story:"
SITEMAP = "sitemap:"
SITEMAP_BLOCK = 1_000
"""Number of ids of articles or stories that share a part of the sitemap."""
# Marks that also make a part of the sitemap stale.
_IN_SITEMAP = {"edit": "articles", "story": "stories"}
CHANNEL = "channel:"
GONE = "gone"
"""Signature of a channel that is no longer declared and whose files were removed."""


def mark_stale(connection: Connection, article_ids: Iterable[int]) -> None:
    """Mark the pages of articles for rewriting."""
    rows = [{"article_id": article_id, "version": 1} for article_id in sorted(set(article_ids))]
    if rows:
        _marking(connection.dialect.name).execute_many(connection, rows)


@lru_cache
def _marking(dialect: str) -> CompiledStatement:
    table = schema.stale_pages
    new = insert_on(dialect, table).values(article_id=bindparam("article_id"), version=bindparam("version"))
    return CompiledStatement(
        new.on_conflict_do_update(index_elements=["article_id"], set_={"version": table.c.version + 1})
    )


def mark_lists(connection: Connection, names: Iterable[str]) -> None:
    """Mark lists as stale: ``tag:KEY``, ``section:NAME``, ``source:ID``, ``story:ID``.

    ``edit:ID`` is an edited article.

    Edits and stories also mark the parts of the sitemap that name them: ``sitemap:KIND-BLOCK``.
    A list may have shown an article by its old values: mark the lists it left and the lists it joined.
    """
    found = set(names)
    for kind, _, key in [name.partition(":") for name in found]:
        if kind in _IN_SITEMAP:
            found.add(sitemap_mark(_IN_SITEMAP[kind], int(key)))
    rows = [{"name": name, "version": 1} for name in sorted(found)]
    if rows:
        table = schema.stale_lists
        statement = insert_for(connection, table).on_conflict_do_update(
            index_elements=["name"], set_={"version": table.c.version + 1}
        )
        connection.execute(statement, rows)


def sitemap_mark(kind: str, number: int) -> str:
    """Return the mark of the part of the sitemap with an article or a story."""
    return f"{SITEMAP}{kind}-{number // SITEMAP_BLOCK}"


def mark_lists_with(connection: Connection, article_ids: Collection[int]) -> None:
    """Mark the lists that contain these articles, before the articles change or are deleted."""
    articles, tags = schema.articles, schema.article_tags
    found = select(articles.c.id, articles.c.source_id, articles.c.section, articles.c.story_id)
    found = found.where(articles.c.id.in_(article_ids))
    names = {
        f"tag:{tag}"
        for tag in connection.scalars(select(tags.c.tag).where(tags.c.article_id.in_(article_ids)).distinct())
    }
    for row in connection.execute(found):
        names |= {f"{EDIT}{row.id}", f"source:{row.source_id}", f"section:{row.section}"}
        names.add(f"{STORY}{row.story_id or ''}")
    mark_lists(connection, names - {"section:", STORY})


def stale_lists(connection: Connection) -> dict[str, int]:
    """Return the version of each stale list."""
    table = schema.stale_lists
    return {row.name: row.version for row in connection.execute(select(table).order_by(table.c.name))}


def clear_lists(connection: Connection, written: Mapping[str, int]) -> None:
    """Unmark lists that were written at exactly that version."""
    table = schema.stale_lists
    rows = [{"list": name, "seen": version} for name, version in written.items()]
    if rows:
        same = (table.c.name == bindparam("list")) & (table.c.version == bindparam("seen"))
        connection.execute(delete(table).where(same), rows)


def mark_sections(connection: Connection, keys: Iterable[str]) -> None:
    """Mark the articles of these sections: the feeds that their pages link to have changed."""
    articles = schema.articles
    of_them = select(articles.c.id).where(articles.c.section_key.in_(sorted(keys)))
    mark_stale(connection, connection.scalars(of_them))


def mark_sources(connection: Connection, source_ids: Collection[int]) -> None:
    """Mark the articles of these sources, on their own pages and in archives."""
    articles = schema.articles
    for source_id in source_ids:
        ids = connection.scalars(select(articles.c.id).where(articles.c.source_id == source_id)).all()
        mark_stale(connection, ids)
        mark_lists(connection, [f"{EDIT}{article_id}" for article_id in ids])


def mark_published_since(connection: Connection, since: datetime) -> None:
    """Mark every article published since a time: the content of all recent pages changed."""
    articles = schema.articles
    mark_stale(connection, connection.scalars(select(articles.c.id).where(articles.c.published >= since)))


def mark_all(connection: Connection) -> None:
    """Mark every article: the content of all pages changed."""
    mark_stale(connection, connection.scalars(select(schema.articles.c.id)))


def stale_pages(connection: Connection, limit: int, *, below: int | None = None) -> list[tuple[int, int]]:
    """Return (article id, version) of stale pages, newest articles first, with ids below ``below``."""
    table, articles = schema.stale_pages, schema.articles
    query = select(table.c.article_id, table.c.version).join(articles, articles.c.id == table.c.article_id)
    query = query.where(articles.c.story_id.is_not(None)).order_by(table.c.article_id.desc()).limit(limit)
    if below is not None:
        query = query.where(table.c.article_id < below)
    return [(row.article_id, row.version) for row in connection.execute(query)]


def count_stale(connection: Connection) -> int:
    """Return the number of stale article pages."""
    return count_rows(connection, schema.stale_pages)


def clear_stale(connection: Connection, written: Iterable[tuple[int, int]]) -> None:
    """Unmark pages that were written at exactly that version."""
    table = schema.stale_pages
    rows = [{"article": article_id, "seen": version} for article_id, version in written]
    if rows:
        written_then = (table.c.article_id == bindparam("article")) & (table.c.version == bindparam("seen"))
        connection.execute(delete(table).where(written_then), rows)


def signatures(connection: Connection) -> dict[str, str]:
    """Return the signature of each output when it was last built."""
    table = schema.outputs
    return {row.name: row.signature for row in connection.execute(select(table.c.name, table.c.signature))}


def save_signature(connection: Connection, name: str, signature: str, now: datetime) -> None:
    """Store the signature of an output after it was written to disk."""
    upsert(connection, schema.outputs, {"name": name}, {"signature": signature, "built": now})


def published_channels(connection: Connection) -> frozenset[str]:
    """Return the names of all channels that were ever published."""
    name = schema.outputs.c.name
    channels = connection.scalars(select(name).where(name.startswith(CHANNEL, autoescape=True)))
    return frozenset(channel.removeprefix(CHANNEL) for channel in channels)


def clear_signatures(connection: Connection) -> None:
    """Clear the signatures, so that the next run rebuilds all outputs; the names stay."""
    table = schema.outputs
    connection.execute(update(table).where(table.c.signature != GONE).values(signature=""))
