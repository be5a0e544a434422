"""Tombstones: articles that were pruned or dropped by a rule, and must not come back as new."""

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime

from sqlalchemy import Connection, func, select, update

from syndicate.store import schema
from syndicate.store.core.batches import rows_with
from syndicate.store.core.counts import count_rows
from syndicate.store.core.upsert import insert_for

table = schema.tombstones
SHARED = "shared"
"""Stands in the place of an item's hash for a guid that names several articles."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tombstone:
    """Item that a rule dropped, or, without ``rule``, an item that was pruned under another key.

    ``title_hash`` is that of ``text.names``, ``""`` for an item that its rule would drop again.
    """

    entry_key: str
    item_hash: str
    rule: str = ""
    title_hash: str = ""


def save_tombstones(
    connection: Connection, source_id: int, dropped: Iterable[Tombstone], now: datetime
) -> None:
    """Store tombstones, so that their items are neither parsed nor judged again."""
    rows = [asdict(tombstone) | {"source_id": source_id, "pruned": now} for tombstone in dropped]
    if rows:
        connection.execute(insert_for(connection, table).on_conflict_do_nothing(), rows)


def save_tombstone_hashes(
    connection: Connection, source_id: int, item_hashes: Iterable[tuple[str, str]]
) -> None:
    """Store the new item hashes, by entry key, of pruned articles listed with other bytes."""
    for key, item_hash in item_hashes:
        matching = (table.c.source_id == source_id, table.c.entry_key == key)
        connection.execute(update(table).where(*matching).values(item_hash=item_hash))


def shared_guids(connection: Connection, source_id: int, guids: Iterable[str], mark: str) -> frozenset[str]:
    """Return the guids among these that are known to name several articles of a source.

    The keys of such articles begin with the guid and ``mark``.
    """

    def is_shared(guid: str) -> bool:
        marked = select(table.c.source_id).where(table.c.entry_key == guid, table.c.item_hash == SHARED)
        queries = [marked.where(table.c.source_id == source_id)]
        for each in (table, schema.articles):
            begins = func.substr(each.c.entry_key, 1, len(guid + mark)) == guid + mark
            queries.append(select(each.c.source_id).where(each.c.source_id == source_id, begins))
        return any(connection.execute(query.limit(1)).first() for query in queries)

    return frozenset(filter(is_shared, guids))


def pruned_titles(connection: Connection, source_id: int, hashes: Sequence[str]) -> frozenset[str]:
    """Return the title hashes among these that belong to pruned articles."""
    query = select(table.c.title_hash).where(table.c.source_id == source_id)
    return frozenset(row.title_hash for row in rows_with(connection, query, table.c.title_hash, hashes))


def count_dropped(connection: Connection) -> dict[str, int]:
    """Return the number of articles that each rule dropped, the most first, as far as tombstones go back."""
    count = func.count()
    query = (
        select(table.c.rule, count)
        .where(table.c.rule != "")
        .group_by(table.c.rule)
        .order_by(count.desc(), table.c.rule)
    )
    return {row[0]: row[1] for row in connection.execute(query)}


def count_dropped_of(connection: Connection, source_id: int) -> int:
    """Return the number of a source's articles that rules dropped."""
    return count_rows(connection, table, table.c.source_id == source_id, table.c.rule != "")
