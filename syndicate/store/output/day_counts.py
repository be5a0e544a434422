"""Numbers of recent articles, for the front page."""

from datetime import datetime
from typing import NamedTuple

from sqlalchemy import Connection, func, select

from syndicate.store import schema


class RecentCount(NamedTuple):
    """Number of articles of a source in a section."""

    section: str
    source_id: int
    articles: int


def recent_counts(connection: Connection, since: datetime) -> list[RecentCount]:
    """Return the numbers of placed articles since a time, by section key and source."""
    table = schema.articles
    query = (
        select(table.c.section_key, table.c.source_id, func.count())
        .where(table.c.published >= since, table.c.story_id.is_not(None))
        .group_by(table.c.section_key, table.c.source_id)
        .order_by(table.c.section_key, table.c.source_id)
    )
    return [RecentCount(*row) for row in connection.execute(query)]
