"""Which article pages no longer show the truth, and which outputs were built from what.

A page is marked in the transaction that changed what it shows, and unmarked only if nothing
marked it again while it was being written: a crash in between writes the same bytes once more.
"""

from collections.abc import Iterable
from datetime import datetime
from functools import lru_cache

from sqlalchemy import Connection, bindparam, delete, func, select

from syndicate.store import schema
from syndicate.store.prepared import Prepared
from syndicate.store.upsert import insert_for, insert_on


def mark_stale(connection: Connection, article_ids: Iterable[int]) -> None:
    """These articles' pages must be written again."""
    rows = [{"article_id": article_id, "version": 1} for article_id in sorted(set(article_ids))]
    if rows:
        _marking(connection.dialect.name).execute_many(connection, rows)


@lru_cache
def _marking(dialect: str) -> Prepared:
    table = schema.stale_pages
    new = insert_on(dialect, table).values(article_id=bindparam("article_id"), version=bindparam("version"))
    return Prepared(
        new.on_conflict_do_update(index_elements=["article_id"], set_={"version": table.c.version + 1})
    )


def mark_published_since(connection: Connection, moment: datetime) -> None:
    """Mark every article published since a moment: what all young pages show has changed."""
    articles = schema.articles
    mark_stale(connection, connection.scalars(select(articles.c.id).where(articles.c.published >= moment)))


def mark_all(connection: Connection) -> None:
    """Mark every article: what all pages show has changed."""
    mark_stale(connection, connection.scalars(select(schema.articles.c.id)))


def stale_pages(connection: Connection, limit: int, *, below: int | None = None) -> list[tuple[int, int]]:
    """(article id, version) of pages to write, newest articles first, with ids below ``below``."""
    table, articles = schema.stale_pages, schema.articles
    query = select(table.c.article_id, table.c.version).join(articles, articles.c.id == table.c.article_id)
    query = query.where(articles.c.story_id.is_not(None)).order_by(table.c.article_id.desc()).limit(limit)
    if below is not None:
        query = query.where(table.c.article_id < below)
    return [(row.article_id, row.version) for row in connection.execute(query)]


def count_stale(connection: Connection) -> int:
    """How many article pages wait to be written."""
    return connection.scalars(select(func.count()).select_from(schema.stale_pages)).one()


def clear_stale(connection: Connection, written: Iterable[tuple[int, int]]) -> None:
    """Unmark pages that were written at exactly that version."""
    table = schema.stale_pages
    rows = [{"article": article_id, "seen": version} for article_id, version in written]
    if rows:
        written_then = (table.c.article_id == bindparam("article")) & (table.c.version == bindparam("seen"))
        connection.execute(delete(table).where(written_then), rows)


def signatures(connection: Connection) -> dict[str, str]:
    """What each output was last built from."""
    table = schema.outputs
    return {row.name: row.signature for row in connection.execute(select(table.c.name, table.c.signature))}


def save_signature(connection: Connection, name: str, signature: str, now: datetime) -> None:
    """Remember what an output was built from, after it is on disk."""
    table = schema.outputs
    values = {"signature": signature, "built": now}
    statement = insert_for(connection, table).values(name=name, **values)
    connection.execute(statement.on_conflict_do_update(index_elements=["name"], set_=values))


def forget_outputs(connection: Connection) -> None:
    """Forget what outputs were built from, so that the next run builds them again."""
    connection.execute(delete(schema.outputs))
