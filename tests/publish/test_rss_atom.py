import re
from dataclasses import replace
from datetime import timedelta
from xml.etree import ElementTree as ET

import pytest

from syndicate.model import Republish
from tests.publish.feeds import ATOM, LANG, content_of, every_format, read, read_one, write
from tests.publish.samples import HARBOUR, NOW, OPTIONS, OURS, WORLD, published, related, uid


@every_format
def test_every_field_reads_back(form: str) -> None:
    entry = read_one(form, published())

    assert entry.id == f"urn:uuid:{uid(1)}"
    assert entry.title == "Flood & <storm> 1"
    assert entry.link == "https://harbour.example/1?x=1&y=2"
    assert [author.name for author in entry.authors] == ["Ann O'Neil", "Bo Åkerlund"]
    assert [tag.term for tag in entry.tags] == ["world", "tides", "R&D"]
    assert entry.published_parsed[:5] == (2026, 11, 24, 8, 0)
    assert entry.updated_parsed[:5] == (2026, 11, 24, 8, 20)
    assert entry.source.title == "The Harbour & Pier"
    assert entry.media_content == [
        {
            "url": "https://harbour.example/i.jpg?w=1&h=2",
            "medium": "image",
            "type": "image/jpeg",
            "width": "600",
            "height": "400",
        }
    ]
    assert b'<media:description type="plain">A "boat"</media:description>' in write(form, published())
    assert entry.syndicate_readingminutes == "1"
    assert entry.content[0].value.startswith(
        '<p><img src="https://harbour.example/i.jpg?w=1&amp;h=2" alt="A &quot;boat&quot;"'
        ' width="600" height="400"></p><p>The water rose &amp; fell.</p>'
    )


@pytest.mark.parametrize(
    ("form", "summary"), [("rss", "Water &amp; wind: 3 &lt; 4"), ("atom", "Water & wind: 3 < 4")]
)
def test_R7_summary_is_html_in_rss_and_text_in_atom(form: str, summary: str) -> None:
    assert read_one(form, published()).summary == summary


@every_format
def test_RL4_related_links_follow_the_article_and_name_the_other_language(form: str) -> None:
    arabic = related(103, language="ar", direction="rtl", title="فيضان")
    entry = read_one(form, published(related=(related(101), arabic)))

    assert [link.rel for link in entry.links] == ["alternate", "related", "related", "via"]
    assert entry.links[1:3] == [
        {
            "rel": "related",
            "type": "text/html",
            "href": "https://pilot.example/101?a=1&b=2",
            "title": "Ebb & flow 101",
        },
        {
            "rel": "related",
            "type": "text/html",
            "href": "https://pilot.example/103?a=1&b=2",
            "title": "فيضان",
            "hreflang": "ar",
        },
    ]


@every_format
def test_RL5_via_is_where_the_item_came_from(form: str) -> None:
    from_home = read_one(form, published()).links[-1]
    from_feed = read_one(form, published(source=replace(HARBOUR, home_url=""))).links[-1]

    assert (from_home.rel, from_home.href) == ("via", "https://harbour.example/")
    assert (from_feed.rel, from_feed.href) == ("via", "https://harbour.example/feed.xml")


@every_format
def test_RL1_content_ends_with_the_block_of_related_stories(form: str) -> None:
    assert content_of(form, published(related=(related(101),))).endswith(
        "<hr><h3>Related stories</h3><ul>"
        '<li><a href="https://pilot.example/101?a=1&amp;b=2">Ebb &amp; flow 101</a> – The &lt;Pilot&gt;, '
        '<time datetime="2026-11-23T09:00:00Z">23 November 2026</time></li></ul>'
    )


@every_format
def test_RL2_the_block_has_nothing_readers_remove(form: str) -> None:
    content = content_of(form, published())

    assert not re.search(r"<(nav|details|section|script|style)|class=|id=", content)


@every_format
def test_RL1_no_related_stories_no_block(form: str) -> None:
    assert "Related" not in content_of(form, published(related=()))


@every_format
def test_RL8_never_itself_never_twice_at_most_five(form: str) -> None:
    links = [related(number) for number in range(101, 109)]
    itself, its_page, again = related(1), related(120, url="https://harbour.example/1?x=1&y=2"), links[0]
    article = published(related=(itself, its_page, links[0], again, *links[1:]))

    titles = [link.title for link in read_one(form, article).links if link.rel == "related"]

    assert titles == [f"Ebb & flow {number}" for number in range(101, 106)]


@every_format
def test_RL8_a_new_related_story_changes_no_date(form: str) -> None:
    before = read(write(form, published(related=())))
    after = read(write(form, published(related=(related(101),))))

    assert before.feed.updated == after.feed.updated
    assert before.entries[0].updated == after.entries[0].updated
    assert before.entries[0].published == after.entries[0].published


@every_format
def test_R3_guid_is_stable_when_everything_else_changes(form: str) -> None:
    moved = published(1, title="New", url="https://elsewhere.example/", tags=(), html="<p>New.</p>")

    assert read_one(form, moved).id == read_one(form, published(1)).id
    assert b'isPermaLink="false"' in write("rss", moved)


@every_format
def test_A6_one_entry_for_each_article(form: str) -> None:
    assert len(read(write(form, published(1), published(1), published(2))).entries) == 2


@every_format
def test_R13_newest_first_whatever_the_order_given(form: str) -> None:
    articles = [published(number) for number in (3, 1, 2)]

    titles = [entry.title[-1] for entry in read(write(form, *articles)).entries]

    assert titles == ["1", "2", "3"]
    assert write(form, *articles) == write(form, *reversed(articles))


@every_format
def test_R19_at_most_the_channels_limit_and_a_hundred(form: str) -> None:
    articles = [published(number) for number in range(1, 131)]

    assert len(read(write(form, *articles, channel=replace(WORLD, limit=7))).entries) == 7
    assert len(read(write(form, *articles, channel=replace(WORLD, limit=500))).entries) == 100


@every_format
def test_R19_the_oldest_items_are_left_out_and_no_text_is_cut(form: str) -> None:
    articles = [published(number, html=f"<p>{'wave ' * 2000}</p>", image=None) for number in range(1, 11)]
    document = write(form, *articles, options=replace(OPTIONS, feed_limit_bytes=60_000))

    contents = [entry.content[0].value for entry in read(document).entries]

    assert len(document) <= 60_000
    assert 4 <= len(contents) < 10
    assert all("wave" in content for content in contents)


@every_format
def test_R19_a_text_that_would_fill_the_feed_is_its_summary_and_a_link(form: str) -> None:
    articles = [published(1), published(2, html=f"<p>{'wave ' * 5000}</p>", image=None), published(3)]
    entries = read(write(form, *articles, options=replace(OPTIONS, feed_limit_bytes=60_000))).entries
    assert len(entries) == 3
    content = entries[1].content[0].value
    link = entries[1].link.replace("&", "&amp;")
    assert content.startswith(
        f'<p>Water &amp; wind: 3 &lt; 4</p><p><a href="{link}">Read the full story</a></p>'
    )
    assert "Related stories" in content


@every_format
def test_R19_the_newest_items_are_kept(form: str) -> None:
    document = write(
        form,
        *[published(number) for number in range(1, 31)],
        options=replace(OPTIONS, feed_limit_bytes=12_000),
    )

    entries = read(document).entries

    assert len(document) <= 12_000
    assert 3 <= len(entries) < 30
    assert entries[0].title.endswith(" 1")


@pytest.mark.parametrize(
    ("form", "media_type"), [("rss", "application/rss+xml"), ("atom", "application/atom+xml")]
)
def test_R14_self_link_and_R1_channel(form: str, media_type: str) -> None:
    feed = read(write(form, published())).feed

    assert feed.title == "World & sea"
    assert feed.link == "https://news.example/site/index.html"
    assert feed.subtitle == "News of the coast"
    assert feed.language == "en"
    assert {"rel": "self", "type": media_type, "href": f"https://news.example/world.{form}"} in feed.links


def test_R15_rss_names_its_specification_generator_and_time_to_live() -> None:
    feed = read(write("rss", published())).feed

    assert feed.docs == "https://www.rssboard.org/rss-specification"
    assert feed.generator == "syndicate 1.2.3"
    assert feed.ttl == "15"


@every_format
def test_R12_the_channels_own_language_goes_before_the_sites(form: str) -> None:
    assert read(write(form, channel=replace(WORLD, language="ar"))).feed.language == "ar"


@every_format
def test_A8_feed_updated_is_the_newest_change_not_the_time_of_building(form: str) -> None:
    older_but_corrected = published(30, updated=NOW - timedelta(minutes=5))

    feed = read(write(form, published(1), older_but_corrected)).feed

    assert feed.updated_parsed[:5] == (2026, 11, 24, 8, 55)


@every_format
def test_A8_an_empty_feed_is_valid_and_its_date_is_fixed(form: str) -> None:
    parsed = read(write(form))

    assert parsed.entries == []
    assert parsed.feed.updated_parsed[:3] == (2000, 1, 1)


def test_R4_dates_are_rfc_822_with_the_right_weekday() -> None:
    assert b"<pubDate>Tue, 24 Nov 2026 08:00:00 +0000</pubDate>" in write("rss", published())


def test_R5_creators_and_no_author_without_a_mailbox() -> None:
    document = write("rss", published())

    assert document.count(b"<dc:creator>") == 2
    assert b"<author>" not in document


def test_R6_title_is_escaped_once() -> None:
    assert b"<title>Flood &amp; &lt;storm&gt; 1</title>" in write("rss", published())


def test_R7_description_comes_before_content() -> None:
    item = ET.fromstring(write("rss", published())).find("channel/item")

    assert item is not None
    names = [element.tag.rpartition("}")[2] for element in item]
    assert names.index("description") < names.index("encoded")


def test_R17_source_names_the_original_feed_and_only_for_others() -> None:
    theirs = read_one("rss", published()).source
    folder = replace(HARBOUR, url="/srv/notes")

    assert theirs == {"href": "https://harbour.example/feed.xml", "title": "The Harbour & Pier"}
    assert "source" not in read_one("rss", published(source=OURS))
    assert "source" not in read_one("rss", published(source=folder))


@every_format
def test_attribution_is_in_sight_unless_the_article_is_our_own(form: str) -> None:
    line = '<p>Source: <a href="https://harbour.example/1?x=1&amp;y=2">The Harbour &amp; Pier</a></p>'

    assert line in content_of(form, published())
    assert "Source:" not in content_of(form, published(source=OURS))
    assert (
        read_one(form, published(source=OURS)).link
        == "https://news.example/site/articles/2026/11/flood-1.html"
    )


def test_A1_foreign_entries_without_authors_are_not_taken_for_ours() -> None:
    theirs = read_one("atom", published(authors=()))
    ours = ET.fromstring(write("atom", published(source=OURS, authors=())))

    assert theirs.author == "The Harbour & Pier"
    assert ours.find(f"{ATOM}entry/{ATOM}author") is None
    assert ours.findtext(f"{ATOM}author/{ATOM}name") == "The Daily Tide"


@pytest.mark.parametrize(
    ("feed_id", "written"),
    [
        ("tag:harbour.example,2026:feed", "tag:harbour.example,2026:feed"),
        ("", "https://harbour.example/feed.xml"),
        ("just words", "https://harbour.example/feed.xml"),
        ("no: iri", "https://harbour.example/feed.xml"),
    ],
)
def test_A12_entries_of_others_carry_their_feeds_id_title_and_links(feed_id: str, written: str) -> None:
    source = read_one("atom", published(source=replace(HARBOUR, feed_id=feed_id))).source

    assert source.id == written
    assert source.title == "The Harbour & Pier"
    assert source.updated == "2026-11-24T08:20:00Z"
    assert {link.rel: link.href for link in source.links} == {
        "self": "https://harbour.example/feed.xml",
        "alternate": "https://harbour.example/",
    }


@pytest.mark.parametrize(("form", "path"), [("rss", "channel/item"), ("atom", f"{ATOM}entry")])
def test_A13_entries_say_their_language(form: str, path: str) -> None:
    arabic = ET.fromstring(write(form, published(language="ar", direction="rtl"))).find(path)
    unknown = ET.fromstring(write(form, published(language=""))).find(path)

    assert arabic is not None
    assert unknown is not None
    assert arabic.get(LANG) == "ar"
    assert LANG not in unknown.attrib


@every_format
def test_X8_right_to_left_text_says_so_apart_from_the_related_block(form: str) -> None:
    content = content_of(form, published(language="ar", direction="rtl", html="<p>فاض النهر</p>", image=None))

    assert content.startswith('<div dir="rtl" lang="ar"><p>فاض النهر</p>')
    assert "<hr><h3>اقرأ أيضا</h3>" in content
    assert "23 نوفمبر 2026</time>" in content
    assert content.endswith("</ul></div>")


@every_format
def test_X8_our_english_words_stay_outside_right_to_left_text(form: str) -> None:
    content = content_of(form, published(language="ps", direction="rtl", html="<p>سیند</p>", image=None))

    assert content.startswith('<div dir="rtl" lang="ps"><p>سیند</p>')
    assert "</div><hr><h3>Related stories" in content


@pytest.mark.parametrize(
    ("language", "source", "related", "day"),
    [
        ("de-AT", "Quelle:", "Mehr dazu", "23. November 2026"),
        ("es", "Fuente:", "Noticias relacionadas", "23 de noviembre de 2026"),
        ("fr", "Source :", "À lire aussi", "23 novembre 2026"),
        ("fi", "Source:", "Related stories", "23 November 2026"),
    ],
)
def test_RL1_what_an_item_says_beside_the_article_is_in_its_language(
    language: str, source: str, related: str, day: str
) -> None:
    content = content_of("rss", published(language=language))

    assert f"<p>{source} <a" in content
    assert f"<h3>{related}</h3>" in content
    assert f"{day}</time>" in content


def test_A13_atom_is_the_default_namespace_without_a_second_prefix() -> None:
    assert b"xmlns:atom" not in write("atom", published())


def test_A15_alternate_link_is_the_first_of_the_entry() -> None:
    entry = ET.fromstring(write("atom", published())).find(f"{ATOM}entry")

    assert entry is not None
    assert entry.findall(f"{ATOM}link")[0].get("rel") == "alternate"


@every_format
def test_republish_none_carries_neither_summary_nor_picture(form: str) -> None:
    source = replace(HARBOUR, republish=Republish.NONE)
    document = write(form, published(source=source, html="", text=""))

    assert b"Water" not in document
    assert b"<media:" not in document
    assert read(document).entries[0].links[1].rel == "related"


@every_format
def test_an_article_without_an_address_leads_to_our_page(form: str) -> None:
    assert (
        read_one(form, published(link="")).link == "https://news.example/site/articles/2026/11/flood-1.html"
    )


@every_format
def test_an_article_that_is_only_a_title_still_makes_an_item(form: str) -> None:
    bare = published(source=OURS, summary="", html="", text="", related=(), image=None, authors=(), tags=())

    assert read_one(form, bare).title == "Flood & <storm> 1"


@pytest.mark.parametrize(
    ("site_url", "style"),
    [("https://news.example", "/feed.css"), ("https://host.example/the%20news", "/the%20news/feed.css")],
)
@every_format
def test_X1_D3_declaration_then_style_sheet_at_the_first_byte(form: str, site_url: str, style: str) -> None:
    document = write(form, published(), options=replace(OPTIONS, site_url=site_url))

    assert document.startswith(
        b'<?xml version="1.0" encoding="UTF-8"?>\n'
        b'<?xml-stylesheet type="text/css" href="' + style.encode() + b'"?>\n'
    )
