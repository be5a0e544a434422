"""Pairs of articles that editors joined or parted, resolved into groups.

A newer decision precedes older decisions: an older decision that contradicts newer decisions has no effect.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Set

from syndicate.model import PairDecision


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
