from dataclasses import replace
from datetime import timedelta
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from syndicate.model import PublishedArticle
from syndicate.publish.feeds.news_sitemap import news_sitemap
from tests.publish.samples import NOW, OPTIONS, OURS, published

NAMES = {
    "s": "http://www.sitemaps.org/schemas/sitemap/0.9",
    "n": "http://www.google.com/schemas/sitemap-news/0.9",
}


def ours(number: int, **changes: object) -> PublishedArticle:
    return published(number, source=OURS, **changes)


def urls(*articles: PublishedArticle) -> list[ET.Element]:
    return ET.fromstring(news_sitemap(articles, OPTIONS, NOW)).findall("s:url", NAMES)


def titles(*articles: PublishedArticle) -> list[str | None]:
    return [url.findtext("n:news/n:title", None, NAMES) for url in urls(*articles)]


def locations(*articles: PublishedArticle) -> list[str | None]:
    return [url.findtext("s:loc", None, NAMES) for url in urls(*articles)]


def test_S1_S3_S5_S6_every_field_in_its_order() -> None:
    assert news_sitemap([ours(1)], OPTIONS, NOW).decode() == (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        '<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9"'
        ' xmlns:news="http://www.google.com/schemas/sitemap-news/0.9">\n'
        "<url><loc>https://news.example/site/articles/2026/11/flood-1.html</loc>"
        "<lastmod>2026-11-24T08:20:00Z</lastmod>"
        "<news:news><news:publication><news:name>The Daily Tide</news:name>"
        "<news:language>en</news:language></news:publication>"
        "<news:publication_date>2026-11-24T08:00:00Z</news:publication_date>"
        "<news:title>Flood &amp; &lt;storm&gt; 1</news:title></news:news></url>\n"
        "</urlset>\n"
    )


def test_S2_only_the_last_two_days_newest_first_once_each() -> None:
    articles = [ours(number) for number in (47, 1, 49, 48, 1)]

    assert titles(*articles) == [f"Flood & <storm> {number}" for number in (1, 47, 48)]


def test_S2_nothing_of_the_future() -> None:
    assert titles(ours(1), ours(2, published=NOW + timedelta(minutes=1))) == ["Flood & <storm> 1"]


def test_S2_at_most_a_thousand() -> None:
    many = [
        ours(number, published=NOW - timedelta(seconds=number), path=f"site/{number}.html")
        for number in range(1, 1_006)
    ]

    assert len(urls(*many)) == 1_000


def test_articles_of_others_never_enter() -> None:
    assert titles(published(1), ours(2)) == ["Flood & <storm> 2"]


def test_S1_addresses_elsewhere_are_passed_over() -> None:
    elsewhere = ours(1, link="https://news.example.evil.example/1.html")

    assert titles(elsewhere, ours(2)) == ["Flood & <storm> 2"]


def test_when_nothing_is_new_the_newest_stays_as_a_plain_address() -> None:
    assert titles(ours(60), ours(50)) == [None]
    assert locations(ours(60), ours(50)) == ["https://news.example/site/articles/2026/11/flood-50.html"]


def test_without_any_article_the_front_page_stands_alone() -> None:
    assert locations() == ["https://news.example/site/index.html"]
    assert locations(published(1)) == ["https://news.example/site/index.html"]


@pytest.mark.parametrize(
    ("language", "code"),
    [
        ("en-gb", "en"),
        ("ar", "ar"),
        ("", "en"),
        ("zh", "zh-cn"),
        ("zh-cn", "zh-cn"),
        ("zh-hant-hk", "zh-tw"),
        ("zh-TW", "zh-tw"),
        ("fil", "fil"),
        ("x-private", "en"),
    ],
)
def test_S4_language_is_the_primary_code(language: str, code: str) -> None:
    [url] = urls(ours(1, language=language))

    assert url.findtext("n:news/n:publication/n:language", None, NAMES) == code


@given(st.text(max_size=40), st.text(max_size=40))
def test_X2_no_title_whatever_it_holds_breaks_the_sitemap(title: str, name: str) -> None:
    document = news_sitemap([ours(1, title=title + "\ud800")], replace(OPTIONS, title=name), NOW)

    assert len(ET.fromstring(document)) == 1
