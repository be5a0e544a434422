"""Feeds in every format: RSS 2.0 and Atom 1.0, written by feedgen, and JSON Feed.

feedgen builds an entry in about 50 µs, and most entries of a feed are unchanged since the last build. So each
entry is cached in all formats, with its inputs. A feed is feedgen's own head joined with these
fragments: byte for byte feedgen's output for the whole (a test compares).
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime
from html import escape
from threading import Lock
from typing import NamedTuple
from urllib.parse import urlsplit

from feedgen.feed import FeedGenerator

from syndicate.model import Channel, PublishedArticle, known_since
from syndicate.publish.feeds.entries import (
    EMPTY_FEED_UPDATED,
    FeedItem,
    archive_links,
    content_html,
    feed_item,
    feed_items,
    feed_url,
    fit_to_limit,
    front_page_url,
    last_updated,
    newest_first,
    xml_safe_item,
)
from syndicate.publish.feeds.feedgen_extension import AtomEntry, AtomFeed, RssFeed, RssItem
from syndicate.publish.feeds.fragments import FragmentCache, Key
from syndicate.publish.feeds.json_feed_writer import json_head, json_item
from syndicate.publish.publish_options import PublishOptions
from syndicate.text.plain import xml_safe

# Minutes for which a reader may cache a feed: the max-age of 900 s that the web server sends (R15).
_TIME_TO_LIVE = 15
_RSS_SPECIFICATION = "https://www.rssboard.org/rss-specification"
# feedgen calls setlocale for every date, which changes the whole process: one thread at a time.
_feedgen_lock = Lock()

Articles = Sequence[PublishedArticle]
# An entry in each format, at its ``position``.
Fragments = tuple[bytes, ...]


class _Format(NamedTuple):
    position: int
    suffix: str
    media_type: str
    entry_start: bytes
    entry_end: bytes
    end: bytes
    separator: bytes = b""


_RSS = _Format(0, "rss", "application/rss+xml", b"<item", b"</item>", b"</channel></rss>")
_ATOM = _Format(1, "atom", "application/atom+xml", b"<entry", b"</entry>", b"</feed>")
_JSON = _Format(2, "json", "application/feed+json", b"{", b"}", b"]}", b",")
_FORMATS = {format_.suffix: format_ for format_ in (_RSS, _ATOM, _JSON)}
FORMATS = tuple(_FORMATS)


class FeedWriter:
    """Writer of channels in a format of ``FORMATS``, with a cache of entries across feeds and builds.

    At most ``cache_bytes`` of entries are kept. Thread-safe.
    """

    def __init__(self, options: PublishOptions, *, cache_bytes: int = 32 * 1024 * 1024) -> None:
        self._options = options
        self._cache = FragmentCache(cache_bytes)

    def write(self, kind: str, channel: Channel, articles: Articles) -> bytes:
        """Return the channel as RSS 2.0.11, Atom 1.0 or JSON Feed 1.1, at most ``feed_limit_bytes`` long.

        The same channel and articles give the same bytes, whatever the order of the articles.
        """
        items = feed_items(channel, articles, self._options)
        return self._document(channel, items, _FORMATS[kind], self._entries(items))

    def write_all(self, listings: Sequence[tuple[Channel, Articles]]) -> Iterator[tuple[str, bytes]]:
        """Yield the feed files of channels with their paths; items of several channels are written once.

        An article is the same in all channels.
        """
        known: dict[int, FeedItem] = {}
        listed = [
            [
                known.get(id(article)) or known.setdefault(id(article), feed_item(article, self._options))
                for article in newest_first(channel, articles)
            ]
            for channel, articles in listings
        ]
        # Together: a start of feedgen takes longer than ten entries.
        entries = self._entries([*known.values()])
        for (channel, _), items in zip(listings, listed, strict=True):
            for kind, format_ in _FORMATS.items():
                yield f"{channel.name}.{kind}", self._document(channel, items, format_, entries)

    def _document(
        self, channel: Channel, items: Sequence[FeedItem], format_: _Format, entries: dict[Key, Fragments]
    ) -> bytes:
        """Return a document of items, whose ``entries`` are added if they are missing."""

        def entry(item: FeedItem) -> bytes:
            if item.key not in entries:
                entries.update(self._entries([item]))
            return entries[item.key][format_.position]

        head = self._head(channel, last_updated(items), format_)
        kept = fit_to_limit(
            items,
            self._options.feed_limit_bytes - len(head) - len(format_.end),
            lambda item: len(entry(item)) + len(format_.separator),
            archive=bool(channel.current),
        )
        return head + format_.separator.join(map(entry, kept)) + format_.end

    def _head(self, channel: Channel, updated: datetime, format_: _Format) -> bytes:
        """Return the part before the entries; feedgen writes those of RSS and Atom."""
        if format_ is _JSON:
            return json_head(channel, self._options)
        with _feedgen_lock:
            empty = _write(_new_feed(channel, updated, self._options, format_), format_)
        return _prolog(self._options) + empty.removesuffix(format_.end)

    def _entries(self, items: Sequence[FeedItem]) -> dict[Key, Fragments]:
        """Return each item in all formats; missing items are written together."""
        entries: dict[Key, Fragments] = {}
        missing: list[FeedItem] = []
        for item in items:
            fragments = self._cache.get(item.key, item)
            if fragments is None:
                missing.append(item)
            else:
                entries[item.key] = fragments
        for item, fragments in zip(missing, _build(missing, self._options), strict=True):
            self._cache.put(item.key, item, fragments)
            entries[item.key] = fragments
        return entries


def _prolog(options: PublishOptions) -> bytes:
    """Return the declaration (X1) and, right after it, the browsers' style sheet (D3)."""
    style = escape(f"{urlsplit(options.site_url).path}/feed.css")
    return (
        f'<?xml version="1.0" encoding="UTF-8"?>\n<?xml-stylesheet type="text/css" href="{style}"?>\n'
    ).encode()


def _build(items: Sequence[FeedItem], options: PublishOptions) -> list[Fragments]:
    """Return the items in all formats: feedgen writes an RSS and an Atom feed, of which entries are cut.

    All text is escaped and never in CDATA, so the tags of an entry appear nowhere else.
    """
    if not items:
        return []
    written = []
    with _feedgen_lock:
        feed = _new_feed(Channel(name="cut", title="cut", query=""), EMPTY_FEED_UPDATED, options, _RSS)
        for item in map(xml_safe_item, items):
            content = content_html(item, options.time_zone)
            _add_entry(feed, item, content)
            written.append(json_item(item, content, options))
        return list(zip(_cut(feed, _RSS), _cut(feed, _ATOM), written, strict=True))


def _cut(feed: FeedGenerator, format_: _Format) -> list[bytes]:
    document = _write(feed, format_)
    entries = document[document.index(format_.entry_start) :].split(format_.entry_end)
    return [entry + format_.entry_end for entry in entries[:-1]]


def _write(feed: FeedGenerator, format_: _Format) -> bytes:
    write = feed.rss_str if format_ is _RSS else feed.atom_str
    document: bytes = write(encoding="UTF-8", xml_declaration=False)
    return document


def _new_feed(
    channel: Channel, updated: datetime, options: PublishOptions, format_: _Format
) -> FeedGenerator:
    """Return a feed without entries. Its id is the address of its Atom document (A5)."""
    feed = FeedGenerator()
    feed.register_extension("rss_parts", RssFeed, RssItem, atom=False)
    feed.register_extension("atom_parts", AtomFeed, AtomEntry, rss=False)
    if format_ is _RSS:
        feed.generator(f"syndicate {options.version}".strip())
    else:
        feed.generator("syndicate", version=options.version)
    title = xml_safe(channel.title).strip() or channel.name
    description = xml_safe(channel.description or options.description).strip() or title
    # The documents of an archived feed form a single feed, and share its id (RFC 5005 section 4).
    feed.id(feed_url(replace(channel, name=channel.current or channel.name), options, _ATOM.suffix))
    feed.title(title)
    feed.subtitle(description)
    feed.description(description)
    feed.author(name=xml_safe(options.title).strip() or title, uri=front_page_url(options))
    archive = archive_links(channel, options, format_.suffix)
    feed.rss_parts.archive = feed.atom_parts.archive = bool(channel.current)
    feed.rss_parts.links = archive
    for rel, href in archive.items():
        feed.link(href=href, rel=rel, type=format_.media_type)
    if options.hub_url and channel.hub:
        feed.link(href=options.hub_url, rel="hub")
        feed.rss_parts.hub_url = options.hub_url
    # feedgen takes the last link for the channel's own, so the page comes after the feed itself.
    feed.link(href=feed_url(channel, options, format_.suffix), rel="self", type=format_.media_type)
    feed.link(href=front_page_url(options), rel="alternate", type="text/html")
    feed.language(channel.language or options.language)
    feed.updated(updated)
    feed.docs(_RSS_SPECIFICATION)
    feed.ttl(_TIME_TO_LIVE)
    return feed


def _add_entry(feed: FeedGenerator, item: FeedItem, content: str) -> None:
    """Describe an item to feedgen, newest last.

    The description comes first: ``summary`` and ``content`` would otherwise set it too.
    """
    entry = feed.add_entry(order="append")
    links = _links(item)
    entry.id(item.id)
    entry.title(item.title)
    entry.published(known_since(item.published))
    entry.updated(item.updated)
    entry.link(links)
    if item.summary:
        entry.description(escape(item.summary, quote=False))
        entry.summary(item.summary)
    if content:
        entry.content(content, type="html")
    entry.category([{"term": term} for term in item.tags])
    # Without a name here Atom readers would take this site for the author (RFC 4287, 4.2.1). feedgen writes
    # no author without a mailbox to RSS.
    names = item.authors or (() if item.own else (item.source_name,))
    entry.author([{"name": name} for name in names])
    entry.rss_parts.item = entry.atom_parts.item = item
    entry.rss_parts.links = links


def _links(item: FeedItem) -> list[dict[str, str]]:
    """Return the links: the article first (A15), then its related stories (RL4), then its source (RL5)."""
    links = [{"href": item.url, "rel": "alternate", "type": "text/html"}]
    for related in item.related + item.others:
        link = {"href": related.url, "rel": "related", "type": "text/html", "title": related.title}
        if related.language and related.language != item.language:
            link["hreflang"] = related.language
        links.append(link)
    if item.source_home or item.source_url:
        links.append({"href": item.source_home or item.source_url, "rel": "via", "title": item.source_name})
    return links
