"""Find a site's feeds: declared feeds, links that look like feeds, and well-known URLs. Pure.

Follows autodiscovery (``link rel="alternate"`` with a feed's media type, and ``rel="feed"``; HTML Living
Standard 4.6.7.1) and the habits of sites without it.
"""

import re
from collections.abc import Iterable, Iterator
from itertools import islice

from lxml.html import HtmlElement

from syndicate.errors import ParseError
from syndicate.ingest.feed.xml_encoding import utf8_document
from syndicate.ingest.html.html_documents import parse_tree
from syndicate.ingest.html.markup_limits import within_limits
from syndicate.ingest.html.tag_scanner import without_code
from syndicate.ingest.limits import MAX_PAGE_CHARACTERS, MAX_ROBOTS_BYTES
from syndicate.ingest.page.element_metadata import read_elements
from syndicate.ingest.websub_protocol import parse_link_fields
from syndicate.ingest.worker.parsers import ParseRequest
from syndicate.model import FeedLink, ParsedSource
from syndicate.text.plain import clean_line
from syndicate.text.privacy import has_credentials
from syndicate.text.urls import absolute_url, canonical_url, host_of, is_web_url

MAX_LINKS = 12
"""Maximum number of feeds per page; a page of feeds is better imported as OPML."""
MAX_LINK_TAGS = 20_000
"""Maximum number of ``link``, ``a``, ``base`` and ``meta`` tags read from a page."""

# Most frequent paths first (WordPress, Hugo and Jekyll, Blogger, Ghost, Medium).
WELL_KNOWN = (
    "feed", "rss", "rss.xml", "feed.xml", "atom.xml", "index.xml", "feed.json", "feeds/posts/default",
)  # fmt: skip
SITEMAPS = ("news-sitemap.xml", "sitemap_news.xml", "sitemap.xml", "sitemap_index.xml")

_TAGS = ("link", "a", "base", "meta")
_MEDIA_TYPE = re.compile(
    r"application/(?:(?:rss|atom|rdf)\+xml|feed\+json)|text/(?:rss|atom)(?:\+xml)?", re.IGNORECASE
)
_XML_TYPE = re.compile(r"(?:application|text)/xml\s*(?:;|\Z)", re.IGNORECASE)
_JSON_TYPE = re.compile(r"application/json\s*(?:;|\Z)", re.IGNORECASE)
_REFRESH = re.compile(r"\s*(\d{1,3})(?:\.\d*)?\s*[;,]\s*(?:url\s*=\s*)?[\"']?([^\"'\s]+)", re.IGNORECASE)
MAX_REFRESH = 10
"""Seconds. A page that redirects later than this is a page of its own."""
_LOOKS = re.compile(
    r"(?:^|[/._-])(?:feeds?|rss2?|atom|rdf)(?:$|[/._-])|\.(?:rss|atom|rdf)$|(?:^|[?&])(?:feed|format|type)=(?:rss|atom)",
    re.IGNORECASE,
)
_SAYS = re.compile(r"\b(?:rss|atom|json feed|web feed)\b", re.IGNORECASE)
_COMMENTS = re.compile(r"comments?\b|kommentar|commentaire|comentario", re.IGNORECASE)
_FORMATS = {
    b"rss": "RSS",
    b"feed": "Atom",
    b"rdf": "RSS 1.0",
    b"urlset": "sitemap",
    b"sitemapindex": "sitemap",
}
_ROOT = re.compile(rb"<(?:[A-Za-z][\w.-]{0,40}:)?(rss|feed|rdf|urlset|sitemapindex)\b", re.IGNORECASE)
_ROBOTS_SITEMAP = re.compile(r"^\s*sitemap\s*:\s*(\S+)", re.IGNORECASE | re.MULTILINE)


def parse_links(request: ParseRequest) -> ParsedSource:
    """Return the feeds that an HTML page links to, likeliest first.

    Declared feeds come before links that look like feeds, and feeds of comments come last. Raises
    ``ParseError`` for a body without any element.
    """
    url = request.url
    document, _ = utf8_document(request.body[:MAX_PAGE_CHARACTERS], request.charset)
    text = document.decode("utf-8", "replace")
    if "<" not in text:
        kind = request.content_type or "of an unknown type"
        raise ParseError(f"{url} is not a page: it is {kind} without any element")
    # A page of code only is empty without it.
    tree = parse_tree("<html>" + within_limits(without_code(text)))
    tags = list(islice(tree.iter(*_TAGS), MAX_LINK_TAGS))
    return ParsedSource(
        title=clean_line(read_elements(tree).title),
        home_url=canonical_url(url),
        feeds=tuple(_ordered(_links(tags, url))),
        moved_to=_refresh_target(tags, url),
    )


def with_header_links(links: Iterable[FeedLink], fields: Iterable[str], url: str) -> list[FeedLink]:
    """Return the feeds declared in ``Link`` header fields (RFC 8288), then the page's ``links``."""
    declared = []
    for reference, values in parse_link_fields(fields):
        target = absolute_url(url, reference)
        if is_web_url(target) and _is_declared(values | {"href": reference}):
            title = clean_line(values.get("title", ""), 100)
            declared.append(FeedLink(url=target, title=title, declared=True))
    return _ordered([*declared, *links])


def feed_format(body: bytes) -> str:
    """Guess the format from a body's first kilobytes: RSS, Atom, JSON Feed, sitemap, or ``""``."""
    start = body[:20_000].lstrip(b"\xef\xbb\xbf \t\r\n")
    if start.startswith(b"{") and (b"jsonfeed.org" in start or b'"items"' in start):
        return "JSON Feed"
    match = _ROOT.search(start)
    return _FORMATS[match[1].lower()] if match else ""


def likely_feeds(url: str) -> list[str]:
    """Return well-known URLs of feeds: below the page first, then at the root of its host."""
    folder = url.partition("?")[0].partition("#")[0]
    folder = folder if folder.endswith("/") else folder + "/"
    top = absolute_url(url, "/")
    bases = [folder, top] if folder.count("/") <= 5 else [top]
    return _distinct(absolute_url(base, path) for base in bases for path in WELL_KNOWN)


def sitemaps_of_robots(body: bytes, url: str) -> list[str]:
    """Return the sitemaps in a ``robots.txt`` fetched from ``url`` (sitemaps.org), on its own host only."""
    text = body[:MAX_ROBOTS_BYTES].decode("utf-8", "replace")
    sitemaps = _distinct(canonical_url(match[1]) for match in _ROBOTS_SITEMAP.finditer(text))
    return [sitemap for sitemap in sitemaps if host_of(sitemap) == host_of(url)][:MAX_LINKS]


def entered_address(text: str) -> str:
    """Convert the input of a person to the URL of a page or feed, ``""`` if that is impossible."""
    text = text.strip()
    if text[:5].lower() == "feed:":
        text = text[5:].lstrip("/") if "://" not in text[5:12] else text[5:]
    if "://" not in text:
        text = f"https://{text}"
    return text if is_web_url(text) else ""


def _links(tags: Iterable[HtmlElement], url: str) -> Iterator[FeedLink]:
    base = url
    for tag in tags:
        values = {str(name): str(value) for name, value in tag.attrib.items()}
        address = values.get("href", "")
        if tag.tag == "base":
            base = absolute_url(url, address) or url
            continue
        target = absolute_url(base, address[5:] if address[:5].lower() == "feed:" else address)
        if not is_web_url(target) or has_credentials(address):
            continue
        title = clean_line(values.get("title", "") or tag.text or "", 100)
        if tag.tag == "link" and _is_declared(values):
            yield FeedLink(url=target, title=clean_line(values.get("title", ""), 100), declared=True)
        elif tag.tag == "a" and _is_feed_link(target, title, values, url):
            yield FeedLink(url=target, title=title)


def _refresh_target(tags: Iterable[HtmlElement], url: str) -> str:
    for tag in tags:
        refresh = _REFRESH.match(tag.get("content") or "") if tag.tag == "meta" else None
        if (tag.get("http-equiv") or "").lower() == "refresh" and refresh and int(refresh[1]) <= MAX_REFRESH:
            target = absolute_url(url, refresh[2])
            return target if is_web_url(target) and target != url else ""
    return ""


def _is_declared(values: dict[str, str]) -> bool:
    relations, media_type = values.get("rel", "").lower().split(), values.get("type", "").strip()
    if "feed" in relations and "alternate" not in relations:
        return True
    if "alternate" not in relations or "stylesheet" in relations:
        return False
    # APIs use the plain JSON type, too: then the URL must look like a feed.
    json = _JSON_TYPE.match(media_type) and _LOOKS.search(values.get("href", ""))
    return bool(_MEDIA_TYPE.match(media_type) or _XML_TYPE.match(media_type) or json)


def _is_feed_link(target: str, title: str, values: dict[str, str], url: str) -> bool:
    if _MEDIA_TYPE.match(values.get("type", "")):
        return True
    path = target.partition("://")[2].partition("/")[2]
    if not _LOOKS.search(path) and not (_SAYS.search(title) and path.endswith((".xml", ".json"))):
        return False
    # A feed must be on the site's own domain: many pages link to feed readers.
    host, target_host = host_of(url).removeprefix("www."), host_of(target)
    return (
        target_host == host
        or target_host.endswith(f".{host}")
        or host.endswith(f".{target_host.removeprefix('www.')}")
    )


def _ordered(links: Iterable[FeedLink]) -> list[FeedLink]:
    unique: dict[str, FeedLink] = {}
    for link in links:
        address = canonical_url(link.url)
        if address not in unique or (link.declared and not unique[address].declared):
            unique[address] = link
    return sorted(unique.values(), key=lambda link: (_is_of_comments(link), not link.declared))[:MAX_LINKS]


def _is_of_comments(link: FeedLink) -> bool:
    return bool(_COMMENTS.search(link.title) or _COMMENTS.search(link.url.partition("://")[2]))


def _distinct(values: Iterable[str]) -> list[str]:
    return [value for value in dict.fromkeys(values) if value]
