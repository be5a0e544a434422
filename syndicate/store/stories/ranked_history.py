"""Places of stories in the ranked lists at each hour."""

from datetime import datetime, timedelta

from sqlalchemy import Connection, delete, literal, select

from syndicate.store import schema
from syndicate.store.core.column_types import UtcTime
from syndicate.store.core.upsert import insert_for
from syndicate.store.stories.story_moves import current_stories

KEPT = timedelta(days=14)
# Lowest place that is recorded.
_LOWEST = 10


def record_hour(connection: Connection, hour: datetime) -> None:
    """Record the present lists for an hour, unless that was done, and delete old hours."""
    table, ranked = schema.ranked_history, schema.ranked
    places = select(ranked.c.list, literal(hour, UtcTime), ranked.c.position, ranked.c.story_id)
    names = ["list", "hour", "position", "story_id"]
    statement = insert_for(connection, table).from_select(names, places.where(ranked.c.position <= _LOWEST))
    connection.execute(statement.on_conflict_do_nothing())
    connection.execute(delete(table).where(table.c.hour < hour - KEPT))


def places_by_hour(
    connection: Connection, name: str, *, since: datetime, lowest: int
) -> dict[datetime, dict[int, int]]:
    """Return the place of each story in a list by hour, from 1 to ``lowest``; merged stories count as one."""
    table = schema.ranked_history
    query = select(table).where(table.c.list == name, table.c.hour >= since, table.c.position <= lowest)
    rows = connection.execute(query.order_by(table.c.hour, table.c.position)).all()
    current = current_stories(connection, {row.story_id for row in rows})
    found: dict[datetime, dict[int, int]] = {}
    for row in rows:
        found.setdefault(row.hour, {}).setdefault(current[row.story_id], row.position)
    return found
