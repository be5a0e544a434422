"""Choice of the pages to read, and comparison of their text with the feed's."""

from datetime import timedelta
from typing import Any

import pytest

from syndicate.ingest.page.full_text import (
    MAX_PARTS,
    PageOptions,
    is_longer_text,
    mentions_title,
    merge_page,
    select_entries,
    select_new_entries,
    select_sitemap_parts,
    should_read_page,
)
from syndicate.model import Entry, FullText, ParsedSource, Selectors, SitemapPart, SourceKind
from tests.factories import NOW, declared, new_article

OPTIONS = PageOptions(first=3, per_poll=5, window=7 * 86_400.0)
HOME = "https://harbour.example/feed"
LONG = "word " * 200


def wants(text: str = "Two words.", **changes: object) -> bool:
    article_facts: dict[str, Any] = {"text": text, "words": len(text.split())}
    source_facts: dict[str, Any] = {"url": HOME}
    for key, value in changes.items():
        (article_facts if key in ("url", "published") else source_facts)[key] = value
    return should_read_page(new_article(1, **article_facts), declared(**source_facts), NOW, OPTIONS)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("A sentence about the sea.", True),
        ("", True),
        (LONG, False),
        (LONG + "and then […]", True),
        (LONG + "and then...", True),
        (LONG + "Continue reading at The Harbour.", True),
        (LONG + "Weiterlesen", True),
        ("海" * 200, False),
    ],
)
def test_a_short_text_or_one_that_breaks_off_is_worth_it(text: str, expected: bool):
    words = 200 if text.startswith("海") else len(text.split())
    article = new_article(1, text=text, words=words)
    assert should_read_page(article, declared(url=HOME), NOW, OPTIONS) is expected


def test_only_pages_of_the_publishers_own_site_are_read_unasked():
    assert wants(url="https://www.harbour.example/1")
    assert not wants(url="https://elsewhere.example/1")
    assert wants(url="https://elsewhere.example/1", home_url="https://elsewhere.example/")
    assert wants(url="https://elsewhere.example/1", full_text=FullText.ALWAYS)
    assert not wants(url="", full_text=FullText.ALWAYS)
    assert not wants(url="https://www.harbour.example/")


def test_pages_of_a_private_source_are_not_asked_for_without_its_secret():
    assert not wants(private=True)
    assert wants(private=True, full_text=FullText.ALWAYS)


def test_what_is_no_news_any_more_is_not_read_unasked():
    old = NOW - timedelta(days=8)
    assert not wants(published=old)
    assert wants(published=old, full_text=FullText.ALWAYS)


@pytest.mark.parametrize(
    ("kind", "select", "expected"),
    [
        (SourceKind.FEED, None, False),
        (SourceKind.SITEMAP, None, True),
        (SourceKind.PAGE, Selectors(item="li"), True),
        (SourceKind.PAGE, None, False),
        (SourceKind.FOLDER, None, False),
    ],
)
def test_what_only_names_its_articles_always_wants_their_pages(kind, select, expected: bool):
    assert wants(text=LONG, kind=kind, select=select) is expected
    assert not wants(text="", kind=kind, select=select, full_text=FullText.NEVER)


@pytest.mark.parametrize(
    ("page", "have", "expected"),
    [
        (100, 30, True),
        (30, 30, False),
        (59, 30, False),
        (1_100, 1_000, False),
        (1_250, 1_000, True),
        (0, 0, False),
    ],
)
def test_a_text_must_be_a_fifth_and_thirty_words_longer(page: int, have: int, expected: bool):
    entry = Entry(guid="", url="", title="t", text="word " * page)
    assert is_longer_text(entry, "word " * have, "en") is expected


@pytest.mark.parametrize(
    ("title", "page", "expected"),
    [
        ("Flood barrier closes early", "Barriers along the river shut", True),
        ("Flood barrier closes early", "Ten recipes for a warm soup", False),
        ("Flood barrier", "Ten recipes", True),
        ("حاجز النهر يغلق مبكرا اليوم", "حاجز النهر", True),
        ("حاجز النهر يغلق مبكرا اليوم", "وصفات للطبخ", False),
        ("河口の水門が早朝に閉鎖された", "レシピ", True),
    ],
)
def test_a_page_about_something_else_is_another_page(title: str, page: str, expected: bool):
    assert mentions_title(title, Entry(guid="", url="", title=page, text=page)) is expected


def test_an_entry_of_list_and_page_takes_the_best_of_both():
    listed = Entry(guid="g", url="u", title="", updated=NOW, item_hash="d", language="ar")
    page = Entry(
        guid="p",
        url="v",
        title="Title",
        text="text",
        html="<p>text</p>",
        language="en",
        item_hash="e",
    )
    both = merge_page(listed, page)
    assert (both.guid, both.url, both.item_hash, both.title, both.language) == ("g", "u", "d", "Title", "ar")
    assert (both.published, both.updated, both.text) == (None, NOW, "text")
    dated = merge_page(listed, Entry(guid="", url="", title="T", published=NOW - timedelta(days=1)))
    assert (dated.published, dated.updated) == (NOW - timedelta(days=1), None)


def entry(name: str, days: float | None, title: str = "") -> Entry:
    updated = None if days is None else NOW - timedelta(days=days)
    return Entry(
        guid=name, url=f"https://harbour.example/{name}", title=title, updated=updated, item_hash=name
    )


def names(entries: tuple[Entry, ...]) -> str:
    return " ".join(one.guid for one in entries)


def test_the_first_reading_takes_the_newest_and_the_rest_is_archive():
    entries = [
        entry("old", 30),
        entry("u1", None),
        entry("b", 2),
        entry("a", 1),
        entry("u2", None),
        entry("c", 3),
    ]
    taken, skipped_entries = select_new_entries(entries, NOW, OPTIONS, first=True)
    assert (names(taken), names(skipped_entries)) == ("a b c", "old u1 u2")
    taken, skipped_entries = select_new_entries(entries, NOW, OPTIONS, first=False)
    assert (names(taken), names(skipped_entries)) == ("a b c u1 u2", "old")


def test_articles_that_are_told_cost_no_page_and_are_all_taken():
    entries = [entry(f"n{n}", 1, title="t") for n in range(9)]
    taken, skipped_entries = select_new_entries(entries, NOW, OPTIONS, first=True)
    assert (len(taken), skipped_entries) == (9, ())


def test_never_means_never_and_says_what_it_costs():
    source = declared(url=HOME, kind=SourceKind.SITEMAP, full_text=FullText.NEVER)
    parsed = ParsedSource(entries=(entry("a", 1), entry("b", 1, title="t")))
    found = select_entries(source, parsed, NOW, OPTIONS, first=True)
    assert (names(found.parsed.entries), found.pages) == ("b", ())
    assert "1 articles without a title were left out" in found.parsed.warnings[0]


def test_of_an_index_the_latest_parts_are_read():
    dated = [SitemapPart(url=f"d{n}", changed=NOW - timedelta(hours=n)) for n in range(5)]
    old = [SitemapPart(url=f"o{n}", changed=NOW - timedelta(days=30)) for n in range(40)]
    undated = [SitemapPart(url=f"u{n}") for n in range(40)]
    chosen = [part.url for part in select_sitemap_parts([*old, *undated, *dated], NOW, OPTIONS)]
    assert chosen == ["d0", "d1", "d2", "d3", "d4", "u0", "u1", "u2", "u3", "u4"]
    ends = [part.url for part in select_sitemap_parts(undated, NOW, OPTIONS)]
    assert (len(ends), ends[0], ends[-1]) == (MAX_PARTS, "u0", "u39")
