"""The fast path gives the same result as feedparser alone."""

import io
from collections.abc import Callable
from typing import Any

import feedparser
import pytest
from feedparser.api import LooseFeedParser, StrictFeedParser
from hypothesis import given, settings
from hypothesis import strategies as st

from syndicate.ingest.feed.expat_reader import FeedReader
from syndicate.ingest.feed.feedparser_fastpath import LooseParser
from syndicate.ingest.feed.leaf_elements import LeafParser

HEAD = (
    "<title>Harbour</title><link>https://harbour.example/</link><description>news &amp; more</description>"
    "<language>de</language><ttl>60</ttl><lastBuildDate>Tue, 24 Nov 2026 08:00:00 GMT</lastBuildDate>"
)
ITEM = (
    "<title>One</title><link>https://harbour.example/1?a=1&amp;b=2</link><guid>https://harbour.example/1</guid>"
    "<pubDate>Tue, 24 Nov 2026 08:00:00 GMT</pubDate><description><![CDATA[<p>Text</p>]]></description>"
)


def rss(*items: str, head: str = HEAD, attributes: str = "") -> str:
    listed = "".join(f"<item>{item}</item>" for item in items)
    return f'<rss version="2.0" {attributes}><channel>{head}{listed}</channel></rss>'


def atom(entry: str, attributes: str = "") -> str:
    head = "<title>Harbour</title><id>urn:harbour</id><updated>2026-11-24T08:00:00Z</updated>"
    return f'<feed xmlns="http://www.w3.org/2005/Atom" {attributes}>{head}<entry>{entry}</entry></feed>'


DC = 'xmlns:dc="http://purl.org/dc/elements/1.1/"'
CONTENT = 'xmlns:content="http://purl.org/rss/1.0/modules/content/"'
MEDIA = 'xmlns:media="http://search.yahoo.com/mrss/"'
DOCUMENTS = [
    rss(ITEM, ITEM.replace("One", "Two")),
    rss(ITEM, head=HEAD + "<image><url>x.png</url><title>logo</title><width>30</width></image>"),
    rss(ITEM, head=HEAD + "<image><url>x.png</url></image><managingEditor>a@b.example (A)</managingEditor>"),
    rss(ITEM.replace("<guid>", '<guid isPermaLink="false">')),
    rss("<guid>1</guid><guid>2</guid><author>Ann</author><author>Bob</author>"),
    rss("<title>Käse</title><author>Jürgen</author><guid>straße</guid><pubDate>24 März</pubDate>"),
    rss("<title>CafÃ©</title><author>CafÃ©</author><guid>\x93x\x94</guid>"),
    rss(
        "<title>a &amp;lt;b> c</title><title> Second </title><description>one</description>"
        "<summary>2</summary>"
    ),
    rss(
        "<title>a &lt;b>c&lt;/b></title><title type='text/html'>d</title><title type='image/png'>ZQ==</title>"
    ),
    rss("<title>&amp;#8220;One&amp;#8221;</title><odd><title>deep</title></odd><description> </description>"),
    rss(
        "<description>one</description><description>two</description><content:encoded>3</content:encoded>",
        attributes=CONTENT,
    ),
    rss("<title mode='base64'>T25l</title><description mode='base64' type='text/html'>T25l</description>"),
    rss("<link> /a?b=1&amp;amp;c;d&amp;e; </link><link>https:////two.example//x</link><link/>"),
    rss("<image><link>https://a.example/</link><title>x</title></image><link>https:///b.example/</link>"),
    rss("<title>a<link>https://a.example/</link>b</title><description>a <title>b</title> c</description>"),
    rss("<pubDate> </pubDate><guid/><author></author><title/>"),
    rss("<pubDate>1</pubDate><strange>text</strange><strange a='1'>text</strange><odd><guid>9</guid></odd>"),
    rss("<dc:creator>Ann</dc:creator><dc:date>2026-11-24</dc:date>", attributes=DC),
    rss("<z:creator>Ann</z:creator>", attributes=DC.replace("dc=", "z=")),
    rss("<media:group><media:thumbnail url='x.png'/></media:group><guid>1</guid>", attributes=MEDIA),
    rss("<source url='https://other.example/'>Other</source><guid>1</guid>"),
    rss("<guid xml:lang='fr'>1</guid><title xml:lang='en'>One</title><pubDate lang=''>x</pubDate>"),
    rss("<link>two</link><guid>three</guid>", attributes='xml:base="https://base.example/a/"'),
    rss("<body xmlns='http://www.w3.org/1999/xhtml'><p>A <b>bold</b> text</p></body><guid>1</guid>"),
    f"<rss version='2.0'><channel>{HEAD}</channel><item><guid>1</guid></item></rss>",
    atom("<id>urn:1</id><title>One</title><updated>2026-11-24T08:00:00Z</updated><link href='/1'/>"),
    atom("<id>1</id><author><name>Ann</name></author><link href='1'/>", "xml:base='https://b.example/'"),
    atom(
        "<id>1</id><content type='xhtml'><div xmlns='http://www.w3.org/1999/xhtml'><p>x</p></div></content>"
    ),
    atom(
        "<id>1</id><link rel='self' href='https:///a/'/><link type='a/b' href='b'>text</link><link href=''/>"
    ),
    atom(
        "<id>1</id><author><name> Ann </name><uri>x</uri></author><author><name>B</name><email>b@b.example"
        "</email></author><contributor><name>C</name></contributor><name>D</name>"
    ),
    atom("<id>1</id><content type='text'>x</content><id>2</id><published>2026</published>", "xml:lang='fr'"),
]


CATEGORIES = [
    "<category>boats</category><category domain='https://a.example/'> fish </category><category/>",
    "<category>a</category><category>a</category><dc:subject>Käse</dc:subject><dc:subject> </dc:subject>",
    "<category term='t'/><category label='L' term='t'/><category scheme='s' term='u'>text</category>",
    "<category>CafÃ©</category><category other='x'>y</category><category term='Ã©'/>",
]
# Categories apart, which are kept in a shorter form.
NAMES = st.sampled_from(
    [
        "author", "content", "content:encoded", "dc:creator", "dc:date", "description", "enclosure", "guid",
        "id", "image", "itunes:author", "link", "media:content", "media:thumbnail", "name", "odd", "pubDate",
        "published", "source", "summary", "title", "updated", "url",
    ]
)  # fmt: skip
ATTRIBUTES = st.sampled_from(
    [
        "", "", "", "", " type='html'", " type='text'", " type='xhtml'", " type='image/png'", " type=''",
        " isPermaLink='false'", " xml:lang='fr'", " xml:base='https://c.example/'", " href='/x'",
        " rel='alternate' href='b'", " rel='enclosure' type='image/png' href='b'", " mode='base64'",
        " url='u.png'", " dc:odd='1'",
    ]
)  # fmt: skip
TEXTS = st.sampled_from(
    [
        "", " ", "x", " Ann ", "a@b.example (A)", "2026-11-24", "Käse", "CafÃ©", "a &lt;b> &amp;amp; c",
        "https:////e.example//x", "&lt;p>x&lt;/p>", "<url>y</url>", "<name>Bob</name>", "<title>t</title>",
        "Tue, 24 Nov 2026 08:00:00 +0130", "2026-11-24T08:00:00Z", "/x/../y?#",
    ]
)  # fmt: skip
BASES = st.sampled_from(
    [
        "", "", "xml:base='https://b.example/a/'", "xml:base='HTTPS://B.example/a/../b?#'", "xml:base='b/'",
        "xml:base='//b.example'", "xml:base='javascript:x'", "xml:base='https://[b'",
    ]
)  # fmt: skip
ELEMENT = st.builds("<{0}{1}>{2}</{0}>".format, NAMES, ATTRIBUTES, TEXTS)
ELEMENTS = st.lists(ELEMENT, max_size=6).map("".join)
LONG = [
    "in ASCII ", "<b>Käse</b> ", "CafÃ© ", "É", "\x93quoted\x94 ", "日本 ", "日本 CafÃ© ", "CafÃ© Käse ",
    " Ã", "©Ã",
]  # fmt: skip


class Whole(StrictFeedParser):  # type: ignore[misc]
    """feedparser's own parser, to which every element begins and ends."""

    def leaf_attributes(self, *_: object) -> None:
        """There are no leaves."""


def without_times(entries: list[Any]) -> list[Any]:
    """Entries without the times that feedparser parses: syndicate reads the text of dates itself."""
    for entry in entries:
        for name in [name for name in entry if name.endswith("_parsed")]:
            del entry[name]
    return entries


def read(parser: Any, document: str) -> tuple[str, Any, list[Any]]:
    parser.sanitize_html = parser.resolve_relative_uris = False
    reader = FeedReader()
    reader.setContentHandler(parser)
    reader.setErrorHandler(parser)
    reader.read(document.encode())
    return parser.version, parser.feeddata, without_times(parser.entries)


@pytest.mark.parametrize("document", DOCUMENTS)
def test_the_shorter_way_leads_to_what_feedparser_reads(document: str) -> None:
    assert read(LeafParser(), document) == read(Whole("", None, "utf-8"), document)


@settings(deadline=None)
@given(ELEMENTS, ELEMENTS, st.booleans(), BASES)
def test_whatever_stands_in_an_item_is_what_feedparser_reads(
    first: str, second: str, is_atom: bool, base: str
) -> None:
    spaces = f"{DC} {CONTENT} {MEDIA} xmlns:itunes='http://www.itunes.com/dtds/podcast-1.0.dtd' {base}"
    document = atom(first + second, spaces) if is_atom else rss(first, second, attributes=spaces)
    assert read(LeafParser(), document) == read(Whole("", None, "utf-8"), document)


@pytest.mark.parametrize("more", ["", "<![CDATA[ ]]>", "CafÃ©", "Käse", "日本", "\x93"])
@pytest.mark.parametrize("piece", LONG)
@pytest.mark.sampled(20)
def test_long_texts_are_what_feedparser_keeps_of_them(piece: str, more: str) -> None:
    text = f"<![CDATA[{piece * 300}]]>"
    document = rss(f"<description>{more}{text}{more}{text}</description>")
    whole = feedparser.parse(
        io.BytesIO(document.encode()),
        response_headers={"content-type": "application/xml; charset=utf-8"},
        sanitize_html=False,
        resolve_relative_uris=False,
    )
    _, _, (entry,) = read(LeafParser(), document)
    assert entry == whole.entries[0]


@pytest.mark.parametrize("categories", CATEGORIES)
def test_categories_have_the_names_that_feedparser_finds(categories: str) -> None:
    def names(parser: Any) -> list[str]:
        _, _, (entry,) = read(parser, rss("<guid>1</guid>" + categories, attributes=DC))
        tags = [dict(tag) for tag in entry["tags"]]
        return list(dict.fromkeys(str(tag.get("label") or tag.get("term")) for tag in tags))

    assert names(LeafParser()) == names(Whole("", None, "utf-8"))


def test_what_is_in_a_category_is_not_the_items() -> None:
    inside = "<image><url>x.png</url><title>logo</title></image>"
    document = rss(f"<category>boats{inside}</category><category>{inside}</category><guid>1</guid>")
    _, _, (entry,) = read(LeafParser(), document)
    assert entry == {
        "tags": [{"term": "boats"}],
        "id": "1",
        "guidislink": True,
        "link": "1",
    }


FAULTS = [
    "",
    "<",
    "&",
    "&nbsp;",
    "&#233;",
    "<p>",
    "</p>",
    "</item>",
    "<item>",
    "</title>",
    "<b",
    "<![CDATA[",
    "<br/>",
]


def read_loosely(document: str) -> tuple[str, Any, list[Any]]:
    parser = LooseParser()
    parser.read(document.encode())
    return parser.version, parser.feeddata, parser.entries


def loosely_by_feedparser(document: str) -> tuple[str, Any, list[Any]]:
    parser = LooseFeedParser("", None, "utf-8", {})
    parser.sanitize_html = parser.resolve_relative_uris = False
    parser.feed(document)
    return parser.version, parser.feeddata, parser.entries


@pytest.mark.parametrize("document", DOCUMENTS)
def test_the_shorter_way_leads_to_what_feedparser_reads_loosely(document: str) -> None:
    assert read_loosely(document) == loosely_by_feedparser(document)


def result_or_error(read: Callable[[str], Any], document: str) -> Any:
    """Return the result, or the type of the exception: feedparser raises for some broken documents."""
    try:
        return read(document)
    except Exception as error:  # noqa: BLE001 - any of feedparser's
        return type(error)


@settings(deadline=None)
@given(st.sampled_from(DOCUMENTS), st.sampled_from(FAULTS), st.floats(0, 1), st.integers(0, 20))
def test_wherever_a_document_is_broken_it_is_what_feedparser_reads(
    document: str, fault: str, where: float, lost: int
) -> None:
    place = int(where * len(document))
    broken = document[:place] + fault + document[place + lost :]
    assert result_or_error(read_loosely, broken) == result_or_error(loosely_by_feedparser, broken)


def test_a_malformed_document_is_what_feedparser_reads() -> None:
    document = rss("<title>one &amp; <b>two</title><dc:creator>Jo &eacute;</dc:creator>", attributes=DC)
    whole = feedparser.parse(
        io.BytesIO(document.encode()),
        response_headers={"content-type": "application/xml; charset=utf-8"},
        sanitize_html=False,
        resolve_relative_uris=False,
    )
    assert whole.bozo
    assert read_loosely(document) == (whole.version, whole.feed, whole.entries)
