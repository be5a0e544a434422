"""Searches as typed, and results as marked: nothing typed raises, nothing shown escapes its markup."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from syndicate.model import SearchHit
from syndicate.publish.search.search_query import MAX_TERMS, SearchQuery, parse_search
from syndicate.publish.search.search_results import (
    marked,
    marked_headline,
    ordered_stories,
    page_links,
    shown_hits,
)
from syndicate.publish.site_headline import Headline
from tests.factories import NOW

LANGUAGES = ("en", "ar", "ja")


def mark(text: str, words: str, language: str = "en") -> str:
    return str(marked(text, parse_search({"q": words}).terms(LANGUAGES), language))


@pytest.mark.parametrize(
    ("text", "words", "shown"),
    [
        ("Floods & <rain>", "flood rain", "<mark>Floods</mark> &amp; &lt;<mark>rain</mark>&gt;"),
        ("The last mile, at last", '"last mile"', "The <mark>last mile</mark>, at last"),
        ("Café Zürich", "cafe zurich", "<mark>Café</mark> <mark>Zürich</mark>"),
        ("Tax and sales", "tax -sales", "<mark>Tax</mark> and sales"),
        ("日本の気候変動", "気候", "日本の<mark>気候</mark>変動"),
        ("変わる", "変", "<mark>変</mark>わる"),
        ("COVID-19 cases", "covid-19", "<mark>COVID-19</mark> cases"),
        ("الكتاب الجديد", "كتاب", "<mark>الكتاب</mark> الجديد"),
    ],
)
def test_the_words_that_matched_are_marked(text: str, words: str, shown: str) -> None:
    language = "ar" if "ا" in text else "ja" if "変" in text else "en"
    assert mark(text, words, language) == shown


@given(text=st.text(max_size=80), words=st.text(max_size=40))
def test_marks_change_no_character_of_a_text(text: str, words: str) -> None:
    shown = marked(text, parse_search({"q": words}).terms(LANGUAGES, unfinished=True), "en")
    assert shown.replace("<mark>", "").replace("</mark>", "").unescape() == marked(text, (), "").unescape()


@given(
    st.dictionaries(st.sampled_from(["q", "section", "source", "from", "until", "order", "page"]), st.text())
)
def test_every_address_is_a_search_whose_address_means_the_same(values: dict[str, str]) -> None:
    query = parse_search(values)
    assert len(query.terms(LANGUAGES)) <= MAX_TERMS
    assert isinstance(query.address(), str)
    assert 1 <= query.page <= 100


def test_the_address_has_what_differs_from_the_default_and_starts_at_the_first_page() -> None:
    query = SearchQuery(words="a b", section="Überall", since=date(2026, 11, 1), order="time", page=3)
    assert query.address() == "q=a+b&section=%C3%9Cberall&from=2026-11-01&order=time"
    assert query.address(page=2, section="") == "q=a+b&from=2026-11-01&order=time&page=2"


def hit(number: int, story: int, *, days: float = 0, source: int = 1) -> SearchHit:
    return SearchHit(number, story, source, "", "en", NOW - timedelta(days=days))


def test_by_relevance_headlines_come_before_texts_many_reports_before_few_and_news_before_old() -> None:
    hits = [hit(1, 1), hit(2, 2), hit(3, 3), hit(4, 3), hit(5, 4, days=900)]
    ordered = ordered_stories(hits, [{2, 5}, {2, 5}], "relevance", NOW)
    assert [story[0].story_id for story in ordered] == [2, 3, 1, 4]
    assert [story[0].story_id for story in ordered_stories(hits, [], "time", NOW)][-1] == 4


def test_others_are_of_further_sources_if_there_are_any() -> None:
    story = [hit(1, 1), hit(2, 1), hit(3, 1, source=2)]
    assert [each.article_id for each in shown_hits(story)] == [1, 3, 2]


def test_pages_near_the_current_page_are_linked() -> None:
    assert [link.name for link in page_links(10, SearchQuery())] == ["1"]
    links = page_links(95, SearchQuery(words="a", page=5))
    assert [link.name for link in links] == ["1", "2", "3", "4", "5", "6", "7", "8", "10"]
    assert [link.path for link in links][4:6] == ["", "search?q=a&page=6"]


def test_an_excerpt_begins_near_the_first_match() -> None:
    headline = Headline(
        title="Diary", path="p", link="l", source_name="s", published=NOW, language="en", summary="Quiet."
    )
    terms = parse_search({"q": "lighthouse"}).terms()
    long = "word " * 100 + "the lighthouse keeper " + "word " * 100
    found = marked_headline(headline, terms, long)
    assert str(found.summary).startswith("…word")
    assert "<mark>lighthouse</mark> keeper" in found.summary
    assert str(marked_headline(headline, terms, "Nothing here.").summary) == "Quiet."
