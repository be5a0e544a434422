import random
from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from syndicate.model import EditionStory, LeftOut
from syndicate.newsletter.compose import Candidate, ComposeOptions, Item, Member, compose, is_news, items_of
from tests.newsletter.stories import NOW, PERIOD, candidate, member, newsletter, published


def selected(
    candidates: list[Candidate],
    *,
    first: bool = True,
    options: ComposeOptions | None = None,
    everything: bool = False,
    links: Mapping[int, str] | None = None,
    same_event: Mapping[int, set[int]] | None = None,
    **changes: Any,
) -> tuple[tuple[EditionStory, ...], list[tuple[int, str, str]]]:
    """Return the stories of an edition, and what it left out as (article, reason, detail)."""
    options = options or ComposeOptions()
    items: list[Item] = []
    left: list[LeftOut] = []
    for one in candidates:
        mine, repeats = items_of(one, PERIOD, options, first=first, everything=everything)
        items += mine
        left += repeats
    leads = {}
    for item in items:
        number = item.lead.article_id
        facts: dict[str, Any] = {"url": links[number]} if links else {}
        leads[number] = published(number, source=item.lead.source_id, **facts)
    stories, no_place = compose(
        newsletter(**changes), items, leads, options, same_event=same_event, everything=everything
    )
    assert [story.position for story in stories] == list(range(1, len(stories) + 1))
    return stories, [(one.article_id, one.reason.value, one.detail) for one in (*left, *no_place)]


def choose(candidates: list[Candidate], *, first: bool = True, **changes: Any) -> list[tuple[int, str]]:
    stories, _ = selected(candidates, first=first, **changes)
    return [(story.story_id, story.kind) for story in stories]


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


def pinned(found: Candidate, place: int) -> Candidate:
    assert found.top is not None
    return replace(found, top=replace(found.top, parts={"pin": place}))


def test_pinned_stories_come_first_in_the_order_of_their_places_whatever_their_scores() -> None:
    second, first = pinned(candidate(2, top=0.1), 2), pinned(candidate(3, top=0.2), 1)
    candidates = [candidate(1, top=0.9), second, first, candidate(4, top=0.5)]
    assert choose(candidates) == [(3, "top"), (2, "top"), (1, "top"), (4, "top")]


def test_T8_nothing_new_means_no_edition() -> None:
    assert choose([]) == []
    assert choose([candidate(1, top=0.9, hours_ago=25)]) == []
    assert choose([candidate(1)]) == []


def test_the_first_edition_covers_one_period_never_the_backlog() -> None:
    fresh, old = candidate(1, top=0.1), candidate(2, top=0.9)
    seen = NOW - timedelta(hours=1)
    backlog = replace(old, members=(member(2, source=2, hours_ago=720, first_seen=seen),))
    assert choose([fresh, backlog]) == [(1, "top")]


def test_an_article_found_after_its_period_ended_goes_into_the_next_edition() -> None:
    seen = NOW - timedelta(hours=23)
    late = replace(candidate(1, top=0.5), members=(member(1, hours_ago=25, first_seen=seen),))
    assert choose([late], first=False) == [(1, "top")]


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


YESTERDAY = PERIOD.start


def told(number: int, *, source: int, **changes: Any) -> Member:
    facts: dict[str, Any] = {"told_at": YESTERDAY, "told_in": 7, "hours_ago": 30}
    return member(number, source=source, **(facts | changes))


def story(number: int, *members: Member, lead: int = 0) -> Candidate:
    coverage = len({one.source_id for one in members})
    found = candidate(number, top=0.5)
    facts = replace(found.story, lead_id=lead or members[0].article_id, coverage=coverage)
    return replace(found, story=facts, members=members)


@pytest.mark.parametrize(
    ("before", "more", "expected"),
    [(2, 0, False), (2, 1, False), (2, 2, True), (4, 1, False), (4, 2, True), (10, 4, False), (10, 5, True)],
)
def test_reports_that_say_the_same_are_news_when_coverage_grew(
    before: int, more: int, expected: bool
) -> None:
    members = [told(number, source=number) for number in range(1, before + 1)]
    members += [member(100 + number, source=100 + number) for number in range(more)]
    stories, left = selected([story(1, *members)], first=False)
    assert [one.follow_up for one in stories] == ([False] if expected else [])
    assert left == ([] if expected else [(100 + number, "repeats", "7") for number in range(more)])


def test_a_story_that_grew_but_brought_nothing_new_stays_out() -> None:
    members = [told(1, source=1), *(member(number, source=number, hours_ago=30) for number in range(2, 9))]
    assert selected([story(1, *members)], first=False) == ((), [])


def test_sources_that_were_known_at_the_cut_are_no_growth() -> None:
    """They were in another story then, which has merged since."""
    merged = [member(number, source=number, hours_ago=30) for number in (2, 3, 4)]
    stories, left = selected([story(1, told(1, source=1), *merged, member(9, source=2))], first=False)
    assert (stories, left) == ((), [(9, "repeats", "7")])


def test_a_follow_up_is_led_by_the_story_s_lead_if_that_is_new() -> None:
    new = [member(3, source=3, is_news=True), member(4, source=4, updates=True)]
    stories, _ = selected([story(1, told(1, source=1), told(2, source=2), *new, lead=4)], first=False)
    assert [(one.lead.article.id, one.follow_up, one.tells) for one in stories] == [(4, True, (3, 4))]


def test_another_event_of_a_story_that_was_told_is_no_follow_up() -> None:
    new = [member(3, source=3, is_news=True), member(4, source=4, updates=True)]
    stories, _ = selected([story(1, told(1, source=1), *new, lead=3)], first=False)
    assert [(one.lead.article.id, one.follow_up, one.tells) for one in stories] == [(3, False, (3, 4))]


def test_a_follow_up_is_else_led_by_the_best_article_that_says_something_else() -> None:
    new = [
        member(4, source=4),
        member(3, source=3, is_news=True),
        member(5, source=5, is_news=True),
    ]
    stories, _ = selected([story(1, told(1, source=1), *new)], first=False)
    assert [(one.lead.article.id, one.coverage) for one in stories] == [(3, 4)]


def test_a_follow_up_tells_also_what_repeats_a_text_so_that_each_article_has_one_answer() -> None:
    new = [member(3, source=3, is_news=True), member(4, source=4, text=1)]
    before = (told(1, source=1), told(2, source=2))
    stories, left = selected([story(1, *before, *new)], first=False)
    assert ([one.tells for one in stories], left) == ([(3, 4)], [])
    crowded = [candidate(9, top=0.9), story(1, *before, *new)]
    assert selected(crowded, first=False, stories=1)[1] == [(3, "no room", "2/1"), (4, "no room", "2/1")]


def test_a_further_post_of_a_source_is_news_unless_it_is_the_same_text() -> None:
    before = (told(1, source=1), told(2, source=2))
    stories, _ = selected([story(1, *before, member(3, source=2))], first=False)
    assert [one.lead.article.id for one in stories] == [3]
    again = selected([story(1, *before, member(3, source=2, text=1))], first=False)
    assert again == ((), [(3, "repeats", "7")])


POSTS = (
    member(1, updates=True),
    member(2, hours_ago=2),
    member(3, hours_ago=3, text=2),
    told(4, source=1),
)


def test_with_everything_every_text_of_a_story_that_one_source_tells_is_an_item() -> None:
    stories, _ = selected([story(1, *POSTS)], first=False, everything=True)
    assert [(one.lead.article.id, one.tells, one.follow_up) for one in stories] == [
        (1, (1,), False),
        (3, (3, 2), False),
    ]


def test_the_posts_of_one_source_about_one_story_are_one_item_beside_other_sources() -> None:
    stories, left = selected([story(1, *POSTS), candidate(9, top=0.1)], first=False)
    assert [(one.lead.article.id, one.tells) for one in stories] == [(1, (1, 2, 3)), (9, (9,))]
    assert left == []


def test_only_articles_that_the_query_takes_lead_and_make_a_story_one_source_s() -> None:
    others = [member(1, source=1, matches=False), member(2, source=2), member(3, source=2)]
    stories, _ = selected([story(1, *others)], everything=True)
    assert [(one.lead.article.id, one.coverage) for one in stories] == [(2, 2), (3, 2)]
    stories, _ = selected([story(1, *others)])
    assert [(one.lead.article.id, one.tells) for one in stories] == [(2, (1, 2, 3))]


def test_an_article_of_a_later_period_is_not_told_yet() -> None:
    stories, _ = selected([story(1, member(1, source=1), member(2, source=2, hours_ago=-1))])
    assert [one.tells for one in stories] == [(1,)]


def test_an_article_that_could_not_be_told_before_is_still_news() -> None:
    stories, _ = selected([story(1, member(1, hours_ago=40, still_news=True))], first=False)
    assert [one.lead.article.id for one in stories] == [1]


def test_with_everything_all_posts_go_newest_first_and_pins_lead() -> None:
    posts = [replace(candidate(number, source=1, hours_ago=number)) for number in range(1, 16)]
    posts.append(pinned(candidate(20, top=0.1, source=1, hours_ago=20), 1))
    stories, left = selected(posts, everything=True, stories=3, trending=0)
    assert [one.story_id for one in stories] == [20, *range(1, 16)]
    assert left == []


def test_each_story_without_a_place_gets_a_reason() -> None:
    candidates = [candidate(number, top=1 - number / 100, source=1) for number in range(1, 5)]
    candidates += [candidate(number, top=0.1 - number / 1000, source=number) for number in (5, 6, 7)]
    candidates.append(candidate(8, source=8))
    stories, left = selected(candidates, stories=5)
    assert [one.story_id for one in stories] == [1, 2, 3, 5, 6]
    assert left == [(4, "share", "3"), (7, "no room", "7/5"), (8, "no room", "-/5")]


def test_the_same_event_comes_once_unless_an_editor_pins_both() -> None:
    candidates = [candidate(1, top=0.9), candidate(2, top=0.8), candidate(3, top=0.7)]
    stories, left = selected(candidates, same_event={1: {2}, 2: {1}})
    assert [(one.story_id, one.tells) for one in stories] == [(1, (1, 2)), (3, (3,))]
    assert left == []
    both = [pinned(one, place) for place, one in enumerate(candidates[:2], 1)]
    stories, left = selected(both, same_event={1: {2}, 2: {1}})
    assert len(stories) == 2


def test_a_round_up_is_part_of_the_best_item_that_it_sums_up() -> None:
    candidates = [candidate(1, top=0.9), candidate(2, top=0.8), candidate(3, top=0.7), candidate(4, top=0.6)]
    stories, left = selected(candidates, same_event={1: {2, 3}})
    assert [(one.story_id, one.tells) for one in stories] == [(2, (2, 1)), (3, (3,)), (4, (4,))]
    assert left == []


def test_a_round_up_takes_a_place_only_when_no_item_of_its_reports_has_one() -> None:
    candidates = [candidate(1, top=0.9), candidate(2, top=0.8), candidate(3, top=0.7)]
    stories, left = selected(candidates, same_event={1: {3}}, stories=1)
    assert [one.story_id for one in stories] == [2]
    assert left == [(1, "no room", "3/1"), (3, "no room", "2/1")]


def test_a_round_up_gives_way_to_a_report_that_is_taken_later_with_all_that_it_told() -> None:
    candidates = [candidate(1, top=0.9), candidate(2, trending=0.8), candidate(3, top=0.7)]
    stories, left = selected(candidates, same_event={1: {2}, 3: {1}})
    assert [(one.story_id, one.tells) for one in stories] == [(2, (2, 1, 3))]
    assert left == []


def test_a_pinned_round_up_stands_beside_its_reports() -> None:
    candidates = [pinned(candidate(1, top=0.1), 1), candidate(2, top=0.8)]
    stories, _ = selected(candidates, same_event={1: {2}})
    assert [one.story_id for one in stories] == [1, 2]


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
    chosen, _ = selected(candidates, options=ComposeOptions(per_source=2), trending=1)
    assert [story.story_id for story in chosen] == [1, 2, 4]


def test_two_stories_that_lead_to_one_page_appear_once() -> None:
    link = "https://paper.example.com/same"
    stories, left = selected([candidate(1, top=0.9), candidate(2, top=0.8)], links={1: link, 2: link})
    assert [(one.story_id, one.tells) for one in stories] == [(1, (1, 2))]
    assert left == []


def test_an_edition_keeps_the_score_of_its_stories() -> None:
    (one,), _ = selected([candidate(1, top=0.75, coverage=3)])
    assert (one.score, one.coverage, one.follow_up) == (0.75, 3, False)


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
