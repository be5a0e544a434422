"""The one place of these tests that knows how the store and the index say which articles are of one text."""

from collections.abc import Iterable, Iterator, Mapping

from sqlalchemy import Connection, select

from syndicate.store import schema
from syndicate.stories import StoryIndex


def labels(connection: Connection) -> dict[int, int]:
    """Return a label for each placed article; articles of one text have equal labels."""
    pointers = _pointers(connection)
    return {article_id: _root(article_id, pointers) for article_id in pointers}


def index_labels(index: StoryIndex, article_ids: Iterable[int]) -> dict[int, int]:
    """Return the same of the articles that are in the index, as the index has it."""
    held = {one: index._held[one].duplicate_of for one in article_ids if one in index}
    return {one: one if held[one] is None else held[one] or one for one in held}


def defects(connection: Connection) -> Iterator[str]:
    """Yield what is wrong with the representation itself."""
    pointers = _pointers(connection)
    for article_id, original in pointers.items():
        if original is None:
            continue
        if original not in pointers:
            yield f"article {article_id} is a copy of {original}, which is gone"
        elif pointers[original] is not None:
            kind = "a cycle" if _root(article_id, pointers) in (article_id, original) else "a chain"
            yield f"{kind}: article {article_id} is a copy of {original}, a copy of {pointers[original]}"


def is_copy(article_id: int, found: Mapping[int, int]) -> bool:
    """Return whether a story should rather be led by another article of that text."""
    return found.get(article_id) != article_id


def _pointers(connection: Connection) -> dict[int, int | None]:
    table = schema.articles
    query = select(table.c.id, table.c.duplicate_of).where(table.c.story_id.is_not(None))
    return {row.id: row.duplicate_of for row in connection.execute(query)}


def _root(article_id: int, pointers: Mapping[int, int | None]) -> int:
    seen = {article_id}
    while (above := pointers.get(article_id)) is not None:
        if above in seen:
            return min(seen)
        seen.add(above)
        article_id = above
    return article_id
