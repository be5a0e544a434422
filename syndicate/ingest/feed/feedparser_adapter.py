"""Parse RSS and Atom with feedparser into raw items: the seam between feedparser and the rest.

Only this module knows feedparser's dictionaries, and only this module imports the fast path
(``feedparser_fastpath``, ``leaf_elements``, ``expat_reader``). The fast path subclasses
feedparser's parsers, so that feedparser still interprets each element. 69 real feeds parse 4.4 times as fast
as with feedparser's defaults, 3.2 times without ``leaf_elements``, and 2.2 times without the fast path.

The fast path uses these private parts of feedparser, hence the exact pin ``feedparser==6.0.14``:
``mixin._FeedParserMixin`` with its ``_start_*``, ``_end_*``, ``_get_context``, ``_is_base64``,
``_normalize_attributes``, ``_save_author`` and ``_sync_author_detail`` methods and its stacks,
``urls.make_safe_absolute_uri`` and ``util.FeedParserDict``. The tests compare the
result with feedparser's own.

feedparser's strict parser reads well-formed documents, its loose parser the others. Its sanitiser and link
resolver are off, since ``html.sanitise`` does both. Some inputs make feedparser raise; every such exception
becomes a ``ParseError``. feedparser's dates are not used: it misreads many forms and fills some from the
clock.
"""

from dataclasses import replace
from typing import Any
from xml.sax import SAXException

from syndicate.errors import ParseError
from syndicate.ingest.feed import raw_item
from syndicate.ingest.feed.expat_reader import FeedReader
from syndicate.ingest.feed.feed_dates import FeedDates
from syndicate.ingest.feed.feedparser_fastpath import LooseParser
from syndicate.ingest.feed.leaf_elements import LeafParser
from syndicate.ingest.html.sanitise import parse_pixels
from syndicate.ingest.worker.parsers import ParseRequest
from syndicate.model import Enclosure, Image
from syndicate.text.media_types import media_type
from syndicate.text.urls import absolute_url, is_loopback, is_web_url

# ``FeedParserDict.get`` also tries the field names of older formats: half of the conversion's time.
_get = dict.get
_XHTML = "application/xhtml+xml"
_HTML_TYPES = frozenset({"text/html", _XHTML})
_FILE_TYPES = ("application/pdf", "application/zip", "audio/", "font/", "image/", "video/")


def read_with_feedparser(document: bytes, request: ParseRequest) -> raw_item.RawFeed:
    """Parse a UTF-8 document, made of the request's, with the loose parser if it is not well-formed.

    Raises ``ParseError`` if feedparser fails or does not recognise a feed.
    """
    try:
        version, feed, entries = _read(document)
    except ParseError:
        raise
    except Exception as error:
        raise ParseError(f"feedparser failed: {type(error).__name__}: {error}") from error
    if not version and not entries:
        raise ParseError("this is not a feed: no RSS or Atom element was found")
    return _raw_feed(version, feed, entries, request)


def read_in_one_pass(document: bytes, request: ParseRequest, *, max_items: int) -> raw_item.RawFeed | None:
    """Parse a document without known items, and record the positions of its items.

    ``None`` if the document is not well-formed or has to be split first.
    """
    parser, reader = LeafParser(), FeedReader(max_items=max_items)
    try:
        _read_with(parser, reader, document)
    except Exception:  # noqa: BLE001 - reading item by item reports the error
        return None
    if not parser.version or len(parser.entries) != len(reader.items):
        return None
    feed = _raw_feed(str(parser.version), parser.feeddata, parser.entries, request)
    feed.item_positions = reader.items
    return feed


def _raw_feed(version: str, feed: Any, entries: list[Any], request: ParseRequest) -> raw_item.RawFeed:
    url, language = request.url, _word(feed, "language")
    is_atom = version.startswith("atom")
    link = _link(feed)
    home = absolute_url(url, link)
    # A site generator's preview server (localhost) is not the site's URL.
    base = home if home.startswith("http") and not is_loopback(home) else url
    dates = FeedDates(request.body, url, language)
    return raw_item.RawFeed(
        title=_title(feed, url, is_atom=is_atom),
        link=link,
        feed_id=_word(feed, "id"),
        language=language,
        min_interval=raw_item.seconds_between_updates(
            _word(feed, "ttl"), _word(feed, "sy_updateperiod"), _word(feed, "sy_updatefrequency")
        ),
        hubs=_links(feed, "hub"),
        self_url=next(iter(_links(feed, "self")), ""),
        items=[_item(entry, base, dates, is_atom=is_atom) for entry in entries],
    )


def _read(document: bytes) -> tuple[str, Any, list[Any]]:
    """Return a document's version, and feedparser's dictionaries of the feed and of its entries."""
    parser: LeafParser | LooseParser = LeafParser()
    try:
        _read_with(parser, FeedReader(), document)
    except SAXException:
        # Not well-formed, or with a document type. ``feedparser.parse`` would run the strict parser again.
        parser = LooseParser()
        parser.read(document)
    return str(parser.version), parser.feeddata, parser.entries


def _read_with(parser: LeafParser, reader: FeedReader, document: bytes) -> None:
    reader.setContentHandler(parser)
    reader.setErrorHandler(parser)
    reader.read(document)


def _item(entry: Any, url: str, dates: FeedDates, *, is_atom: bool) -> raw_item.RawItem:
    return raw_item.RawItem(
        base=url,
        guid=_get(entry, "id") or "",
        link=_word(entry, "feedburner_origlink") or _item_url(entry),
        title=_title(entry, url, is_atom=is_atom) or _plain(entry, "media_headline"),
        contents=[text for content in _get(entry, "content", ()) if (text := _text(content, url))],
        summary=_text(_get(entry, "summary_detail") or {}, url) or _plain(entry, "media_caption"),
        authors=_authors(entry),
        published=dates.read(_get(entry, "published")) or dates.read(_get(entry, "created")),
        updated=dates.read(_get(entry, "updated")),
        language=_language(entry),
        tags=[_get(tag, "label") or _get(tag, "term") or "" for tag in _get(entry, "tags", ())],
        images=_images(entry),
        enclosures=_enclosures(entry),
    )


def _word(holder: Any, name: str) -> str:
    """Return an element's text; ``""`` if feedparser kept the element's attributes instead."""
    value = _get(holder, name)
    return value if isinstance(value, str) else ""


def _text(detail: Any, url: str) -> raw_item.Text | None:
    kind = _get(detail, "type") or ""
    value = _get(detail, "value") or ""
    is_html = kind in _HTML_TYPES
    if not is_html and not kind.startswith("text/"):
        # A type that RFC 4287 does not define: text, unless it is a file's type.
        if not kind or kind.startswith(_FILE_TYPES) or "\0" in value or "\ufffd" in value:
            return None
        is_html = raw_item.looks_like_html(value)
    if kind == _XHTML:
        # feedparser writes <br></br> for <br/>, which HTML parsers read as two line breaks.
        value = value.replace("</br>", "")
    base = _get(detail, "base")
    return raw_item.Text(value, is_html, absolute_url(url, base) if base else "")


def _title(holder: Any, url: str, *, is_atom: bool) -> raw_item.Text | None:
    title = _text(_get(holder, "title_detail") or {}, url)
    if title and not is_atom:
        title.html = raw_item.looks_like_html(title.value)
    return title


def _authors(entry: Any) -> list[str]:
    authors = _get(entry, "authors", ())
    if len(authors) == 1 and _get(entry, "author"):
        # feedparser's own split fails on mailboxes with a top-level domain of five or more letters.
        return [entry["author"]]
    return [name for author in authors if (name := _get(author, "name") or "")]


def _link(holder: Any) -> str:
    """Return the page of an item or a feed: its alternate link of any media type."""
    if _get(holder, "link"):
        return str(holder["link"])
    links = [link for link in _get(holder, "links", ()) if _get(link, "href")]
    return next((str(link["href"]) for link in links if _get(link, "rel") == "alternate"), "")


def _links(feed: Any, relation: str) -> list[str]:
    targets = (_get(link, "href") for link in _get(feed, "links", ()) if _get(link, "rel") == relation)
    return [str(target) for target in targets if target]


def _item_url(entry: Any) -> str:
    """Return an item's link, else its guid if the guid is a URL (RSS 2.0, element guid).

    feedparser uses any guid as link if the item has no link, but not if the link is empty.
    """
    link = _link(entry)
    guid = str(_get(entry, "id") or "")
    if link and link == guid and _get(entry, "guidislink"):
        return guid if is_web_url(guid) else ""
    return link or (guid if dict.__contains__(entry, "link") and is_web_url(guid) else "")


def _plain(entry: Any, name: str) -> raw_item.Text | None:
    """Return a text that ``expat_reader`` keeps apart: some video feeds have only ``media:description``."""
    text = str(_get(entry, name, ""))
    return raw_item.Text(text, html=False) if text else None


def _language(entry: Any) -> str:
    if language := _get(entry, "language"):
        return str(language)
    for detail in (*_get(entry, "content", ()), _get(entry, "summary_detail"), _get(entry, "title_detail")):
        if detail and (language := _get(detail, "language")):
            return str(language)
    return ""


def _images(entry: Any) -> list[Image]:
    media = [content for content in _get(entry, "media_content", ()) if _is_image(content)]
    enclosures = [
        link for link in _get(entry, "links", ()) if _get(link, "rel") == "enclosure" and _is_image(link)
    ]
    images = media + enclosures + list(_get(entry, "media_thumbnail", ()))
    if isinstance(_get(entry, "image"), dict):
        images.append(entry["image"])
    return [
        Image(
            url=url,
            width=parse_pixels(str(_get(image, "width") or "")),
            height=parse_pixels(str(_get(image, "height") or "")),
            alt=str(_get(image, "alt") or ""),
            media_type=_image_type(image, url),
        )
        for image in images
        if (url := _get(image, "url") or _get(image, "href"))
    ]


def _enclosures(entry: Any) -> list[Enclosure]:
    """Return the item's enclosures, then the first audio and video file of its ``media:content``.

    ``media:content`` of the same kind as an enclosure is the same file in other sizes. ``itunes:duration`` is
    the duration of the first recording.
    """
    links = [link for link in _get(entry, "links", ()) if _get(link, "rel") == "enclosure"]
    media = [content for content in _get(entry, "media_content", ()) if not _is_image(content)]
    if not links and not media:
        return []
    enclosures = [_enclosure(link) for link in links if not _is_image(link)]
    kinds = {enclosure.kind for enclosure in enclosures}
    for content in sorted(media, key=lambda content: _get(content, "isdefault") != "true"):
        enclosure = _enclosure(content)
        if enclosure.kind != "document" and enclosure.kind not in kinds:
            kinds.add(enclosure.kind)
            enclosures.append(enclosure)
    duration = raw_item.parse_duration(_word(entry, "itunes_duration"))
    for index, enclosure in enumerate(enclosures):
        if duration and enclosure.kind != "document":
            enclosures[index] = replace(enclosure, duration=enclosure.duration or duration)
            break
    return enclosures


def _image_type(image: Any, url: str) -> str:
    """Return the declared type of an image, ``""`` if its URL has a known file ending."""
    declared = str(_get(image, "type") or "")
    return media_type(declared, "") if declared and not media_type("", url) else ""


def _enclosure(attributes: Any) -> Enclosure:
    url = str(_get(attributes, "href") or _get(attributes, "url") or "")
    return Enclosure(
        url=url,
        media_type=media_type(str(_get(attributes, "type") or ""), url),
        size=raw_item.parse_count(str(_get(attributes, "length") or _get(attributes, "filesize") or "")),
        duration=raw_item.parse_count(str(_get(attributes, "duration") or "")),
        title=str(_get(attributes, "title") or ""),
    )


def _is_image(attributes: Any) -> bool:
    url = str(_get(attributes, "url") or _get(attributes, "href") or "")
    return raw_item.is_image(_get(attributes, "medium") or "", _get(attributes, "type") or "", url)
