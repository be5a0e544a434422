"""Discovery of a site's feeds: declarations, links that look like feeds, well-known URLs."""

import pytest

from syndicate.errors import ParseError
from syndicate.ingest.page.feed_discovery import (
    MAX_LINKS,
    entered_address,
    feed_format,
    likely_feeds,
    parse_links,
    sitemaps_of_robots,
    with_header_links,
)
from syndicate.ingest.worker.parsers import ParseRequest
from syndicate.model import FeedLink, ParsedSource

PAGE = "https://blog.example/news/"


def page(html: str, url: str = PAGE) -> ParsedSource:
    body = html.encode()
    return parse_links(ParseRequest(body=body, url=url, content_type="text/html", charset="utf-8"))


@pytest.mark.parametrize(
    ("html", "found"),
    [
        (
            '<link rel="alternate" type="application/rss+xml" title="News &amp; views" href="/feed">',
            FeedLink(url="https://blog.example/feed", title="News & views", declared=True),
        ),
        (
            "<LINK REL=alternate TYPE=application/atom+xml HREF=atom.xml>",
            FeedLink(url="https://blog.example/news/atom.xml", declared=True),
        ),
        (
            '<link href="feed:https://f.example/x" rel=alternate type="application/feed+json;charset=utf-8">',
            FeedLink(url="https://f.example/x", declared=True),
        ),
        (
            '<base href="/en/"><link rel="feed" href="all">',
            FeedLink(url="https://blog.example/en/all", declared=True),
        ),
        (
            '<link rel="alternate" type="application/json" href="/feed/1.json">',
            FeedLink(url="https://blog.example/feed/1.json", declared=True),
        ),
        (
            '<link rel="alternate" type="text/xml" title="All" href="/backend.php?id=3">',
            FeedLink(url="https://blog.example/backend.php?id=3", title="All", declared=True),
        ),
        (
            '<link rel="alternate" type="application/xml; charset=utf-8" href="/all">',
            FeedLink(url="https://blog.example/all", declared=True),
        ),
        (
            '<a href="/rss.xml">Follow us</a>',
            FeedLink(url="https://blog.example/rss.xml", title="Follow us"),
        ),
        (
            '<a href="https://feeds.blog.example/all/feed/">all</a>',
            FeedLink(url="https://feeds.blog.example/all/feed/", title="all"),
        ),
        ('<a href="/index.xml">RSS</a>', FeedLink(url="https://blog.example/index.xml", title="RSS")),
        ('<a href="/?feed=rss2">x</a>', FeedLink(url="https://blog.example/?feed=rss2", title="x")),
    ],
)
def test_a_feed_is_found_by_what_the_page_says_or_how_a_link_looks(html: str, found: FeedLink):
    assert page(html).feeds == (found,)


@pytest.mark.parametrize(
    "html",
    [
        '<link rel="alternate stylesheet" type="application/rss+xml" href="/s">',
        '<link rel="alternate" type="application/json" href="/wp-json/wp/v2/pages/2">',
        '<link rel="alternate" hreflang="de" href="/de">',
        '<link rel="alternate" type="application/rss+xml" href="javascript:alert(1)">',
        '<link rel="alternate" type="application/rss+xml" href="data:text/xml,x">',
        '<link rel="alternate" type="application/rss+xml" href="file:///etc/passwd">',
        '<link rel="alternate" type="application/rss+xml" href="https://u:p@blog.example/feed">',
        '<!-- <link rel="alternate" type="application/rss+xml" href="/old"> -->',
        "<script>document.write('<a href=\"/feed\">x</a>')</script>",
        '<a href="https://reader.example/feed/add">Read us there</a>',
        '<a href="/feedback">Write to us</a>',
        '<a href="/sitemap.xml">Map</a>',
    ],
)
def test_what_is_no_feed_of_this_site_is_not_taken_for_one(html: str):
    assert page(html).feeds == ()


def test_declared_feeds_come_first_those_of_comments_last_and_each_once():
    html = (
        '<a href="/feed">RSS</a>'
        '<link rel="alternate" type="application/rss+xml" title="Comments" href="/comments/feed">'
        '<link rel="alternate" type="application/rss+xml" title="Blog" href="/feed">'
        '<a href="/rss">more</a>'
    )
    assert [link.url.removeprefix("https://blog.example") for link in page(html).feeds] == [
        "/feed",
        "/rss",
        "/comments/feed",
    ]


def test_a_page_of_many_feeds_gives_a_few():
    links = "".join(f'<a href="/{number}/feed">x</a>' for number in range(500))
    assert len(page(links).feeds) == MAX_LINKS


def test_a_page_without_any_element_is_refused():
    with pytest.raises(ParseError, match="without any element"):
        page("just text")


@pytest.mark.parametrize(
    "html",
    [
        "<a " * 100_000,
        "<link rel='" * 50_000,
        "<!--" * 100_000,
        "<script>" * 100_000,
        "<title>" * 100_000,
        "<link " + "a=b " * 200_000 + ">",
        "<a href='" + "/rss" * 200_000 + "'>",
        "<a href=/feed>" * 50_000,
    ],
)
def test_P2_hostile_pages_are_read_to_their_end(html: str):
    assert len(page(html).feeds) <= 1


@pytest.mark.parametrize(
    ("body", "form"),
    [
        (b'\xef\xbb\xbf<?xml version="1.0"?><rss version="2.0">', "RSS"),
        (b'<feed xmlns="http://www.w3.org/2005/Atom">', "Atom"),
        (b'<rdf:RDF xmlns="http://purl.org/rss/1.0/">', "RSS 1.0"),
        (b'{"version": "https://jsonfeed.org/version/1.1"}', "JSON Feed"),
        (b"<urlset>", "sitemap"),
        (b"<html><body>", ""),
        (b'{"error": "no"}', ""),
        (b"", ""),
    ],
)
def test_a_format_is_told_by_the_first_bytes(body: bytes, form: str):
    assert feed_format(body) == form


def test_guesses_begin_below_the_page_and_end_at_the_top_of_its_host():
    urls = likely_feeds("https://blog.example/news?page=2")
    assert urls[0] == "https://blog.example/news/feed"
    assert "https://blog.example/feeds/posts/default" in urls
    assert likely_feeds("https://blog.example/")[:2] == [
        "https://blog.example/feed",
        "https://blog.example/rss",
    ]
    assert len(likely_feeds("https://blog.example/a/b/c/d")) == 8


def test_robots_txt_names_sitemaps_of_its_own_host_only():
    robots = b"User-agent: *\nSITEMAP: https://blog.example/a.xml\nSitemap: https://evil.example/b.xml\n"
    assert sitemaps_of_robots(robots, PAGE) == ["https://blog.example/a.xml"]


@pytest.mark.parametrize(
    ("typed", "address"),
    [
        (" blog.example ", "https://blog.example"),
        ("feed://blog.example/f", "https://blog.example/f"),
        ("feed:http://blog.example/f", "http://blog.example/f"),
        ("http://blog.example", "http://blog.example"),
        ("javascript:alert(1)", ""),
        ("file:///etc/passwd", ""),
        ("", ""),
    ],
)
def test_what_people_type_becomes_an_address(typed: str, address: str):
    assert entered_address(typed) == address


@pytest.mark.parametrize(
    ("fields", "found"),
    [
        (
            ['</feed>; rel="alternate"; type="application/rss+xml"; title="News, all of it"'],
            FeedLink(url="https://blog.example/feed", title="News, all of it", declared=True),
        ),
        (
            ["<a.css>; rel=preload, <../atom>; rel=alternate; type=application/atom+xml"],
            FeedLink(url="https://blog.example/atom", declared=True),
        ),
        (['<https://f.example/x>; rel="feed"'], FeedLink(url="https://f.example/x", declared=True)),
    ],
)
def test_a_feed_is_found_in_the_link_header(fields: list[str], found: FeedLink):
    assert with_header_links((), fields, PAGE) == [found]


def test_links_of_the_header_come_first_and_are_named_once():
    on_page = page('<link rel="alternate" type="application/rss+xml" title="All" href="/feed">').feeds
    header = ['</feed>; rel="alternate"; type="application/rss+xml"', "</other>; rel=feed"]
    found = with_header_links(on_page, header, PAGE)
    assert [link.url for link in found] == ["https://blog.example/feed", "https://blog.example/other"]


@pytest.mark.parametrize(
    "field",
    [
        '<https://blog.example/wp-json/>; rel="https://api.w.org/"',
        '</wp-json/wp/v2/pages/2>; rel="alternate"; title="JSON"; type="application/json"',
        "<javascript:x>; rel=feed",
        "</de/>; rel=alternate; hreflang=de",
        "nonsense; rel=feed",
    ],
)
def test_other_links_of_the_header_are_no_feeds(field: str):
    assert with_header_links((), [field], PAGE) == []


@pytest.mark.parametrize(
    ("html", "target"),
    [
        ('<meta http-equiv="refresh" content="0; url=/en/">', "https://blog.example/en/"),
        ("<META HTTP-EQUIV=Refresh CONTENT='1;URL=start.html'>", "https://blog.example/news/start.html"),
        ("""<meta http-equiv="refresh" content="0.5; url='https://b.example/?a=1&amp;b=2'">""",
         "https://b.example/?a=1&b=2"),
        ('<meta http-equiv="refresh" content="600; url=/en/">', ""),
        ('<meta http-equiv="refresh" content="300">', ""),
        ('<meta http-equiv="refresh" content="0; url=javascript:x()">', ""),
        ('<!-- <meta http-equiv="refresh" content="0; url=/en/"> -->', ""),
        ('<meta name="description" content="0; url=/en/">', ""),
        (f'<meta http-equiv="refresh" content="0; url={PAGE}">', ""),
    ],
)  # fmt: skip
def test_a_page_that_refreshes_to_another_says_so(html: str, target: str):
    assert page(html).moved_to == target
