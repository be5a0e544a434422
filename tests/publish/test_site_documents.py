"""Documents for programs: what crawlers, browsers and feed readers find beside the pages."""

import json
import re
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from struct import unpack
from typing import Any
from urllib.robotparser import RobotFileParser
from xml.etree import ElementTree
from zlib import crc32, decompress

import pytest

from syndicate.model import Brand, Channel, Newsletter
from syndicate.opml import read_opml
from syndicate.publish.about.about_pages import (
    about_page,
    feed_groups,
    feeds_opml,
    feeds_page,
)
from syndicate.publish.about.share_card import HEIGHT, WIDTH, share_card
from syndicate.publish.about.site_documents import (
    manifest,
    robots_txt,
    security_txt,
    sitemap_index,
    sitemap_part,
)
from syndicate.publish.channel_query import parse_query
from syndicate.publish.page_context import Page
from syndicate.publish.publish_options import PublishOptions
from syndicate.publish.site import SitePages
from syndicate.publish.site_headline import Headline
from syndicate.publish.site_metadata import collection_facts
from syndicate.templating import Templates
from tests.factories import newsletter
from tests.publish.samples import NOW, OPTIONS, OURS, published

NAMES = {"s": "http://www.sitemaps.org/schemas/sitemap/0.9"}
FOLDER = replace(OPTIONS, site_url="https://host.example/news")


@pytest.mark.parametrize("options", [OPTIONS, FOLDER])
def test_crawlers_may_read_pages_and_find_the_sitemaps_but_no_address_with_a_token(
    options: PublishOptions,
) -> None:
    rules = RobotFileParser()
    rules.parse(robots_txt(options).decode().splitlines())

    def may_read(path: str) -> bool:
        return rules.can_fetch("AnyBot", f"{options.site_url}/{path}")

    assert may_read("site/index.html")
    assert may_read("news.rss")
    assert not may_read("unsubscribe/abc")
    assert not may_read("preferences/abc")
    assert not may_read("search?q=x")
    sitemaps = [f"{options.site_url}/{name}" for name in ("sitemap.xml", "news-sitemap.xml")]
    assert rules.site_maps() == sitemaps


def test_a_sitemap_names_pages_with_their_last_change_if_it_is_known() -> None:
    document = sitemap_part([("site/a&b.html", NOW), ("site/ü.html", None)], "https://news.example")
    urls = ElementTree.fromstring(document).findall("s:url", NAMES)
    assert [url.findtext("s:loc", None, NAMES) for url in urls] == [
        "https://news.example/site/a%26b.html",
        "https://news.example/site/%C3%BC.html",
    ]
    assert [url.findtext("s:lastmod", None, NAMES) for url in urls] == ["2026-11-24T09:00:00Z", None]


def test_the_index_names_the_parts_in_order() -> None:
    document = sitemap_index({"site/b.xml": "", "site/a.xml": "2026-11-24T09:00:00Z"}, "https://news.example")
    parts = ElementTree.fromstring(document).findall("s:sitemap", NAMES)
    assert [part.findtext("s:loc", None, NAMES) for part in parts] == [
        "https://news.example/site/a.xml",
        "https://news.example/site/b.xml",
    ]
    assert [part.findtext("s:lastmod", None, NAMES) for part in parts] == ["2026-11-24T09:00:00Z", None]


def test_the_manifest_names_the_site_its_colour_and_icons_that_exist() -> None:
    facts = json.loads(manifest(replace(OPTIONS, brand=Brand(accent="#123456"), language="ar")))
    assert (facts["name"], facts["theme_color"], facts["dir"]) == ("The Daily Tide", "#123456", "rtl")
    icons = {icon["src"].removeprefix("assets/"): icon["sizes"] for icon in facts["icons"]}
    for name, sizes in icons.items():
        data = Templates().read(f"pages/{name}")
        if name.endswith(".png"):
            assert "{}x{}".format(*unpack(">II", data[16:24])) == sizes


@pytest.mark.parametrize(
    ("contact", "line"),
    [
        ("desk@news.example", "Contact: mailto:desk@news.example"),
        ("https://news.example/contact", "Contact: https://news.example/contact"),
    ],
)
def test_the_security_contact_expires_and_stays_the_same_for_a_month(contact: str, line: str) -> None:
    options = replace(OPTIONS, contact=contact)
    text = security_txt(options, NOW).decode()
    assert line in text.splitlines()
    expires = re.search("^Expires: (.+)$", text, re.MULTILINE)
    assert expires
    assert NOW < datetime.fromisoformat(expires[1]) < datetime(2027, 11, 1, tzinfo=UTC)
    assert security_txt(options, NOW.replace(day=1, hour=0)).decode() == text


def test_the_card_is_a_whole_picture_in_the_colour_of_the_site() -> None:
    data, chunks = share_card("#0a5c55"), {}
    assert data.startswith(b"\x89PNG\r\n\x1a\n")
    place = 8
    while place < len(data):
        (length,) = unpack(">I", data[place : place + 4])
        kind, content = data[place + 4 : place + 8], data[place + 8 : place + 8 + length]
        assert unpack(">I", data[place + 8 + length : place + 12 + length])[0] == crc32(kind + content)
        chunks[kind] = content
        place += 12 + length
    assert unpack(">II", chunks[b"IHDR"][:8]) == (WIDTH, HEIGHT) == (1200, 630)
    assert chunks[b"PLTE"] == b"\x0a\x5c\x55\xff\xff\xff"
    assert len(decompress(chunks[b"IDAT"])) == HEIGHT * (1 + WIDTH // 8)
    assert len(data) < 1000


def test_the_icon_file_holds_pictures_of_the_sizes_it_declares() -> None:
    data = Templates().read("pages/favicon.ico")
    _, kind, count = unpack("<HHH", data[:6])
    assert (kind, count) == (1, 3)
    for place in range(count):
        width, height, *_, length, start = unpack("<BBBBHHII", data[6 + 16 * place : 22 + 16 * place])
        image = data[start : start + length]
        assert image.startswith(b"\x89PNG")
        assert unpack(">II", image[16:24]) == (width, height)


def channel(name: str, query: str = "", **more: Any) -> Channel:
    return Channel(name=name, title=name.title(), query=query, clauses=parse_query(query), **more)


CHANNELS = (
    channel("news"),
    channel("top", "top"),
    channel("floods", "tag:flood", description="Water & mud"),
    channel("sea", "section:sea"),
)
DAILY = newsletter()


def directory(*channels: Channel, newsletters: tuple[Newsletter, ...] = (), **options: Any) -> SitePages:
    changed = replace(OPTIONS, **options)
    return SitePages(
        Templates(), changed, channels=channels, newsletters=newsletters, sections=("sea", "world")
    )


def test_the_directory_has_every_feed_once_in_its_group() -> None:
    pages = directory(*CHANNELS, newsletters=(DAILY,))
    groups = feed_groups(pages, CHANNELS, (DAILY,), {"": 70, "sea": 3, "world": 1})
    assert {name: [row.path for row in rows] for name, rows in groups.items()} == {
        "site": ["news", "top"],
        "sections": ["sea", "sections/world"],
        "newsletters": ["newsletters/daily"],
        "channels": ["floods"],
    }
    page = feeds_page(pages, groups, 4).decode()
    for text in ("about 10 articles a day", "3 articles in 7 days", "1 article in 7 days", "Water &amp; mud"):
        assert text in page
    for suffix in ("rss", "atom", "json"):
        assert f'href="../sections/world.{suffix}"' in page
    assert 'data-copy="https://news.example/news.rss"' in page
    outlines = read_opml(feeds_opml(groups, OPTIONS)).outlines
    assert [outline.feed_url.removeprefix("https://news.example/") for outline in outlines] == [
        "news.rss", "top.rss", "sea.rss", "sections/world.rss", "newsletters/daily.rss", "floods.rss",
    ]  # fmt: skip
    assert {outline.section for outline in outlines} == {"The Daily Tide"}


def test_a_section_without_articles_keeps_its_declared_feed() -> None:
    pages = SitePages(Templates(), OPTIONS, channels=CHANNELS)
    assert [row.path for row in feed_groups(pages, CHANNELS, (), {})["sections"]] == ["sea"]


def test_the_directory_stands_without_any_feed_of_the_whole_site() -> None:
    only = (channel("sea", "section:sea"),)
    pages = directory(*only, automatic_channels=False)
    page = feeds_page(pages, feed_groups(pages, only, (), {}), 1).decode()
    assert 'data-copy="https://news.example/sea.rss"' in page
    assert "Each source" not in page
    assert feeds_page(directory(), {}, 0)


def test_contact_and_imprint_are_shown_if_they_are_set() -> None:
    page = about_page(directory(contact="desk@news.example", imprint="A & B\nPier 1"), 3).decode()
    assert 'href="mailto:desk@news.example"' in page
    assert "A &amp; B<br>Pier 1" in page
    assert 'href="../site/about.html#imprint"' in page
    linked = about_page(directory(imprint="https://news.example/legal"), 3).decode()
    assert '<a href="https://news.example/legal">' in linked
    plain = about_page(directory(), 3).decode()
    assert "imprint" not in plain.lower()
    assert "How stories are made" in plain


def test_a_site_of_one_source_explains_no_stories() -> None:
    assert "How stories are made" not in about_page(directory(), 1).decode()


def test_a_page_without_a_picture_is_shared_with_the_card_and_another_with_its_picture() -> None:
    pages = directory()
    card = '<meta property="og:image" content="https://news.example/site/assets/card.png">'
    plain = pages.page("pages/base.html", "site/a.html", Page(canonical="https://news.example/site/a.html"))
    assert card in plain.decode()
    image = published(1).article.image
    shown = Page(canonical="https://news.example/site/a.html", share_image=image)
    page = pages.page("pages/base.html", "site/a.html", shown).decode()
    assert card not in page
    assert page.count("og:image") == 1


def test_a_page_is_shared_under_its_title_which_its_later_blocks_may_show(tmp_path: Path) -> None:
    own = tmp_path / "pages/own.html"
    own.parent.mkdir()
    own.write_text(
        '{% extends "pages/base.html" %}{% block title %}A &amp; {{ code }}{% endblock %}'
        "{% block content %}<h1>{{ page_title }}</h1>{% endblock %}",
        "utf-8",
    )
    frame = directory().server_variables(Page(canonical=""))
    page = Templates(tmp_path).render("pages/own.html", **frame, code="<B>")
    title = "A &amp; &lt;B&gt;"
    assert f"<title>{title}</title>" in page
    assert f'<meta property="og:title" content="{title}">' in page
    assert f"<h1>{title}</h1>" in page


def test_a_list_tells_programs_its_way_and_where_its_headlines_lead() -> None:
    headlines = [Headline.of(published(1)), Headline.of(published(2, source=OURS, title="</script>"))]
    crumbs = [("Sections", "site/sections.html")]
    markup = collection_facts(OPTIONS, "site/x.html", "Sea", headlines, crumbs)
    assert "</script>" not in markup
    facts, way = json.loads(markup)
    assert (facts["@type"], facts["name"], facts["url"]) == (
        "CollectionPage", "Sea", "https://news.example/site/x.html"
    )  # fmt: skip
    assert [item["url"] for item in facts["mainEntity"]["itemListElement"]] == [
        "https://harbour.example/1?x=1&y=2",
        "https://news.example/site/articles/2026/11/flood-2.html",
    ]
    assert [(step["name"], step["item"]) for step in way["itemListElement"]] == [
        ("The Daily Tide", "https://news.example/site/index.html"),
        ("Sections", "https://news.example/site/sections.html"),
        ("Sea", "https://news.example/site/x.html"),
    ]
