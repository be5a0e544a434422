"""Stories of the articles that editors joined or parted."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence, Set

from syndicate.model import PairDecision
from syndicate.stories.index_entry import IndexEntry
from syndicate.stories.same_texts import SameTexts


class DecidedStories:
    """Editors' decisions about pairs of articles in an index, which similarity never overrides."""

    def __init__(self, entries: Mapping[int, IndexEntry], texts: SameTexts) -> None:
        self._entries = entries
        self._texts = texts
        self.pairs = DecidedPairs()

    def __bool__(self) -> bool:
        return bool(self.pairs)

    def decide(self, decisions: Iterable[PairDecision]) -> None:
        """Set the decisions; those about articles outside of the index are left out."""
        known = [decision for decision in decisions if self._entries.keys() >= {*decision.pair}]
        self.pairs = DecidedPairs(known, lambda number: self._entries[number].text)

    def are_apart(self, entry: IndexEntry, story: int) -> bool:
        """Return whether an article was parted from an article of a story."""
        return self.pairs.are_apart(self.groups_of(entry), self._groups_in(story))

    def have_parted(self, story: int, other: int) -> bool:
        """Return whether two stories have articles that were parted."""
        return self.pairs.are_apart(self._groups_in(story), self._groups_in(other))

    def are_joined(self, story: int, moved: Sequence[int]) -> bool:
        """Return whether any of these articles belongs together with another article of their story."""
        inside = {self.pairs.group_of[number] for number in moved if number in self.pairs.group_of}
        return bool(inside & self._groups_in(story, moved))

    def group_in(self, group: int, story: int) -> tuple[int, ...]:
        """Return the articles of a group in a story, with all articles of the same texts."""
        named = (self._entries[number] for number, other in self.pairs.group_of.items() if other == group)
        texts = {entry.text: entry for entry in named if entry.story == story}
        return tuple(number for entry in texts.values() for number in self._texts.members(entry))

    def _groups_in(self, story: int, besides: Sequence[int] = ()) -> set[int]:
        known = ((self._entries.get(number), number) for number in self.pairs.group_of)
        return {
            self.pairs.group_of[number]
            for entry, number in known
            if entry is not None and entry.story == story and number not in besides
        }

    def groups_of(self, entry: IndexEntry) -> set[int]:
        """Return the groups of the decisions that name an article or one with the same text."""
        group_of = self.pairs.group_of
        return {group_of[number] for number in self._texts.members(entry) if number in group_of}


class DecidedPairs:
    """Groups of articles that belong together, and groups that never share a story.

    ``group_of`` is the group of each named article. ``joined`` and ``parted`` are the decisions in effect,
    the newest first. Articles with the same text are always together, whatever was decided.
    """

    def __init__(
        self, decisions: Iterable[PairDecision] = (), text_of: Callable[[int], int] = lambda number: number
    ) -> None:
        """``text_of`` returns the label of an article's text."""
        ordered = sorted(decisions, key=lambda decision: -decision.number)
        self.joined: list[PairDecision] = []
        self.parted: list[PairDecision] = []
        self._parents: dict[int, int] = {}
        self._apart: defaultdict[int, set[int]] = defaultdict(set)
        for decision in ordered:
            first, second = (self._root(text_of(number)) for number in decision.pair)
            if decision.parts and first != second:
                self._apart[first].add(second)
                self._apart[second].add(first)
                self.parted.append(decision)
            elif not decision.parts and second not in self._apart[first]:
                self._unite(first, second)
                self.joined.append(decision)
        named = {number for decision in ordered for number in decision.pair}
        self.group_of = {number: self._root(text_of(number)) for number in named}

    def __bool__(self) -> bool:
        return bool(self.group_of)

    def are_apart(self, groups: Set[int], others: Set[int]) -> bool:
        """Return whether any of these groups must not share a story with any of the others."""
        return any(not self._apart[group].isdisjoint(others) for group in groups if group in self._apart)

    def _root(self, text: int) -> int:
        while (parent := self._parents.get(text, text)) != text:
            text = parent
        return text

    def _unite(self, first: int, second: int) -> None:
        if first == second:
            return
        self._parents[first] = second
        for other in self._apart.pop(first, ()):
            self._apart[other] = self._apart[other] - {first} | {second}
            self._apart[second].add(other)
