"""Feed documents that a hub must be notified of (WebSub publisher)."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, and_, delete, select, update

from syndicate.store import schema
from syndicate.store.core.upsert import upsert


@dataclass(frozen=True, slots=True, kw_only=True)
class Announcement:
    """Feed document whose latest bytes (by ``document_hash``) the hub has not been notified of."""

    topic: str
    document_hash: str
    attempts: int


def record_documents(connection: Connection, document_hashes: Mapping[str, str], now: datetime) -> None:
    """Record the hashes of written documents by URL; changed documents are announced."""
    table = schema.announcements
    for topic, document_hash in sorted(document_hashes.items()):
        fresh = {"document_hash": document_hash, "next_try": now, "attempts": 0, "error": ""}
        changed = table.c.document_hash != document_hash
        upsert(connection, table, {"topic": topic}, fresh, where=changed)


def claim_announcements(connection: Connection, *, now: datetime, until: datetime) -> list[Announcement]:
    """Claim due announcements; no other process gets them before ``until``."""
    table = schema.announcements
    query = select(table.c.topic, table.c.document_hash, table.c.attempts).where(table.c.next_try <= now)
    rows = list(connection.execute(query.order_by(table.c.topic).with_for_update(skip_locked=True)))
    topics = [row.topic for row in rows]
    connection.execute(update(table).where(table.c.topic.in_(topics)).values(next_try=until))
    return [Announcement(**row._asdict()) for row in rows]


def finish_announcement(
    connection: Connection, done: Announcement, *, next_try: datetime | None, error: str
) -> bool:
    """Store the result of a notification; false when the document changed and must be announced again."""
    table = schema.announcements
    same = and_(table.c.topic == done.topic, table.c.document_hash == done.document_hash)
    values = {"next_try": next_try, "attempts": done.attempts + 1 if error else 0, "error": error}
    return connection.execute(update(table).where(same).values(**values)).rowcount == 1


def delete_announcements(connection: Connection) -> None:
    """Delete all announcements, since no hub is configured any more."""
    connection.execute(delete(schema.announcements))
