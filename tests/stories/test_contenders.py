"""Lists of which only the stories that moved are scored again are those of all stories scored anew."""

import random
from dataclasses import replace
from datetime import timedelta

import pytest

from syndicate.stories import (
    Contenders,
    EditorOverrides,
    RankedArticle,
    RankingOptions,
    StoryFacts,
    rank_top,
    rank_trending,
)
from tests.stories.newsroom import START

OPTIONS = RankingOptions(limit=12, least_stories=4, reads=True)


class History:
    """Stories to which one thing after the other happens, drawn by lot."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)
        self._number = 0
        self.now = START
        self.stories: dict[int, StoryFacts] = {}
        self.rates = {"politics": 0.4, "sport": 2.0}

    def happen(self) -> tuple[list[int], list[int]]:
        """Let something happen; return the stories that moved and the stories that are gone."""
        draw = self._random
        self.now += timedelta(minutes=draw.choice((0, 0, 1, 15, 60, 60 * 30)))
        if draw.random() < 0.1:
            self.rates["sport"] = draw.choice((0.0, 0.1, 2.0))
        known = [*self.stories]
        if not known or draw.random() < 0.5:
            self._number += 1
            self.stories[self._number] = self._story(self._number)
            return [self._number], []
        if draw.random() < 0.1:
            del self.stories[gone := draw.choice(known)]
            return [], [gone]
        moved = draw.choice(known)
        old = self.stories[moved]
        new = self._story(moved)
        self.stories[moved] = draw.choice(
            (replace(old, articles=old.articles + new.articles), replace(old, overrides=new.overrides), new)
        )
        return [moved], []

    def _story(self, story_id: int) -> StoryFacts:
        draw = self._random
        overrides = EditorOverrides(
            pin=draw.choice((0,) * 9 + (2,)),
            drop=draw.random() < 0.05,
            boost=draw.choice((1.0, 1.0, 3.0, 0.2)),
        )
        return StoryFacts(
            story_id=story_id,
            lead_article_id=story_id,
            articles=tuple(self._article() for _ in range(draw.choice((1, 1, 1, 2, 5)))),
            topic=draw.choice(("politics", "sport")),
            theme=draw.choice((1.0, 1.4, 0.8)),
            echoes=tuple((1.0, self.now - timedelta(hours=hour)) for hour in range(draw.choice((0, 0, 3)))),
            reads=draw.choice((0, 0, 9, 40)),
            overrides=overrides if draw.random() < 0.2 else EditorOverrides(),
        )

    def _article(self) -> RankedArticle:
        draw = self._random
        source = draw.choice((1, 1, 1, 2, 2, 3, 4, 5, 6, 7))
        hours = draw.choice((-0.5, 0.0, 0.0, 0.2, 1.0, 5.0, 30.0, 80.0))
        return RankedArticle(
            article_id=draw.randrange(10**6),
            source_id=source,
            source_weight=draw.choice((0.0, 1.0, 1.0, 1.0, 2.0)),
            seen=self.now - timedelta(hours=hours),
            learned=draw.choice((0.5, 1.0, 3.0)),
            rare=source == 7,
        )


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.sampled(2)
def test_lists_are_those_of_all_stories_after_everything_that_happens(seed: int) -> None:
    history, few = History(seed), Contenders(OPTIONS)
    for _ in range(150):
        moved, gone = history.happen()
        for story_id in moved:
            few.put(history.stories[story_id])
        for story_id in gone:
            few.remove(story_id)
        rates = history.rates
        facts = [
            replace(history.stories[story_id], usual_rate=rates[history.stories[story_id].topic])
            for story_id in sorted(history.stories)
        ]
        assert few.top(history.now) == rank_top(facts, history.now, OPTIONS)
        assert few.trending(history.now, rates) == rank_trending(facts, history.now, OPTIONS)


def single(story_id: int, weight: float, pin: int = 0) -> StoryFacts:
    article = RankedArticle(article_id=story_id, source_id=story_id, source_weight=weight, seen=START)
    overrides = EditorOverrides(pin=pin)
    return StoryFacts(story_id=story_id, lead_article_id=story_id, articles=(article,), overrides=overrides)


def test_a_weak_pinned_story_lets_no_weaker_story_pass_within_a_step() -> None:
    few = Contenders(OPTIONS)
    stories = {number: single(number, 3 - number / 10) for number in range(1, 21)}
    for story in stories.values():
        few.put(story)
    few.top(START)
    now = START + timedelta(minutes=15)
    stories[21] = single(21, 0.2, pin=2)
    few.put(stories[21])
    few.top(now)
    for gone in range(1, 6):
        del stories[gone]
        few.remove(gone)
    for number in range(22, 28):
        stories[number] = single(number, 0.5)
        few.put(stories[number])
    assert few.top(now) == rank_top([*stories.values()], now, OPTIONS)
