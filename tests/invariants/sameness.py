"""The one place of these tests that knows how the store and the index say which articles are of one text."""

from collections.abc import Iterable, Iterator

from sqlalchemy import Connection, select

from syndicate.store import schema
from syndicate.stories import StoryIndex


def labels(connection: Connection) -> dict[int, int]:
    """Return a label for each placed article; articles of one text have equal labels."""
    table = schema.articles
    query = select(table.c.id, table.c.same_text).where(table.c.story_id.is_not(None))
    # An article without a label is of no other's text.
    return {row.id: -row.id if row.same_text is None else row.same_text for row in connection.execute(query)}


def index_labels(index: StoryIndex, article_ids: Iterable[int]) -> dict[int, int]:
    """Return the same of the articles that are in the index, as the index has it."""
    return {one: index.text_of(one) for one in article_ids if one in index}


def defects(connection: Connection) -> Iterator[str]:
    """Yield placed articles without a label: equal labels are an equivalence by themselves."""
    table = schema.articles
    query = select(table.c.id).where(table.c.story_id.is_not(None), table.c.same_text.is_(None))
    for article_id in connection.scalars(query):
        yield f"article {article_id} has a story and no label of its text"
