"""Search for readers: results by story, filters, counts that narrow, feeds and suggestions."""

import json
from collections.abc import Callable
from datetime import timedelta

import feedparser
import pytest

from syndicate.jobs.publish.on_request import reader_search
from syndicate.publish.search.search_query import parse_search
from syndicate.publish.search.search_results import FoundStory, SearchPage
from syndicate.store.leases import leases
from syndicate.templating import Markup
from tests.factories import NOW, new_article, place
from tests.jobs.room import SITE, Room, source

TELLS = [
    ("harbour", "Floods hit the <harbour>", "politics", 1),
    ("hills", "Harbour under water", "politics", 1),
    ("hills", "Flood warning", "politics", 1),
    ("valley", "After the flood", "politics", 1),
    ("hills", "Ferry wins", "sport", 2),
    ("valley", "Flood of goals", "sport", 3),
]
Search = Callable[..., SearchPage]


@pytest.fixture
def room(rooms: Room) -> Room:
    """Four reports of one flood, and two other stories; the newest first."""
    names = ("harbour", "hills", "valley")
    rooms.declare("".join(source(name, f"https://{name}.example/feed") for name in names))
    stories: dict[int, int] = {}
    for number, (name, title, section, story) in enumerate(TELLS, 1):
        (article_id,) = rooms.add(
            new_article(
                number,
                title=title,
                section=section,
                summary="Water & flood everywhere." if story == 1 else "A match.",
                tags=("Floods",) if story == 1 else (),
                published=NOW - timedelta(days=number),
            ),
            source=name,
        )
        with rooms.store.write() as connection:
            stories[story] = place(connection, article_id, stories.get(story))
            leases.increment_counter(connection, leases.PLACEMENTS)
    return rooms


@pytest.fixture
def search(room: Room) -> Search:
    """The page of a search with these parameters; ``after`` is the parameter ``from``."""

    def page(q: str, *, after: str = "", **values: str) -> SearchPage:
        return room.services.search.page(parse_search({"q": q, "from": after, **values}), NOW)

    return page


def plain(story: FoundStory) -> str:
    """Return the title of a story without marks."""
    return Markup(story.best.title).striptags()


def test_results_are_stories_with_their_best_article_and_two_of_other_sources(search: Search) -> None:
    page = search("flood")
    assert (page.articles, page.stories, page.capped) == (5, 2, False)
    flood, goals = page.found
    assert str(flood.best.title) == "<mark>Floods</mark> hit the &lt;harbour&gt;"
    assert str(flood.best.summary) == "Water &amp; <mark>flood</mark> everywhere."
    assert [other.source_name for other in flood.others] == ["hills", "valley"]
    assert (flood.more, goals.more, len(goals.others)) == (1, 0, 0)
    assert str(goals.best.title) == "<mark>Flood</mark> of goals"


@pytest.mark.parametrize(
    ("values", "articles"),
    [
        ({"section": "Sport"}, 1),
        ({"source": "hills"}, 2),
        ({"source": "Hill"}, 2),
        ({"source": "nobody"}, 0),
        ({"language": "en"}, 5),
        ({"language": "de"}, 0),
        ({"after": (NOW - timedelta(days=2)).date().isoformat()}, 2),
        ({"until": (NOW - timedelta(days=4)).date().isoformat()}, 2),
        ({"until": "2026-99-99"}, 5),
    ],
)
def test_filters_narrow_the_results(search: Search, values: dict[str, str], articles: int) -> None:
    assert search("flood", **values).articles == articles


def test_fields_among_the_words_are_filters(search: Search) -> None:
    assert search("flood source:hills").articles == 2
    assert search("flood section:sport").articles == 1


def test_counts_narrow_the_search_to_a_day_a_source_or_a_section(search: Search) -> None:
    page = search("flood")
    assert [(facet.label, facet.count) for facet in page.in_sources] == [
        ("hills", 2), ("valley", 2), ("harbour", 1),
    ]  # fmt: skip
    assert [(facet.label, facet.count, facet.link) for facet in page.in_sections] == [
        ("politics", 4, "q=flood&section=politics"), ("sport", 1, "q=flood&section=sport"),
    ]  # fmt: skip
    assert [facet.label for facet in page.days] == [
        (NOW - timedelta(days=number)).date().isoformat() for number in (6, 4, 3, 2, 1)
    ]
    assert page.days[0].link == "q=flood&from=2026-11-18&until=2026-11-18"
    assert [(facet.label, facet.link) for facet in page.tags] == [("Floods", "site/tags/floods/index.html")]


def test_time_order_puts_the_newest_story_first_and_relevance_the_headline(search: Search) -> None:
    assert [plain(story) for story in search("match", order="time").found] == [
        "Ferry wins", "Flood of goals",
    ]  # fmt: skip
    assert plain(search("goals match").found[0]) == "Flood of goals"
    assert plain(search("harbour", order="time").found[0]) == TELLS[0][1]


def test_nothing_found_shows_the_words_one_by_one(search: Search) -> None:
    page = search("flood ferry -water", section="politics")
    assert (page.articles, page.found) == (0, ())
    assert [(word.label, word.count) for word in page.words_alone] == [("flood", 5), ("ferry", 1)]
    assert [tag.label for tag in page.tags] == ["Floods"]


@pytest.mark.parametrize("words", ["-flood", "—", "source:hills", '""'])
def test_a_search_without_a_word_says_so(search: Search, words: str) -> None:
    assert (search(words).problem, search("").problem) == ("no words", "")


def test_pages_hold_ten_stories_and_a_page_too_far_is_empty(search: Search, monkeypatch) -> None:
    monkeypatch.setattr(reader_search, "STORIES_ON_A_PAGE", 1)
    assert [plain(story) for story in search("flood", page="2").found] == ["Flood of goals"]
    far = search("flood", page="9")
    assert (far.articles, far.found) == (5, [])


def test_more_matches_than_are_counted_are_marked(search: Search, monkeypatch) -> None:
    monkeypatch.setattr(reader_search, "MAX_HITS", 3)
    page = search("flood")
    assert (page.articles, page.capped) == (3, True)


@pytest.mark.parametrize("kind", ["rss", "atom", "json"])
def test_a_search_is_a_feed_with_its_own_address(room: Room, kind: str) -> None:
    body = room.services.search.feed(parse_search({"q": "flood & ferry", "section": "politics"}), kind)
    address = f"{SITE}/search.{kind}?q=flood+%26+ferry&section=politics&order=time"
    if kind == "json":
        document = json.loads(body)
        assert (document["feed_url"], document["items"]) == (address, [])
        return
    feed = feedparser.parse(body)
    assert (feed.bozo, feed.feed.title) == (False, "flood & ferry · The Newsroom")
    assert {link.rel: link.href for link in feed.feed.links}["self"] == address


def test_a_feed_has_the_newest_matches_with_their_stable_ids(room: Room) -> None:
    first, again = (room.services.search.feed(parse_search({"q": "flood"}), "atom") for _ in range(2))
    assert first == again
    entries = feedparser.parse(first).entries
    assert [entry.title for entry in entries][:2] == ["Floods hit the <harbour>", "Harbour under water"]
    assert entries[0].id == f"urn:uuid:{new_article(1).uid}"


def test_suggestions_are_tags_sources_and_stories_of_an_unfinished_word(room: Room) -> None:
    suggest = room.services.search.suggestions
    assert [(one.kind, one.text) for one in suggest("flo")] == [
        ("tag", "Floods"), ("story", "Floods hit the <harbour>"), ("story", "Flood of goals"),
    ]  # fmt: skip
    assert [(one.kind, one.text, one.path) for one in suggest("hil")] == [
        ("source", "hills", "site/sources/hills/index.html")
    ]
    assert suggest("f") == suggest("  ") == suggest("zzz") == []


def test_others_texts_are_shown_within_what_the_source_allows(rooms: Room) -> None:
    rooms.declare(source("kept", "https://kept.example/feed", republish='"none"'))
    (article_id,) = rooms.add(new_article(1, title="Storm", summary="Secret words."), source="kept")
    with rooms.store.write() as connection:
        place(connection, article_id)
    (story,) = rooms.services.search.page(parse_search({"q": "secret"}), NOW).found
    assert str(story.best.summary) == ""
