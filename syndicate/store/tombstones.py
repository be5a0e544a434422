"""Articles that must not come back as new: those that were pruned, and those that a rule dropped."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, func, select, update

from syndicate.store import schema
from syndicate.store.upsert import insert_for


@dataclass(frozen=True, slots=True, kw_only=True)
class Dropped:
    """An item that a rule dropped."""

    entry_key: str
    digest: str
    rule: str


def remember_dropped(
    connection: Connection, source_id: int, dropped: Iterable[Dropped], now: datetime
) -> None:
    """Leave a tombstone for each, so that the item is neither read nor judged again."""
    table = schema.tombstones
    rows = [
        {
            "source_id": source_id,
            "entry_key": one.entry_key,
            "digest": one.digest,
            "pruned": now,
            "rule": one.rule,
        }
        for one in dropped
    ]
    if rows:
        connection.execute(insert_for(connection, table).on_conflict_do_nothing(), rows)


def note_buried_digests(connection: Connection, source_id: int, digests: Iterable[tuple[str, str]]) -> None:
    """Remember (entry key, raw digest) of buried articles that came as other bytes."""
    table = schema.tombstones
    for key, digest in digests:
        mine = (table.c.source_id == source_id, table.c.entry_key == key)
        connection.execute(update(table).where(*mine).values(digest=digest))


def count_dropped(connection: Connection) -> dict[str, int]:
    """How many articles each rule dropped, as far as tombstones reach back; most first."""
    table = schema.tombstones
    count = func.count()
    query = (
        select(table.c.rule, count)
        .where(table.c.rule != "")
        .group_by(table.c.rule)
        .order_by(count.desc(), table.c.rule)
    )
    return {row[0]: row[1] for row in connection.execute(query)}
