"""Stale pages and lists, and the signatures of outputs.

The transaction that changes a page's content marks the page as stale. The mark is removed only if no later
transaction marked it again while the page was written. A crash in between writes the same bytes again.
Transactions take lists before pages, and each in order: two workers would otherwise wait for each other.
"""

from collections.abc import Collection, Iterable, Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import BindParameter, Connection, bindparam, case, delete, func, literal, select, update

from syndicate.model import EARLIEST
from syndicate.store import schema
from syndicate.store.core.batches import rows_with
from syndicate.store.core.column_types import to_microseconds
from syndicate.store.core.compiled_sql import CompiledStatement
from syndicate.store.core.counts import count_rows
from syndicate.store.core.upsert import insert_for, insert_on, replacing
from syndicate.text.names import tag_key

_IDS: BindParameter[int] = bindparam("ids", expanding=True)
_IN_STORIES = CompiledStatement(select(schema.articles.c.id).where(schema.articles.c.story_id.in_(_IDS)))
_SIGNATURE = schema.outputs.c.signature
_SIGNATURES = replacing(
    schema.outputs, lambda _new: func.coalesce(bindparam("before"), _SIGNATURE) == _SIGNATURE
)
EDIT = "edit:"
STORY = "story:"
HOUR = 3_600_000_000
"""Microseconds of an hour."""
FIRST_DATE = to_microseconds(EARLIEST)
SITEMAP = "sitemap:"
SITEMAP_BLOCK = 1_000
"""Number of ids of articles or stories that share a part of the sitemap."""
# Marks that also make a part of the sitemap stale.
_IN_SITEMAP = {"edit": "articles", "story": "stories"}
CHANNEL = "channel:"
GONE = "gone"
"""Signature of a channel that is no longer declared and whose files were removed."""
PAGE_BLOCK = 1_000
"""Number of ids of articles whose stale pages a single worker writes."""


def mark_stale(connection: Connection, article_ids: Iterable[int]) -> None:
    """Mark the pages of articles for rewriting."""
    rows = [{"article_id": article_id, "version": 1} for article_id in sorted(set(article_ids))]
    _MARK_PAGES.execute_many(connection, rows)


def mark_stories(connection: Connection, story_ids: Iterable[int]) -> None:
    """Mark the pages of all articles of stories."""
    mark_stale(connection, (row[0] for row in _IN_STORIES.rows_of(connection, [*story_ids])))


def _over_marks(insert: Any, version: int = 1) -> Any:
    """Return an insert of marks that counts existing marks up; a version below 0 marks surroundings."""
    marked = insert.table.c.version
    keys = [column.name for column in insert.table.primary_key]
    later = func.abs(marked) + 1
    if version < 0:
        later = case((marked < 0, -later), else_=later)
    return insert.on_conflict_do_update(index_elements=keys, set_={"version": later})


_MARK_PAGES = CompiledStatement(lambda dialect: _over_marks(insert_on(dialect, schema.stale_pages)))
_MARK_LISTS = CompiledStatement(lambda dialect: _over_marks(insert_on(dialect, schema.stale_lists)))


def _mark_where(connection: Connection, condition: Any, version: int) -> None:
    """Mark matching articles within the database: there may be a million."""
    number = schema.articles.c.id
    found = select(number, literal(version)).where(condition).order_by(number)
    insert = insert_for(connection, schema.stale_pages).from_select(["article_id", "version"], found)
    connection.execute(_over_marks(insert, version))


def mark_lists(connection: Connection, names: Iterable[str]) -> None:
    """Mark lists as stale.

    - ``KIND:KEY``: the first page of a list; kinds are ``section``, ``tag``, ``author`` and ``source``
    - ``KIND@HOUR:KEY``: also the page with articles of that hour since 1970
    - ``day@HOUR:``: the day pages of that hour; ``undated@HOUR:``: the list of undated articles
    - ``story:ID``: the page and feed of a story
    - ``edit:ID``: an edited article, for the archives of channels

    Edits and stories also mark the parts of the sitemap that name them: ``sitemap:KIND-BLOCK``.
    A list may have shown an article by its old values: mark the lists it left and the lists it joined.
    """
    found = set(names)
    for kind, _, key in [name.partition(":") for name in found]:
        if kind in _IN_SITEMAP:
            found.add(sitemap_mark(_IN_SITEMAP[kind], int(key)))
    rows = [{"name": name, "version": 1} for name in sorted(found)]
    _MARK_LISTS.execute_many(connection, rows)


def sitemap_mark(kind: str, number: int) -> str:
    """Return the mark of the part of the sitemap with an article or a story."""
    return f"{SITEMAP}{kind}-{number // SITEMAP_BLOCK}"


def mark_lists_with(connection: Connection, article_ids: Collection[int]) -> None:
    """Mark the lists that contain these articles, before the articles change or are deleted."""
    table = schema.articles
    stories = connection.scalars(select(table.c.story_id).where(table.c.id.in_(article_ids)))
    marks = {f"{STORY}{number}" for number in stories if number is not None}
    # An archive page holds the first of each text, so that another may take the article's place.
    marks |= {f"{EDIT}{row[0]}" for row in _SAME_TEXTS.rows_of(connection, article_ids)}
    mark_lists(connection, list_marks(connection, article_ids) | marks)


def list_marks(connection: Connection, article_ids: Collection[int]) -> set[str]:
    """Return the marks of all lists with these articles or with other articles of the same texts.

    Lists show each text once, so a change of one article may show or hide another.
    """
    names: set[str] = set()
    hours: dict[int, int] = {}
    for article_id, published, section, source in _SAME_TEXTS.rows_of(connection, article_ids):
        hours[article_id] = hour = published // HOUR
        dated = "day" if published >= FIRST_DATE else "undated"
        names |= {f"source@{hour}:{source}", f"{dated}@{hour}:"}
        if section:
            names.add(f"section@{hour}:{section}")
    for kind, named in _NAMED.items():
        for key, article_id in named.rows_of(connection, hours):
            names.add(f"{kind}@{hours[article_id]}:{key}")
    return names


def _same_texts() -> CompiledStatement:
    table, own = schema.articles, schema.articles.alias("own")
    columns = table.c.id, table.c.published, table.c.section_key, table.c.source_id
    ids: BindParameter[Any] = bindparam("ids", expanding=True)
    texts = select(own.c.same_text).where(own.c.id.in_(ids))
    return CompiledStatement(
        select(*columns)
        .where(table.c.id.in_(ids))
        .union(select(*columns).where(table.c.same_text.in_(texts)))
    )


_SAME_TEXTS = _same_texts()
_NAMED = {
    kind: CompiledStatement(
        select(key, key.table.c.article_id).where(
            key.table.c.article_id.in_(bindparam("ids", expanding=True))
        )
    )
    for kind, key in (("tag", schema.article_tags.c.tag), ("author", schema.article_authors.c.author))
}


_CLEAR_PAGE, _CLEAR_LIST = (
    CompiledStatement(delete(key.table).where(key == bindparam("marked"), version == bindparam("seen")))
    for key, version in (schema.stale_pages.c, schema.stale_lists.c)
)


def stale_lists(connection: Connection, names: Collection[str] | None = None) -> dict[str, int]:
    """Return the version of each stale list, or of these among them."""
    table = schema.stale_lists
    query = select(table).order_by(table.c.name)
    if names is None:
        return {row.name: row.version for row in connection.execute(query)}
    return {row.name: row.version for row in rows_with(connection, query, table.c.name, sorted(names))}


def lists_by_name(marks: Mapping[str, int]) -> dict[str, dict[str, int]]:
    """Group marks and their versions by the name of the list, ``KIND:KEY``, without edits of articles."""
    found: dict[str, dict[str, int]] = {}
    for mark, version in marks.items():
        head, _, key = mark.partition(":")
        kind = head.partition("@")[0]
        if f"{kind}:" != EDIT:
            found.setdefault(f"{kind}:{tag_key(key) if kind == 'section' else key}", {})[mark] = version
    return found


def marked_hours(marks: Iterable[str]) -> set[int]:
    """Return the hours since 1970 that marks of a list name."""
    heads = (mark.partition(":")[0].partition("@")[2] for mark in marks)
    return {int(hour) for hour in heads if hour}


def clear_lists(connection: Connection, written: Mapping[str, int]) -> None:
    """Unmark lists that were written at exactly that version."""
    rows = [{"marked": name, "seen": version} for name, version in sorted(written.items())]
    _CLEAR_LIST.execute_many(connection, rows)


def mark_sources(connection: Connection, source_ids: Collection[int]) -> None:
    """Mark the articles of these sources, on their own pages and in archives."""
    chosen = schema.articles.c.source_id.in_(source_ids)
    ids = connection.scalars(select(schema.articles.c.id).where(chosen))
    mark_lists(connection, [f"{EDIT}{article_id}" for article_id in ids])
    _mark_where(connection, chosen, 1)


def mark_published_since(connection: Connection, since: datetime) -> None:
    """Mark every article published since a time: only the surroundings of their content changed."""
    _mark_where(connection, schema.articles.c.published >= since, -1)


def mark_all(connection: Connection) -> None:
    """Mark every article: the content of all pages changed."""
    # SQLite needs a WHERE between the SELECT and ON CONFLICT.
    _mark_where(connection, schema.articles.c.id > 0, 1)


def stale_pages(
    connection: Connection, limit: int, *, below: int | None = None, least: int = 0
) -> list[tuple[int, int]]:
    """Return (article id, version) of stale pages, newest articles first, from ``least`` up to ``below``.

    A version below 0 says that only the surroundings of the article changed.
    """
    table, articles = schema.stale_pages, schema.articles
    query = select(table.c.article_id, table.c.version).join(articles, articles.c.id == table.c.article_id)
    query = query.where(articles.c.story_id.is_not(None)).order_by(table.c.article_id.desc()).limit(limit)
    if below is not None:
        query = query.where(table.c.article_id < below)
    if least:
        query = query.where(table.c.article_id >= least)
    return [(row.article_id, row.version) for row in connection.execute(query)]


def stale_blocks(connection: Connection, limit: int) -> list[int]:
    """Return the blocks of ids with stale pages, newest first."""
    block = (schema.stale_pages.c.article_id // PAGE_BLOCK).label("block")
    return list(connection.scalars(select(block).distinct().order_by(block.desc()).limit(limit)))


def count_stale(connection: Connection) -> int:
    """Return the number of stale article pages."""
    return count_rows(connection, schema.stale_pages)


def clear_stale(connection: Connection, written: Iterable[tuple[int, int]]) -> None:
    """Unmark pages that were written at exactly that version."""
    rows = [{"marked": article_id, "seen": version} for article_id, version in sorted(written)]
    _CLEAR_PAGE.execute_many(connection, rows)


def signatures(connection: Connection) -> dict[str, str]:
    """Return the signature of each output when it was last built."""
    table = schema.outputs
    return {row.name: row.signature for row in connection.execute(select(table.c.name, table.c.signature))}


def save_signatures(
    connection: Connection, signatures: Mapping[str, str], now: datetime, *, before: str | None = None
) -> None:
    """Store the signatures of outputs after they were written; with ``before`` only over this signature."""
    common = {"built": to_microseconds(now), "before": before}
    rows = [{"name": name, "signature": text, **common} for name, text in sorted(signatures.items())]
    _SIGNATURES.execute_many(connection, rows)


def published_channels(connection: Connection) -> frozenset[str]:
    """Return the names of all channels that were ever published."""
    name = schema.outputs.c.name
    channels = connection.scalars(select(name).where(name.startswith(CHANNEL, autoescape=True)))
    return frozenset(channel.removeprefix(CHANNEL) for channel in channels)


def clear_signatures(connection: Connection) -> None:
    """Clear the signatures, so that the next run rebuilds all outputs; the names stay."""
    table = schema.outputs
    connection.execute(update(table).where(table.c.signature != GONE).values(signature=""))
