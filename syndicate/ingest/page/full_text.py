"""Choose the article pages to read, and compare their text with the feed's. Pure.

Reading a page costs the publisher a request and the parser some milliseconds. The page's text pays off when
articles are grouped into stories: two short summaries rarely share enough words to be recognised as the same
event. The ``republish`` setting limits how much of the text readers may see.

- Sitemaps and listing pages give little more than a URL, so their articles' pages are always read.
- The page of a feed's item is read if the item's text is short or truncated, the page is on the publisher's
  own site (a link blog links to other sites), and the item is recent.
- ``full_text = "always"`` reads the page of every item with a URL, ``"never"`` of no item.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from urllib.parse import urlsplit

from syndicate.ingest.html.item_boilerplate import READ_MORE
from syndicate.ingest.identity import entry_key
from syndicate.model import (
    Entry,
    FullText,
    NewArticle,
    ParsedSource,
    QueuedPage,
    SitemapPart,
    Source,
    SourceKind,
    known_since,
)
from syndicate.text.plain import UNSPACED
from syndicate.text.reading_time import measure_reading
from syndicate.text.urls import same_site

MAX_PARTS = 10
"""Maximum number of sitemaps read from one index; an index may list 50 000."""
SHORT_TEXT_WORDS = 150
"""Summaries are shorter (most have 20 to 60 words); the shortest complete articles have about as many."""
_TRUNCATED = re.compile(rf"(?:\[?(?:…|\.\.\.)\]?|\b{READ_MORE}\b.{{0,40}})\W*\Z", re.IGNORECASE)
_LONG_WORD = re.compile(r"[^\W\d_]{4,}")
MAX_USELESS_PAGES = 10
"""After this many useless pages of a feed, and no useful page, none is read until the window has passed."""
_MIN_LENGTH_RATIO = 1.2
_MIN_MORE_WORDS = 30


@dataclass(frozen=True, slots=True, kw_only=True)
class PageOptions:
    """Options for reading article pages.

    ``first`` is the maximum number of pages read after the first poll of a sitemap or listing page.
    ``per_poll`` is the maximum number of pages read between two polls of a source. ``window`` is the
    maximum age of an article in seconds.
    """

    first: int = 20
    per_poll: int = 20
    window: float = 7 * 86_400.0


def should_read_page(article: NewArticle, source: Source, now: datetime, options: PageOptions) -> bool:
    """Return whether to read the article's page for its text, by the rules above."""
    if source.full_text is FullText.NEVER or not article.url or not source.kind.is_requested:
        return False
    if source.kind is SourceKind.PAGE and source.select is None:
        return False
    if source.full_text is FullText.ALWAYS:
        return True
    if source.private:
        # Its pages need the source's secret, which is sent to the source's URL only.
        return False
    if known_since(article.published) < now - timedelta(seconds=options.window):
        return False
    is_feed = source.kind.is_feed
    if is_feed and article.words >= SHORT_TEXT_WORDS and not _TRUNCATED.search(article.text[-120:]):
        return False
    address = urlsplit(article.url)
    if address.path in ("", "/") or (address.fragment and not set("!=") & set(address.fragment)):
        # The URL is a front page or an entry of a changelog, not the item's own page.
        return False
    return not is_feed or same_site(article.url, source.url) or same_site(article.url, source.home_url)


@dataclass(frozen=True, slots=True, kw_only=True)
class DocumentContent:
    """Parsed document of a source, with its entries by their next step.

    The entries in ``parsed`` become articles now. The entries in ``pages`` become articles after their page
    is read. ``skipped_entries`` (key and item hash) never become articles. ``parts`` are the sitemaps of an
    index to read.

    ``is_first``: no item of the source is known. ``whole``: the entries are whole articles, so no page is
    read for them, and a shorter text replaces a longer text. ``date_by_first_seen``: an undated new entry is
    dated now, because the source was read before and lists articles, not all pages of a site.
    """

    source: Source
    parsed: ParsedSource
    pages: tuple[QueuedPage, ...] = ()
    skipped_entries: tuple[tuple[str, str], ...] = ()
    parts: tuple[SitemapPart, ...] = ()
    is_first: bool = False
    whole: bool = False
    date_by_first_seen: bool = False


def select_entries(
    source: Source, parsed: ParsedSource, now: datetime, options: PageOptions, *, first: bool
) -> DocumentContent:
    """Select the entries that become articles, and the pages to read first.

    Only sitemaps and listing pages have entries without content. ``first`` marks the first poll of a source.
    """
    if not source.kind.lists_site and source.select is None:
        return DocumentContent(source=source, parsed=parsed)
    selected_entries, skipped_entries = select_new_entries(parsed.entries, now, options, first=first)
    titled = tuple(entry for entry in selected_entries if entry.title)
    untitled = [entry for entry in selected_entries if not entry.title]
    warnings = parsed.warnings
    if untitled and source.full_text is FullText.NEVER:
        warnings = (*warnings, f"{len(untitled)} articles without a title were left out: full_text is never")
        untitled = []
    pages = [
        QueuedPage(
            url=entry.url,
            published=entry.published or entry.updated or now,
            entry=entry,
            content_hash=entry.item_hash,
        )
        for entry in untitled
    ]
    return DocumentContent(
        source=source,
        parsed=replace(parsed, entries=titled, warnings=warnings),
        pages=tuple(pages),
        skipped_entries=tuple((entry_key(entry), entry.item_hash) for entry in skipped_entries),
        parts=select_sitemap_parts(parsed.parts, now, options),
    )


def select_sitemap_parts(
    parts: Sequence[SitemapPart], now: datetime, options: PageOptions
) -> tuple[SitemapPart, ...]:
    """Select the sitemaps of an index that changed within the window, newest first, then undated sitemaps.

    The result has at most ``MAX_PARTS`` sitemaps. Of many undated sitemaps the first and the last count,
    since some sites add new sitemaps in front and others at the end.
    """
    oldest = now - timedelta(seconds=options.window)
    dated = [(part.changed, part) for part in parts if part.changed and part.changed >= oldest]
    dated.sort(key=lambda pair: pair[0], reverse=True)
    undated = [part for part in parts if part.changed is None]
    if len(undated) > MAX_PARTS:
        undated = [*undated[: MAX_PARTS // 2], *undated[-(MAX_PARTS // 2) :]]
    return (*(part for _, part in dated), *undated)[:MAX_PARTS]


def pages_to_queue(
    articles: Iterable[NewArticle], content: DocumentContent, now: datetime, options: PageOptions
) -> tuple[QueuedPage, ...]:
    """Return the pages to read for new or changed articles."""
    source = content.source
    if source.full_text is FullText.NEVER:
        return ()
    home = content.parsed.home_url or source.home_url
    source_with_home = source if home == source.home_url else replace(source, home_url=home)
    return tuple(
        QueuedPage(
            url=article.url,
            uid=article.uid,
            content_hash=article.content_hash,
            published=known_since(article.published),
        )
        for article in articles
        if should_read_page(article, source_with_home, now, options)
    )


def is_longer_text(page: Entry, stored_text: str, language: str) -> bool:
    """Return whether the page's text is longer than the stored text by a fifth and by some sentences."""
    if not page.text:
        return False
    words = measure_reading(page.text, language).words
    stored_words = measure_reading(stored_text, language).words
    return words >= stored_words * _MIN_LENGTH_RATIO and words >= stored_words + _MIN_MORE_WORDS


def mentions_title(title: str, page: Entry) -> bool:
    """Return whether a page contains a long word of a title, or the beginning of such a word.

    Publishers rewrite headlines, but a page without any of three or more long words is about something else.
    Titles in scripts without spaces between words cannot be compared and pass.
    """
    words = set(_LONG_WORD.findall(title.casefold()))
    if len(words) < 3 or UNSPACED.search(title):
        return True
    page_text = f"{page.title} {page.summary} {page.text[:3_000]}".casefold()
    return any(word[:6] in page_text for word in words)


def merge_page(listed: Entry, page: Entry) -> Entry:
    """Merge the entry of a sitemap or listing page with the entry read from the article's page.

    The listed title and dates win, since the publisher wrote them for this article. ``lastmod`` dates only a
    page without dates of its own.
    """
    published = listed.published or page.published
    return replace(
        page,
        guid=listed.guid,
        url=listed.url,
        title=listed.title or page.title,
        authors=page.authors or listed.authors,
        published=published,
        updated=page.updated or (listed.updated if published is None else None),
        language=listed.language or page.language,
        summary=page.summary or listed.summary,
        tags=listed.tags or page.tags,
        image=page.image or listed.image,
        item_hash=listed.item_hash,
    )


def select_new_entries(
    entries: Sequence[Entry], now: datetime, options: PageOptions, *, first: bool
) -> tuple[tuple[Entry, ...], tuple[Entry, ...]]:
    """Split new entries of a sitemap or listing page into entries to take, newest first, and entries to skip.

    Entries dated before the window are skipped. The first poll takes at most ``options.first`` entries
    without a title, undated entries last: fetching all 50 000 pages of a sitemap would burden the publisher.
    """
    oldest = now - timedelta(seconds=options.window)
    dated = [(entry.published or entry.updated, entry) for entry in entries]
    fresh = [(date, entry) for date, entry in dated if date is None or date >= oldest]
    fresh.sort(key=lambda pair: pair[0] or oldest, reverse=True)
    selected_entries = [entry for _, entry in fresh]
    if first:
        untitled = [entry for entry in selected_entries if not entry.title][: options.first]
        chosen = {id(entry) for entry in untitled}
        selected_entries = [entry for entry in selected_entries if entry.title or id(entry) in chosen]
    kept = {id(entry) for entry in selected_entries}
    return tuple(selected_entries), tuple(entry for entry in entries if id(entry) not in kept)
