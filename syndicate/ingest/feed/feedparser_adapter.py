"""feedparser's reading of a document, as raw items: nothing beyond this module knows its dictionaries.

Its strict parser gets what ``feed_sax`` reads, its loose one what is not well-formed. Only what still has a
document type goes to ``feedparser.parse``, as our own UTF-8 bytes in a ``BytesIO``, never a string: it opens
what looks like a path or an address. Its sanitiser and its link resolver stay off, since ``clean`` does both
better and once. A dozen inputs make it raise; whatever it raises is a ``ParseError`` here.
"""

import io
from dataclasses import replace
from datetime import UTC, datetime
from time import struct_time
from typing import Any
from xml.sax import SAXException, SAXParseException

import feedparser

from syndicate.errors import ParseError
from syndicate.ingest.feed.expat_reader import FeedReader
from syndicate.ingest.feed.feed_dates import foreign_date, is_impossible, unread_date
from syndicate.ingest.feed.leaf_elements import LeafParser
from syndicate.ingest.feed.loose_parser import LooseParser
from syndicate.ingest.feed.raw_item import (
    RawFeed,
    RawItem,
    Text,
    is_picture,
    looks_like_html,
    seconds_between_updates,
    seconds_of,
    whole_number,
)
from syndicate.ingest.html.sanitise import pixels
from syndicate.model import Enclosure, Image
from syndicate.text.media_types import media_type
from syndicate.text.urls import absolute_url, is_loopback, is_web_url

feedparser.registerDateHandler(foreign_date)
# feedparser's own ``get`` tries the names of three generations of formats: half of the conversion's time.
_get = dict.get
_XHTML = "application/xhtml+xml"
_HTML_TYPES = frozenset({"text/html", _XHTML})
_FILE_TYPES = ("application/pdf", "application/zip", "audio/", "font/", "image/", "video/")


def read_with_feedparser(document: bytes, url: str) -> RawFeed:
    """Read a UTF-8 document found at ``url``; if it is not well-formed, feedparser's loose parser reads it.

    Raises ``ParseError`` when feedparser fails or does not recognise a feed.
    """
    try:
        version, feed, entries = _read(document)
    except ParseError:
        raise
    except Exception as error:
        raise ParseError(f"feedparser failed: {type(error).__name__}: {error}") from error
    if not version and not entries:
        raise ParseError("this is not a feed: no RSS or Atom element was found")
    return _raw_feed(version, feed, entries, url)


def read_at_once(document: bytes, url: str, *, most_items: int) -> RawFeed | None:
    """Read a document of which nothing is known yet, and note where its items are.

    ``None`` when it has to be looked at before it is read, or was looked at and cannot be read.
    """
    parser, reader = LeafParser(), FeedReader(most_items=most_items)
    try:
        _read_with(parser, reader, document)
    except Exception:  # noqa: BLE001 - what it is will show when it is read item by item
        return None
    if not parser.version or len(parser.entries) != len(reader.items):
        return None
    feed = _raw_feed(str(parser.version), parser.feeddata, parser.entries, url)
    feed.places = reader.items
    return feed


def _raw_feed(version: str, feed: Any, entries: list[Any], url: str) -> RawFeed:
    is_atom = version.startswith("atom")
    link = _link(feed)
    home = absolute_url(url, link)
    # A site generator's preview server is no address of a site.
    base = home if home.startswith("http") and not is_loopback(home) else url
    return RawFeed(
        title=_title(feed, url, is_atom=is_atom),
        link=link,
        feed_id=_word(feed, "id"),
        language=_word(feed, "language"),
        min_interval=seconds_between_updates(
            _word(feed, "ttl"), _word(feed, "sy_updateperiod"), _word(feed, "sy_updatefrequency")
        ),
        hubs=_links(feed, "hub"),
        self_url=next(iter(_links(feed, "self")), ""),
        items=[_item(entry, base, is_atom=is_atom) for entry in entries],
    )


def _read(document: bytes) -> tuple[str, Any, list[Any]]:
    """A document's version, and feedparser's dictionaries of the feed and of its entries."""
    parser: LeafParser | LooseParser = LeafParser()
    try:
        _read_with(parser, FeedReader(), document)
    except SAXParseException:
        # feedparser.parse would have the strict parser try once more, up to the same place.
        parser = LooseParser()
        parser.read(document)
    except SAXException:
        headers = {"content-type": "application/xml; charset=utf-8"}
        parsed = feedparser.parse(
            io.BytesIO(document), response_headers=headers, sanitize_html=False, resolve_relative_uris=False
        )
        return str(parsed.get("version") or ""), parsed.feed, parsed.entries
    return str(parser.version), parser.feeddata, parser.entries


def _read_with(parser: LeafParser, reader: FeedReader, document: bytes) -> None:
    reader.setContentHandler(parser)
    reader.setErrorHandler(parser)
    reader.read(document)


def _item(entry: Any, url: str, *, is_atom: bool) -> RawItem:
    return RawItem(
        base=url,
        guid=_get(entry, "id") or "",
        link=_word(entry, "feedburner_origlink") or _address(entry),
        title=_title(entry, url, is_atom=is_atom) or _plain(entry, "media_headline"),
        contents=[text for content in _get(entry, "content", ()) if (text := _text(content, url))],
        summary=_text(_get(entry, "summary_detail") or {}, url) or _plain(entry, "media_caption"),
        authors=_authors(entry),
        published=_time(entry, "published") or _time(entry, "created"),
        updated=_time(entry, "updated"),
        language=_language(entry),
        tags=[_get(tag, "label") or _get(tag, "term") or "" for tag in _get(entry, "tags", ())],
        images=_images(entry),
        enclosures=_enclosures(entry),
    )


def _word(holder: Any, name: str) -> str:
    """Return what an element holds.

    ``""`` where feedparser kept the attributes of one that should have none.
    """
    value = _get(holder, name)
    return value if isinstance(value, str) else ""


def _text(detail: Any, url: str) -> Text | None:
    kind = _get(detail, "type") or ""
    value = _get(detail, "value") or ""
    is_html = kind in _HTML_TYPES
    if not is_html and not kind.startswith("text/"):
        # A type that RFC 4287 does not know: text all the same, unless it is a file.
        if not kind or kind.startswith(_FILE_TYPES) or "\0" in value or "\ufffd" in value:
            return None
        is_html = looks_like_html(value)
    if kind == _XHTML:
        # feedparser writes <br></br> for <br/>, which HTML reads as two.
        value = value.replace("</br>", "")
    base = _get(detail, "base")
    return Text(value, is_html, absolute_url(url, base) if base else "")


def _title(holder: Any, url: str, *, is_atom: bool) -> Text | None:
    title = _text(_get(holder, "title_detail") or {}, url)
    if title and not is_atom:
        title.html = looks_like_html(title.value)
    return title


def _authors(entry: Any) -> list[str]:
    authors = _get(entry, "authors", ())
    if len(authors) == 1 and _get(entry, "author"):
        # As written: feedparser looks for a mailbox in it, and knows no top-level domain of five letters.
        return [entry["author"]]
    return [name for author in authors if (name := _get(author, "name") or "")]


def _link(holder: Any) -> str:
    """The page of an item or a feed: its alternate link, of whatever media type."""
    if _get(holder, "link"):
        return str(holder["link"])
    links = [link for link in _get(holder, "links", ()) if _get(link, "href")]
    return next((str(link["href"]) for link in links if _get(link, "rel") == "alternate"), "")


def _links(feed: Any, relation: str) -> list[str]:
    found = (_get(link, "href") for link in _get(feed, "links", ()) if _get(link, "rel") == relation)
    return [str(address) for address in found if address]


def _address(entry: Any) -> str:
    """Return where an item leads: its link, else its guid, if that is an address (RSS 2.0, element guid).

    feedparser takes any guid for a link when there is none, and none when the link is empty.
    """
    link = _link(entry)
    guid = str(_get(entry, "id") or "")
    if link and link == guid and _get(entry, "guidislink"):
        return guid if is_web_url(guid) else ""
    return link or (guid if dict.__contains__(entry, "link") and is_web_url(guid) else "")


def _plain(entry: Any, name: str) -> Text | None:
    """Text that ``feed_sax`` keeps apart: a video feed describes its items only in ``media:description``."""
    text = str(_get(entry, name, ""))
    return Text(text, html=False) if text else None


def _language(entry: Any) -> str:
    if language := _get(entry, "language"):
        return str(language)
    for detail in (*_get(entry, "content", ()), _get(entry, "summary_detail"), _get(entry, "title_detail")):
        if detail and (language := _get(detail, "language")):
            return str(language)
    return ""


def _time(entry: Any, name: str) -> datetime | None:
    # dict.get, because feedparser's own warns when it answers one date with the other.
    parsed, text = _get(entry, f"{name}_parsed"), _get(entry, name)
    if not isinstance(parsed, datetime) and is_impossible(text):
        return None
    return _moment_of(parsed) or unread_date(text)


def _moment_of(value: object) -> datetime | None:
    """Return the instant of a date that feedparser keeps as nine numbers, or ``leaf_parser`` as an instant.

    ``None`` for year 0, year 10000 and what is no time at all.
    """
    if isinstance(value, datetime):
        return value
    if not isinstance(value, (struct_time, tuple)):
        return None
    try:
        year, month, day, hour, minute, second = value[:6]
        return datetime(year, month, day, hour, minute, min(second, 59), tzinfo=UTC)
    except (ValueError, TypeError, OverflowError):
        return None


def _images(entry: Any) -> list[Image]:
    media = [item for item in _get(entry, "media_content", ()) if _is_picture(item)]
    enclosures = [
        link for link in _get(entry, "links", ()) if _get(link, "rel") == "enclosure" and _is_picture(link)
    ]
    pictures = media + enclosures + list(_get(entry, "media_thumbnail", ()))
    if isinstance(_get(entry, "image"), dict):
        pictures.append(entry["image"])
    return [
        Image(
            url=address,
            width=pixels(str(_get(picture, "width") or "")),
            height=pixels(str(_get(picture, "height") or "")),
            alt=str(_get(picture, "alt") or ""),
            media_type=_untold_type(picture, address),
        )
        for picture in pictures
        if (address := _get(picture, "url") or _get(picture, "href"))
    ]


def _enclosures(entry: Any) -> list[Enclosure]:
    """Return the files of an item: its enclosures, and of audio and video in Media RSS one each besides.

    ``media:content`` of a kind that has an enclosure is the same in other sizes. ``itunes:duration`` is that
    of the first recording.
    """
    files = [link for link in _get(entry, "links", ()) if _get(link, "rel") == "enclosure"]
    media = [item for item in _get(entry, "media_content", ()) if not _is_picture(item)]
    if not files and not media:
        return []
    found = [_enclosure(item) for item in files if not _is_picture(item)]
    kinds = {enclosure.kind for enclosure in found}
    for item in sorted(media, key=lambda item: _get(item, "isdefault") != "true"):
        enclosure = _enclosure(item)
        if enclosure.kind != "document" and enclosure.kind not in kinds:
            kinds.add(enclosure.kind)
            found.append(enclosure)
    duration = seconds_of(_word(entry, "itunes_duration"))
    for place, enclosure in enumerate(found):
        if duration and enclosure.kind != "document":
            found[place] = replace(enclosure, duration=enclosure.duration or duration)
            break
    return found


def _untold_type(item: Any, address: str) -> str:
    """Return the declared type of a picture, ``""`` if its address tells it as well."""
    declared = str(_get(item, "type") or "")
    return media_type(declared, "") if declared and not media_type("", address) else ""


def _enclosure(item: Any) -> Enclosure:
    address = str(_get(item, "href") or _get(item, "url") or "")
    return Enclosure(
        url=address,
        media_type=media_type(str(_get(item, "type") or ""), address),
        size=whole_number(str(_get(item, "length") or _get(item, "filesize") or "")),
        duration=whole_number(str(_get(item, "duration") or "")),
        title=str(_get(item, "title") or ""),
    )


def _is_picture(item: Any) -> bool:
    address = str(_get(item, "url") or _get(item, "href") or "")
    return is_picture(_get(item, "medium") or "", _get(item, "type") or "", address)
