"""Changes to a store restored from a backup, so that no mail is repeated automatically."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, update

from syndicate.store import schema
from syndicate.store.core import store_identity
from syndicate.store.events import post_store
from syndicate.store.mail import delivery_store, edition_store, message_store
from syndicate.store.output import saved_searches


@dataclass(frozen=True, slots=True, kw_only=True)
class MarkedUncertain:
    """Number of deliveries made uncertain, editions put on hold, and periods recorded as missed."""

    deliveries: int
    editions: int
    periods: int


def mark_uncertain(
    connection: Connection,
    periods: Iterable[tuple[str, str, tuple[datetime, datetime]]],
    now: datetime,
    *,
    restored: datetime,
) -> MarkedUncertain:
    """Hold work that may have been done since the backup; record ``periods`` as missed.

    Each period is (newsletter, variant key, (start, end)). Periods that ended before ``restored`` get no
    edition. New rows get ids that no row had since the backup.
    """
    table, newsletters = schema.editions, schema.newsletters
    uncertain = delivery_store.mark_waiting_uncertain(connection, now=now, created_by=restored)
    waiting = update(table).where(table.c.state == edition_store.WAITING)
    held_editions = connection.execute(waiting.values(state=edition_store.HELD, approve_by=None)).rowcount
    message_store.skip_restored(connection, now)
    post_store.mark_posts_restored(connection, now)
    saved_searches.skip_restored_searches(connection, now)
    store_identity.skip_ids(connection)
    missed = edition_store.MISSED
    records = [
        edition_store.record_no_edition(connection, newsletter, variant_key, period, missed, now)
        for newsletter, variant_key, period in periods
    ]
    earlier = newsletters.c.known_since < restored
    connection.execute(update(newsletters).where(earlier).values(known_since=restored))
    recorded = len(records) - records.count(None)
    return MarkedUncertain(deliveries=uncertain, editions=held_editions, periods=recorded)
