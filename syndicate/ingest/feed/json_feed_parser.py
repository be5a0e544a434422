"""Parse JSON Feed 1.0 and 1.1 (jsonfeed.org/version/1.1) to ``ParsedSource``.

Numbers stay text, so that a numeric id keeps its digits and a number of a million digits costs nothing. An
invalid item does not affect the others.
"""

import json
from collections.abc import Mapping
from dataclasses import replace
from hashlib import blake2b
from typing import Any, NoReturn

from syndicate.errors import ParseError
from syndicate.ingest.feed.feed_dates import FeedDates
from syndicate.ingest.feed.raw_item import RawItem, Text, entry_of, parse_count
from syndicate.ingest.limits import MAX_ITEMS, MAX_SUMMARY_CHARACTERS
from syndicate.ingest.worker.parsers import ParseRequest
from syndicate.model import Enclosure, Entry, Image, ParsedSource
from syndicate.text.language import normalise_language
from syndicate.text.plain import clean_line
from syndicate.text.urls import absolute_url, is_loopback

_VERSION = "jsonfeed.org/version/"
# Not a key of a real document: JSON forbids a raw NUL.
_REPEATED = "\x00repeated"


def parse_json_feed(request: ParseRequest, *, only: frozenset[str] | None = None) -> ParsedSource:
    """Parse a JSON Feed.

    An item's hash is the hash of its canonical JSON. Known items, and items with a hash outside ``only``, are
    listed but not read. Invalid items are in ``refused``. Raises ``ParseError`` if the document is not JSON
    (``NaN``, excessive nesting), not a JSON Feed, or has a key twice in the feed object.
    """
    url = request.url
    feed, warnings = _loaded(request.body, url)
    items = feed["items"]
    if len(items) > MAX_ITEMS:
        # Feeds list the newest item first.
        warnings.append(f"the feed has {len(items)} items; only the first {MAX_ITEMS} are read")
    if feed.get("expired") is True:
        warnings.append("the feed says that it is finished")
    dates = FeedDates(request.body, url, _text(feed, "language"))
    item_hashes: dict[str, None] = {}
    entries: list[Entry] = []
    refused: list[tuple[str, str]] = []
    for item in items[:MAX_ITEMS]:
        canonical = json.dumps(item, sort_keys=True, separators=(",", ":")).encode("ascii")
        item_hash = blake2b(canonical, digest_size=16).hexdigest()
        if item_hash in item_hashes:
            continue
        item_hashes[item_hash] = None
        if item_hash in request.known or (only is not None and item_hash not in only):
            continue
        try:
            entries.append(_entry(item, feed, dates, item_hash))
        except ParseError as error:
            refused.append((item_hash, str(error)))
    return ParsedSource(
        title=clean_line(_text(feed, "title")),
        home_url=absolute_url(url, _text(feed, "home_page_url")),
        feed_id=absolute_url(url, _text(feed, "feed_url")),
        language=normalise_language(_text(feed, "language")),
        hubs=_hubs(feed, url),
        self_url=absolute_url(url, _text(feed, "feed_url")),
        entries=tuple(entries),
        item_hashes=tuple(item_hashes),
        warnings=tuple(warnings),
        refused=tuple(refused),
    )


def _hubs(feed: Mapping[str, Any], url: str) -> tuple[str, ...]:
    """Return the WebSub hubs; other types (rssCloud) are not supported."""
    hubs = [hub for hub in _objects(feed, "hubs") if _text(hub, "type").lower() == "websub"]
    return tuple(address for hub in hubs if (address := absolute_url(url, _text(hub, "url"))))


def _loaded(body: bytes, url: str) -> tuple[dict[str, Any], list[str]]:
    """Decode the feed object with its list of items, and return warnings about its bytes."""
    warnings = []
    encoding = json.detect_encoding(body)
    try:
        text = body.decode(encoding)
    except UnicodeDecodeError:
        text = body.decode(encoding, "replace")
        warnings.append(f"not valid {encoding.upper()}; unreadable bytes became U+FFFD")
    try:
        feed = json.loads(
            text, parse_int=str, parse_float=str, parse_constant=_refuse_constant, object_pairs_hook=_object
        )
    except RecursionError as error:
        raise ParseError(f"{url} nests JSON too deeply to be a feed") from error
    except ValueError as error:
        raise ParseError(f"{url} is not valid JSON: {error}") from error
    if not isinstance(feed, dict) or _VERSION not in _text(feed, "version"):
        raise ParseError(f"{url} is JSON but not a JSON Feed: it has no jsonfeed.org version")
    if _REPEATED in feed:
        raise ParseError(f"{url} has the key {feed[_REPEATED]!r} twice in its feed object")
    if not isinstance(feed.get("items"), list):
        raise ParseError(f"{url} is a JSON Feed without a list of items")
    return feed, warnings


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    fields = dict(pairs)
    if len(fields) != len(pairs):
        names = [name for name, _ in pairs]
        fields[_REPEATED] = clean_line(next(name for name in names if names.count(name) > 1), 40)
    return fields


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not a JSON number")


def _entry(item: object, feed: Mapping[str, Any], dates: FeedDates, item_hash: str) -> Entry:
    if not isinstance(item, dict):
        raise ParseError(f"an item must be an object, not {_kind(item)}")
    if _REPEATED in item:
        raise ParseError(f"the item has the key {item[_REPEATED]!r} twice")
    base = absolute_url(dates.url, _text(feed, "home_page_url"))
    base = base if base.startswith("http") and not is_loopback(base) else dates.url
    link = absolute_url(base, _text(item, "url")) or absolute_url(base, _text(item, "external_url"))
    html, tags, files = _text(item, "content_html"), item.get("tags"), _objects(item, "attachments")
    images = [_text(item, "image"), _text(item, "banner_image")]
    images += [_text(file, "url") for file in files if _text(file, "mime_type")[:6] == "image/"]
    raw = RawItem(
        base=base,
        guid=_text(item, "id"),
        link=link,
        title=Text(_text(item, "title"), html=False),
        contents=[Text(html, html=True) if html.strip() else Text(_text(item, "content_text"), html=False)],
        authors=_authors(item),
        published=dates.read(str(item.get("date_published", ""))),
        updated=dates.read(str(item.get("date_modified", ""))),
        language=_text(item, "language"),
        tags=[tag for tag in tags if isinstance(tag, str)] if isinstance(tags, list) else [],
        images=[Image(url=address) for address in images if address],
        enclosures=[_enclosure(file) for file in files],
    )
    if not any(map(str.strip, raw.authors)):
        raw.authors = _authors(feed)
    entry = entry_of(raw, language=normalise_language(_text(feed, "language")), item_hash=item_hash)
    if not (entry.guid or link):
        raise ParseError("the item has neither an id nor a url")
    if not (entry.title or entry.html or link):
        raise ParseError("the item has neither a title, content nor a url")
    # The summary is no text of an item without content.
    return replace(entry, summary=clean_line(_text(item, "summary"), MAX_SUMMARY_CHARACTERS))


def _enclosure(file: Mapping[str, Any]) -> Enclosure:
    return Enclosure(
        url=_text(file, "url"),
        media_type=_text(file, "mime_type"),
        size=parse_count(_text(file, "size_in_bytes")),
        duration=parse_count(_text(file, "duration_in_seconds")),
        title=_text(file, "title"),
    )


def _authors(holder: Mapping[str, Any]) -> list[str]:
    people = _objects(holder, "authors")
    if isinstance(holder.get("author"), dict):
        people.append(holder["author"])
    return [_text(person, "name") for person in people]


def _text(holder: Mapping[str, Any], name: str) -> str:
    value = holder.get(name)
    return value if isinstance(value, str) else ""


def _objects(holder: Mapping[str, Any], name: str) -> list[dict[str, Any]]:
    value = holder.get(name)
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def _kind(value: object) -> str:
    return {list: "a list", str: "a text or number", bool: "true or false"}.get(type(value), "null")
