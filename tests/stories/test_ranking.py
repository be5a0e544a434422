"""Top and trending: timelines whose right order is argued beside them."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from math import log

import pytest

from syndicate.stories import (
    RankedArticle,
    RankingOptions,
    StoryFacts,
    rank_step,
    rank_top,
    rank_trending,
)

NOW = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
OPTIONS = RankingOptions()


def story(
    number: int, *coverage: tuple[int, float], weight: float = 1.0, usual_rate: float = 0.0
) -> StoryFacts:
    """A story from (source, hours ago); the first leads."""
    articles = tuple(
        RankedArticle(
            article_id=100 * number + position,
            source_id=source,
            source_weight=weight,
            seen=NOW - timedelta(hours=hours),
        )
        for position, (source, hours) in enumerate(coverage)
    )
    return StoryFacts(story_id=number, lead_article_id=100 * number, articles=articles, usual_rate=usual_rate)


def ids(ranked: tuple[object, ...]) -> list[int]:
    return [one.story_id for one in ranked]  # type: ignore[attr-defined]


def test_top_is_faded_coverage_and_its_parts_sum_to_the_score() -> None:
    (ranked,) = rank_top([story(1, (1, 0), (2, 4), (3, 24))], NOW, OPTIONS)
    sources = {
        "source:1": 1.0,
        "source:2": 5 / 6 * 0.5 + 1 / 6 * 0.5 ** (1 / 6),
        "source:3": 5 / 6 * 0.5**6 + 1 / 6 * 0.5,
    }
    assert ranked.parts == pytest.approx(sources | {"recent:6": 2.0, "slow": 72.0})
    assert ranked.score == pytest.approx(sum(sources.values()))
    assert (ranked.position, ranked.coverage, ranked.article_id) == (1, 3, 100)


def test_three_sources_beat_one_fresh_one() -> None:
    assert ids(rank_top([story(1, (1, 0)), story(2, (2, 3), (3, 3), (4, 3))], NOW, OPTIONS)) == [2, 1]


def test_a_source_counts_once_however_often_it_writes() -> None:
    busy = story(1, *[(1, hours) for hours in range(10)])
    assert ids(rank_top([busy, story(2, (2, 1), (3, 1))], NOW, OPTIONS)) == [2, 1]


def test_a_heavier_source_weighs_more() -> None:
    assert ids(rank_top([story(1, (1, 1)), story(2, (2, 1), weight=2.0)], NOW, OPTIONS)) == [2, 1]


def test_ties_go_to_the_fresher_then_to_the_smaller_id() -> None:
    options = RankingOptions(half_life_hours=1e9)
    found = rank_top([story(3, (3, 2)), story(2, (2, 2)), story(1, (1, 5))], NOW, options)
    assert sorted(ids(found)) == [1, 2, 3]
    assert ids(rank_top([story(3, (3, 2)), story(2, (2, 2))], NOW, OPTIONS)) == [2, 3]


def test_what_lies_in_the_future_does_not_exist_yet() -> None:
    assert rank_top([story(1, (1, -1))], NOW, OPTIONS) == ()
    (ranked,) = rank_top([story(2, (1, 1), (2, -1))], NOW, OPTIONS)
    assert ranked.coverage == 1


def test_on_a_slow_day_older_stories_fill_the_list() -> None:
    old = story(1, (1, 36))
    assert ids(rank_top([old], NOW, OPTIONS)) == [1]
    busy_day = [story(number, (number, 1)) for number in range(2, 20)]
    assert 1 not in ids(rank_top([old, *busy_day], NOW, OPTIONS))


def test_one_source_leads_three_stories_before_the_others_had_their_turn() -> None:
    stories = [story(number, (1, number / 10)) for number in range(1, 6)] + [story(9, (2, 20))]
    assert ids(rank_top(stories, NOW, OPTIONS)) == [1, 2, 3, 9, 4, 5]


def test_trending_wants_growth_not_size() -> None:
    large = story(1, *[(source, hours) for source in range(8) for hours in (1, 4, 7, 10, 13, 16, 19, 22, 25)])
    sudden = story(2, *[(source, 1) for source in range(6)])
    assert ids(rank_trending([large, sudden], NOW, OPTIONS)) == [2]


def test_trending_expects_more_of_a_busy_topic() -> None:
    coverage = [(source, 1.0) for source in range(4)]
    quiet, busy = story(1, *coverage, usual_rate=0.1), story(2, *coverage, usual_rate=0.6)
    found = rank_trending([busy, quiet], NOW, OPTIONS)
    assert ids(found) == [1, 2]
    assert found[1].parts == pytest.approx({"gain": 4.0, "usual": 1.8, "burst": 4 * log(4 / 1.8) - 2.2})


def test_one_source_alone_is_no_trend() -> None:
    assert rank_trending([story(1, (1, 0.1), (1, 0.2), (1, 0.3))], NOW, OPTIONS) == ()


@pytest.mark.parametrize(("minute", "expected"), [(0, 0), (14, 0), (15, 15), (59, 45)])
def test_lists_move_at_fixed_steps_of_the_clock(minute: int, expected: int) -> None:
    moment = datetime(2026, 11, 24, 9, minute, 31, 5, tzinfo=UTC)
    assert rank_step(moment, 900) == datetime(2026, 11, 24, 9, expected, tzinfo=UTC)


def test_a_story_of_one_source_has_a_ceiling_below_one_that_two_tell() -> None:
    def told_by(*sources: int, learned: float = 1.0, theme: float = 1.0) -> StoryFacts:
        made = story(sources[0], *[(source, 0.0) for source in sources])
        articles = tuple(replace(article, learned=learned) for article in made.articles)
        return replace(made, articles=articles, theme=theme)

    alone, two = rank_top([told_by(1, learned=4.0, theme=2.0), told_by(2, 3)], NOW, OPTIONS)[::-1]
    assert (alone.story_id, alone.score, two.score) == (1, 1.5, 2.0)
    # What two sources tell has none.
    assert rank_top([told_by(2, 3, learned=4.0)], NOW, OPTIONS)[0].score == 8.0


def test_what_more_sources_write_about_counts_more_and_for_a_few_days() -> None:
    def echoed(*hours: float) -> float:
        echoes = tuple((1.0, NOW - timedelta(hours=one)) for one in hours)
        told = replace(story(1, (1, 0.0), (2, 0.0)), echoes=echoes)
        return rank_top([told], NOW, OPTIONS)[0].score / 2

    assert echoed() == 1.0
    assert echoed(0, 0, 0) == pytest.approx(2.0)
    assert echoed(24) == pytest.approx(1.5**0.5)


@pytest.mark.parametrize(
    ("hours", "recent"),
    [
        ((0.5,), {"recent:3": 1.0}),
        ((0.5, 5.0), {"recent:6": 2.0}),
        ((0.5, 1.0, 2.0, 20.0, 21.0), {"recent:3": 3.0}),
        ((0.5, 20.0, 21.0, 22.0), {"recent:24": 4.0}),
    ],
)
def test_sources_are_counted_for_readers_in_the_span_that_has_half_of_them(
    hours: tuple[float, ...], recent: dict[str, float]
) -> None:
    busy_day = [story(number, (number, 1)) for number in range(20, 40)]
    ranked = rank_top([story(1, *enumerate(hours, 1)), *busy_day], NOW, OPTIONS)
    parts = next(one.parts for one in ranked if one.story_id == 1)
    assert {name: value for name, value in parts.items() if name.startswith("recent")} == recent
