"""What feeds and pages say about files, lead pictures and corrections, and in which words."""

import json
import re
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from lxml import etree
from lxml import html as lxml_html

from syndicate.ingest.feed.feed_parser import parse_feed
from syndicate.ingest.worker.parsers import ParseRequest
from syndicate.model import Enclosure, Image, PublishedArticle, Republish
from syndicate.publish.feeds.feed_words import words_in
from syndicate.publish.lead_image import shows_image
from syndicate.publish.site import SitePages
from syndicate.templating import Templates
from tests.publish.feeds import content_of, every_format, read_one, write
from tests.publish.samples import HARBOUR, NOW, OPTIONS, page_of, published
from tests.template_variables import FEED_LANGUAGES

TALK = Enclosure(
    url="https://cdn.example/talk.mp3?a=1&b=2", media_type="audio/mpeg", size=31_000_000, duration=2040
)
FILM = Enclosure(url="https://cdn.example/film.mp4", media_type="video/mp4", size=1_200_000)
PAPER = Enclosure(url="https://cdn.example/the%20report.pdf", media_type="application/pdf", size=340_000)
FILES = (PAPER, TALK, FILM)
MEDIA = "{http://search.yahoo.com/mrss/}content"


def only_item(article: PublishedArticle) -> Any:
    return etree.fromstring(write("rss", article)).find(".//item")


def of_json(article: PublishedArticle) -> dict[str, Any]:
    (item,) = json.loads(write("json", article))["items"]
    return dict(item)


@pytest.mark.parametrize("form", ["rss", "atom", "json"])
def test_a_podcast_item_in_is_a_podcast_item_out(form: str) -> None:
    article = published(enclosures=(replace(TALK, title="" if form == "rss" else "The talk"),))
    document = write(form, article)

    again = parse_feed(ParseRequest(body=document, url="https://news.example/f"))

    assert again.entries[0].enclosures == article.article.enclosures
    assert again.entries[0].image == article.article.image


def test_rss_has_one_enclosure_the_first_recording_and_media_for_all() -> None:
    item = only_item(published(enclosures=FILES))

    assert [dict(found.attrib) for found in item.findall("enclosure")] == [
        {"url": TALK.url, "type": "audio/mpeg", "length": "31000000"}
    ]
    assert item.findtext("{http://www.itunes.com/dtds/podcast-1.0.dtd}duration") == "2040"
    assert [found.get("medium") for found in item.findall(MEDIA)] == ["image", "audio", "video"]
    assert dict(item.findall(MEDIA)[1].attrib) == {
        "url": TALK.url,
        "medium": "audio",
        "type": "audio/mpeg",
        "fileSize": "31000000",
        "duration": "2040",
    }


def test_an_enclosure_of_unknown_size_and_type_has_both_attributes() -> None:
    item = only_item(published(enclosures=(Enclosure(url="https://c.example/x"),)))

    assert dict(item.find("enclosure").attrib) == {
        "url": "https://c.example/x",
        "length": "0",
        "type": "application/octet-stream",
    }


def test_atom_and_json_have_every_file() -> None:
    article = published(enclosures=FILES)

    links = [link for link in read_one("atom", article).links if link.rel == "enclosure"]

    assert [(link.href, link.type, link.length) for link in links] == [
        (file.url, file.media_type, str(file.size)) for file in FILES
    ]
    assert of_json(article)["attachments"][1] == {
        "url": TALK.url,
        "mime_type": "audio/mpeg",
        "size_in_bytes": 31_000_000,
        "duration_in_seconds": 2040,
    }


@every_format
def test_the_text_leads_to_every_file_in_the_items_language(form: str) -> None:
    content = content_of(form, published(language="fr", enclosures=FILES))

    assert (
        '<p><a href="https://cdn.example/the%20report.pdf">Télécharger</a>: the report.pdf (340 kB)</p>'
        '<p><a href="https://cdn.example/talk.mp3?a=1&amp;b=2">Écouter</a>: talk.mp3 (34 min)</p>'
        '<p><a href="https://cdn.example/film.mp4">Voir la vidéo</a>: film.mp4 (1.2 MB)</p>'
    ) in content
    assert "Listen, 34 min: https://cdn.example" in of_json(published(enclosures=(TALK,)))["content_text"]


def test_a_source_that_allows_nothing_to_be_republished_keeps_its_files() -> None:
    article = published(source=replace(HARBOUR, republish=Republish.NONE), enclosures=FILES, html="")

    for form in ("rss", "atom", "json"):
        assert b"cdn.example" not in write(form, article)
    assert b"cdn.example" not in page_of(SitePages(Templates(), OPTIONS), article)


@every_format
def test_the_lead_picture_stands_before_the_text_unless_the_text_shows_it(form: str) -> None:
    shown = '<p>Storm.</p><img src="https://harbour.example/i.jpg?w=99&amp;h=9" alt="">'
    other = shown.replace("i.jpg", "other.jpg")

    assert content_of(form, published(html=shown)).startswith("<p>Storm.</p>")
    assert content_of(form, published(html=other)).startswith('<p><img src="https://harbour.example/i.jpg?')
    assert "<img" not in content_of(form, published(image=None))


@pytest.mark.parametrize(
    ("shown", "image", "same"),
    [
        ("https://a.example/x/photo-300x200.jpg", "https://a.example/x/photo.jpg?w=640", True),
        ("https://a.example/x/photo-scaled.jpg", "https://www.a.example/x/photo-1024x683.jpg", True),
        ("https://i2.wp.com/a.example/x/photo.jpg?ssl=1", "http://a.example/x/photo.jpg", True),
        ("https://a.example/ace/240/cps/bridge.jpg", "https://a.example/ace/976x549/cps/bridge.jpg", True),
        ("https://a.example/image?id=1&w=9", "https://a.example/image?w=640&id=1", True),
        ("https://a.example/image?id=1", "https://a.example/image?id=2", False),
        ("https://a.example/x/photo2.jpg", "https://a.example/x/photo.jpg", False),
        ("https://a.example/vi/ID1/hqdefault.jpg", "https://a.example/vi/ID2/hqdefault.jpg", False),
        ("https://[broken/photo.jpg", "https://a.example/photo.jpg", False),
    ],
)
def test_one_picture_in_two_sizes_is_one_picture(shown: str, image: str, same: bool) -> None:
    assert shows_image(f'<p><img alt="" src="{shown.replace("&", "&amp;")}"></p>', image) is same


@pytest.mark.parametrize(
    ("image", "kind"),
    [
        (Image(url="https://a.example/p.webp?x=1"), "image/webp"),
        (Image(url="https://a.example/p", media_type="image/png"), "image/png"),
        (Image(url="https://a.example/p"), None),
    ],
)
def test_media_content_has_the_type_of_the_picture_if_it_is_known(image: Image, kind: str | None) -> None:
    assert only_item(published(image=image)).find(MEDIA).get("type") == kind


@every_format
def test_a_correction_an_hour_after_the_first_sight_is_told_with_its_time(form: str) -> None:
    late = published(language="de", first_seen=NOW, revised=NOW + timedelta(hours=1))
    early = published(language="de", first_seen=NOW, revised=NOW + timedelta(minutes=59))

    told = '<p>Aktualisiert am <time datetime="2026-11-24T10:00:00Z">24. Nov. 2026, 10:00</time></p>'
    assert told in content_of(form, late)
    assert "Aktualisiert am 24. Nov. 2026, 10:00" in of_json(late)["content_text"]
    assert "Aktualisiert" not in content_of(form, early)


def test_reading_time_is_in_the_feeds_extension() -> None:
    assert read_one("atom", published(minutes=7)).syndicate_readingminutes == "7"
    assert of_json(published(minutes=7))["_syndicate"]["reading_minutes"] == 7


@pytest.mark.parametrize("language", FEED_LANGUAGES)
def test_every_language_has_every_word_of_its_own(language: str) -> None:
    words, english = words_in(language), words_in("en")

    assert words.language == language
    assert all(word.strip() for word in words)
    assert all(word.count("{}") == 1 for word in (words.undated, words.updated, words.minutes))
    if language != "en":
        same = [name for name in words._fields if getattr(words, name) == getattr(english, name)]
        # French says "Source :", Dutch "Download"; minutes are "min" in many languages.
        assert set(same) <= {"minutes", "download"}
    day = words.day(NOW, OPTIONS.time_zone)
    assert "2026" in day
    assert language in ("en", "de", "id", "nl") or "November" not in day


def test_the_largest_languages_have_words() -> None:
    largest = "en zh hi es ar bn pt ru ur id de fr ja mr te tr ta vi ko it fa th pl uk nl sw he"

    assert {words_in(language).language for language in largest.split()} == set(largest.split())
    assert words_in("zh-TW").related == words_in("zh-hant-hk").related != words_in("zh-cn").related
    assert words_in("fi") is words_in("") is words_in("en")


def test_a_page_has_players_and_links_to_all_files() -> None:
    page: Any = lxml_html.document_fromstring(
        page_of(SitePages(Templates(), OPTIONS), published(enclosures=FILES)).decode()
    )

    for kind, file in (("audio", TALK), ("video", FILM)):
        (player,) = page.xpath(f"//article//{kind}")
        assert (player.get("src"), player.get("preload")) == (file.url, "none")
        assert "controls" in player.attrib
        assert player.get("aria-label") == {"audio": "Listen", "video": "Watch"}[kind]
        assert page.xpath(f"//figcaption/a[@href='{file.url}']")[0].text == "Download"
    said = [re.sub(r"\s+", " ", found.text_content()).strip() for found in page.xpath("//figcaption")]
    assert said == ["Download talk.mp3 34 min 31 MB", "Download film.mp4 1.2 MB"]
    (document,) = page.xpath(f"//p[a/@href='{PAPER.url}']")
    assert document.text_content() == "Download the report.pdf 340 kB"
