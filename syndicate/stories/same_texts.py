"""Groups of articles with one text: equal labels, and one article that speaks for all of a label.

Sameness is symmetric: no article is the original of another, so no pointer can form a cycle or lose its end.
The speaker is the article published first (of equals, the one with the smaller id), as in every list.
"""

from bisect import bisect_left, insort
from collections.abc import Mapping

from syndicate.stories.index_entry import IndexEntry


class SameTexts:
    """The labels that several articles of an index share."""

    def __init__(self, held: Mapping[int, IndexEntry]) -> None:
        self._held = held
        # Only labels of two articles or more; each article as (published, id), the speaker first.
        self._members: dict[int, list[tuple[float, int]]] = {}

    def members(self, held: IndexEntry) -> tuple[int, ...]:
        """Return the ids of all articles with the text of this one, the speaker first."""
        found = self._members.get(held.text)
        return (held.article_id,) if found is None else tuple(article_id for _, article_id in found)

    def speaker(self, held: IndexEntry) -> IndexEntry:
        """Return the article that speaks for the text of this one."""
        return held if held.speaks else self._held[self._members[held.text][0][1]]

    def join(self, held: IndexEntry, speaker: IndexEntry) -> bool:
        """Give an article the text of another, which speaks for it; return whether it speaks from now on."""
        held.text = speaker.text
        members = self._members.setdefault(held.text, [_place(speaker)])
        insort(members, _place(held))
        held.speaks = members[0][1] == held.article_id
        speaker.speaks = not held.speaks
        return held.speaks

    def leave(self, held: IndexEntry) -> IndexEntry | None:
        """Take an article out of its group; return the new speaker, if that changes."""
        members = self._members.get(held.text)
        if members is None:
            return None
        del members[bisect_left(members, _place(held))]
        first = self._held[members[0][1]]
        if len(members) == 1:
            del self._members[held.text]
        if not held.speaks:
            return None
        first.speaks = True
        return first


def _place(held: IndexEntry) -> tuple[float, int]:
    return held.published, held.article_id
