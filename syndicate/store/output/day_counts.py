"""Numbers of recent articles, for the front page."""

from collections import Counter
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import Connection, select

from syndicate.store import schema


class RecentCount(NamedTuple):
    """Number of articles of a source in a section."""

    section: str
    source_id: int
    articles: int


def recent_counts(connection: Connection, since: datetime) -> list[RecentCount]:
    """Return the numbers of placed articles since a time, by section key and source."""
    table = schema.articles
    # SQLite would read every article in the order of an index to group them: 35 ms at 100 000, not 1.
    query = select(table.c.section_key, table.c.source_id)
    query = query.where(table.c.published >= since, table.c.story_id.is_not(None))
    counts = Counter((row[0], row[1]) for row in connection.execute(query))
    return [RecentCount(*key, articles) for key, articles in sorted(counts.items())]
