"""Input that makes giant stories or high costs elsewhere."""

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from random import Random

import pytest

from syndicate.stories import IndexedArticle, StoryIndex, StoryOptions
from syndicate.stories.comparison import Comparison
from syndicate.stories.index_entry import IndexEntry
from syndicate.stories.link_scores import Similarities
from tests.stories.newsroom import BANK, CHESS, FLOOD, START, article, place

WESTERN = "bg ca cs da de el en es et eu fi fr ga hr hu it lt lv nl no pl pt ro ru sk sl sq sr sv uk"
OTHERS = "ar bn fa he hi hy id ja ko ta th tr vi zh-hant"
LANGUAGES = f"{WESTERN} {OTHERS}".split(" ")


@pytest.fixture
def index() -> StoryIndex:
    return StoryIndex(StoryOptions())


def largest_story(index: StoryIndex, items: list[IndexedArticle]) -> int:
    return max(Counter(index.story_of(item.article_id) for item in items).values())


def test_five_hundred_copies_of_one_wire_story_hide_nothing(index: StoryIndex) -> None:
    place(index, article(1, *FLOOD[1]))
    copies = [article(number, *FLOOD[0], published=START) for number in range(2, 502)]
    placements = [place(index, item) for item in copies]
    assert {one.twin for one in placements[1:]} == {2}
    last = place(index, article(600, *FLOOD[2], published=START))
    assert sorted(one.article_id for one in last.candidates) == [1, 2]


@pytest.fixture
def n_compared(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many articles each comparison takes: the cost, whatever the machine."""
    counts: list[int] = []
    similarities_to = Comparison.similarities_to

    def counted(self: Comparison, entry: IndexEntry, others: Sequence[IndexEntry]) -> Similarities:
        counts.append(len(others))
        return similarities_to(self, entry, others)

    monkeypatch.setattr(Comparison, "similarities_to", counted)
    return counts


def compared_by(index: StoryIndex, n_compared: list[int], items: Iterable[IndexedArticle]) -> int:
    """How many articles were compared to place these."""
    n_compared.clear()
    for item in items:
        place(index, item)
    return sum(n_compared)


# What placing may compare: candidates once, or twice under a repeated title, and a sample of each near story.
OPTIONS = StoryOptions()
MAX_COMPARED = 2 * OPTIONS.max_candidates + OPTIONS.stories_compared * OPTIONS.story_sample


def test_the_five_hundredth_copy_compares_no_more_than_the_tenth(n_compared: list[int]) -> None:
    index = StoryIndex(OPTIONS)
    items = [article(number, *FLOOD[0], published=START) for number in range(1, 501)]
    assert [compared_by(index, n_compared, [item]) for item in items] == [0] + 499 * [1]


def test_the_same_headline_every_hour_compares_as_little_in_the_second_week(n_compared: list[int]) -> None:
    index = StoryIndex(OPTIONS)
    items = [
        article(n, "Weather forecast for the coming days", source_id=1, published=START + timedelta(hours=n))
        for n in range(336)
    ]
    first, second = compared_by(index, n_compared, items[:168]), compared_by(index, n_compared, items[168:])
    assert second <= 336 * MAX_COMPARED / 10
    assert first <= second <= 168 * OPTIONS.max_candidates


@pytest.mark.all
def test_a_flood_of_reports_on_one_event_compares_no_more_than_the_options_say(n_compared: list[int]) -> None:
    index = StoryIndex(OPTIONS)
    words = [f"{first}{second}" for first in "abcdefghij" for second in ("rado", "lume", "stik", "neva")]
    shuffled = [" ".join(Random(number).sample(words, 24)) for number in range(300)]
    costs = [compared_by(index, n_compared, [article(n, text)]) for n, text in enumerate(shuffled, 1)]
    # A merge or a split compares samples with each other, but only when an article bridges or doubles.
    assert sorted(costs)[-10] <= MAX_COMPARED
    assert max(costs) <= MAX_COMPARED + OPTIONS.story_sample**2


@pytest.mark.all
def test_forty_languages_compare_no_more_than_one(n_compared: list[int]) -> None:
    words = [f"{first}{second}" for first in "abcdefghij" for second in ("rado", "lume", "stik", "neva")]
    texts = [" ".join(Random(number).sample(words, 24)) for number in range(160)]
    one = [article(number, text, language="en") for number, text in enumerate(texts, 1)]
    many = [
        article(number, text, language=LANGUAGES[(number - 1) % len(LANGUAGES)])
        for number, text in enumerate(texts, 1)
    ]
    costs = [compared_by(StoryIndex(OPTIONS), n_compared, items) for items in (one, many)]
    assert costs[1] <= 1.2 * costs[0]


@pytest.mark.parametrize("title", ["", "Video", "🔥🔥 😀", "12"])
def test_titles_that_say_nothing_and_empty_texts_compare_nothing(n_compared: list[int], title: str) -> None:
    index = StoryIndex(OPTIONS)
    assert compared_by(index, n_compared, [article(number, title) for number in range(1, 200)]) == 0


@pytest.mark.parametrize("title", ["", "Flood", "🔥 😀"])
def test_texts_under_a_title_of_one_word_or_none_compare_no_more_than_the_options_say(
    n_compared: list[int], title: str
) -> None:
    index = StoryIndex(OPTIONS)
    items = [article(n, title, FLOOD[n % 3][1], source_id=n % 7) for n in range(1, 200)]
    costs = [compared_by(index, n_compared, [item]) for item in items]
    assert sorted(costs)[-10] <= MAX_COMPARED
    assert max(costs) <= MAX_COMPARED + OPTIONS.story_sample**2


@pytest.mark.parametrize("year", [1, 1970, 9999])
def test_two_hundred_wrong_clocks_compare_no_more_than_right_ones(n_compared: list[int], year: int) -> None:
    index = StoryIndex(OPTIONS)
    wrong = datetime(year, 6, 1, tzinfo=UTC)
    items = [article(n, *FLOOD[n % 3], published=wrong if n % 2 else START) for n in range(1, 201)]
    costs = [compared_by(index, n_compared, [item]) for item in items]
    assert max(costs) <= MAX_COMPARED + OPTIONS.story_sample**2


def test_a_megabyte_of_text_compares_and_keeps_as_much_as_a_page(n_compared: list[int]) -> None:
    index = StoryIndex(OPTIONS)
    page = article(1, FLOOD[0][0], FLOOD[0][1] * 12)
    book = article(2, FLOOD[1][0], FLOOD[1][1] * 6000)
    place(index, page)
    assert compared_by(index, n_compared, [book]) <= 1
    assert len(index.packed(2)) <= 1.2 * len(index.packed(1))


@pytest.mark.parametrize("year", [1, 1601, 1970, 2038, 9999])
def test_a_clock_in_the_wrong_century_joins_nothing_and_is_forgotten_alone(year: int) -> None:
    index = StoryIndex(OPTIONS)
    place(index, article(1, *FLOOD[0]))
    lost = place(index, article(2, *FLOOD[1], published=datetime(year, 6, 1, tzinfo=UTC)))
    later = place(index, article(3, *FLOOD[2]))
    assert lost.story is None
    assert later.story == 1
    assert index.forget_before(START - timedelta(days=7)) == (1 if year < 2026 else 0)


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
    assert {one.twin for one in placements} == {None, 0, 25, 50, 75}
    assert [n for n in range(100) if placements[n].twin is None] == [0, 25, 50, 75]
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
    for number, language in enumerate(LANGUAGES, 1):
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
