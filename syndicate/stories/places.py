"""From scores to places: the floor, the cap for each source, the rare source's place, the editor's pins."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from math import inf

# Among so many first places one is for a source that publishes rarely.
FIRST_PLACES = 10
# It needs this share of the score of the story whose place it takes. (A choice: a magazine's piece of this
# morning passes between news of the last hours, one of yesterday does not pass a story of five sources.)
RARE_SHARE = 1 / 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Scored:
    """A story with its score, about to get a place.

    ``alone`` is the only source that tells it, ``None`` when several do; ``rare`` says that all its
    sources publish rarely; ``pin`` is the place an editor wants it at, from 1 (0: none).
    """

    story_id: int
    article_id: int
    score: float
    parts: Mapping[str, float]
    coverage: int
    latest: datetime
    alone: int | None = None
    rare: bool = False
    pin: int = 0


def best_first(one: Scored) -> tuple[float, float, int]:
    """Return the sort key of a list: at equal score the fresher story first, then the smaller id."""
    return -one.score, -one.latest.timestamp(), one.story_id


class Places:
    """A list while it is filled, from the best story downwards.

    Without a pin a story needs a score of at least ``floor``. A source has ``per_source`` places for
    stories that it tells alone; what it has beyond them only fills the list up to ``filled`` places,
    after everyone else's. Then the rare source's place, then the pins.
    """

    def __init__(self, *, floor: float, per_source: int, filled: int, limit: int) -> None:
        self._floor, self._per_source, self._filled, self._limit = floor, per_source, filled, limit
        self._told = Counter[int | None]()
        self._first: list[Scored] = []
        self._surplus: list[Scored] = []

    @property
    def least(self) -> float:
        """The score below which no further story can have a place."""
        if len(self._first) < max(self._limit, self._filled, FIRST_PLACES):
            return self._floor
        if any(one.rare for one in self._first):
            return inf
        return max(self._floor, RARE_SHARE * self._first[FIRST_PLACES - 1].score)

    def takes(self, alone: int | None, *, rare: bool) -> bool:
        """Return whether a story with the next score can have a place; once false, it stays false."""
        if alone is not None and self._told[alone] >= self._per_source:
            return len(self._first) + len(self._surplus) < self._filled
        return rare or len(self._first) < max(self._limit, self._filled, FIRST_PLACES)

    def add(self, one: Scored) -> bool:
        """Add the next story without a pin; return false when neither it nor a later story has a place."""
        if one.score < self.least or one.score <= 0:
            return False
        if self.takes(one.alone, rare=one.rare):
            over = one.alone is not None and self._told[one.alone] >= self._per_source
            self._told[one.alone] += 1
            (self._surplus if over else self._first).append(one)
        return True

    def listed(self, pinned: Iterable[Scored]) -> list[Scored]:
        """Return the list, best first, each story once."""
        filling = self._surplus[: max(0, self._filled - len(self._first))]
        return _with_pins(_with_rare(self._first + filling), pinned)[: self._limit]


def _with_rare(listed: list[Scored]) -> list[Scored]:
    """Move the best story of rare sources up to the last of the first ten places, if none is there.

    It stays where it is when it has less than ``RARE_SHARE`` of the score of the story that is there.
    """
    if any(one.rare for one in listed[:FIRST_PLACES]):
        return listed
    best = next((one for one in listed[FIRST_PLACES:] if one.rare), None)
    if best is None or best.score < RARE_SHARE * listed[FIRST_PLACES - 1].score:
        return listed
    others = [one for one in listed if one is not best]
    lifted = replace(best, parts={**best.parts, "rare": 1.0})
    return [*others[: FIRST_PLACES - 1], lifted, *others[FIRST_PLACES - 1 :]]


def _with_pins(listed: list[Scored], pinned: Iterable[Scored]) -> list[Scored]:
    """Pins at the places asked for, or the next after other pins; those beyond the end close the list."""
    result = list(listed)
    free = 0
    for one in sorted(pinned, key=lambda one: (one.pin, one.story_id)):
        place = max(one.pin - 1, free)
        result.insert(place, replace(one, parts={**one.parts, "pin": float(one.pin)}))
        free = place + 1
    return result
