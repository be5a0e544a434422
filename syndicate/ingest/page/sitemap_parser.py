"""A sitemap, News sitemap or sitemap index → ``ParsedSource``.

The sitemaps protocol 0.9 (sitemaps.org/protocol.html) with the News and image extensions of Google. Entries
of a News sitemap have a title; others are only an address and a date, and the page itself has to tell.
Pure; the only exception is ``ParseError``.
"""

from collections.abc import Iterable
from datetime import UTC, datetime
from hashlib import blake2b
from xml.parsers import expat

from syndicate.errors import FetchError, ParseError
from syndicate.ingest.feed.raw_item import MAX_TAGS
from syndicate.ingest.feed.xml_encoding import repaired, utf8_document
from syndicate.ingest.html.tracking_pixels import is_counter
from syndicate.ingest.written_dates import read_moment
from syndicate.model import Entry, Image, ParsedSource, SitemapPart
from syndicate.net.body_limit import decode_body
from syndicate.text.language import normalise_language
from syndicate.text.plain import clean_line
from syndicate.text.urls import absolute_url, canonical_url, host_of

MAX_BYTES = 50 * 1024 * 1024
MAX_URLS = 50_000
"""Both limits are the protocol's."""
MAX_DEPTH = 20
MAX_ATTRIBUTES = 100
MAX_VALUE = 8_192

_GZIP = b"\x1f\x8b"
_FIELDS = frozenset(
    {"loc", "lastmod", "news:title", "news:publication_date", "news:language", "news:keywords", "image:loc"}
)
_FACTS = tuple(sorted(_FIELDS - {"loc"}))
# Only the vocabularies' own names; their addresses come with http and https, with and without a slash.
_VOCABULARIES = {"sitemap": "", "sitemap-news": "news:", "sitemap-image": "image:"}


def parse_sitemap(
    body: bytes,
    *,
    url: str,
    content_type: str,  # noqa: ARG001 - what a reader of documents is given
    charset: str,
    known: frozenset[str],
    asked: str = "",
) -> ParsedSource:
    """Read a sitemap that came from ``url`` and was asked for at ``asked`` (default: the same).

    It may be a gzip file, XML, or plain text with an address on each line. Addresses on other hosts are left
    out (the protocol's rule) with a warning, and so are those beyond its limit of 50 000. Raises
    ``ParseError`` for what is no sitemap, is not well-formed (a cut-off sitemap is no shorter sitemap) or has
    no address.
    """
    if body.startswith(_GZIP):
        body = _unpacked(body, url)
    document, warnings = utf8_document(body, charset)
    found = (_read if b"<" in document[:1_000] else _lines)(document, url)
    hosts = {_site(text) for text in (url, asked) if text}
    rows = [(target, row) for row in found.rows if (target := canonical_url(row.get("loc", "")))]
    ours = [(target, row) for target, row in rows if _site(target) in hosts][:MAX_URLS]
    if not ours:
        raise ParseError(f"{url} is a sitemap without any address on {' or '.join(sorted(hosts))}")
    left_out = len(found.rows) - len(ours)
    if left_out:
        warnings = (
            *warnings,
            f"{left_out:,} addresses on other hosts, invalid, or beyond {MAX_URLS:,} were left out",
        )
    if found.is_index:
        parts = {target: SitemapPart(url=target, changed=_moment(row, "lastmod")) for target, row in ours}
        return ParsedSource(home_url=_home(url), parts=tuple(parts.values()), warnings=warnings)
    item_hashes = {target: _item_hash(target, row) for target, row in ours}
    unseen = {target: row for target, row in ours if item_hashes[target] not in known}
    return ParsedSource(
        home_url=_home(url),
        entries=tuple(_entry(target, row, item_hashes[target]) for target, row in unseen.items()),
        item_hashes=tuple(item_hashes.values()),
        warnings=warnings,
    )


class _Found:
    """The expat handlers, and the rows they found: one for each ``url`` or ``sitemap``."""

    def __init__(self) -> None:
        self.rows: list[dict[str, str]] = []
        self.is_index = False
        self.root = ""
        self._depth = 0
        self._field = ""
        self._value: list[str] = []
        self._size = 0

    def read(self, document: bytes) -> None:
        """Raises ``expat.ExpatError``, and ``ParseError`` beyond the limits."""
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


def _read(document: bytes, url: str) -> _Found:
    found = _Found()
    try:
        found.read(document)
    except expat.ExpatError as first:
        # Unescaped ampersands are what most broken sitemaps get wrong.
        found = _Found()
        try:
            found.read(repaired(document))
        except expat.ExpatError:
            raise ParseError(f"{url} is not a well-formed sitemap ({first}); not read") from first
    if found.root not in ("urlset", "sitemapindex"):
        raise ParseError(
            f"{url} is not a sitemap: its first element is {found.root or 'of another vocabulary'}"
        )
    return found


def _lines(document: bytes, url: str) -> _Found:
    found = _Found()
    for line in document.decode().split("\n", MAX_URLS + 1)[: MAX_URLS + 1]:
        if address := line.strip():
            if not canonical_url(address):
                raise ParseError(f"{url} is not a sitemap: {clean_line(address, 80)!r} is no address")
            found.rows.append({"loc": address})
    return found


def _unpacked(body: bytes, url: str) -> bytes:
    try:
        unpacked = decode_body(body, "gzip", MAX_BYTES, url)
    except FetchError as error:
        raise ParseError(str(error)) from error
    if unpacked.startswith(_GZIP):
        raise ParseError(f"{url} is gzip inside gzip; not read")
    return unpacked


def _item_hash(target: str, row: dict[str, str]) -> str:
    facts = "\0".join((target, *(row.get(name, "") for name in _FACTS)))
    return blake2b(facts.encode(errors="replace"), digest_size=16).hexdigest()


def _entry(target: str, row: dict[str, str], item_hash: str) -> Entry:
    picture = absolute_url(target, row.get("image:loc", ""))
    return Entry(
        guid=target,
        url=target,
        title=clean_line(row.get("news:title", "")),
        published=_moment(row, "news:publication_date"),
        updated=_moment(row, "lastmod"),
        language=normalise_language(row.get("news:language", "")),
        tags=tuple(_tags(row.get("news:keywords", "").split(","))),
        image=Image(url=picture) if picture.startswith("http") and not is_counter(picture) else None,
        item_hash=item_hash,
    )


def _tags(words: Iterable[str]) -> list[str]:
    tags = (clean_line(word, 60) for word in words)
    return list({tag.casefold(): tag for tag in tags if tag}.values())[:MAX_TAGS]


def _moment(row: dict[str, str], name: str) -> datetime | None:
    """A W3C date and time; a day alone is its midnight in UTC."""
    text = row.get(name, "")
    return read_moment(text[:40], UTC) if text else None


def _qualified(name: str) -> str:
    """Expat's ``uri local`` with its vocabulary's prefix; an element without any counts as the core's."""
    uri, _, local = name.rpartition(" ")
    words = uri.lower().rstrip("/").split("/")
    vocabulary = next((word for word in reversed(words) if word.startswith("sitemap")), "")
    prefix = _VOCABULARIES.get(vocabulary) if uri else ""
    return "" if prefix is None else prefix + local.lower()


def _site(url: str) -> str:
    return host_of(url).removeprefix("www.")


def _home(url: str) -> str:
    return absolute_url(url, "/")
