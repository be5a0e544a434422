"""Stories that compete for the lists; few are scored again when a story moves.

The score of an unchanged story in ``top`` is the same within a step of the clock and falls with each step. So
its last score is a bound, and the story is scored again only if its bound reaches the list. ``trending``
scores stories with several recent sources, once within a step.
"""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from math import inf

from syndicate.model import EARLIEST, RankedStory
from syndicate.stories.lists import story_ranking as ranking
from syndicate.stories.lists.list_slots import RARE_SHARE, ScoredStory

# Rounding does not lift a score above its bound.
_MARGIN = 1 + 1e-9
# Share of the list's lowest score that usually suffices for a place a step later. Measured: 0.99 scores a
# quarter more stories, in two passes.
_STILL_ENOUGH = 0.8
# Factor that lowers a score that does not suffice; each further factor is the square of the one before.
_LOWERED = 0.9


class Contenders:
    """Facts of stories, and a bound of each story's score."""

    def __init__(self, options: ranking.RankingOptions) -> None:
        self._options = options
        self._stories: dict[int, ranking.StoryFacts] = {}
        self._bounds: dict[int, float] = {}
        # By story: the time from which fewer than ``least_sources`` have recent reports.
        self._ends: dict[int, datetime] = {}
        # Time and scale of the kept scores and marks, and the stories that were put since.
        self._before = EARLIEST, inf, 0
        self._scored: dict[int, ScoredStory | None] = {}
        self._marks: dict[int, dict[str, float]] = {}
        self._moved: set[int] = set()
        # The same for ``trending``: time and usual rates of the kept scores.
        self._rated: tuple[datetime, Mapping[str, float]] = EARLIEST, {}
        self._bursts: dict[int, ScoredStory | None] = {}
        # Only stories with a higher bound are scored. It falls only when all that are above are scored too.
        self._enough = 0.0

    def put(self, story: ranking.StoryFacts) -> None:
        """Store the present facts of a story."""
        story_id, count = story.story_id, self._options.least_sources
        self.remove(story_id)
        self._stories[story_id], self._bounds[story_id] = story, inf
        self._moved.add(story_id)
        articles = sorted(story.articles, key=lambda article: article.seen)
        newest = {article.source_id: article.seen for article in articles}
        if len(newest) >= count:
            burst = timedelta(hours=self._options.burst_hours)
            self._ends[story_id] = sorted(newest.values())[-count] + burst

    def remove(self, story_id: int) -> None:
        """Forget a story."""
        for kept in (self._stories, self._bounds, self._ends, self._scored, self._marks, self._bursts):
            kept.pop(story_id, None)
        self._moved.discard(story_id)

    def top(self, now: datetime) -> tuple[RankedStory, ...]:
        """Return the result of ``rank_top`` for all stories."""
        hours, most = scale = ranking.top_scale(self._stories.values(), now, self._options)
        # The bounds of the waiting stories.
        waiting: Mapping[int, float] = dict.fromkeys(self._moved, inf)
        if self._before != (now, *scale):
            if now < self._before[0] or hours > self._before[1] or most < self._before[2]:
                # Scores may have risen.
                self._bounds = dict.fromkeys(self._stories, inf)
            self._before, waiting = (now, *scale), self._bounds
            self._scored.clear()
            self._marks.clear()
        factor = _LOWERED
        while (listed := self._listed(waiting, now, scale)) is None:
            self._enough = self._enough * factor if self._enough > self._options.floor else 0.0
            factor *= factor
            waiting = self._bounds
        self._moved.clear()
        least = _STILL_ENOUGH * min((story.score for story in listed), default=0.0)
        self._enough = max(self._enough, least) if len(listed) == self._options.limit else 0.0
        kept = [story_id for story_id in self._scored if self._bounds[story_id] > self._enough]
        self._scored = {story_id: self._scored[story_id] for story_id in kept}
        return listed

    def _listed(
        self, waiting: Mapping[int, float], now: datetime, scale: tuple[float, int]
    ) -> tuple[RankedStory, ...] | None:
        """Score those of the waiting stories that could have a place; ``None`` if another could have one."""
        enough, known = self._enough, self._scored
        for story_id in [key for key, bound in waiting.items() if bound > enough and key not in known]:
            story = self._stories[story_id]
            known[story_id] = scored = ranking.score_top(story, now, scale, self._options)
            self._bounds[story_id] = _bound(story, scored, now)
        return ranking.ranked_list(known.values(), self._options.floor, self._options, self._recent, enough)

    def _recent(self, story_id: int) -> dict[str, float]:
        if story_id not in self._marks:
            self._marks[story_id] = ranking.recent_sources(self._stories[story_id], self._before[0])
        return self._marks[story_id]

    def trending(self, now: datetime, usual: Mapping[str, float]) -> tuple[RankedStory, ...]:
        """Return the result of ``rank_trending`` for all stories, with these usual rates of their topics."""
        if self._rated != (now, usual):
            self._rated, self._bursts = (now, dict(usual)), {}
        for story_id, ends in self._ends.items():
            if ends > now and story_id not in self._bursts:
                story = self._stories[story_id]
                rated = replace(story, usual_rate=usual.get(story.topic, 0.0))
                self._bursts[story_id] = ranking.score_trending(rated, now, self._options)
        return ranking.ranked_list(self._bursts.values(), self._options.least_burst, self._options) or ()


def _bound(story: ranking.StoryFacts, scored: ScoredStory | None, now: datetime) -> float:
    """Return the maximum score of an unchanged story from now on."""
    if story.overrides.pin or any(article.seen > now for article in story.articles):
        return inf
    # A rare source's place needs less than the list's lowest score.
    return scored.score * _MARGIN / (RARE_SHARE if scored.rare else 1.0) if scored else 0.0
