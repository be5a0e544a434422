"""Pages to read for their articles: queue, leases and results."""

import re
from collections.abc import Collection, Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Select,
    and_,
    bindparam,
    delete,
    func,
    literal_column,
    or_,
    select,
    update,
)

from syndicate.model import Entry, Image, NewArticle, PageRead, QueuedPage, ReadState, is_dated
from syndicate.store import schema
from syndicate.store.core.column_types import to_json, to_microseconds
from syndicate.store.core.compiled_sql import CompiledStatement
from syndicate.store.core.counts import count_by
from syndicate.store.core.upsert import insert_on
from syndicate.store.ingest.article_store import add_authors
from syndicate.store.ingest.source_store import source_of
from syndicate.store.leases.row_leases import NO_LEASE, change_leased, take_leases
from syndicate.store.output.stale import mark_lists_with, mark_stale
from syndicate.store.search import word_index
from syndicate.text.urls import host_shard

table = schema.page_reads
# The wording of ``net.failures``.
_GONE = re.compile(r" answered (404|410)\b")
_DATES = ("published", "updated")
_LISTS = ("authors", "tags", "read_more")


def _queueing(dialect: str) -> Any:
    """Return the insert of a page that waits; the parameters are the columns of ``queue_pages``."""
    named = ("source_id", "url", "article_id", "entry_json", "content_hash", "published", "shard", "next_try")
    waiting = {"state": ReadState.WAITING.value, "attempts": 0}
    values = {name: bindparam(name) for name in named} | waiting | NO_LEASE
    statement = insert_on(dialect, table).values(**values, has_text=False, error="")
    new = statement.excluded
    again = waiting | {name: new[name] for name in named[3:]}
    again["article_id"] = func.coalesce(table.c.article_id, new.article_id)
    changed = table.c.content_hash != new.content_hash
    return statement.on_conflict_do_update(index_elements=["source_id", "url"], set_=again, where=changed)


_QUEUE = CompiledStatement(_queueing)
_UIDS = schema.articles.c.uid.in_(bindparam("ids", expanding=True))
_IDS_OF_UIDS = CompiledStatement(select(schema.articles.c.uid, schema.articles.c.id).where(_UIDS))


def queue_pages(connection: Connection, source_id: int, pages: Sequence[QueuedPage], now: datetime) -> None:
    """Queue pages; a page that was read or failed is queued again only when its content hash changed."""
    ids = dict(_IDS_OF_UIDS.rows_of(connection, {page.uid for page in pages if page.uid}))
    rows = [
        {
            "source_id": source_id,
            "url": page.url,
            "article_id": ids.get(page.uid),
            "entry_json": None if page.entry is None else to_json(_written(page.entry)),
            "content_hash": page.content_hash,
            "published": to_microseconds(page.published),
            "shard": host_shard(page.url),
            "next_try": to_microseconds(now),
        }
        for page in pages
        if not page.uid or page.uid in ids
    ]
    _QUEUE.execute_many(connection, rows)


def claim_pages(
    connection: Connection,
    *,
    now: datetime,
    owner: str,
    until: datetime,
    per_poll: int,
    limit: int,
    shard: int | None = None,
) -> list[PageRead]:
    """Lease due pages, of a ``shard`` or of all, newest first within each source.

    Between two polls of a source at most ``per_poll`` of its pages are tried. The update takes only rows
    whose lease was free at that time.
    """
    sources = schema.sources
    ids = _next_pages(now, per_poll=per_poll, limit=limit, shard=shard)
    claimed = take_leases(connection, table, ids, now=now, owner=owner, until=until)
    rows = connection.execute(
        select(sources, table.c.id.label("read_id"), table.c.url.label("page_url"), table.c.article_id,
               table.c.entry_json, table.c.published, table.c.attempts)
        .join(table, table.c.source_id == sources.c.id)
        .where(table.c.id.in_(claimed))
        .order_by(table.c.published.desc(), table.c.id.desc())
    )  # fmt: skip
    return [
        PageRead(
            id=row.read_id,
            source=source_of(row),
            url=row.page_url,
            article_id=row.article_id,
            entry=_read(row.entry_json),
            published=row.published,
            attempts=row.attempts,
        )
        for row in rows
    ]


def due_shards(connection: Connection, now: datetime) -> list[int]:
    """Return the shards of the pages that wait for a worker."""
    return list(connection.scalars(select(table.c.shard).where(*_due(now, None)).distinct()))


def _due(now: datetime, shard: int | None) -> list[ColumnElement[bool]]:
    due = [table.c.state == literal_column("'waiting'"), table.c.next_try <= now, table.c.lease_until < now]
    return due if shard is None else [*due, table.c.shard == shard]


def _next_pages(now: datetime, *, per_poll: int, limit: int, shard: int | None) -> Select[tuple[int]]:
    """Return the query for the ids of the next pages: the newest of each source, ``per_poll`` of each."""
    sources = schema.sources
    spent = (
        select(table.c.source_id, func.count().label("tried"))
        .join(sources, sources.c.id == table.c.source_id)
        .where(or_(sources.c.last_attempt.is_(None), table.c.last_try >= sources.c.last_attempt))
        .group_by(table.c.source_id)
        .subquery()
    )
    newest = table.c.published.desc(), table.c.id.desc()
    place = func.row_number().over(partition_by=table.c.source_id, order_by=newest)
    waiting = (
        select(table.c.id, (place + func.coalesce(spent.c.tried, 0)).label("place"))
        .join(sources, sources.c.id == table.c.source_id)
        .outerjoin(spent, spent.c.source_id == table.c.source_id)
        .where(*_due(now, shard), sources.c.paused.is_(False))
        .subquery()
    )
    next_ids = select(waiting.c.id).where(waiting.c.place <= per_poll)
    return next_ids.order_by(waiting.c.place, waiting.c.id).limit(limit)


def finish_page(
    connection: Connection,
    page_id: int,
    state: ReadState,
    *,
    owner: str,
    now: datetime,
    error: str = "",
    next_try: datetime | None = None,
    failed: bool = False,
) -> bool:
    """Store the result of reading a page and release its lease; false when the lease was lost.

    Call it first in the transaction that stores the result. ``failed`` counts an attempt; ``next_try`` is
    the time of the next attempt of a page that waits again.
    """
    values: dict[str, Any] = {"state": state.value, "error": error, "last_try": now, **NO_LEASE}
    values |= {"has_text": True, "attempts": 0} if state is ReadState.READ else {}
    values |= {} if next_try is None else {"next_try": next_try}
    values |= {"attempts": table.c.attempts + 1} if failed else {}
    return change_leased(connection, table, [page_id], owner=owner, **values) == 1


def link_page_to_article(connection: Connection, page_id: int) -> None:
    """Link a page to the article of its source with the same URL, if any."""
    articles = schema.articles
    same = and_(articles.c.source_id == table.c.source_id, articles.c.url == table.c.url)
    article = select(func.max(articles.c.id)).where(same).scalar_subquery()
    connection.execute(update(table).where(table.c.id == page_id).values(article_id=article))


def release_pages(
    connection: Connection, ids: Sequence[int], *, owner: str, next_try: datetime | None = None
) -> None:
    """Release the leases of pages that were not requested; they wait until ``next_try``."""
    wait = {} if next_try is None else {"next_try": next_try}
    change_leased(connection, table, ids, owner=owner, **wait, **NO_LEASE)


def full_text_words(connection: Connection, ids: Sequence[int]) -> dict[int, int]:
    """Return the word counts of the articles among these with the text of their own page."""
    articles = schema.articles
    if not ids:
        return {}
    query = select(articles.c.id, articles.c.words).join(table, table.c.article_id == articles.c.id)
    rows = connection.execute(query.where(articles.c.id.in_(ids), table.c.has_text))
    return {row.id: row.words for row in rows}


def save_full_text(connection: Connection, article_id: int, article: NewArticle) -> None:
    """Replace an article's text by that of its page, and fill in missing fields from the page.

    ``content_hash`` and ``item_hash`` stay as the feed's item has them. Otherwise the next poll would take
    the feed's short text for an edit.
    """
    articles = schema.articles
    row = connection.execute(select(articles).where(articles.c.id == article_id)).one()
    values: dict[str, Any] = {"minutes": article.minutes, "words": article.words, "placed": False}
    image = article.image
    if article.dated and not is_dated(row.published):
        values |= {"published": article.published, "updated": max(article.updated, row.updated)}
    if row.image_json is None and image:
        values["image_json"] = asdict(image)
    if not row.authors_json and article.authors:
        values["authors_json"] = list(article.authors)
        add_authors(connection, {article_id: article.authors})
    if not row.summary and article.summary:
        values["summary"] = article.summary
    if not row.language and article.language:
        values |= {"language": article.language, "direction": article.direction}
    mark_lists_with(connection, [article_id])
    connection.execute(update(articles).where(articles.c.id == article_id).values(**values))
    body = schema.article_bodies
    connection.execute(update(body).where(body.c.article_id == article_id).values(html=article.html))
    word_index.index_again(connection, [article_id])
    mark_stale(connection, [article_id])


def has_only_useless_pages(connection: Connection, source_id: int, since: datetime, pages: int) -> bool:
    """Return whether at least ``pages`` pages were tried since a time and none was usable."""
    query = select(
        func.count().filter(table.c.state == ReadState.READ.value).label("useful"),
        func.count().filter(table.c.state != ReadState.READ.value).label("useless"),
    ).where(table.c.source_id == source_id, table.c.last_try >= since)
    row = connection.execute(query).one()
    return bool(row.useless >= pages and not row.useful)


def failures_in_a_row(connection: Connection, source_id: int) -> int:
    """Return the number of failed attempts since a page of the source was read or refused."""
    ended = table.c.state.in_([ReadState.READ.value, ReadState.REFUSED.value])
    matching = table.c.source_id == source_id
    last = select(func.max(table.c.last_try)).where(matching, ended).scalar_subquery()
    since = or_(last.is_(None), table.c.last_try >= last)
    query = select(func.coalesce(func.sum(table.c.attempts), 0)).where(matching, ~ended, since)
    return int(connection.scalars(query).one())


def count_pages(connection: Connection) -> dict[str, int]:
    """Return the number of pages by state."""
    return count_by(connection, table.c.state)


def refused_pages(connection: Connection, *, limit: int) -> list[tuple[str, int]]:
    """Return the reasons of refused pages and their counts, the most frequent first."""
    query = (
        select(table.c.error, func.count().label("pages"))
        .where(table.c.state == ReadState.REFUSED.value)
        .group_by(table.c.error)
        .order_by(func.count().desc(), table.c.error)
        .limit(limit)
    )
    return [(row.error, row.pages) for row in connection.execute(query)]


def gone_pages(connection: Connection, article_ids: Collection[int]) -> dict[int, int]:
    """Return status 404 or 410 by article id, for articles whose page last answered so."""
    query = select(table.c.article_id, table.c.error).where(table.c.article_id.in_(article_ids))
    query = query.where(table.c.state == ReadState.REFUSED.value)
    answers = ((row.article_id, _GONE.search(row.error)) for row in connection.execute(query))
    return {article_id: int(match[1]) for article_id, match in answers if match}


def allow_gone_page(connection: Connection, article_id: int) -> bool:
    """Count the page of an article as present until it is read again; false when it is not gone."""
    gone = gone_pages(connection, [article_id])
    allowed = update(table).where(table.c.article_id.in_(gone)).values(error="an editor allows it")
    return connection.execute(allowed).rowcount > 0


def prune_pages(connection: Connection, *, before: datetime) -> int:
    """Delete pages without an article whose last attempt was before a time."""
    tried = and_(table.c.state != ReadState.WAITING.value, table.c.last_try < before)
    return connection.execute(delete(table).where(table.c.article_id.is_(None), tried)).rowcount


def _written(entry: Entry) -> dict[str, Any]:
    return {
        name: value.isoformat() if isinstance(value, datetime) else value
        for name, value in asdict(entry).items()
        if value
    }


def _read(facts: dict[str, Any] | None) -> Entry | None:
    if facts is None:
        return None
    values = {"guid": "", "url": "", "title": ""} | facts
    values |= {name: datetime.fromisoformat(values[name]) for name in _DATES if values.get(name)}
    values |= {name: tuple(values[name]) for name in _LISTS if name in values}
    if image := values.get("image"):
        values["image"] = Image(**image)
    return Entry(**values)
