"""Pages of stories that moved lately."""

from datetime import datetime
from typing import NamedTuple, Self

from sqlalchemy import Connection, select, tuple_

from syndicate.model import Article
from syndicate.store import schema
from syndicate.store.core.column_types import from_microseconds, to_microseconds


class Below(NamedTuple):
    """Last row of a page: the next page begins below it. As text, ``microseconds-id``."""

    at: datetime
    id: int

    @classmethod
    def parse(cls, text: str) -> Self | None:
        """Return the place that a text names; ``None`` for any other text."""
        at, _, number = text.partition("-")
        if not (text.isascii() and at.isdecimal() and number.isdecimal() and len(at) < 18 > len(number)):
            return None
        return cls(from_microseconds(int(at)), int(number))

    @classmethod
    def of(cls, article: Article) -> Self:
        """Return the place of an article in a list by publication."""
        return cls(article.published, article.id)

    def text(self) -> str:
        """Return the place as text for an address."""
        return f"{to_microseconds(self.at)}-{self.id}"


def moving_stories(
    connection: Connection, *, since: datetime, below: Below | None, limit: int
) -> list[Below]:
    """Return the stories of two sources or more that changed since a time, the latest change first."""
    table = schema.stories
    query = select(table.c.updated, table.c.id).where(table.c.updated >= since, table.c.coverage > 1)
    if below is not None:
        query = query.where(tuple_(table.c.updated, table.c.id) < tuple(below))
    rows = connection.execute(query.order_by(table.c.updated.desc(), table.c.id.desc()).limit(limit))
    return [Below(*row) for row in rows]
