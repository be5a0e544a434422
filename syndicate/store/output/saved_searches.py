"""Saved searches of readers and operators, and the articles that they have looked at."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Row, func, insert, or_, select, text, update

from syndicate.model import Article, Clause
from syndicate.store import schema
from syndicate.store.output.channel_store import newest_articles, shown_articles

table = schema.saved_searches
# The text must equal that of the partial index.
_LIVE = text("saved_searches.ended IS NULL")
DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class SavedSearch:
    """Query of a subscription, or of an operator without one.

    Articles up to ``seen_id`` were looked at. The next mail or event is sent at ``next_at`` at the earliest,
    ``per_day`` a day.
    """

    id: int
    subscription_id: int | None
    created_by: str
    query: str
    per_day: int
    seen_id: int
    next_at: datetime
    created: datetime
    ended: datetime | None = None


def add_search(connection: Connection, search: SavedSearch) -> SavedSearch:
    """Insert a search, which begins with the next article; return it with its id."""
    values = {name: getattr(search, name) for name in SavedSearch.__dataclass_fields__ if name != "id"}
    values["seen_id"] = last_placed(connection)
    row = connection.execute(insert(table).values(**values).returning(*table.c)).one()
    return _search(row)


def get_search(connection: Connection, search_id: int) -> SavedSearch | None:
    """Return a search, which may have ended."""
    row = connection.execute(select(table).where(table.c.id == search_id)).first()
    return None if row is None else _search(row)


def list_searches(connection: Connection, subscription_id: int | None = None) -> list[SavedSearch]:
    """Return the searches that have not ended, all or of a subscription, the oldest first."""
    query = select(table).where(_LIVE).order_by(table.c.id)
    if subscription_id is not None:
        query = query.where(table.c.subscription_id == subscription_id)
    return [_search(row) for row in connection.execute(query)]


def due_searches(
    connection: Connection, now: datetime, newsletters: Collection[str], upto: int
) -> list[SavedSearch]:
    """Return the 100 searches that have waited longest and have not looked at the articles up to an id.

    They are of operators, or of subscriptions of these newsletters.
    """
    subscriptions = schema.subscriptions
    named = or_(table.c.subscription_id.is_(None), subscriptions.c.newsletter.in_(newsletters))
    query = select(table).outerjoin(subscriptions, subscriptions.c.id == table.c.subscription_id)
    due = query.where(_LIVE, named, table.c.next_at <= now, table.c.seen_id < upto)
    return [_search(row) for row in connection.execute(due.order_by(table.c.next_at, table.c.id).limit(100))]


def end_search(connection: Connection, search_id: int, now: datetime) -> bool:
    """End a search; false if it has ended or never was."""
    ending = update(table).where(table.c.id == search_id, _LIVE)
    return connection.execute(ending.values(ended=now)).rowcount == 1


def advance_search(connection: Connection, search: SavedSearch, seen_id: int, next_at: datetime) -> bool:
    """Note the articles that were looked at; false if another process did it, or the search has ended."""
    same = update(table).where(table.c.id == search.id, table.c.seen_id == search.seen_id, _LIVE)
    return connection.execute(same.values(seen_id=seen_id, next_at=next_at)).rowcount == 1


def last_placed(connection: Connection) -> int:
    """Return the largest id up to which every article has its place in a story."""
    articles = schema.articles
    waiting = connection.scalar(select(func.min(articles.c.id)).where(text("NOT articles.placed")))
    if waiting is not None:
        return int(waiting) - 1
    return connection.scalar(select(func.max(articles.c.id))) or 0


def new_matches(
    connection: Connection,
    clauses: Sequence[Clause],
    ids: tuple[int, int],
    *,
    since: datetime,
    limit: int,
) -> list[Article]:
    """Return the newest matching articles with an id after the first and up to the second of ``ids``."""
    shown = shown_articles(connection, clauses, (ids[0] + 1, ids[1]))
    return newest_articles(connection, [*shown, schema.articles.c.published >= since], limit)


def skip_restored_searches(connection: Connection, now: datetime) -> None:
    """Let the searches of a restored store begin anew: their matches may have been sent since the backup."""
    waiting = update(table).where(_LIVE).values(seen_id=last_placed(connection), next_at=now + DAY)
    connection.execute(waiting)


def _search(row: Row[Any]) -> SavedSearch:
    return SavedSearch(**row._asdict())
