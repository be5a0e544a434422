"""From scores to places: the floor, the cap for each source, the rare source's place, the editor's pins."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

# Number of first places that include a place for a rare source.
FIRST_PLACES = 10
# Minimum score of the rare source's story, as a share of the score of the story that it displaces. (A
# choice: a magazine's piece of this morning passes between news of the last hours; yesterday's does not pass
# a story of five sources.)
RARE_SHARE = 1 / 3


@dataclass(frozen=True, slots=True, kw_only=True)
class ScoredStory:
    """Scored story before it gets a place.

    ``only_source`` is its single source, ``None`` for several. ``rare`` means that all its sources publish
    rarely. ``pin`` is the editor's place for it, from 1 (0: none).
    """

    story_id: int
    article_id: int
    score: float
    parts: Mapping[str, float]
    coverage: int
    latest: datetime
    only_source: int | None = None
    rare: bool = False
    pin: int = 0


def arrange_list(
    stories: Iterable[ScoredStory],
    *,
    floor: float,
    per_source: int,
    filled: int,
    limit: int,
    known_above: float = 0.0,
) -> list[ScoredStory] | None:
    """Return the list, best first, each story once.

    Without a pin a story needs a score of at least ``floor``. A source has ``per_source`` places for stories
    that it covers alone; further such stories only fill the list up to ``filled`` places, after all others.
    Then come the rare source's place and the pins.

    Stories that score ``known_above`` or less may be missing, of rare sources with ``RARE_SHARE`` of it: the
    result is ``None`` if a missing story could have a place.
    """
    ordered = sorted(stories, key=lambda story: (-story.score, -story.latest.timestamp(), story.story_id))
    worthy = [story for story in ordered if story.score >= floor and story.score > 0 and not story.pin]
    pinned = [story for story in ordered if story.pin]
    first, surplus = _capped(worthy, per_source)
    sure = sum(1 for story in first if story.score > known_above)
    if known_above > floor and sure < max(limit, filled, FIRST_PLACES):
        return None
    listed = _with_rare(first + surplus[: max(0, filled - len(first))])
    return _with_pins(listed, pinned)[:limit]


def _capped(ordered: Sequence[ScoredStory], per_source: int) -> tuple[list[ScoredStory], list[ScoredStory]]:
    counts = Counter[int]()
    first: list[ScoredStory] = []
    surplus: list[ScoredStory] = []
    for story in ordered:
        if story.only_source is not None:
            counts[story.only_source] += 1
        over = story.only_source is not None and counts[story.only_source] > per_source
        (surplus if over else first).append(story)
    return first, surplus


def _with_rare(listed: list[ScoredStory]) -> list[ScoredStory]:
    """Move the best story of rare sources up to the last of the first ten places, if none is there.

    It stays in its place if its score is below ``RARE_SHARE`` of that place's score.
    """
    if any(story.rare for story in listed[:FIRST_PLACES]):
        return listed
    best = next((story for story in listed[FIRST_PLACES:] if story.rare), None)
    if best is None or best.score < RARE_SHARE * listed[FIRST_PLACES - 1].score:
        return listed
    others = [story for story in listed if story is not best]
    lifted = replace(best, parts={**best.parts, "rare": 1.0})
    return [*others[: FIRST_PLACES - 1], lifted, *others[FIRST_PLACES - 1 :]]


def _with_pins(listed: list[ScoredStory], pinned: list[ScoredStory]) -> list[ScoredStory]:
    """Insert pins at their places, or the next after other pins; pins beyond the end close the list."""
    result = list(listed)
    free = 0
    for story in sorted(pinned, key=lambda scored_story: (scored_story.pin, scored_story.story_id)):
        place = max(story.pin - 1, free)
        result.insert(place, replace(story, parts={**story.parts, "pin": float(story.pin)}))
        free = place + 1
    return result
