"""Stories that compete for the lists: few have to be scored anew when one of them moves.

While nothing happens to a story, its score in ``top`` only falls. So its last score is a bound, and scoring
ends where no bound reaches the list any more. A story in ``trending`` needs several sources in the last hours.
"""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from heapq import heappop, heappush
from itertools import chain
from math import inf

from syndicate.model import RankedStory
from syndicate.stories.places import Scored, best_first
from syndicate.stories.ranking import (
    RankingOptions,
    StoryFacts,
    hours_back,
    listed_top,
    most_reads,
    rank_trending,
    score_top,
    top_places,
)

Lists = tuple[tuple[RankedStory, ...], tuple[RankedStory, ...]]

# Rounding does not lift a score above its bound.
_MARGIN = 1 + 1e-9


class Contenders:
    """Facts of stories, and a bound of each story's score."""

    def __init__(self, options: RankingOptions) -> None:
        self._options = options
        # The stories that moved last come last.
        self._stories: dict[int, StoryFacts] = {}
        # Stories that moved, or have an article from the future: in no heap yet.
        self._unbounded: set[int] = set()
        self._latest: dict[int, datetime] = {}
        # (-bound, story); an entry counts while the bound is the story's.
        self._heap: list[tuple[float, int]] = []
        self._bounds: dict[int, float] = {}
        self._trends: dict[int, datetime] = {}
        self._scale: tuple[datetime, float, int] | None = None

    def put(self, story: StoryFacts) -> None:
        """Take what is now known of a story."""
        self.remove(story.story_id)
        self._stories[story.story_id] = story
        self._unbounded.add(story.story_id)

    def remove(self, story_id: int) -> None:
        """Forget a story."""
        self._unbounded.discard(story_id)
        for facts in (self._stories, self._latest, self._bounds, self._trends):
            facts.pop(story_id, None)

    def lists(self, now: datetime, step: datetime, usual: Mapping[str, float]) -> Lists:
        """Return ``top`` and ``trending``, as of the step or of the newest article known if that is later.

        ``usual`` has the usual rate of each topic and replaces that of the facts.
        """
        moved = (article.seen for story_id in self._unbounded for article in self._stories[story_id].articles)
        seen = chain(moved, self._latest.values())
        moment = max((one for one in seen if step < one <= now), default=step)
        hours = hours_back(reversed(self._stories.values()), moment, self._options)
        most = most_reads(self._stories.values()) if self._options.reads else 0
        before = self._scale or (moment, hours, most)
        if moment < before[0] or hours > before[1] or most < before[2]:
            # Scores may have risen.
            self._heap, self._unbounded = [], set(self._stories)
        self._scale = moment, hours, most
        self._settle(moment)
        return self._top(moment, hours, most), self._trending(moment, usual)

    def _settle(self, moment: datetime) -> None:
        options = self._options
        for story_id in sorted(self._unbounded):
            newest: dict[int, datetime] = {}
            for article in self._stories[story_id].articles:
                newest[article.source_id] = max(article.seen, newest.get(article.source_id, article.seen))
            times = sorted(newest.values(), reverse=True)
            if len(times) >= options.least_sources:
                ends = times[options.least_sources - 1] + timedelta(hours=options.burst_hours)
                self._trends[story_id] = ends
            if times[0] <= moment:
                self._unbounded.remove(story_id)
                self._latest[story_id] = times[0]
                self._bound(story_id, inf)

    def _bound(self, story_id: int, bound: float) -> None:
        self._bounds[story_id] = bound
        if bound > 0:
            heappush(self._heap, (-bound, story_id))

    def _top(self, moment: datetime, hours: float, most: int) -> tuple[RankedStory, ...]:
        places = top_places(self._options)
        ready: list[tuple[tuple[float, float, int], Scored]] = []
        pinned: list[Scored] = []
        bounds: dict[int, float] = {}

        def score(story_id: int) -> float:
            scored = score_top(self._stories[story_id], moment, hours, most, self._options)
            if scored is None:
                return 0.0
            if scored.pin:
                pinned.append(scored)
                return inf
            heappush(ready, (best_first(scored), scored))
            return scored.score * _MARGIN

        for story_id in self._unbounded:
            score(story_id)
        while True:
            while self._heap and -self._heap[0][0] >= max(places.least, ready[0][1].score if ready else 0.0):
                bound, story_id = heappop(self._heap)
                if self._bounds.get(story_id) != -bound or story_id in bounds:  # it moved
                    continue
                first, *others = self._stories[story_id].articles
                alone = None if any(one.source_id != first.source_id for one in others) else first.source_id
                rare = first.rare and all(one.rare for one in others)
                may = bound == -inf or places.takes(alone, rare=rare)
                bounds[story_id] = score(story_id) if may else -bound
            if not ready or not places.add(heappop(ready)[1]):
                break
        for story_id, bound in bounds.items():
            self._bound(story_id, bound)
        if len(self._heap) > 2 * len(self._bounds) + 100:
            self._heap = sorted((-bound, story_id) for story_id, bound in self._bounds.items())
        return listed_top(places.listed(pinned), self._stories, moment)

    def _trending(self, moment: datetime, usual: Mapping[str, float]) -> tuple[RankedStory, ...]:
        stories = [self._stories[story_id] for story_id, ends in self._trends.items() if ends > moment]
        rates = [(story, usual.get(story.topic, 0.0)) for story in stories]
        return rank_trending(
            [replace(story, usual_rate=rate) if story.usual_rate != rate else story for story, rate in rates],
            moment,
            self._options,
        )
