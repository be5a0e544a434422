import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from syndicate.model import PublishedArticle, Republish
from syndicate.publish.site_headline import Headline, NamedPath
from syndicate.publish.site_metadata import (
    named_links,
    nested_headings,
    news_article,
    with_alternatives,
)
from tests.publish.samples import HARBOUR, OPTIONS, OURS, published


def facts(item: PublishedArticle) -> Any:
    return json.loads(news_article(item, "https://canonical.example/1", OPTIONS))[0]


def test_S10_the_structured_data_of_an_article_is_complete():
    found = facts(published(section="world", tags=("tides",)))

    assert found == {
        "@context": "https://schema.org",
        "@type": "NewsArticle",
        "headline": "Flood & <storm> 1",
        "url": "https://canonical.example/1",
        "mainEntityOfPage": "https://canonical.example/1",
        "datePublished": "2026-11-24T08:00:00+00:00",
        "dateModified": "2026-11-24T08:20:00+00:00",
        "author": [{"@type": "Person", "name": "Ann O'Neil"}, {"@type": "Person", "name": "Bo Åkerlund"}],
        "publisher": {
            "@type": "NewsMediaOrganization",
            "name": "The Harbour & Pier",
            "url": "https://harbour.example/",
        },
        "inLanguage": "en",
        "articleSection": "world",
        "keywords": ["tides"],
        "description": "Water & wind: 3 < 4",
        "image": ["https://harbour.example/i.jpg?w=1&h=2"],
    }


def test_S10_our_own_article_names_us_as_its_publisher():
    assert facts(published(source=OURS))["publisher"] == {
        "@type": "NewsMediaOrganization",
        "name": "The Daily Tide",
        "url": "https://news.example/site/",
        "logo": {"@type": "ImageObject", "url": "https://news.example/site/assets/favicon.png"},
    }
    assert facts(published(source=OURS))["isPartOf"]["name"] == "The Daily Tide"


def test_the_way_to_an_article_leads_over_its_section():
    section = NamedPath(name="world", path="site/sections/world/index.html")

    _, way = json.loads(news_article(published(), "https://canonical.example/1", OPTIONS, section))

    assert [(step["position"], step["name"]) for step in way["itemListElement"]] == [
        (1, "The Daily Tide"),
        (2, "world"),
    ]


def test_an_article_without_authors_is_by_its_publisher():
    assert facts(published(authors=()))["author"] == [facts(published())["publisher"]]


def test_S10_what_is_unknown_is_left_out():
    bare = published(authors=(), tags=(), section="", language="", image=None, summary="")

    assert not {"keywords", "articleSection", "inLanguage", "image", "description"} & set(facts(bare))


def test_a_source_that_allows_no_text_gives_no_description():
    silent = published(source=replace(HARBOUR, republish=Republish.NONE))

    assert not Headline.of(silent).summary
    assert "description" not in facts(silent)


@given(st.text())
def test_S10_no_title_can_leave_the_script_element(title):
    item = published(title=title + "</script><!--<script>&\u2028")

    markup = str(news_article(item, "https://canonical.example/1", OPTIONS))

    assert not set("<>&\u2028\u2029") & set(markup)
    assert json.loads(markup)[0]["headline"] == item.article.title


@pytest.mark.parametrize(
    ("html", "expected"),
    [
        ("<p>none</p>", "<p>none</p>"),
        ("<h2>a</h2><h3>b</h3>", "<h2>a</h2><h3>b</h3>"),
        ("<h1>a</h1>", "<h2>a</h2>"),
        ("<h3>a</h3><h1>b</h1><h2>c</h2>", "<h2>a</h2><h2>b</h2><h3>c</h3>"),
        ("<h4>a</h4><h6>b</h6><h4>c</h4>", "<h2>a</h2><h3>b</h3><h2>c</h2>"),
        ('<h3 id="x">a</h3><hr>', '<h2 id="x">a</h2><hr>'),
        ("<header>a</header>", "<header>a</header>"),
    ],
)
def test_D7_headings_in_the_text_skip_no_level(html, expected):
    assert nested_headings(html) == expected


@pytest.mark.parametrize(
    ("html", "expected"),
    [
        ('<img src="https://a.example/1.jpg">', '<img alt="" src="https://a.example/1.jpg">'),
        ('<img src="https://a.example/1.jpg" alt="">', '<img src="https://a.example/1.jpg" alt="">'),
        ('<img alt="A &gt; B" src="x">', '<img alt="A &gt; B" src="x">'),
        ('<p>alt="no"</p><img src="x"><img alt="B">', '<p>alt="no"</p><img alt="" src="x"><img alt="B">'),
        ('<a title="&lt;img src=">x</a>', '<a title="&lt;img src=">x</a>'),
    ],
)
def test_pictures_in_the_text_have_an_alternative(html, expected):
    assert with_alternatives(html) == expected


PICTURE = '<img src="https://a.example/1.jpg">'


@pytest.mark.parametrize(
    ("link", "holds", "name"),
    [
        ('href="https://a.example/b/Img_1.JPG?w=1&amp;h=2"', PICTURE, "Img_1.JPG"),
        ('href="https://a.example/1.jpg" rel="noopener"', f"\n{PICTURE} {PICTURE}\n", "1.jpg"),
        ('rel="noopener" href="https://shop.example/b/c"', PICTURE, "shop.example"),
        ('href="https://shop.example"', '<img alt=" " src="https://a.example/1.jpg">', "shop.example"),
        ('href="https://a.example:8443/%D8%A7.jpg"', PICTURE, "a.example:8443"),
    ],
)
def test_a_link_of_pictures_without_words_is_called_by_where_it_leads(link, holds, name):
    assert named_links(f"<a {link}>{holds}</a>") == f'<a aria-label="{name}" {link}>{holds}</a>'


@pytest.mark.parametrize(
    "html",
    [
        '<a href="https://a.example/"><img src="x" alt="A boat"></a>',
        f'<a title="Boats" href="https://a.example/">{PICTURE}</a>',
        '<a title="Boats" href="https://a.example/"></a>',
        f'<a href="https://a.example/">{PICTURE} by Ann</a>',
        f'<a href="https://a.example/">Boats</a> {PICTURE}',
        f'<a href="mailto:ann@a.example">{PICTURE}</a>',
        f"<a>{PICTURE}</a>",
        f"<abbr>{PICTURE}</abbr>",
        f'<a href="https://ann:secret@a.example/">{PICTURE}</a>',
        f'<a title="&gt;{PICTURE.replace("<", "&lt;")}&lt;/a" href="https://a.example/">x</a>',
    ],
)
def test_other_links_stay_as_they_are(html):
    assert named_links(html) == html


@pytest.mark.parametrize(
    ("html", "left"),
    [
        ('<h2><a href="https://a.example/#b" rel="noopener"></a>B</h2>', "<h2>B</h2>"),
        ('The<a href="https://a.example/#b"> </a>boat', "The boat"),
    ],
)
def test_links_that_hold_nothing_go_but_the_space_between_words_stays(html, left):
    assert named_links(html) == left
