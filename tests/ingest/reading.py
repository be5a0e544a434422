"""Helpers that write feeds and parse them."""

from syndicate.ingest.feed.feed_parser import parse_feed
from syndicate.ingest.worker.parsers import ParseRequest
from syndicate.model import Entry, ParsedSource

URL = "https://news.example/feeds/all.xml"
NAMESPACES = (
    'xmlns:content="http://purl.org/rss/1.0/modules/content/" xmlns:dc="http://purl.org/dc/elements/1.1/"'
    ' xmlns:media="http://search.yahoo.com/mrss/" xmlns:itunes="http://www.itunes.com/dtds/podcast-1.0.dtd"'
    ' xmlns:atom="http://www.w3.org/2005/Atom" xmlns:sy="http://purl.org/rss/1.0/modules/syndication/"'
    ' xmlns:slash="http://purl.org/rss/1.0/modules/slash/"'
)


def rss(*items: str, head: str = "<title>The Wire</title>") -> bytes:
    inside = "".join(f"<item>{item}</item>" for item in items)
    return f'<rss version="2.0" {NAMESPACES}><channel>{head}{inside}</channel></rss>'.encode()


def atom(*entries: str, head: str = "<title>The Wire</title>", attributes: str = "") -> bytes:
    inside = "".join(f"<entry>{entry}</entry>" for entry in entries)
    return f'<feed xmlns="http://www.w3.org/2005/Atom" {attributes}>{head}{inside}</feed>'.encode()


def read(
    body: bytes,
    *,
    url: str = URL,
    content_type: str = "",
    charset: str = "",
    known: frozenset[str] = frozenset(),
) -> ParsedSource:
    request = ParseRequest(body=body, url=url, content_type=content_type, charset=charset, known=known)
    return parse_feed(request)


def only_entry(body: bytes) -> Entry:
    (entry,) = read(body).entries
    return entry
