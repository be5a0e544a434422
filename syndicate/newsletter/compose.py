"""Selection and order of an edition's stories.

The top stories first, then those trending that are not among them. A story an earlier edition
carried comes back only when it has really moved, and then says so. Nothing new, no edition.
"""

import sys
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from syndicate.model import TOP, TRENDING, EditionStory, Newsletter, PublishedArticle, RankedStory, Story
from syndicate.newsletter.periods import Period


@dataclass(frozen=True, slots=True, kw_only=True)
class ComposeOptions:
    """Options of the selection: its balance, and the growth of a story that may come again.

    ``per_source`` is how many stories one source may tell alone while others still have some.
    A carried story has moved when at least ``moved_sources`` more sources cover it, its coverage is
    at least ``moved_ratio`` times what it was, and the period brought new articles.
    """

    per_source: int = 3
    moved_sources: int = 2
    moved_ratio: float = 1.5


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """A story an edition may carry. ``top`` and ``trending`` are its place in each list, if it has one.

    ``times`` holds ``(published, first_seen)`` of its articles; those long before the period may be
    left out. ``pinned``: an editor wants it in, though it may be no news of the period.
    """

    story: Story
    lead: PublishedArticle
    times: tuple[tuple[datetime, datetime], ...]
    top: RankedStory | None = None
    trending: RankedStory | None = None
    pinned: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Carried:
    """A story as the latest edition that carried it did: how many sources covered it then."""

    coverage: int


def is_news(published: datetime, first_seen: datetime, period: Period, *, first: bool) -> bool:
    """Return whether an article belongs to a period: published in it, or just before it and seen too late.

    Late means first seen after the period before had ended, and published at most one period earlier.
    The first edition (``first``) has no such grace: to a new installation everything is first seen now.
    """
    if published >= period.end:
        return False
    if published >= period.start:
        return True
    earliest = period.start - (period.end - period.start)
    return not first and first_seen >= period.start and published >= earliest


def compose(
    newsletter: Newsletter,
    period: Period,
    candidates: Sequence[Candidate],
    earlier: Mapping[int, Carried],
    options: ComposeOptions | None = None,
) -> tuple[EditionStory, ...]:
    """The stories of one edition in order, positions from 1; ``()`` means there is nothing to send.

    At most ``newsletter.stories`` from the top list and ``newsletter.trending`` from the other.
    ``earlier`` holds, by story id, what earlier editions of this newsletter carried; empty means that
    this is the first. The same candidates in any order give the same edition.
    """
    options = options or ComposeOptions()
    fresh = [
        candidate
        for candidate in candidates
        if (candidate.pinned or _brings_news(candidate, period, first=not earlier))
        and _may_appear(candidate, earlier.get(candidate.story.id), options)
    ]
    choice = _Choice(options.per_source)
    top = choice.take(_ranked(fresh, lambda candidate: candidate.top), newsletter.stories)
    trending = choice.take(_ranked(fresh, lambda candidate: candidate.trending), newsletter.trending)
    chosen = [(TOP, *pair) for pair in top] + [(TRENDING, *pair) for pair in trending]
    return tuple(
        EditionStory(
            story_id=candidate.story.id,
            position=position,
            kind=kind,
            coverage=candidate.story.coverage,
            lead=candidate.lead,
            follow_up=candidate.story.id in earlier,
            score=ranked.score,
            parts=ranked.parts,
        )
        for position, (kind, candidate, ranked) in enumerate(chosen, start=1)
    )


def _brings_news(candidate: Candidate, period: Period, *, first: bool) -> bool:
    return any(is_news(published, seen, period, first=first) for published, seen in candidate.times)


def _may_appear(candidate: Candidate, before: Carried | None, options: ComposeOptions) -> bool:
    if before is None:
        return True
    grown = candidate.story.coverage - before.coverage
    return (
        grown >= options.moved_sources and candidate.story.coverage >= options.moved_ratio * before.coverage
    )


def _ranked(
    candidates: Iterable[Candidate], place: Callable[[Candidate], RankedStory | None]
) -> list[tuple[Candidate, RankedStory]]:
    pairs = [(candidate, ranked) for candidate in candidates if (ranked := place(candidate)) is not None]
    return sorted(pairs, key=_order)


def _order(pair: tuple[Candidate, RankedStory]) -> tuple[float, float, int, int]:
    """Sort pinned stories by their places, before the rest by score."""
    candidate, ranked = pair
    pin = ranked.parts.get("pin", sys.maxsize) if candidate.pinned else sys.maxsize
    return pin, -ranked.score, ranked.position, candidate.story.id


class _Choice:
    """Stories taken so far: no story or link twice, and no source too often while others wait."""

    def __init__(self, per_source: int) -> None:
        self._per_source = per_source
        self._taken: set[int | str] = set()
        self._led: Counter[int] = Counter()

    def take(
        self, ranked: list[tuple[Candidate, RankedStory]], count: int
    ) -> list[tuple[Candidate, RankedStory]]:
        """The best ``count`` in rank order; sources beyond their share fill only what is left over."""
        taken: list[tuple[Candidate, RankedStory]] = []
        for share in (self._per_source, sys.maxsize):
            for pair in ranked:
                if len(taken) < count and self._accept(pair[0], share):
                    taken.append(pair)
        return sorted(taken, key=ranked.index)

    def _accept(self, candidate: Candidate, share: int) -> bool:
        source = candidate.lead.source.id
        keys: set[int | str] = {candidate.story.id, candidate.lead.link}
        # What several sources tell is no one source's story, whoever happens to lead it.
        alone = candidate.story.coverage == 1 and not candidate.pinned
        if keys & self._taken or (alone and self._led[source] >= share):
            return False
        self._taken |= keys
        self._led[source] += alone
        return True
