"""Known articles of sources, present or pruned, and items that need no parsing.

The queries take several sources at once, because polls are stored in batches.
"""

from collections.abc import Collection, Mapping, Sequence
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
_KNOWN = tuple(KnownArticle.__dataclass_fields__)
_TIMES = ("published", "first_seen")
# A single expanding parameter: SQLAlchemy examines each value of a list inside a statement.
_VALUES: BindParameter[str] = bindparam("values", expanding=True)
_FACTS = select(*(schema.articles.c[name] for name in _KNOWN))
_SOURCES: BindParameter[int] = bindparam("sources", expanding=True)
_HASHES = tuple(
    select(column.table.c.source_id, column).where(column.table.c.source_id.in_(_SOURCES))
    for column in (schema.articles.c.item_hash, schema.tombstones.c.item_hash, schema.quarantine.c.subject)
)
_FAILED = schema.quarantine.c.kind == "entry", schema.quarantine.c.attempts >= quarantine.LIMIT
_ITEM_HASHES = CompiledStatement(union_all(*_HASHES[:2], _HASHES[2].where(*_FAILED)))
# Pairs of a source id and a key, URL or time.
_PAIRS: BindParameter[tuple[int, str]] = bindparam("pairs", expanding=True)


def _paired(column: Column[Any]) -> ColumnElement[bool]:
    return tuple_(column.table.c.source_id, column).in_(_PAIRS)


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
    """Return the sources among these that ever dated an article; folders never count."""
    table, sources = schema.articles, schema.sources
    if not source_ids:
        return set()
    query = (
        select(table.c.source_id)
        .join(sources, sources.c.id == table.c.source_id)
        .where(
            table.c.source_id.in_(source_ids),
            table.c.published >= EARLIEST,
            table.c.published != table.c.first_seen,
            sources.c.kind != SourceKind.FOLDER,
        )
    )
    return set(connection.scalars(query.distinct()))


def known_item_hashes(connection: Connection, source_ids: Collection[int]) -> dict[int, frozenset[str]]:
    """Return, by source, the hashes of items read before (also pruned or dropped), or failed too often."""
    found: dict[int, set[str]] = {source_id: set() for source_id in source_ids}
    if found:
        for source_id, item_hash in _ITEM_HASHES.rows(connection, {"sources": list(found)}):
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
    for batch in in_batches(keys, _BATCH):
        for source, key in _PRUNED_BY_KEYS.rows(connection, {"pairs": batch}):
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


def pruned_keys(connection: Connection, source_id: int, keys: Sequence[str]) -> frozenset[str]:
    """Return the keys among these whose articles were pruned or rejected from the start."""
    return frozenset(
        key
        for batch in in_batches(keys, _BATCH)
        for _, key in _PRUNED_BY_KEYS.rows(connection, {"pairs": [(source_id, key) for key in batch]})
    )
