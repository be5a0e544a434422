import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from syndicate.model import Image, PublishedArticle, Republish
from syndicate.publish.feeds.rss_atom import FeedWriter
from tests.examples import examples
from tests.publish.feeds import write
from tests.publish.samples import HARBOUR, NOW, OPTIONS, OURS, WORLD, published, related, uid


def read(*articles: PublishedArticle) -> Any:
    return json.loads(write("json", *articles))


def read_one(article: PublishedArticle) -> Any:
    return read(article)["items"][0]


def test_J1_J2_the_feed_says_what_it_is_first() -> None:
    document = write("json")

    assert document.startswith(b'{"version":"https://jsonfeed.org/version/1.1",')
    assert json.loads(document) == {
        "version": "https://jsonfeed.org/version/1.1",
        "title": "World & sea",
        "home_page_url": "https://news.example/site/index.html",
        "feed_url": "https://news.example/world.json",
        "description": "News of the coast",
        "language": "en",
        "items": [],
    }


def test_J3_to_J7_every_field_of_an_item() -> None:
    item = read_one(published())
    html, text = item.pop("content_html"), item.pop("content_text")

    assert html.startswith('<p><img src="https://harbour.example/i.jpg?w=1&amp;h=2" alt=')
    assert "<p>The water rose &amp; fell.</p><p>Source: " in html
    assert text.startswith("The water rose & fell.\n\nSource: The Harbour & Pier, https://harbour.example/1")
    assert item.pop("_syndicate")
    assert item == {
        "id": f"urn:uuid:{uid(1)}",
        "url": "https://harbour.example/1?x=1&y=2",
        "title": "Flood & <storm> 1",
        "summary": "Water & wind: 3 < 4",
        "image": "https://harbour.example/i.jpg?w=1&h=2",
        "date_published": "2026-11-24T08:00:00Z",
        "date_modified": "2026-11-24T08:20:00Z",
        "authors": [{"name": "Ann O'Neil"}, {"name": "Bo Åkerlund"}],
        "tags": ["world", "tides", "R&D"],
        "language": "en",
    }


def test_RL6_related_stories_and_source_are_in_our_own_object() -> None:
    assert read_one(published(related=(related(101),)))["_syndicate"] == {
        "about": "https://news.example/site/index.html",
        "reading_minutes": 1,
        "source": {
            "name": "The Harbour & Pier",
            "url": "https://harbour.example/",
            "feed_url": "https://harbour.example/feed.xml",
        },
        "related": [
            {
                "id": f"urn:uuid:{uid(101)}",
                "url": "https://pilot.example/101?a=1&b=2",
                "title": "Ebb & flow 101",
                "source": "The <Pilot>",
                "date_published": "2026-11-23T09:00:00Z",
                "score": 0.5,
            }
        ],
    }
    assert read_one(published(source=OURS, related=()))["_syndicate"] == {
        "about": "https://news.example/site/index.html",
        "reading_minutes": 1,
    }


def test_RL6_external_url_is_never_used() -> None:
    assert b"external_url" not in write("json", published())


def test_RL3_related_stories_are_in_the_text_too() -> None:
    assert read_one(published(related=(related(101),)))["content_text"].endswith(
        "\n\nRelated stories\n"
        "• Ebb & flow 101 – The <Pilot>, 23 November 2026\n"
        "  https://pilot.example/101?a=1&b=2"
    )


def test_RL8_never_itself() -> None:
    own_fields = read_one(published(related=(related(1), related(102))))["_syndicate"]

    assert [link["id"] for link in own_fields["related"]] == [f"urn:uuid:{uid(102)}"]


def test_J4_content_is_there_even_when_the_article_is_only_a_title() -> None:
    bare = read_one(published(source=OURS, summary="", html="", text="", related=(), image=None))

    assert bare["content_text"] == "Flood & <storm> 1"
    assert "content_html" not in bare
    assert "summary" not in bare
    assert "image" not in bare


def test_republish_none_carries_no_text_of_theirs() -> None:
    source = replace(HARBOUR, republish=Republish.NONE)

    assert "Water" not in json.dumps(read_one(published(source=source, html="", text="")))


def test_J11_no_key_of_ours_without_an_underscore() -> None:
    known = {
        *("id", "url", "title", "content_html", "content_text", "summary", "image"),
        *("date_published", "date_modified", "authors", "tags", "language", "_syndicate"),
    }
    assert set(read_one(published())) <= known


def test_R13_newest_first_once_each_whatever_the_order() -> None:
    articles = [published(number) for number in (2, 1, 3, 1)]

    assert [item["title"][-1] for item in read(*articles)["items"]] == ["1", "2", "3"]
    assert write("json", *articles) == write("json", *articles[::-1])


def test_R19_the_oldest_items_are_left_out_and_no_text_is_cut() -> None:
    articles = [
        published(number, html=f"<p>{'wave ' * 1000}</p>", text="wave " * 1000) for number in range(1, 11)
    ]

    document = write("json", *articles, options=replace(OPTIONS, feed_limit_bytes=60_000))

    items = json.loads(document)["items"]
    assert len(document) <= 60_000
    assert ["wave" in item["content_html"] for item in items] == [True] * 5
    assert ["wave" in item["content_text"] for item in items] == [True] * 5


def test_R19_a_text_that_would_fill_the_feed_is_its_summary_and_a_link() -> None:
    long = published(1, html=f"<p>{'wave ' * 9000}</p>", text="wave " * 9000)
    (item,) = json.loads(write("json", long, options=replace(OPTIONS, feed_limit_bytes=60_000)))["items"]
    assert item["content_text"].startswith(
        f"Water & wind: 3 < 4\n\nRead the full story: {item['url']}\n\nSource: "
    )


@pytest.mark.parametrize(
    "change",
    [
        {"title": "Other"},
        {"html": "<p>Other.</p>"},
        {"text": "Other."},
        {"related": (related(101, score=0.75), related(102))},
        {"updated": NOW},
    ],
    ids="-".join,
)
def test_a_change_of_anything_shown_is_written_although_the_item_was_remembered(
    change: dict[str, Any],
) -> None:
    writer = FeedWriter(OPTIONS)
    first = writer.write("json", WORLD, [published()])
    changed = published(**change)

    assert writer.write("json", WORLD, [changed]) == write("json", changed) != first
    assert writer.write("json", WORLD, [published()]) == first


anything = st.text(max_size=40)


@settings(max_examples=examples(60))
@given(title=anything, author=anything, summary=anything, html=anything, text=anything, other=anything)
def test_J12_no_string_whatever_it_holds_breaks_the_feed(
    title: str, author: str, summary: str, html: str, text: str, other: str
) -> None:
    article = published(
        title=title + "\ud800",
        authors=(author + "\udfff",),
        tags=(other,),
        summary=summary,
        html=html + "\ud800",
        text=text + "\x00",
        image=Image(url="https://harbour.example/i.jpg", alt=other),
        related=(related(101, title=title + "\ud800", source_name=other + "\ud800"),),
        source=replace(HARBOUR, title=other + "\ud800"),
    )

    document = write("json", article, channel=replace(WORLD, title=title + "\ud800"))

    assert json.loads(document)["items"][0]["id"] == f"urn:uuid:{uid(1)}"
    assert b"\\ud8" not in document
