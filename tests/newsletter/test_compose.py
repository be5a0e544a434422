import random
from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from syndicate.newsletter.compose import Candidate, Carried, ComposeOptions, compose, is_news
from tests.newsletter.stories import NOW, PERIOD, candidate, newsletter


def choose(
    candidates: list[Candidate], earlier: Mapping[int, Carried] | None = None, **changes: object
) -> list[tuple[int, str]]:
    chosen = compose(newsletter(**changes), PERIOD, candidates, earlier or {})
    assert [story.position for story in chosen] == list(range(1, len(chosen) + 1))
    return [(story.story_id, story.kind) for story in chosen]


def test_top_stories_come_first_then_trending_without_doubles() -> None:
    candidates = [
        candidate(1, top=0.2),
        candidate(2, top=0.9, trending=0.9),
        candidate(3, trending=0.5),
        candidate(4, trending=0.7),
    ]
    assert choose(candidates) == [(2, "top"), (1, "top"), (4, "trending"), (3, "trending")]


def test_the_newsletter_says_how_many_of_each() -> None:
    candidates = [candidate(number, top=number / 10, trending=number / 10) for number in range(1, 8)]
    assert choose(candidates, stories=2, trending=1) == [(7, "top"), (6, "top"), (5, "trending")]


def test_pinned_stories_come_first_in_the_order_of_their_places_whatever_their_scores() -> None:
    def pinned(number: int, score: float, place: int) -> Candidate:
        found = candidate(number, top=score)
        assert found.top is not None
        return replace(found, top=replace(found.top, parts={"pin": place}), pinned=True)

    candidates = [candidate(1, top=0.9), pinned(2, 0.1, 2), pinned(3, 0.2, 1), candidate(4, top=0.5)]
    assert choose(candidates) == [(3, "top"), (2, "top"), (1, "top"), (4, "top")]


def test_T8_nothing_new_means_no_edition() -> None:
    assert choose([]) == []
    assert choose([candidate(1, top=0.9, hours_ago=25)]) == []
    assert choose([candidate(1)]) == []


def test_the_first_edition_covers_one_period_never_the_backlog() -> None:
    fresh, old = candidate(1, top=0.1), candidate(2, top=0.9)
    backlog = replace(old, times=((NOW - timedelta(days=30), NOW - timedelta(hours=1)),))
    assert choose([fresh, backlog]) == [(1, "top")]


def test_an_article_found_after_its_period_ended_goes_into_the_next_edition() -> None:
    late = replace(candidate(1, top=0.5), times=((NOW - timedelta(hours=25), NOW - timedelta(hours=23)),))
    assert choose([late], {99: Carried(coverage=1)}) == [(1, "top")]


@pytest.mark.parametrize(
    ("published", "seen", "first", "expected"),
    [
        (-24, -24, True, True),
        (-25, -23, True, False),
        (-25, -23, False, True),
        (-25, -24.5, False, False),
        (-49, -1, False, False),
        (0, 0, False, False),
        (-1, 3, True, True),
    ],
)
def test_what_counts_as_news_of_a_period(published: float, seen: float, first: bool, expected: bool) -> None:
    moments = (NOW + timedelta(hours=published), NOW + timedelta(hours=seen))
    assert is_news(*moments, PERIOD, first=first) is expected


@pytest.mark.parametrize(
    ("before", "now", "expected"),
    [
        (2, 2, False),
        (2, 3, False),
        (2, 4, True),
        (4, 5, False),
        (4, 6, True),
        (10, 14, False),
        (10, 15, True),
        (1, 2, False),
    ],
)
def test_a_story_comes_back_only_when_it_has_really_moved(before: int, now: int, expected: bool) -> None:
    chosen = compose(
        newsletter(), PERIOD, [candidate(1, top=0.5, coverage=now)], {1: Carried(coverage=before)}
    )
    assert [story.follow_up for story in chosen] == ([True] if expected else [])


def test_a_story_that_grew_but_brought_nothing_new_stays_out() -> None:
    grown = candidate(1, top=0.5, coverage=9, hours_ago=30)
    assert choose([grown], {1: Carried(coverage=2)}) == []


def test_a_source_over_its_share_gives_way_to_others() -> None:
    candidates = [candidate(number, top=1 - number / 100, source=1) for number in range(1, 6)]
    candidates += [candidate(number, top=0.1 - number / 1000, source=number) for number in range(10, 13)]
    assert choose(candidates, stories=5) == [(1, "top"), (2, "top"), (3, "top"), (10, "top"), (11, "top")]


def test_a_source_alone_fills_the_edition() -> None:
    candidates = [candidate(number, top=1 - number / 100, source=1) for number in range(1, 9)]
    assert len(choose(candidates, stories=8)) == 8


def test_the_share_of_a_source_counts_both_lists() -> None:
    candidates = [candidate(number, top=0.9, source=1) for number in (1, 2)]
    candidates += [candidate(3, trending=0.9, source=1), candidate(4, trending=0.1, source=2)]
    chosen = compose(newsletter(trending=1), PERIOD, candidates, {}, ComposeOptions(per_source=2))
    assert [story.story_id for story in chosen] == [1, 2, 4]


def test_two_stories_that_lead_to_one_page_appear_once() -> None:
    link = "https://paper.example.com/same"
    assert choose([candidate(1, top=0.9, link=link), candidate(2, top=0.8, link=link)]) == [(1, "top")]


def test_an_edition_keeps_the_score_and_its_parts() -> None:
    (story,) = compose(newsletter(), PERIOD, [candidate(1, top=0.75, coverage=3)], {})
    assert (story.score, story.parts, story.coverage, story.follow_up) == (0.75, {"all": 0.75}, 3, False)


@given(st.integers(0, 2**32), st.integers(0, 20))
def test_the_order_of_candidates_does_not_matter(seed: int, count: int) -> None:
    dice = random.Random(seed)
    candidates = [
        candidate(
            number, top=dice.choice([None, 0.5, 0.9]), trending=dice.choice([None, 0.5]), source=number % 3
        )
        for number in range(1, count + 1)
    ]
    shuffled = dice.sample(candidates, len(candidates))
    assert choose(candidates, stories=5) == choose(shuffled, stories=5)
