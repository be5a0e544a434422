"""Groups of articles with the same text: equal labels, and a representative for each label.

Sameness is symmetric: no article is the original of another, so no pointer can form a cycle or dangle. The
representative is the article published first (of equals, the smaller id), as in every list.
"""

from bisect import bisect_left, insort
from collections.abc import Mapping

from syndicate.stories.index_entry import IndexEntry


class SameTexts:
    """Labels that several articles of an index share."""

    def __init__(self, entry: Mapping[int, IndexEntry]) -> None:
        self._entries = entry
        # Only labels of two articles or more; each article as (published, id), the representative first.
        self._members: dict[int, list[tuple[float, int]]] = {}

    def members(self, entry: IndexEntry) -> tuple[int, ...]:
        """Return the ids of all articles with this entry's text, the representative first."""
        members = self._members.get(entry.text)
        return (entry.article_id,) if members is None else tuple(article_id for _, article_id in members)

    def representative(self, entry: IndexEntry) -> IndexEntry:
        """Return the representative of this entry's text."""
        return entry if entry.is_representative else self._entries[self._members[entry.text][0][1]]

    def join(self, entry: IndexEntry, representative: IndexEntry) -> bool:
        """Give an entry the text of a representative; return whether the entry becomes the representative."""
        entry.text = representative.text
        members = self._members.setdefault(entry.text, [_place(representative)])
        insort(members, _place(entry))
        entry.is_representative = members[0][1] == entry.article_id
        representative.is_representative = not entry.is_representative
        return entry.is_representative

    def leave(self, entry: IndexEntry) -> IndexEntry | None:
        """Remove an entry from its group; return the new representative, if it changes."""
        members = self._members.get(entry.text)
        if members is None:
            return None
        del members[bisect_left(members, _place(entry))]
        first = self._entries[members[0][1]]
        if len(members) == 1:
            del self._members[entry.text]
        if not entry.is_representative:
            return None
        first.is_representative = True
        return first


def _place(entry: IndexEntry) -> tuple[float, int]:
    return entry.published, entry.article_id
