"""Fields of each feed format."""

import re
from datetime import UTC, datetime
from html import escape

import pytest

from syndicate.errors import ParseError
from syndicate.ingest.feed import feed_parser
from syndicate.model import Image
from tests.ingest.reading import atom, only_entry, read, rss

NOON = datetime(2026, 3, 4, 12, 0, tzinfo=UTC)


def test_rss_2_item():
    entry = only_entry(
        rss(
            "<title>Rain in Bergen</title><link>/2026/rain?utm_source=feed</link>"
            '<guid isPermaLink="false">tag:news.example,2026:1</guid>'
            "<pubDate>Wed, 04 Mar 2026 13:00:00 +0100</pubDate><dc:creator>Kari Nordmann</dc:creator>"
            "<category>Weather</category><category>weather</category>"
            "<category>Bergen &amp;amp; coast</category>"
            "<description>Short &lt;b&gt;version&lt;/b&gt;</description>"
            '<content:encoded><![CDATA[<p>The <a href="/x">whole</a> story</p>]]></content:encoded>'
            "<slash:comments>12</slash:comments>"
        )
    )
    assert entry.guid == "tag:news.example,2026:1"
    assert entry.url == "https://news.example/2026/rain?utm_source=feed"
    assert (entry.title, entry.authors, entry.published) == ("Rain in Bergen", ("Kari Nordmann",), NOON)
    assert entry.tags == ("Weather", "Bergen & coast")
    assert entry.summary == "Short version"
    assert entry.html == '<p>The <a href="https://news.example/x" rel="noopener">whole</a> story</p>'
    assert entry.text == "The whole story"
    assert len(entry.item_hash) == 32


def test_the_end_tag_of_a_line_break_is_one_in_html_as_in_browsers():
    entry = only_entry(rss("<title>a</title><description>b&lt;/br&gt;c</description>"))
    assert entry.html == "b<br>c"


def test_atom_entry():
    entry = only_entry(
        atom(
            '<id>tag:news.example,2026:2</id><title type="html">Rain &amp;amp; wind</title>'
            '<link rel="self" href="https://news.example/2.atom"/><link href="2"/>'
            '<link rel="enclosure" type="image/jpeg" href="https://cdn.example/2.jpg"/>'
            "<published>2026-03-04T13:00:00+01:00</published><updated>2026-03-04T12:30:00.5Z</updated>"
            "<author><name>Kari</name><email>kari@news.example</email></author><author><name>Ola</name></author>"
            '<category term="weather" label="Weather"/><summary>1 &lt; 2 &amp; 3</summary>'
            '<content type="xhtml" xml:lang="nb" xml:base="/deep/">'
            '<div xmlns="http://www.w3.org/1999/xhtml"><p>Regn<br/>og <a href="x">vind</a></p></div>'
            "</content>"
            '<source><id>other</id><title>Other feed</title><link href="https://other.example/"/></source>',
            attributes='xml:base="https://news.example/articles/" xml:lang="en"',
        )
    )
    assert entry.guid == "tag:news.example,2026:2"
    assert entry.url == "https://news.example/articles/2"
    assert entry.title == "Rain & wind"
    assert entry.authors == ("Kari", "Ola")
    assert (entry.published, entry.updated) == (NOON, NOON.replace(minute=30))
    assert entry.tags == ("Weather",)
    assert entry.language == "nb"
    assert entry.summary == "1 < 2 & 3"
    assert entry.html == ('<p>Regn<br>og <a href="https://news.example/deep/x" rel="noopener">vind</a></p>')
    assert entry.image == Image(url="https://cdn.example/2.jpg")


def test_rss_1_has_its_items_outside_the_channel():
    parsed = read(
        b'<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns="http://purl.org/rss/1.0/"'
        b' xmlns:dc="http://purl.org/dc/elements/1.1/">'
        b'<channel rdf:about="https://news.example/"><title>The Wire</title><link>https://news.example/</link>'
        b'<items><rdf:Seq><rdf:li resource="https://news.example/1"/></rdf:Seq></items></channel>'
        b'<item rdf:about="https://news.example/1"><title>Rain</title><link>https://news.example/1</link>'
        b"<dc:date>2026-03-04T12:00:00Z</dc:date><dc:subject>Weather</dc:subject><dc:language>nb</dc:language></item>"
        b'<item rdf:about="https://news.example/2"><title>Wind</title></item></rdf:RDF>'
    )
    assert (parsed.title, parsed.home_url) == ("The Wire", "https://news.example/")
    first, second = parsed.entries
    assert (first.guid, first.title, first.updated) == ("https://news.example/1", "Rain", NOON)
    assert (first.tags, first.language) == (("Weather",), "nb")
    assert (second.guid, second.title) == ("https://news.example/2", "Wind")


@pytest.mark.parametrize("version", ["0.91", "0.92", "0.94", "2.0"])
def test_old_rss_versions(version):
    body = (
        f'<?xml version="1.0"?><!DOCTYPE rss SYSTEM "http://dtd.example/rss-{version}.dtd">'
        f'<rss version="{version}">'
        "<channel><title>T</title><language>en</language><item><title>caf&eacute;</title>"
        "<link>https://a.example/</link></item></channel></rss>"
    )
    entry = only_entry(body.encode())
    assert (entry.title, entry.url, entry.language) == ("café", "https://a.example/", "en")


def test_prefixes_are_only_names():
    entry = only_entry(
        b'<a:feed xmlns:a="http://www.w3.org/2005/Atom" xmlns:m="http://search.yahoo.com/mrss/">'
        b"<a:title>T</a:title><a:entry><a:title>Rain</a:title><a:id>1</a:id>"
        b'<m:thumbnail url="https://cdn.example/t.png" width="200"/></a:entry></a:feed>'
    )
    assert (entry.guid, entry.title) == ("1", "Rain")
    assert entry.image == Image(url="https://cdn.example/t.png", width=200)


def test_the_feed_says_who_it_is_and_how_often_it_changes():
    parsed = read(
        atom(
            head='<id>urn:f</id><title>The Wire</title><link rel="self" href="/f"/><link href="/home"/>'
            "<icon>/favicon.ico</icon>",
            attributes='xml:lang="en-GB"',
        )
    )
    assert (parsed.feed_id, parsed.title, parsed.home_url) == (
        "urn:f",
        "The Wire",
        "https://news.example/home",
    )
    assert (parsed.language, parsed.min_interval, parsed.entries) == ("en-gb", None, ())


@pytest.mark.parametrize(
    ("head", "seconds"),
    [
        ("<ttl>90</ttl>", 5400),
        ("<ttl>soon</ttl>", None),
        ("<ttl>-5</ttl>", None),
        ('<ttl unit="minutes">90</ttl>', None),
        ('<sy:updatePeriod unit="1">daily</sy:updatePeriod>', None),
        ('<sy:updatePeriod>daily</sy:updatePeriod><sy:updateFrequency unit="1"/>', 86_400),
        ("<sy:updatePeriod>hourly</sy:updatePeriod><sy:updateFrequency>2</sy:updateFrequency>", 1800),
        ("<sy:updatePeriod>daily</sy:updatePeriod>", 86_400),
        ("<sy:updatePeriod>hourly</sy:updatePeriod><sy:updateFrequency>0</sy:updateFrequency>", 3600),
    ],
)
def test_F4_the_feed_s_own_interval(head, seconds):
    assert read(rss(head=f"<title>T</title>{head}")).min_interval == seconds


@pytest.mark.parametrize(
    ("written", "title"),
    [
        ("AT&amp;T &lt;b&gt;", "AT&T <b>"),
        ("1 &lt; 2", "1 < 2"),
        ("Tom &amp;amp; Jerry", "Tom & Jerry"),
        ("&amp;lt;b&amp;gt; is bold", "<b> is bold"),
        ("<![CDATA[AT&amp;T and <i>more</i>]]>", "AT&T and more"),
        ("&lt;i&gt;Nature&lt;/i&gt; says", "Nature says"),
        ("std::vector&lt;int&gt; in C++", "std::vector<int> in C++"),
        ("List&lt;T&gt;&lt;/T&gt;", "List<T></T>"),
        ("R&amp;D; done", "R&D; done"),
        ("a&#13;&#10;Bcc: x@y.example", "a Bcc: x@y.example"),
        ("a&#x202e;b&#x2028;c", "ab c"),
        ("  two\n  lines ", "two lines"),
        ("It&amp;#8217;s", "It’s"),
    ],
)
def test_CF4_titles_are_decoded_exactly_once(written, title):
    assert only_entry(rss(f"<title>{written}</title>")).title == title


@pytest.mark.parametrize(
    ("construct", "title"),
    [
        ("<title>AT&amp;amp;T</title>", "AT&amp;T"),
        ('<title type="text">a &lt;b&gt; c</title>', "a <b> c"),
        ('<title type="html">AT&amp;amp;T &lt;b&gt;x&lt;/b&gt;</title>', "AT&T x"),
        (
            '<title type="xhtml"><div xmlns="http://www.w3.org/1999/xhtml">AT&amp;T <b>x</b></div></title>',
            "AT&T x",
        ),
    ],
)
def test_CF4_atom_says_what_its_titles_are(construct, title):
    assert only_entry(atom(construct)).title == title


@pytest.mark.parametrize(
    ("written", "names"),
    [
        ("<author>kari@news.example (Kari Nordmann)</author>", ("Kari Nordmann",)),
        ("<author>Kari Nordmann &lt;kari@news.example&gt;</author>", ("Kari Nordmann",)),
        ("<author>kari@news.example</author>", ("kari",)),
        ("<author>kari.nordmann@news.example</author>", ("Kari Nordmann",)),
        ("<author>noreply@news.example</author>", ()),
        ("<author>hidden (Kari)</author>", ("Kari",)),
        ("<author>Conan O&amp;#39;Brien</author>", ("Conan O'Brien",)),
        (
            "<dc:creator>Kari</dc:creator><dc:creator>Ola</dc:creator><dc:creator>Kari</dc:creator>",
            ("Kari", "Ola"),
        ),
        ("<itunes:author>Kari</itunes:author>", ("Kari",)),
        ("<dc:creator>Kari</dc:creator><itunes:author>The Wire</itunes:author>", ("Kari", "The Wire")),
        ("<author>https://news.example/kari</author>", ()),
    ],
)
def test_R5_authors_are_names_never_mailboxes(written, names):
    assert only_entry(rss(f"<title>a</title>{written}")).authors == names


@pytest.mark.parametrize(
    ("item", "url"),
    [
        ("<link>https://a.example/1</link>", "https://a.example/1"),
        ("<guid>https://a.example/1</guid>", "https://a.example/1"),
        ('<guid isPermaLink="false">https://a.example/1</guid>', ""),
        ('<atom:link href="https://a.example/1"/>', "https://a.example/1"),
        (
            '<atom:link rel="related" href="https://a.example/2"/><link>https://a.example/1</link>',
            "https://a.example/1",
        ),
        ("<link>javascript:steal()</link>", ""),
        ("<link>  /1?a=1&amp;b=2\n</link>", "https://news.example/1?a=1&b=2"),
        ("<link>//a.example/1</link>", "https://a.example/1"),
        ("<link/><guid>https://a.example/1</guid>", "https://a.example/1"),
    ],
)
def test_the_link_of_an_item(item, url):
    assert only_entry(rss(f"<title>a</title>{item}")).url == url


def test_P14_a_hostile_base_is_ignored():
    entry = only_entry(atom('<title>a</title><link href="1"/>', attributes='xml:base="javascript:steal()//"'))
    assert entry.url == "https://news.example/feeds/1"


@pytest.mark.parametrize("order", [1, -1])
@pytest.mark.parametrize("short", ["itunes:summary", "itunes:subtitle", "content:encoded"])
def test_show_notes_are_the_text_whatever_stands_before_or_after_them(short: str, order: int) -> None:
    notes = "&lt;p&gt;" + "Notes of the show. " * 20 + "&lt;/p&gt;"
    elements = [f"<description>{notes}</description>", f"<{short}>One sentence.</{short}>"][::order]
    assert only_entry(rss(f"<title>a</title>{''.join(elements)}")).text.count("Notes of the show.") == 20


def test_a_content_with_a_picture_is_the_text_beside_a_longer_summary() -> None:
    content = "<content:encoded>&lt;img src='/a.jpg'&gt; Look.</content:encoded>"
    entry = only_entry(rss(f"<description>{'A long description. ' * 9}</description>{content}"))
    assert "Look." in entry.text


def test_the_longest_text_is_the_article_and_the_description_its_summary():
    entry = only_entry(
        rss(
            "<title>a</title><description>short</description><content:encoded>&lt;p&gt;long text&lt;/p&gt;"
            "</content:encoded>"
        )
    )
    assert (entry.html, entry.summary) == ("<p>long text</p>", "short")


def test_an_empty_content_does_not_hide_the_description():
    entry = only_entry(rss("<description>short</description><content:encoded> </content:encoded>"))
    assert (entry.html, entry.summary) == ("short", "short")


def test_a_summary_has_at_most_600_characters():
    entry = only_entry(rss(f"<description>{'word ' * 1000}</description>"))
    assert len(entry.summary) <= 600
    assert len(entry.text) == 4999


def test_plain_text_content_keeps_its_paragraphs():
    entry = only_entry(atom("<title>a</title><content>one &lt;two&gt;\nthree\n\nfour</content>"))
    assert entry.html == "<p>one &lt;two&gt;<br>three</p><p>four</p>"


@pytest.mark.parametrize("kind", ["image/svg+xml", "image/png", "video/mp4"])
def test_content_that_is_no_text_is_no_article(kind):
    entry = only_entry(atom(f'<title>a</title><content type="{kind}">PHN2Zz4=</content><summary>b</summary>'))
    assert (entry.html, entry.summary) == ("b", "b")


@pytest.mark.parametrize(
    "attributes",
    ['type="application/octet-stream"', 'type="text/html" mode="base64"', 'type="unknown"'],
)
def test_base64_content_of_any_type_is_read(attributes):
    written = "PHA+b25lIDxiPnR3bzwvYj48L3A+"
    assert only_entry(atom(f"<content {attributes}>{written}</content>")).html == "<p>one <b>two</b></p>"


@pytest.mark.parametrize("kind", ["HTML", "escaped", "application/x-article"])
def test_content_of_an_unknown_type_is_read(kind):
    entry = only_entry(atom(f'<content type="{kind}">&lt;p&gt;one&lt;/p&gt;</content>'))
    assert entry.html == "<p>one</p>"


def test_an_atom_entry_document_is_a_feed_of_one_entry():
    entry = only_entry(
        b'<?xml version="1.0"?><entry xmlns="http://www.w3.org/2005/Atom"><title>a</title></entry>'
    )
    assert entry.title == "a"


@pytest.mark.parametrize("around", ["%s", '<media:content url="https://c.example/v.mp4">%s</media:content>'])
def test_a_media_title_is_the_title_where_there_is_no_other(around):
    title = around % "<media:title>Video</media:title>"
    assert only_entry(rss(title)).title == "Video"
    assert only_entry(rss(f"<title>a</title>{title}")).title == "a"
    assert only_entry(rss(f"{title}<title>a</title>")).title == "a"


RELATIVE = escape(
    '<a href="#fn1">1</a><a href="b.html">2</a><img src="../c.jpg"><a href="/d?e=1&amp;f=2">3</a>'
)


@pytest.mark.parametrize(
    ("body", "resolved"),
    [
        (
            atom(
                f'<link href="https://a.example/x/y"/><content type="html">{RELATIVE}</content>',
                attributes='xml:base="https://b.example/z/"',
            ),
            ("a.example/x/y#fn1", "b.example/z/b.html", "b.example/c.jpg", "b.example/d?e=1&amp;f=2"),
        ),
        (
            rss(f"<link>https://a.example/x/y/</link><description>{RELATIVE}</description>"),
            ("a.example/x/y/#fn1", "a.example/x/y/b.html", "a.example/x/c.jpg", "a.example/d?e=1&amp;f=2"),
        ),
        (
            rss(f"<description>{RELATIVE}</description>", head="<link>https://s.example/t/</link>"),
            ("s.example/t/#fn1", "s.example/t/b.html", "s.example/c.jpg", "s.example/d?e=1&amp;f=2"),
        ),
        (
            rss(f"<description>{RELATIVE}</description>", head="<link>http://localhost:4000/</link>"),
            (
                "news.example/feeds/all.xml#fn1",
                "news.example/feeds/b.html",
                "news.example/c.jpg",
                "news.example/d?e=1&amp;f=2",
            ),
        ),
    ],
    ids=["xml:base", "item", "site", "feed"],
)
def test_relative_addresses_start_from_base_item_site_or_feed(body, resolved):
    html = only_entry(body).html
    assert [address.removeprefix("https://") for address in re.findall(r'(?:href|src)="([^"]*)"', html)] == [
        *resolved
    ]


def test_plain_text_that_was_escaped_twice_is_read():
    entry = only_entry(atom("<summary>Fish &amp;amp; chips&amp;nbsp;! &amp;lt;b&amp;gt;</summary>"))
    assert entry.summary == "Fish & chips ! &lt;b&gt;"


@pytest.mark.parametrize(
    ("item", "image"),
    [
        (
            (
                '<media:content url="https://c.example/s.jpg" medium="image" width="150"/>'
                '<media:content url="https://c.example/l.jpg" medium="image" width="1200" height="800">'
                "<media:title>Title</media:title><media:description>A bridge</media:description>"
                "</media:content>"
            ),
            Image(url="https://c.example/l.jpg", width=1200, height=800, alt="A bridge"),
        ),
        ('<media:thumbnail url="/t.jpg" width="240"/>', Image(url="https://news.example/t.jpg", width=240)),
        (
            '<enclosure url="https://c.example/e.png" type="image/png" length="9"/>',
            Image(url="https://c.example/e.png"),
        ),
        ('<enclosure url="https://c.example/e.mp3" type="audio/mpeg" length="9"/>', None),
        ('<media:content url="https://c.example/v.mp4" type="video/mp4"/>', None),
        ('<media:content url="https://t.example/p.gif" medium="image" width="1" height="1"/>', None),
        ('<media:content url="https://c.example/p.webp?x=1"/>', Image(url="https://c.example/p.webp?x=1")),
        ('<itunes:image href="https://c.example/cover.jpg"/>', Image(url="https://c.example/cover.jpg")),
        ('<media:content url="javascript:steal()" medium="image"/>', None),
        (
            "<description>&lt;img src='/in.jpg' width='500' alt='In'&gt;</description>",
            Image(url="https://news.example/in.jpg", width=500, alt="In"),
        ),
        (
            (
                "<description>&lt;img src='/in.jpg' width='500'&gt;</description>"
                '<media:thumbnail url="/t.jpg" width="72"/>'
            ),
            Image(url="https://news.example/in.jpg", width=500),
        ),
    ],
)
def test_the_picture_of_an_item(item, image):
    assert only_entry(rss(f"<title>a</title>{item}")).image == image


def test_a_caption_is_not_the_article():
    entry = only_entry(
        rss(
            '<title>a</title><media:content url="https://c.example/1.jpg" medium="image">'
            "<media:description>caption</media:description></media:content><description>text</description>"
        )
    )
    assert (entry.html, entry.summary) == ("text", "text")


def test_a_video_feed_s_description_is_its_article():
    entry = only_entry(
        b'<feed xmlns="http://www.w3.org/2005/Atom" xmlns:media="http://search.yahoo.com/mrss/">'
        b"<entry><title>a</title><media:group><media:title>a</media:title>"
        b'<media:thumbnail url="https://c.example/v.jpg" width="480"/>'
        b"<media:description>what it shows</media:description></media:group></entry></feed>"
    )
    assert entry.html == "what it shows"
    assert entry.image == Image(url="https://c.example/v.jpg", width=480)


@pytest.mark.parametrize(
    ("written", "moment"),
    [
        ("Wed, 04 Mar 2026 12:00:00 GMT", NOON),
        ("4 Mar 2026 12:00 +0000", NOON),
        ("Wed, 04 Mar 26 12:00:00 EST", NOON.replace(hour=17)),
        ("2026-03-04T12:00:00Z", NOON),
        ("2026-03-04T12:00:00.123456789-01:30", NOON.replace(hour=13, minute=30)),
        ("2026-03-04 12:00:00", NOON),
        ("2026-03-04", NOON.replace(hour=0)),
        ("yesterday", None),
        ("", None),
        ("0000-00-00", None),
        ("0001-01-01T00:00:00+14:00", None),
        ("9999-12-31T23:59:59-14:00", None),
        ("99 Mar 2026 12:00:00 GMT", None),
        ("2026-03-04T12:00:00+99:99", None),
        ("1" * 10_000, None),
    ],
)
def test_dates_of_every_kind_and_none_that_raises(written, moment):
    entry = only_entry(rss(f"<title>a</title><pubDate>{written}</pubDate>"))
    if moment or written in ("yesterday", "", "0000-00-00"):
        assert entry.published == moment


@pytest.mark.parametrize(
    ("category", "tags"),
    [
        ("<category> Sea  level </category>", ("Sea level",)),
        ('<category domain="https://x.example/tags">Sea</category>', ("Sea",)),
        ('<category term="sea" label="The sea"/>', ("The sea",)),
        ('<category term="sea">Ships</category>', ("sea", "Ships")),
        ("<category>Fran\u00c3\u00a7ais</category>", ("Fran\u00e7ais",)),
        ("<category>Sea<title>Not a title</title></category>", ("Sea",)),
        ("<category>Sea</category><category/><category>sea</category>", ("Sea",)),
        ("<category><![CDATA[Q&amp;A]]></category>", ("Q&A",)),
    ],
    ids=["text", "domain", "term", "both", "mended", "nested", "twice", "escaped"],
)
def test_a_category_is_a_tag_however_it_is_written(category: str, tags: tuple[str, ...]) -> None:
    entry = only_entry(rss(f"<title>Harbour</title>{category}"))
    assert (entry.title, entry.tags) == ("Harbour", tags)


def test_tags_are_clean_and_at_most_twenty():
    tags = "".join(f"<category>t{n}</category>" for n in range(50))
    assert only_entry(rss(f"<title>a</title><category>https://x.example/</category>{tags}")).tags == tuple(
        f"t{n}" for n in range(20)
    )


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"", "empty"),
        (b"  \r\n ", "empty"),
        (b"\xef\xbb\xbf", "empty"),
        (
            b"<!DOCTYPE html><html><head><title>News</title></head><body><p>x</body></html>",
            "HTML page, not a feed.",
        ),
        (b"<html><form>Sign in <input type='password'></form></html>", "probably a login page"),
        (b"<!-- portal --><HTML><body>Welcome</body></HTML>", "HTML page"),
        (
            b"<urlset xmlns='http://www.sitemaps.org/schemas/sitemap/0.9'></urlset>",
            "is a sitemap, not a feed: write kind",
        ),
        (b"Service unavailable", "no XML element"),
        (b"\x89PNG\r\n\x1a\n\x00\x00", "no XML element"),
        (b"<opml version='2.0'><body/></opml>", "first element is opml"),
    ],
)
def test_FF20_FF23_what_is_no_feed_is_named(body, reason):
    with pytest.raises(ParseError, match=reason):
        read(body)


def test_json_is_read_as_json_feed_whatever_its_media_type():
    body = b'{"version":"https://jsonfeed.org/version/1.1","title":"J","items":[{"id":"1","content_text":"text"}]}'
    assert read(body, content_type="text/html").entries[0].guid == "1"


LONG = "“Ein langer Text” — " * 40


def test_a_long_text_comes_back_whole_wherever_it_stands():
    body = rss(
        f"<guid>1</guid><description>&lt;p&gt;{LONG}&lt;/p&gt;</description>"
        f"<content:encoded>&lt;p&gt;{LONG}more&lt;/p&gt;</content:encoded>"
    )
    entry = only_entry(body)
    assert entry.text == LONG + "more"
    assert entry.summary.startswith("“Ein langer Text” — “Ein langer Text” —")


@pytest.mark.parametrize("write", [rss, atom])
def test_a_first_document_is_read_in_one_pass(monkeypatch, write):
    def refuse(_document):
        raise AssertionError("its items are looked for first")

    monkeypatch.setattr(feed_parser, "split", refuse)
    document = write("<title>a</title><link href='/a'/>", "<title>b</title><category>c</category>")
    assert [entry.title for entry in read(document).entries] == ["a", "b"]


def test_what_is_in_an_element_of_the_feed_holds_in_it_alone():
    head = (
        "<title>The Wire</title><link>https://news.example/</link>"
        '<description xml:base="https://other.example/">news</description>'
        "<updated><link>https://odd.example/</link><guid>odd</guid></updated>"
    )
    parsed = read(rss("<title>a</title><link>/a</link>", head=head))
    assert parsed.home_url == "https://news.example/"
    assert parsed.feed_id == ""
    assert [entry.url for entry in parsed.entries] == ["https://news.example/a"]


@pytest.mark.parametrize("name", ["ttl", "language", "id", "guid", "sy:updatePeriod", "sy:updateFrequency"])
def test_an_attribute_where_none_belongs_costs_no_feed(name):
    parsed = read(rss("<title>a</title>", head=f"<title>The Wire</title><{name} x='y'>1</{name}>"))
    assert (parsed.title, len(parsed.entries), parsed.refused) == ("The Wire", 1, ())


def test_the_title_of_a_feed_may_be_one_of_dublin_core():
    assert read(rss("<title>a</title>", head="<dc:title>The Wire</dc:title>")).title == "The Wire"


@pytest.mark.parametrize(
    ("written", "names"),
    [
        ("Amba Kak and Astha Kapoor", ("Amba Kak and Astha Kapoor",)),
        (
            "Emily Mazo, JS Tan, Ana de la Cruz and Kristen Sheets",
            ("Emily Mazo", "JS Tan", "Ana de la Cruz", "Kristen Sheets"),
        ),
        ("Zoë Müller, Émile Zola und Ada King", ("Zoë Müller", "Émile Zola", "Ada King")),
        (
            "National Oceanic and Atmospheric Administration",
            ("National Oceanic and Atmospheric Administration",),
        ),
        ("Ramón y Cajal", ("Ramón y Cajal",)),
        ("Collective Action in Tech, DAIR Institute", ("Collective Action in Tech, DAIR Institute",)),
        ("Smith, John", ("Smith, John",)),
        ("García Márquez, Gabriel José", ("García Márquez, Gabriel José",)),
        ("Food and Drug Administration", ("Food and Drug Administration",)),
    ],
)
def test_a_list_of_three_authors_or_more_is_several_authors(written, names):
    assert only_entry(rss(f"<title>A</title><dc:creator>{written}</dc:creator>")).authors == names
