"""Parts of RSS items and Atom entries that feedgen does not write itself.

feedgen asks an extension of the feed for namespaces (``extend_ns``), and calls the extension of an entry with
each element it has built (``extend_rss``, ``extend_atom``). It looks up these names only, so nothing here
imports feedgen. Every text has to be ``xml_safe`` already.
"""

from collections.abc import Mapping
from types import MappingProxyType

from lxml.etree import SubElement, _Element

from syndicate.model import Enclosure, known_since
from syndicate.publish.feeds.entries import FeedItem
from syndicate.text.dates import rfc3339
from syndicate.text.media_types import media_type

ATOM = "http://www.w3.org/2005/Atom"
DC = "http://purl.org/dc/elements/1.1/"
DCTERMS = "http://purl.org/dc/terms/"
HISTORY = "http://purl.org/syndication/history/1.0"
MEDIA = "http://search.yahoo.com/mrss/"
ITUNES = "http://www.itunes.com/dtds/podcast-1.0.dtd"
# A name only: the address serves no document.
SYNDICATE = "urn:syndicate:feed"
_XML_LANG = "{http://www.w3.org/XML/1998/namespace}lang"
# Relation of an item to the page of its story (RFC 6573); feedgen does not know it.
_COLLECTION = {"rel": "collection", "type": "text/html"}


class AtomFeed:
    """Declare the further namespaces of feeds, and mark an archive page."""

    namespaces: Mapping[str, str] = MappingProxyType({})
    archive: bool = False

    def extend_ns(self) -> dict[str, str]:
        """Return the usual prefixes of Media RSS, podcasts, syndicate's part and, in an archive, RFC 5005."""
        common = {**self.namespaces, "media": MEDIA, "itunes": ITUNES, "syndicate": SYNDICATE}
        return common | ({"fh": HISTORY} if self.archive else {})

    def extend_atom(self, feed: _Element) -> None:
        """Mark an archive page."""
        if self.archive:
            SubElement(feed, f"{{{HISTORY}}}archive")


class RssFeed(AtomFeed):
    """Declare the namespaces of RSS items, and name the hub; feedgen declares Atom and content itself."""

    namespaces = MappingProxyType({"dc": DC, "dcterms": DCTERMS})
    hub_url: str = ""
    links: Mapping[str, str] = MappingProxyType({})

    def extend_rss(self, rss: _Element) -> None:
        """Add the WebSub hub and the archive: of a channel's Atom links feedgen writes only its own."""
        for rel, href in self.links.items():
            SubElement(rss[0], f"{{{ATOM}}}link", href=href, rel=rel)
        if self.hub_url:
            SubElement(rss[0], f"{{{ATOM}}}link", href=self.hub_url, rel="hub")
        self.extend_atom(rss[0])


class RssItem:
    """Complete an RSS item: authors, last change, links, source, image, files, reading time, language."""

    item: FeedItem
    links: list[dict[str, str]]

    def extend_rss(self, element: _Element) -> None:
        """Add fields without an RSS element, and the source, which feedgen ties to Atom's.

        ``dc:creator`` and not ``author``, which needs a mailbox (R5); ``dcterms:modified`` beside
        ``pubDate``, because RSS has no date of change; ``atom:link`` for related and via (RL4, RL5).
        """
        item = self.item
        _add_first_sight(element, item)
        for author in item.authors:
            SubElement(element, f"{{{DC}}}creator").text = author
        if item.changed:
            SubElement(element, f"{{{DCTERMS}}}modified").text = rfc3339(item.changed)
        for link in self.links:
            if link["rel"] != "alternate":
                SubElement(element, f"{{{ATOM}}}link", link)
        if item.story_url:
            SubElement(element, f"{{{ATOM}}}link", {"href": item.story_url} | _COLLECTION)
        if item.source_url:
            SubElement(element, "source", url=item.source_url).text = item.source_name
        if item.enclosures:
            # A single enclosure: many readers take the first, some the last. Media RSS has all files.
            main = next((file for file in item.enclosures if file.kind != "document"), item.enclosures[0])
            unknown = {"length": "0", "type": "application/octet-stream"}
            facts = {"url": main.url} | unknown | _attributes(main, length=main.size)
            SubElement(element, "enclosure", facts)
        _add_media(element, item)
        if item.language:
            element.set(_XML_LANG, item.language)


class AtomEntry:
    """Complete an Atom entry: source, image, files, reading time, language."""

    item: FeedItem

    def extend_atom(self, element: _Element) -> None:
        """Add the source by RFC 4287 section 4.2.11, and fields without an Atom element.

        The source feed's own update time is unknown; it is not before this entry's.
        """
        item = self.item
        _add_first_sight(element, item)
        if item.source_url:
            source = SubElement(element, "source")
            SubElement(source, "id").text = item.source_id
            SubElement(source, "title").text = item.source_name
            SubElement(source, "updated").text = rfc3339(item.updated)
            SubElement(source, "link", href=item.source_url, rel="self")
            if item.source_home:
                SubElement(source, "link", href=item.source_home, rel="alternate")
        if item.story_url:
            SubElement(element, "link", {"href": item.story_url} | _COLLECTION)
        for file in item.enclosures:
            facts = _attributes(file, title=file.title, length=file.size)
            SubElement(element, "link", {"href": file.url, "rel": "enclosure"} | facts)
        _add_media(element, item)
        if item.language:
            element.set(_XML_LANG, item.language)


def _add_first_sight(element: _Element, item: FeedItem) -> None:
    if not item.dated:
        SubElement(element, f"{{{SYNDICATE}}}firstSeen").text = rfc3339(known_since(item.published))


def _attributes(file: Enclosure, **facts: str | int | None) -> dict[str, str]:
    """Return the type of a file and further facts, as far as they are known."""
    return {name: str(fact) for name, fact in {"type": file.media_type, **facts}.items() if fact}


def _add_media(element: _Element, item: FeedItem) -> None:
    """Add image, audio and video in Media RSS 1.5.1, the duration of podcasts, and the reading time."""
    _add_image(element, item)
    recordings = [file for file in item.enclosures if file.kind != "document"]
    for file in recordings:
        facts = _attributes(file, fileSize=file.size, duration=file.duration)
        SubElement(element, f"{{{MEDIA}}}content", {"url": file.url, "medium": file.kind} | facts)
    if recordings and recordings[0].duration:
        SubElement(element, f"{{{ITUNES}}}duration").text = str(recordings[0].duration)
    SubElement(element, f"{{{SYNDICATE}}}readingMinutes").text = str(item.minutes)


def _add_image(element: _Element, item: FeedItem) -> None:
    """Add the image: its type, its size in pixels if known, and its alternative text."""
    image = item.image
    if image is None:
        return
    content = SubElement(element, f"{{{MEDIA}}}content", url=image.url, medium="image")
    if kind := media_type(image.media_type, image.url):
        content.set("type", kind)
    for side, pixels in (("width", image.width), ("height", image.height)):
        if pixels:
            content.set(side, str(pixels))
    if image.alt:
        SubElement(content, f"{{{MEDIA}}}description", type="plain").text = image.alt
