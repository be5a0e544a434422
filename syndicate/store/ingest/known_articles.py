"""Known articles of sources, present or pruned, and items that need no parsing.

The queries take several sources at once, because polls are stored in batches.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import BindParameter, Column, ColumnElement, Connection, bindparam, select, tuple_, union_all

from syndicate.model import EARLIEST, KnownArticle, SourceKind
from syndicate.store import schema
from syndicate.store.core import quarantine
from syndicate.store.core.batches import in_batches
from syndicate.store.core.column_types import from_microseconds, to_microseconds
from syndicate.store.core.compiled_sql import CompiledStatement

_BATCH = 500
MAX_SIMILAR = 5_000
# Latest articles of a source that show whether it dates its entries.
_LATEST = 500
_KNOWN = tuple(KnownArticle.__dataclass_fields__)
_TIMES = ("published", "first_seen")
# A single expanding parameter: SQLAlchemy examines each value of a list inside a statement.
_VALUES: BindParameter[str] = bindparam("values", expanding=True)
_FACTS = select(*(schema.articles.c[name] for name in _KNOWN))
_SOURCES: BindParameter[int] = bindparam("sources", expanding=True)
# Pairs of a source id and a key, URL, time or hash.
_PAIRS: BindParameter[tuple[int, str]] = bindparam("pairs", expanding=True)


def _paired(column: Column[Any]) -> ColumnElement[bool]:
    return tuple_(column.table.c.source_id, column).in_(_PAIRS)


def _hashes(condition: Callable[[Column[Any]], ColumnElement[bool]]) -> CompiledStatement:
    """Return the statement for the hashes of items not to parse, with their sources."""
    failed = schema.quarantine.c
    columns = schema.articles.c.item_hash, schema.tombstones.c.item_hash
    read = (select(c.table.c.source_id, c).where(condition(c)) for c in columns)
    entries = select(failed.source_id, failed.subject).where(failed.source_id.in_(_SOURCES))
    entries = entries.where(failed.kind == "entry", failed.attempts >= quarantine.LIMIT)
    return CompiledStatement(union_all(*read, entries))


_ALL_HASHES = _hashes(lambda column: column.table.c.source_id.in_(_SOURCES))
_LISTED_HASHES = _hashes(_paired)
_FACTS_OF_SOURCES = select(schema.articles.c.source_id, *(schema.articles.c[name] for name in _KNOWN))
_BY_KEYS = CompiledStatement(_FACTS_OF_SOURCES.where(_paired(schema.articles.c.entry_key)))
_BY_URLS = CompiledStatement(_FACTS_OF_SOURCES.where(_paired(schema.articles.c.url)))
_SIMILAR = _FACTS_OF_SOURCES.where(_paired(schema.articles.c.published))
_BY_TIMES = CompiledStatement(_SIMILAR.order_by(schema.articles.c.id.desc()).limit(MAX_SIMILAR))
_OF_SOURCE = schema.articles.c.source_id == bindparam("source")
_SAME_TITLE = _FACTS.where(_OF_SOURCE, schema.articles.c.title.in_(_VALUES))
_BY_TITLES = _SAME_TITLE.order_by(schema.articles.c.id.desc()).limit(MAX_SIMILAR)
_PRUNED = select(schema.tombstones.c.source_id, schema.tombstones.c.entry_key)
_PRUNED_BY_KEYS = CompiledStatement(_PRUNED.where(_paired(schema.tombstones.c.entry_key)))


def sources_with_dates(connection: Connection, source_ids: Collection[int]) -> set[int]:
    """Return the sources among these that dated one of their latest articles.

    Folders and own articles never count.
    """
    table, sources = schema.articles, schema.sources
    if not source_ids:
        return set()
    # The latest show it: a source that once dated an article keeps its undated articles undated, in the past.
    latest = select(table.c.published, table.c.first_seen).where(table.c.source_id == sources.c.id)
    latest = latest.where(table.c.published >= EARLIEST).order_by(table.c.published.desc(), table.c.id.desc())
    shown = latest.limit(_LATEST).correlate(sources).subquery()
    dated = select(shown.c.published).where(shown.c.published != shown.c.first_seen).exists()
    requested = [kind for kind in SourceKind if kind.is_requested]
    query = select(sources.c.id).where(sources.c.id.in_(source_ids), sources.c.kind.in_(requested))
    return set(connection.scalars(query.where(dated)))


def known_item_hashes(
    connection: Connection, listed: Mapping[int, Sequence[str]]
) -> dict[int, frozenset[str]]:
    """Return, by source, the hashes of items read before (also pruned or dropped), or failed too often.

    Only the ``listed`` hashes are looked up; of a source that lists none, all are returned.
    """
    found: dict[int, set[str]] = {source_id: set() for source_id in listed}
    rows: list[tuple[Any, ...]] = []
    if whole := [source_id for source_id, hashes in listed.items() if not hashes]:
        rows += _ALL_HASHES.rows(connection, {"sources": whole})
    pairs = [(source_id, item_hash) for source_id, hashes in listed.items() for item_hash in hashes]
    for batch in in_batches(pairs, _BATCH):
        rows += _LISTED_HASHES.rows(connection, {"pairs": batch, "sources": [*found]})
    for source_id, item_hash in rows:
        found[source_id].add(item_hash)
    return {source_id: frozenset(item_hashes) for source_id, item_hashes in found.items()}


def known_entries(
    connection: Connection, asked: Mapping[int, tuple[Sequence[str], Sequence[str]]]
) -> dict[int, tuple[tuple[KnownArticle, ...], frozenset[str]]]:
    """Return, by source, the articles with these entry keys or URLs, and the pruned keys.

    ``asked`` maps a source id to (entry keys, canonical URLs). Articles of pruned keys must not come back
    as new.
    """
    keys = [(source, key) for source, (keys, _) in asked.items() for key in keys]
    urls = [(source, url) for source, (_, urls) in asked.items() for url in urls if url]
    found: dict[int, dict[int, KnownArticle]] = {source: {} for source in asked}
    for query, pairs in ((_BY_KEYS, keys), (_BY_URLS, urls)):
        for batch in in_batches(pairs, _BATCH):
            for source, *facts in query.rows(connection, {"pairs": batch}):
                article = _known(facts)
                found[source][article.id] = article
    pruned: dict[int, set[str]] = {source: set() for source in asked}
    for source, key in pruned_keys(connection, keys):
        pruned[source].add(key)
    return {source: (tuple(found[source].values()), frozenset(pruned[source])) for source in asked}


def articles_published_at(
    connection: Connection, times: Mapping[int, Sequence[datetime]]
) -> dict[int, list[KnownArticle]]:
    """Return, by source, at most ``MAX_SIMILAR`` articles published at exactly these times."""
    pairs = [(source, to_microseconds(at)) for source, published in times.items() for at in published]
    found: dict[int, list[KnownArticle]] = {source: [] for source in times}
    for batch in in_batches(pairs, _BATCH):
        rows = _BY_TIMES.rows(connection, {"pairs": batch})
        if len(rows) == MAX_SIMILAR and len(times) > 1:
            # The limit must hold for each source, so that no source's articles displace another's.
            return {
                source: articles_published_at(connection, {source: published})[source]
                for source, published in times.items()
            }
        for source, *facts in rows:
            found[source].append(_known(facts))
    return found


def _known(facts: Sequence[Any]) -> KnownArticle:
    """Return an article from a raw row."""
    named = dict(zip(_KNOWN, facts, strict=True))
    for at in _TIMES:
        named[at] = from_microseconds(named[at])
    return KnownArticle(**named)


def articles_of_titles(connection: Connection, source_id: int, titles: Sequence[str]) -> list[KnownArticle]:
    """Return at most ``MAX_SIMILAR`` articles per batch of a source with exactly these titles."""
    return [
        KnownArticle(**row._asdict())
        for batch in in_batches(titles, _BATCH)
        for row in connection.execute(_BY_TITLES, {"source": source_id, "values": batch})
    ]


def pruned_keys(connection: Connection, keys: Sequence[tuple[int, str]]) -> list[tuple[Any, ...]]:
    """Return the pairs of a source and a key among these whose articles were pruned or never accepted."""
    batches = in_batches(keys, _BATCH)
    return [row for batch in batches for row in _PRUNED_BY_KEYS.rows(connection, {"pairs": batch})]
