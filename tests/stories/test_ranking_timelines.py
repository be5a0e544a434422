"""Constructed days whose right order is argued beside them."""

from datetime import UTC, datetime, timedelta
from math import log
from zoneinfo import ZoneInfo

import pytest

from syndicate.model import RankedStory
from syndicate.stories import (
    EditorOverrides,
    RankedArticle,
    RankingOptions,
    StoryFacts,
    rank_top,
    rank_trending,
)

NOW = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
OPTIONS = RankingOptions(reads=True)


def story(
    number: int, *coverage: tuple[int, float], rare: bool = False, learned: float = 1.0, **more: object
) -> StoryFacts:
    """A story from (source, hours before noon)."""
    articles = tuple(
        RankedArticle(
            article_id=100 * number + position,
            source_id=source,
            source_weight=1.0,
            seen=NOW - timedelta(hours=hours),
            learned=learned,
            rare=rare,
        )
        for position, (source, hours) in enumerate(coverage)
    )
    return StoryFacts(story_id=number, lead_article_id=100 * number, articles=articles, **more)  # type: ignore[arg-type]


def top(*stories: StoryFacts, now: datetime = NOW) -> list[int]:
    return [one.story_id for one in rank_top(stories, now, OPTIONS)]


def parts(found: tuple[RankedStory, ...], story_id: int) -> dict[str, float]:
    return next(dict(one.parts) for one in found if one.story_id == story_id)


def busy(first: int, count: int) -> list[StoryFacts]:
    """Ordinary stories, each of one source of its own, each a little older."""
    return [story(number, (number, 1 + number / 100)) for number in range(first, first + count)]


def test_a_breaking_story_overtakes_when_enough_sources_have_it_and_not_before() -> None:
    # At first one source has it, against five that have told the old one since the morning; then six have.
    old = story(1, *[(source, 5.0) for source in range(1, 6)])
    assert top(old, story(2, (11, 1.5)), now=NOW - timedelta(hours=1.2)) == [1, 2]
    grown = story(2, (11, 1.5), *[(source, 0.2) for source in range(12, 17)])
    assert top(old, grown) == [2, 1]


def test_an_old_big_story_fades_below_a_fresh_small_one_and_comes_back_with_news() -> None:
    # Eight sources, but all of yesterday: two fresh ones are worth more, until two of the eight have news.
    old = story(1, *[(source, 21.0) for source in range(1, 9)])
    fresh = story(2, (11, 0.5), (12, 0.5))
    assert top(old, fresh) == [2, 1]
    moving = story(1, *[(source, 21.0) for source in range(1, 9)], (1, 0.5), (2, 0.5))
    assert top(moving, fresh) == [1, 2]


def test_a_source_that_floods_keeps_three_places_and_fills_the_rest_only_up_to_ten() -> None:
    flood = [story(number, (1, 0.01 * number)) for number in range(1, 41)]
    others = [story(100 + number, (50 + number, 10.0)) for number in range(4)]
    # Its forty fresh stories are each worth more than the others' old ones, and yet:
    assert top(*flood, *others) == [1, 2, 3, 100, 101, 102, 103, 4, 5, 6]
    # On a day with ten other stories the surplus has no place at all.
    assert len(top(*flood, *busy(200, 12))) == 15


def test_what_several_tell_is_no_ones_flood() -> None:
    told = [story(number, (1, 1.0), (number + 1, 1.0)) for number in range(1, 9)]
    assert len(top(*told, *busy(200, 12))) == 20


def test_twenty_articles_of_one_source_on_one_story_are_one_voice_and_one_place() -> None:
    twenty = story(1, *[(1, hours / 10) for hours in range(20)])
    two_voices = story(2, (2, 1.0), (3, 1.0))
    found = rank_top([twenty, two_voices], NOW, OPTIONS)
    assert [one.story_id for one in found] == [2, 1]
    assert parts(found, 1) == pytest.approx({"source:1": 1.0, "recent:3": 1.0, "slow": 72.0})
    # And they are no trend either: nobody else noticed.
    assert [one.story_id for one in rank_trending([twenty], NOW, OPTIONS)] == []


def test_a_rare_source_has_one_of_the_first_ten_places_if_it_has_anything_to_say() -> None:
    # A monthly magazine, eight hours ago: twenty papers of the morning would bury it.
    rare = story(1, (99, 8.0), rare=True)
    found = rank_top([rare, *busy(200, 20)], NOW, OPTIONS)
    assert [one.story_id for one in found].index(1) == 9
    assert parts(found, 1)["rare"] == 1.0
    # Only one is lifted, and none when one stands there by its own strength.
    second = story(2, (98, 8.5), rare=True)
    assert top(rare, second, *busy(200, 20)).index(2) > 9
    strong = story(3, (97, 0.1), rare=True)
    lifted = rank_top([rare, strong, *busy(200, 20)], NOW, OPTIONS)
    assert lifted[0].story_id == 3
    assert "rare" not in parts(lifted, 1)


def test_the_rare_place_does_not_pass_a_story_worth_more_than_three_of_it() -> None:
    post = story(1, (99, 20.0), rare=True)
    told = [story(number, *[(100 * number + n, 1.0) for n in range(5)]) for number in range(200, 220)]
    assert top(post, *told).index(1) == 20
    fresh = story(1, (99, 0.1), rare=True)
    assert top(fresh, *told).index(1) == 20
    assert (
        top(fresh, *busy(200, 9), *(story(n, (n, 0.05), (1000 + n, 5.0)) for n in range(300, 320))).index(1)
        == 9
    )


def test_the_rare_place_is_not_for_what_lies_below_the_floor() -> None:
    stale = story(1, (99, 23.0), rare=True, learned=0.25)
    assert 1 not in top(stale, *busy(200, 20))


def test_a_slow_night_gives_a_short_list_and_not_noise() -> None:
    # At four in the morning: two told by several the evening before, five by one source two days ago.
    evening = [story(number, (1, 9.0), (2, 10.0), (3, 12.0)) for number in (1, 2)]
    noise = [story(number, (number, 47.0)) for number in range(10, 15)]
    found = rank_top([*evening, *noise], NOW, OPTIONS)
    assert [one.story_id for one in found] == [1, 2]
    assert all(one.parts["slow"] == 72.0 for one in found)


def test_on_a_slow_day_what_many_told_two_days_ago_is_still_there() -> None:
    assert top(story(1, *[(source, 47.0) for source in range(1, 5)])) == [1]


def test_summer_time_moves_nothing() -> None:
    # The night in which Berlin's clocks show two o'clock twice, and the same night a week before: in both an
    # article of 00:30 UTC is as old at 03:00 UTC, whatever clocks on walls say.
    def night(day: int) -> list[tuple[int, float]]:
        now = datetime(2026, 10, day, 3, 0, tzinfo=ZoneInfo("UTC"))
        berlin = ZoneInfo("Europe/Berlin")
        stories = []
        for number, hours in ((1, 0.5), (2, 1.5), (3, 2.5)):
            told = (now - timedelta(hours=hours)).astimezone(berlin)
            article = RankedArticle(
                article_id=number, source_id=number, source_weight=1.0, seen=told.astimezone(UTC)
            )
            stories.append(StoryFacts(story_id=number, lead_article_id=number, articles=(article,)))
        return [(one.story_id, one.score) for one in rank_top(stories, now, OPTIONS)]

    assert night(25) == night(18)
    assert [number for number, _ in night(25)] == [1, 2, 3]


def test_what_serious_sources_write_about_counts_and_what_nobody_else_does_counts_less() -> None:
    same = (1, 1.0)
    assert top(story(1, same), story(2, (2, 1.0), theme=1.3), story(3, (3, 1.0), theme=0.8)) == [2, 1, 3]
    assert top(story(1, same), story(2, (2, 1.0), learned=1.8), story(3, (3, 1.0), learned=0.6)) == [2, 1, 3]
    found = rank_top([story(1, same, theme=1.5)], NOW, OPTIONS)
    assert found[0].score == pytest.approx(found[0].parts["source:1"] * 1.5)


def test_a_topic_is_measured_against_its_own_history() -> None:
    # Every match has six articles at this hour; five sources on one are its usual Saturday.
    sport = story(1, *[(source, 1.0) for source in range(5)], topic="sport", usual_rate=2.0)
    science = story(2, *[(source, 1.0) for source in range(5)], topic="science", usual_rate=0.05)
    found = rank_trending([sport, science], NOW, OPTIONS)
    assert [one.story_id for one in found] == [2]
    assert found[0].parts == pytest.approx({"gain": 5.0, "usual": 0.5, "burst": 5 * log(10) - 4.5})


def test_chance_is_no_burst() -> None:
    # Four where 2.4 are usual is what chance does to a topic: below one standard deviation.
    assert rank_trending([story(1, *[(n, 1.0) for n in range(4)], usual_rate=0.8)], NOW, OPTIONS) == ()


def test_the_editors_hand() -> None:
    stories = busy(1, 12)
    pinned = story(50, (50, 400.0), overrides=EditorOverrides(pin=2))
    dropped = story(60, *[(n, 0.1) for n in range(70, 80)], overrides=EditorOverrides(drop=True))
    lifted = story(40, (40, 3.0), overrides=EditorOverrides(boost=4.0))
    found = rank_top([*stories, pinned, dropped, lifted], NOW, OPTIONS)
    assert [one.story_id for one in found][:3] == [40, 50, 1]
    assert 60 not in [one.story_id for one in found]
    assert parts(found, 50) == {"pin": 2.0}
    assert found[0].score == pytest.approx(parts(found, 40)["source:40"] * 4.0)


def test_two_pins_at_one_place_stand_beside_each_other_and_a_late_one_closes_a_short_list() -> None:
    first, second = (
        story(7, (7, 1.0), overrides=EditorOverrides(pin=1)),
        story(8, (8, 1.0), overrides=EditorOverrides(pin=1)),
    )
    late = story(9, (9, 1.0), overrides=EditorOverrides(pin=40))
    assert top(second, late, first, story(1, (1, 1.0))) == [7, 8, 1, 9]


def test_a_drop_wins_over_a_pin_and_a_pin_over_the_cap() -> None:
    assert top(story(1, (1, 1.0), overrides=EditorOverrides(pin=1, drop=True))) == []
    flood = [story(number, (1, 0.01 * number)) for number in range(1, 41)]
    assert top(*flood[:-1], story(40, (1, 0.4), overrides=EditorOverrides(pin=1)))[:3] == [40, 1, 2]


def test_readers_count_as_one_more_source_at_most_and_a_handful_not_at_all() -> None:
    read = [story(number, (number, 1.0), reads=reads) for number, reads in ((1, 10_000), (2, 100), (3, 4))]
    found = rank_top(read, NOW, OPTIONS)
    assert [one.story_id for one in found] == [1, 2, 3]
    assert [parts(found, number).get("reads") for number in (1, 2, 3)] == pytest.approx(
        [1.0, log(101) / log(10_001), None]
    )


def test_the_order_does_not_depend_on_the_order_of_the_input() -> None:
    stories = [
        *busy(1, 15),
        story(50, (50, 2.0), rare=True),
        story(51, (51, 2.0), overrides=EditorOverrides(pin=3)),
    ]
    assert top(*stories) == top(*reversed(stories))
