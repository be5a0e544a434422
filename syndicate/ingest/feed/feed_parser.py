"""Parse a feed's bytes to ``ParsedSource``: RSS 0.9x–2.0, RSS 1.0, Atom and JSON Feed, well-formed or not.

Pure: equal bytes give an equal result, nothing is fetched, and the only exception is ``ParseError``. Items
with a known hash are not parsed.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import replace
from hashlib import blake2b

from syndicate.errors import ParseError
from syndicate.ingest.feed.feedparser_adapter import read_in_one_pass, read_with_feedparser
from syndicate.ingest.feed.item_splitter import Split, Unsplittable, split
from syndicate.ingest.feed.json_feed_parser import parse_json_feed
from syndicate.ingest.feed.raw_item import RawFeed, RawItem, entry_of, plain_title
from syndicate.ingest.feed.xml_encoding import as_plain_utf8, repair_references, utf8_document
from syndicate.ingest.limits import MAX_ITEMS
from syndicate.ingest.worker.parsers import ParseRequest
from syndicate.model import Entry, ParsedSource
from syndicate.text.hashes import hash_of
from syndicate.text.language import normalise_language
from syndicate.text.plain import clean_line
from syndicate.text.urls import absolute_url

_FIRST_ELEMENT = re.compile(
    rb"(?>\s+|<!--.*?-->|<\?.*?\?>|<!(?!--)[^>]*>)*+<([A-Za-z][\w.-]*(?::[\w.-]+)?)", re.DOTALL
)
_END_TAG = re.compile(rb"</([^\s>]+)\s*>")
_FEED_ROOTS = frozenset({"rss", "feed", "rdf", "channel"})
_HTML_ROOTS = frozenset({"html", "head", "body", "title", "meta", "script", "div", "p", "h1", "a", "form"})
_SITEMAP_ROOTS = frozenset({"urlset", "sitemapindex"})
# The end of a complete document, for documents that cannot be split.
_LAST_TAGS = re.compile(rb"</(?:[\w.-]+:)?(?:rss|feed|rdf|channel)\s*>", re.IGNORECASE)
_LOGIN = re.compile(rb"""type\s*=\s*["']?password|\blog[ -]?in\b|\bsign[ -]?in\b""", re.IGNORECASE)
_HOUR = re.compile(rb"<hour\s*>\s*([0-9]{1,2})\s*</hour\s*>")
_DAY = re.compile(rb"<day\s*>\s*([A-Za-z]+)\s*</day\s*>")
_WEEKDAYS = (b"mon", b"tue", b"wed", b"thu", b"fri", b"sat", b"sun")
_MAX_BYTES = 2_000
"""Bytes of the element; all twenty-four hours, one a line, take about 700."""


def parse_feed(request: ParseRequest, *, only: frozenset[str] | None = None) -> ParsedSource:
    """Parse a feed.

    With ``only`` the parser reads only items with these hashes, and lists all items. Raises ``ParseError`` if
    the body is empty, is not a feed (an HTML or login page), breaks the limits on nesting or attributes, or
    cannot be read without the items outside ``only``.
    """
    body, url, charset, known = request.body, request.url, request.charset, request.known
    start = body[:100].lstrip(b"\xef\xbb\xbf \t\r\n")
    is_json = "json" in request.content_type.lower() and not start.startswith(b"<")
    if is_json or start.startswith((b"{", b"[")):
        return parse_json_feed(request, only=only)
    if not known and only is None and (first := _read_new_document(as_plain_utf8(body, charset), request)):
        return first
    document, warnings = utf8_document(body, charset)
    if not document.strip():
        raise ParseError(f"{url} sent an empty document")
    root = _FIRST_ELEMENT.match(document)
    if root and _local_name(root[1]) == "entry":
        # An Atom entry document (RFC 4287, section 2).
        document = b'<feed xmlns="http://www.w3.org/2005/Atom">' + document + b"</feed>"
    _check_is_feed(document, url)
    return _with_warnings(_read_by_items(document, request, only), warnings)


def _check_is_feed(document: bytes, url: str) -> None:
    match = _FIRST_ELEMENT.match(document)
    name = _local_name(match[1]) if match else ""
    if name in _FEED_ROOTS:
        return
    if name in _HTML_ROOTS:
        login = ", probably a login page" if _LOGIN.search(document, 0, 100_000) else ""
        raise ParseError(
            f"{url} is an HTML page, not a feed{login}. Give the address of its RSS or Atom feed, "
            'or write kind = "page" with the source.'
        )
    if name in _SITEMAP_ROOTS:
        raise ParseError(f'{url} is a sitemap, not a feed: write kind = "sitemap" with the source')
    if not re.search(rb"<(?:\w+:)?(?:rss|feed|rdf|channel)\b", document[:10_000], re.IGNORECASE):
        what = f"its first element is {name}" if name else "it has no XML element"
        raise ParseError(f"{url} is not a feed: {what}")


def _local_name(name: bytes) -> str:
    return name.decode().rpartition(":")[2].lower()


def _read_new_document(document: bytes, request: ParseRequest) -> ParsedSource | None:
    """Read a document without known items in a single pass; ``None`` if the document is irregular.

    The parser reads all items, so that no pass over the document has to find them first.
    """
    match = _FIRST_ELEMENT.match(document)
    if match is None or _local_name(match[1]) not in _FEED_ROOTS:
        return None
    feed = read_in_one_pass(document, request, max_items=MAX_ITEMS)
    if feed is None:
        return None
    # The first of equal items is read.
    items: dict[str, RawItem] = {}
    around, at = [], 0
    for item, (start, end_tag) in zip(feed.items, feed.item_positions, strict=True):
        tag = _END_TAG.match(document, end_tag)
        # An empty item has no end tag, and another element's end tag may stand there.
        if tag is None or not document.startswith(tag[1], start + 1):
            return None
        end = tag.end()
        items.setdefault(hash_of(document[start:end]), item)
        around.append(document[at:start])
        at = end
    parsed = _parsed(
        feed, request.url, ((item, item_hash) for item_hash, item in items.items()), tuple(items)
    )
    return _with_skipped_times(parsed, b"".join([*around, document[at:]]))


def _read_by_items(document: bytes, request: ParseRequest, only: frozenset[str] | None) -> ParsedSource:
    parts, warnings = _split(document)
    parsed = _read_unseen(parts, request, only) if parts is not None else None
    if parsed is None and only is not None:
        raise ParseError(f"the items of {request.url} cannot be read by themselves")
    parsed = parsed or _read_whole(document, request)
    if parts.cut_off if parts is not None else not _LAST_TAGS.search(document, max(len(document) - 1_000, 0)):
        parsed = replace(parsed, cut_off=True)
    parsed = _with_skipped_times(parsed, parts.bare() if parts is not None else document)
    return _with_warnings(parsed, warnings)


def _with_skipped_times(parsed: ParsedSource, around: bytes) -> ParsedSource:
    hours, days = _skipped_times(around)
    return replace(parsed, skip_hours=hours, skip_days=days) if hours or days else parsed


def _skipped_times(document: bytes) -> tuple[int, int]:
    """Return RSS ``skipHours`` and ``skipDays`` as bits (see ``SourceState``); feedparser drops both.

    Hour 24 is midnight (RSS 0.91 counts from 1); invalid hours and days are ignored.
    """
    hours = days = 0
    if b"<skip" not in document:
        return 0, 0
    for hour in _HOUR.findall(_inside(document, b"skipHours")):
        hours |= 1 << int(hour) % 24 if int(hour) <= 24 else 0
    for day in _DAY.findall(_inside(document, b"skipDays")):
        days |= 1 << _WEEKDAYS.index(name) if (name := day[:3].lower()) in _WEEKDAYS else 0
    return hours, days


def _inside(document: bytes, name: bytes) -> bytes:
    start = document.find(b"<" + name)
    part = document[start : start + _MAX_BYTES] if start >= 0 else b""
    content, end, _ = part.partition(b"</" + name)
    return content if end else b""


def _split(document: bytes) -> tuple[Split | None, tuple[str, ...]]:
    """Split the document into items, after repairing its character references if necessary."""
    try:
        parts = split(document)
    except Unsplittable as first:
        if not first.malformed:
            return None, ()
        warning = str(first)
        try:
            parts = split(repair_references(document))
        except Unsplittable:
            return None, (f"{warning}; read leniently",)
        return parts, (f"{warning}; repaired", *((parts.warning,) if parts.warning else ()))
    return parts, (parts.warning,) if parts.warning else ()


def _read_unseen(parts: Split, request: ParseRequest, only: frozenset[str] | None) -> ParsedSource | None:
    """Read the new items; ``None`` if feedparser and the splitter disagree about the items."""
    first_at: dict[str, int] = {}
    for position, span in enumerate(parts.spans):
        first_at.setdefault(span.item_hash, position)
    unseen = [
        position
        for item_hash, position in first_at.items()
        if item_hash not in request.known and (only is None or item_hash in only)
    ]
    positions = _newest(parts, unseen, request) if len(unseen) > MAX_ITEMS else unseen
    left_out = frozenset(unseen).difference(positions)
    item_hashes = tuple(item_hash for item_hash, position in first_at.items() if position not in left_out)
    feed = _read_together(parts.without(frozenset(range(len(parts.spans))).difference(positions)), request)
    if feed and len(feed.items) == len(positions):
        pairs = zip(feed.items, (parts.spans[position].item_hash for position in positions), strict=True)
        parsed: ParsedSource | None = _parsed(feed, request.url, pairs, item_hashes)
    else:
        parsed = _read_each(parts, positions, request, item_hashes)
    if parsed and left_out:
        warning = f"{len(left_out)} items beyond {MAX_ITEMS} were left for the next poll"
        return _with_warnings(replace(parsed, left_out=len(left_out)), (warning,))
    return parsed


def _read_together(document: bytes, request: ParseRequest) -> RawFeed | None:
    try:
        return read_with_feedparser(document, request)
    except ParseError:
        return None


def _newest(parts: Split, unseen: Sequence[int], request: ParseRequest) -> Sequence[int]:
    """Return the newest ``MAX_ITEMS`` items: the first items, or the last if the oldest item comes first."""
    ends = parts.one_by_one((unseen[0], unseen[-1]))
    items = [item for _, document in ends for item in read_with_feedparser(document, request).items]
    times = [item.updated or item.published for item in items]
    if len(times) == 2 and times[0] and times[1] and times[0] < times[1]:
        return unseen[-MAX_ITEMS:]
    return unseen[:MAX_ITEMS]


def _read_each(
    parts: Split, positions: Sequence[int], request: ParseRequest, item_hashes: tuple[str, ...]
) -> ParsedSource | None:
    feed = _read_around(parts, request)
    pairs: list[tuple[RawItem, str]] = []
    refused: list[tuple[str, str]] = []
    for item_hash, document in parts.one_by_one(positions):
        try:
            items = read_with_feedparser(document, request).items
        except ParseError as error:
            refused.append((item_hash, str(error)))
            continue
        if len(items) != 1:
            return None
        pairs.append((items[0], item_hash))
    return _parsed(feed, request.url, pairs, item_hashes, tuple(refused))


def _read_around(parts: Split, request: ParseRequest) -> RawFeed:
    """Read the document without its items, or with the first if feedparser needs an item to see a feed."""
    feed = _read_together(parts.bare(), request)
    if feed is None:
        first = parts.one_by_one(range(len(parts.spans))[:1])
        feed = read_with_feedparser(next((document for _, document in first), parts.bare()), request)
    return feed


def _read_whole(document: bytes, request: ParseRequest) -> ParsedSource:
    """Read a document that cannot be split; an item's hash is the hash of its parsed fields."""
    feed = read_with_feedparser(repair_references(document), request)
    pairs = {
        blake2b(repr(item).encode(errors="replace"), digest_size=16).hexdigest(): item for item in feed.items
    }
    known = request.known
    unseen = [(item, item_hash) for item_hash, item in pairs.items() if item_hash not in known][:MAX_ITEMS]
    read = known.union(item_hash for _, item_hash in unseen)
    return _parsed(feed, request.url, unseen, tuple(item_hash for item_hash in pairs if item_hash in read))


def _parsed(
    feed: RawFeed,
    url: str,
    items: Iterable[tuple[RawItem, str]],
    item_hashes: tuple[str, ...],
    refused: tuple[tuple[str, str], ...] = (),
) -> ParsedSource:
    language = normalise_language(feed.language)
    entries: list[Entry] = []
    bad = list(refused)
    for item, item_hash in items:
        try:
            entries.append(entry_of(item, language=language, item_hash=item_hash))
        except Exception as error:  # noqa: BLE001 - a broken item must not affect the others
            bad.append((item_hash, f"{type(error).__name__}: {error}"))
    return ParsedSource(
        title=plain_title(feed.title),
        home_url=absolute_url(url, feed.link),
        feed_id=clean_line(feed.feed_id, 2_000),
        language=language,
        entries=tuple(entries),
        item_hashes=item_hashes,
        min_interval=feed.min_interval,
        hubs=tuple(address for hub in feed.hubs if (address := absolute_url(url, hub))),
        self_url=absolute_url(url, feed.self_url) if feed.self_url else "",
        refused=tuple(bad),
    )


def _with_warnings(parsed: ParsedSource, warnings: tuple[str, ...]) -> ParsedSource:
    if not warnings:
        return parsed
    return replace(parsed, warnings=(*warnings, *parsed.warnings))
