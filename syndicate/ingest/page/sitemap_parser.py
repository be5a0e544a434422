"""Parse a sitemap, News sitemap or sitemap index to ``ParsedSource``.

Implements the sitemaps protocol 0.9 (sitemaps.org/protocol.html) with Google's News and image extensions.
Only entries of a News sitemap have a title; the other entries are a URL and a date. Pure; the only exception
is ``ParseError``.
"""

from datetime import UTC, datetime
from hashlib import blake2b
from xml.parsers import expat

from syndicate.errors import FetchError, ParseError
from syndicate.ingest.feed.raw_item import distinct_tags
from syndicate.ingest.feed.xml_encoding import repair_references, utf8_document
from syndicate.ingest.html.tracking_pixels import is_tracker_url
from syndicate.ingest.worker.parsers import ParseRequest
from syndicate.ingest.written_dates import parse_date
from syndicate.model import Entry, Image, ParsedSource, SitemapPart
from syndicate.net.body_limit import decode_body
from syndicate.text.language import normalise_language
from syndicate.text.plain import clean_line
from syndicate.text.urls import absolute_url, canonical_url, site_host

MAX_SITEMAP_BYTES = 50 * 1024 * 1024
MAX_URLS = 50_000
"""The protocol defines both limits."""
MAX_DEPTH = 20
MAX_ATTRIBUTES = 100
MAX_VALUE = 8_192

_GZIP = b"\x1f\x8b"
_FIELDS = frozenset(
    {"loc", "lastmod", "news:title", "news:publication_date", "news:language", "news:keywords", "image:loc"}
)
_FACTS = tuple(sorted(_FIELDS - {"loc"}))
# Last word of the namespace's URL, which sites write with http or https, with or without a slash.
_PREFIXES = {"sitemap": "", "sitemap-news": "news:", "sitemap-image": "image:"}


def parse_sitemap(request: ParseRequest, *, requested_url: str = "") -> ParsedSource:
    """Parse a sitemap, fetched after a request for ``requested_url`` (default: its own URL).

    The sitemap may be XML or plain text with a URL per line, also as a gzip file. URLs on other hosts (by the
    protocol's rule) and URLs beyond the limit of 50 000 are left out with a warning. Raises ``ParseError`` if
    the document is not a sitemap, not well-formed (a truncated sitemap is an error) or without URLs.
    """
    body, url = request.body, request.url
    if body.startswith(_GZIP):
        body = _decompress(body, url)
    document, warnings = utf8_document(body, request.charset)
    sitemap = (_read if b"<" in document[:1_000] else _lines)(document, url)
    hosts = {site_host(text) for text in (url, requested_url) if text}
    rows = [(target, row) for row in sitemap.rows if (target := canonical_url(row.get("loc", "")))]
    local = [(target, row) for target, row in rows if site_host(target) in hosts][:MAX_URLS]
    if not local:
        raise ParseError(f"{url} is a sitemap without any URL on {' or '.join(sorted(hosts))}")
    left_out = len(sitemap.rows) - len(local)
    if left_out:
        warning = f"{left_out:,} URLs on other hosts, invalid, or beyond {MAX_URLS:,} were left out"
        warnings = (*warnings, warning)
    if sitemap.is_index:
        parts = {target: SitemapPart(url=target, changed=_date(row, "lastmod")) for target, row in local}
        return ParsedSource(home_url=absolute_url(url, "/"), parts=tuple(parts.values()), warnings=warnings)
    hashes = {target: _row_hash(target, row) for target, row in local}
    unseen = {target: row for target, row in local if hashes[target] not in request.known}
    return ParsedSource(
        home_url=absolute_url(url, "/"),
        entries=tuple(_entry(target, row, hashes[target]) for target, row in unseen.items()),
        item_hashes=tuple(hashes.values()),
        warnings=warnings,
    )


class _SitemapHandler:
    """Expat handlers that collect a row of fields for each ``url`` or ``sitemap`` element."""

    def __init__(self) -> None:
        self.rows: list[dict[str, str]] = []
        self.is_index = False
        self.root = ""
        self._depth = 0
        self._field = ""
        self._value: list[str] = []
        self._size = 0

    def read(self, document: bytes) -> None:
        """Parse a document. Raises ``expat.ExpatError``, and ``ParseError`` beyond the limits."""
        parser = expat.ParserCreate("utf-8", namespace_separator=" ")
        parser.buffer_text = True
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end
        parser.CharacterDataHandler = self._text
        parser.Parse(document, True)  # noqa: FBT003 - pyexpat's own signature

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        self._depth += 1
        if self._depth > MAX_DEPTH or len(attributes) > MAX_ATTRIBUTES:
            raise ParseError(
                f"elements are nested deeper than {MAX_DEPTH} or have over {MAX_ATTRIBUTES} attributes"
            )
        known = _qualified(name)
        if self._depth == 1:
            self.root = known
            self.is_index = known == "sitemapindex"
        elif self._depth == 2 and known in ("url", "sitemap"):
            self.rows.append({})
        self._field = known if known in _FIELDS and self.rows else ""
        self._value, self._size = [], 0

    def _text(self, text: str) -> None:
        self._size += len(text)
        if self._field and self._size <= MAX_VALUE:
            self._value.append(text)

    def _end(self, _name: str) -> None:
        self._depth -= 1
        if self._field:
            self.rows[-1].setdefault(self._field, "".join(self._value).strip())
            self._field = ""


def _read(document: bytes, url: str) -> _SitemapHandler:
    sitemap = _SitemapHandler()
    try:
        sitemap.read(document)
    except expat.ExpatError as first:
        # The most frequent error of sitemaps is an unescaped ampersand.
        sitemap = _SitemapHandler()
        try:
            sitemap.read(repair_references(document))
        except expat.ExpatError:
            raise ParseError(f"{url} is not a well-formed sitemap ({first}); not read") from first
    if sitemap.root not in ("urlset", "sitemapindex"):
        raise ParseError(
            f"{url} is not a sitemap: its first element is {sitemap.root or 'of another namespace'}"
        )
    return sitemap


def _lines(document: bytes, url: str) -> _SitemapHandler:
    sitemap = _SitemapHandler()
    for line in document.decode().split("\n", MAX_URLS + 1)[: MAX_URLS + 1]:
        if target := line.strip():
            if not canonical_url(target):
                raise ParseError(f"{url} is not a sitemap: {clean_line(target, 80)!r} is not a URL")
            sitemap.rows.append({"loc": target})
    return sitemap


def _decompress(body: bytes, url: str) -> bytes:
    try:
        unpacked = decode_body(body, "gzip", MAX_SITEMAP_BYTES, url)
    except FetchError as error:
        raise ParseError(str(error)) from error
    if unpacked.startswith(_GZIP):
        raise ParseError(f"{url} is gzip inside gzip; not read")
    return unpacked


def _row_hash(target: str, row: dict[str, str]) -> str:
    facts = "\0".join((target, *(row.get(name, "") for name in _FACTS)))
    return blake2b(facts.encode(errors="replace"), digest_size=16).hexdigest()


def _entry(target: str, row: dict[str, str], row_hash: str) -> Entry:
    image_url = absolute_url(target, row.get("image:loc", ""))
    is_image = image_url.startswith("http") and not is_tracker_url(image_url)
    return Entry(
        guid=target,
        url=target,
        title=clean_line(row.get("news:title", "")),
        published=_date(row, "news:publication_date"),
        updated=_date(row, "lastmod"),
        language=normalise_language(row.get("news:language", "")),
        tags=distinct_tags(row.get("news:keywords", "").split(",")),
        image=Image(url=image_url) if is_image else None,
        item_hash=row_hash,
    )


def _date(row: dict[str, str], name: str) -> datetime | None:
    """Parse a W3C date and time; a date alone is midnight in UTC."""
    text = row.get(name, "")
    return parse_date(text[:40], UTC) if text else None


def _qualified(name: str) -> str:
    """Convert expat's ``uri local`` to the namespace's prefix and the name; no namespace means the core's."""
    uri, _, local = name.rpartition(" ")
    words = uri.lower().rstrip("/").split("/")
    namespace = next((word for word in reversed(words) if word.startswith("sitemap")), "")
    prefix = _PREFIXES.get(namespace) if uri else ""
    return "" if prefix is None else prefix + local.lower()
