"""JSON Feed 1.0 and 1.1 (jsonfeed.org/version/1.1) → ``ParsedSource``.

Numbers are kept as the text they were written in: an id given as a number stays exactly that, and a
number of a million digits costs nothing. What is wrong with one item hurts only that item.
"""

import json
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from hashlib import blake2b
from html import escape
from typing import Any, NoReturn

from syndicate.errors import ParseError
from syndicate.ingest.feed.feed_dates import unread_date
from syndicate.ingest.feed.raw_item import clean_enclosures, names_of, whole_number
from syndicate.ingest.html.image_choice import lead_image
from syndicate.ingest.html.item_boilerplate import without_boilerplate
from syndicate.ingest.html.sanitise import CleanedHtml, with_html
from syndicate.model import Enclosure, Entry, Image, ParsedSource
from syndicate.text.language import normalise_language
from syndicate.text.plain import clean_line, clean_text
from syndicate.text.urls import absolute_url, is_this_machine

CleanHtml = Callable[[str, str], CleanedHtml]
"""Cleans a stranger's HTML; the second argument is the address its relative links start from."""

MAX_ITEMS = 2_000
"""Feeds list the newest first; what follows is left out with a warning."""

MAX_TAGS = 20
SUMMARY_LENGTH = 600
GUID_LENGTH = 1_000

_VERSION = "jsonfeed.org/version/"
# No key of a real document: JSON forbids a raw NUL, and an escaped one makes no sense.
_REPEATED = "\x00repeated"


def parse_json_feed(
    body: bytes, *, url: str, known: frozenset[str], only: frozenset[str] | None = None, clean: CleanHtml
) -> ParsedSource:
    """Read a JSON Feed fetched from ``url``.

    An item's digest is of its canonical JSON; items whose digest is in ``known`` are only listed, and with
    ``only`` all others than those. Raises ParseError when the document is not JSON (``NaN``, nesting without
    end), not a JSON Feed, or ambiguous (a key twice in the feed object). Single items that cannot be read are
    in ``refused``.
    """
    feed, warnings = _loaded(body, url)
    items = feed["items"]
    if len(items) > MAX_ITEMS:
        warnings.append(f"the feed has {len(items)} items; only the first {MAX_ITEMS} are read")
    if feed.get("expired") is True:
        warnings.append("the feed says that it is finished")
    item_hashes: dict[str, None] = {}
    entries: list[Entry] = []
    refused: list[tuple[str, str]] = []
    for item in items[:MAX_ITEMS]:
        item_hash = _item_hash(item)
        if item_hash in item_hashes:
            continue
        item_hashes[item_hash] = None
        if item_hash in known or (only is not None and item_hash not in only):
            continue
        try:
            entries.append(_entry(item, feed, url, item_hash, clean))
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
    """The WebSub hubs; other kinds (rssCloud) are not spoken here."""
    hubs = [hub for hub in _objects(feed, "hubs") if _text(hub, "type").lower() == "websub"]
    return tuple(address for hub in hubs if (address := absolute_url(url, _text(hub, "url"))))


def _loaded(body: bytes, url: str) -> tuple[dict[str, Any], list[str]]:
    """The feed object with a list of items, and what was odd about its bytes."""
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
    found = dict(pairs)
    if len(found) != len(pairs):
        names = [name for name, _ in pairs]
        found[_REPEATED] = clean_line(next(name for name in names if names.count(name) > 1), 40)
    return found


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not a JSON number")


def _item_hash(item: object) -> str:
    canonical = json.dumps(item, sort_keys=True, separators=(",", ":"))
    return blake2b(canonical.encode("ascii"), digest_size=16).hexdigest()


def _entry(item: object, feed: Mapping[str, Any], url: str, item_hash: str, clean: CleanHtml) -> Entry:
    if not isinstance(item, dict):
        raise ParseError(f"an item must be an object, not {_kind(item)}")
    if _REPEATED in item:
        raise ParseError(f"the item has the key {item[_REPEATED]!r} twice")
    base = absolute_url(url, _text(feed, "home_page_url"))
    base = base if base.startswith("http") and not is_this_machine(base) else url
    link = absolute_url(base, _text(item, "url")) or absolute_url(base, _text(item, "external_url"))
    guid = clean_line(_text(item, "id"), GUID_LENGTH)
    body = _body(item, link or base, clean)
    title = clean_line(_text(item, "title"))
    if not (guid or link):
        raise ParseError("the item has neither an id nor a url")
    if not (title or body.html or link):
        raise ParseError("the item has neither a title, content nor a url")
    return Entry(
        guid=guid,
        url=link,
        title=title,
        authors=_authors(item) or _authors(feed),
        published=_time(_text(item, "date_published")),
        updated=_time(_text(item, "date_modified")),
        language=normalise_language(_text(item, "language")) or normalise_language(_text(feed, "language")),
        html=body.html,
        text=body.text,
        summary=clean_line(_text(item, "summary"), SUMMARY_LENGTH),
        tags=_tags(item),
        image=_image(item, link or base, body.image),
        enclosures=_enclosures(item, link or base),
        item_hash=item_hash,
    )


def _body(item: Mapping[str, Any], base: str, clean: CleanHtml) -> CleanedHtml:
    html = _text(item, "content_html")
    if html.strip():
        body = clean(html, base)
        shorter = without_boilerplate(body.html, base)
        return body if shorter is body.html else with_html(body, shorter)
    text = clean_text(_text(item, "content_text"))
    paragraphs = [escape(paragraph, quote=False).replace("\n", "<br>") for paragraph in text.split("\n\n")]
    return CleanedHtml(
        html="".join(f"<p>{paragraph}</p>" for paragraph in paragraphs) if text else "", text=text
    )


def _image(item: Mapping[str, Any], base: str, found: Image | None) -> Image | None:
    """The picture the item declares, else the first of its text, which may know size and alternative text."""
    candidates = [_text(item, "image"), _text(item, "banner_image")]
    candidates += [
        _text(attachment, "url")
        for attachment in _objects(item, "attachments")
        if _text(attachment, "mime_type").startswith("image/")
    ]
    return lead_image([Image(url=candidate) for candidate in candidates if candidate], found, base)


def _enclosures(item: Mapping[str, Any], base: str) -> tuple[Enclosure, ...]:
    found = [
        Enclosure(
            url=_text(attachment, "url"),
            media_type=_text(attachment, "mime_type"),
            size=whole_number(_text(attachment, "size_in_bytes")),
            duration=whole_number(_text(attachment, "duration_in_seconds")),
            title=_text(attachment, "title"),
        )
        for attachment in _objects(item, "attachments")
    ]
    return clean_enclosures(found, base)


def _authors(holder: Mapping[str, Any]) -> tuple[str, ...]:
    """Names from 1.1's ``authors`` or 1.0's ``author``, each once."""
    people = _objects(holder, "authors")
    if isinstance(holder.get("author"), dict):
        people.append(holder["author"])
    return names_of(_text(person, "name") for person in people)


def _tags(item: Mapping[str, Any]) -> tuple[str, ...]:
    listed = item.get("tags")
    tags = (
        (clean_line(tag, 100) for tag in listed if isinstance(tag, str)) if isinstance(listed, list) else ()
    )
    return tuple(dict.fromkeys(tag for tag in tags if tag))[:MAX_TAGS]


def _time(text: str) -> datetime | None:
    """Return a time in UTC, ``None`` when it is none; a time without an offset is taken as UTC."""
    try:
        moment = datetime.fromisoformat(text.strip().upper())
        return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except (ValueError, OverflowError):
        return unread_date(text)


def _text(holder: Mapping[str, Any], name: str) -> str:
    value = holder.get(name)
    return value if isinstance(value, str) else ""


def _objects(holder: Mapping[str, Any], name: str) -> list[dict[str, Any]]:
    value = holder.get(name)
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def _kind(value: object) -> str:
    return {list: "a list", str: "a text or number", bool: "true or false"}.get(type(value), "null")
