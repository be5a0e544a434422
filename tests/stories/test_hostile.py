"""Input that makes giant stories or high costs elsewhere."""

import time
from collections import Counter
from datetime import timedelta

import pytest

from syndicate.stories import IndexedArticle, StoryIndex, StoryOptions
from tests.stories.newsroom import BANK, CHESS, FLOOD, START, article, place


@pytest.fixture
def index() -> StoryIndex:
    return StoryIndex(StoryOptions())


def largest_story(index: StoryIndex, items: list[IndexedArticle]) -> int:
    return max(Counter(index.story_of(item.article_id) for item in items).values())


def test_five_hundred_copies_of_one_wire_story_hide_nothing(index: StoryIndex) -> None:
    place(index, article(1, *FLOOD[1]))
    copies = [article(number, *FLOOD[0], published=START) for number in range(2, 502)]
    placements = [place(index, item) for item in copies]
    assert {one.duplicate_of for one in placements[1:]} == {2}
    last = place(index, article(600, *FLOOD[2], published=START))
    assert sorted(one.article_id for one in last.candidates) == [1, 2]


def test_copies_cost_no_more_than_other_articles(index: StoryIndex) -> None:
    items = [article(number, *FLOOD[0]) for number in range(1, 601)]
    started = time.process_time()
    for item in items[:100]:
        place(index, item)
    first = time.process_time() - started
    for item in items[100:500]:
        place(index, item)
    started = time.process_time()
    for item in items[500:]:
        place(index, item)
    assert time.process_time() - started < 5 * first + 0.05


def test_a_rubric_over_different_texts_makes_no_story(index: StoryIndex) -> None:
    texts = [
        "Tram drivers in Graz voted for a strike.",
        "Bees have come back to the roofs of Turin.",
        "An opera singer from Bergen sold her piano.",
        "Old maps of Ghent turned up under a staircase.",
        "Night trains to Malmö are booked out until May.",
        "School cooks learn to bake with acorn flour.",
    ]
    items = [
        article(n, "Morning briefing from our desk", text, source_id=1) for n, text in enumerate(texts, 1)
    ]
    for item in items:
        place(index, item)
    assert largest_story(index, items[1:]) <= 2


def test_the_same_headline_every_hour_is_one_article_and_its_copies_for_a_day(index: StoryIndex) -> None:
    items = [
        article(n, "Weather forecast for the coming days", source_id=1, published=START + timedelta(hours=n))
        for n in range(100)
    ]
    placements = [place(index, item) for item in items]
    assert {one.duplicate_of for one in placements} == {None, 0, 25, 50, 75}
    assert [n for n in range(100) if placements[n].duplicate_of is None] == [0, 25, 50, 75]
    assert largest_story(index, items) == 25


@pytest.mark.parametrize("title", ["", "Video", "🔥🔥🔥 😀", "Photos", "…", "12"])
def test_titles_that_say_nothing_join_nothing(index: StoryIndex, title: str) -> None:
    items = [article(number, title) for number in range(1, 40)]
    placements = [place(index, item) for item in items]
    assert all(one.story is None and not one.candidates for one in placements)


def test_a_megabyte_of_text_finds_its_event(index: StoryIndex) -> None:
    place(index, article(1, *FLOOD[0]))
    place(index, article(2, *BANK[0]))
    title, text = FLOOD[1]
    placement = place(index, article(3, title, text + " Unrelated words follow here." * 40_000))
    assert [one.article_id for one in placement.candidates] in ([], [1])


def test_forty_languages_keep_apart(index: StoryIndex) -> None:
    western = "bg ca cs da de el en es et eu fi fr ga hr hu it lt lv nl no pl pt ro ru sk sl sq sr sv uk"
    others = "ar bn fa he hi hy id ja ko ta th tr vi zh-hant"
    for number, language in enumerate(f"{western} {others}".split(" "), 1):
        placement = place(
            index, article(number, f"w{number}a x{number}b y{number}c z{number}d", language=language)
        )
        assert placement.story is None


def test_a_story_that_runs_for_days_does_not_swallow_the_newsroom(index: StoryIndex) -> None:
    flood = [article(n, *FLOOD[n % 3], published=START + timedelta(hours=6 * n)) for n in range(60)]
    for item in flood:
        place(index, item)
    other = [place(index, article(100, *BANK[0])), place(index, article(101, *CHESS[0]))]
    assert [one.story for one in other] == [None, None]


def test_articles_without_a_title_repeat_nothing(index: StoryIndex) -> None:
    for number, (_, text) in enumerate(FLOOD, 1):
        place(index, article(number, "", text, source_id=1, published=START + timedelta(days=2 * number)))
    assert {index.story_of(number) for number in (1, 2, 3)} == {1}
