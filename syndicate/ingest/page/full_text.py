"""Choice of the article pages to read, and comparison of their text with the feed's. Pure.

Reading a page costs the publisher a request and us some milliseconds, so it must pay. It pays for
stories: two summaries of a sentence rarely share enough words to be recognised as one event. What readers
may see of it is bounded by ``republish`` in any case.

- A sitemap and a list of articles say little more than an address, so their pages are always worth reading.
- A feed's item is worth it when its text is short or breaks off, when its page is the publisher's own (the
  items of a link blog lead to other people's texts), and while it is news.
- ``full_text = "always"`` asks for every item with an address, ``"never"`` for none.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from urllib.parse import urlsplit

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
from syndicate.text.reading_time import measure_reading
from syndicate.text.urls import same_site

MOST_PARTS = 10
"""Sitemaps of one index that are read; an index may list 50 000."""
SHORT = 150
"""Words. Summaries end below it (most have 20 to 60); the shortest whole articles have about as many."""
_BREAKS_OFF = re.compile(
    r"(?:\[?(?:…|\.\.\.)\]?|\b(?:read (?:more|on|the (?:full|rest))|continue reading|keep reading|weiterlesen"
    r"|mehr lesen|lire la suite|leer más|seguir leyendo|continua a leggere|leia mais|lees verder"
    r"|اقرأ المزيد)\b.{0,40})\W*\Z",
    re.IGNORECASE,
)
_LONG_WORD = re.compile(r"[^\W\d_]{4,}")
_UNSPACED = re.compile("[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff]")
FRUITLESS = 10
"""When so many pages of a feed were of no use and none was, they do not pay until the window is over."""
_LONGER = 1.2
_MUCH_LONGER = 30


@dataclass(frozen=True, slots=True, kw_only=True)
class PageOptions:
    """Options for reading the pages of articles.

    ``first`` is how many of the newest pages a sitemap or list brings when it is read for the first time,
    ``per_poll`` how many pages of one source are read between two of its polls, ``window`` how old an article
    may be, in seconds.
    """

    first: int = 20
    per_poll: int = 20
    window: float = 7 * 86_400.0


def wants_page(article: NewArticle, source: Source, now: datetime, options: PageOptions) -> bool:
    """Return whether the article's own page should be read for its text (see above)."""
    if source.full_text is FullText.NEVER or not article.url or source.kind is SourceKind.FOLDER:
        return False
    if source.kind is SourceKind.PAGE and source.select is None:
        return False
    if source.full_text is FullText.ALWAYS:
        return True
    if source.private:
        # Its pages want the same secret, and the secret is only for the source itself.
        return False
    if known_since(article.published) < now - timedelta(seconds=options.window):
        return False
    is_feed = source.kind is SourceKind.FEED
    if is_feed and article.words >= SHORT and not _BREAKS_OFF.search(article.text[-120:]):
        return False
    address = urlsplit(article.url)
    if address.path in ("", "/") or (address.fragment and not set("!=") & set(address.fragment)):
        # The address is a front page or one entry of a changelog, not a page of the item.
        return False
    return not is_feed or same_site(article.url, source.url) or same_site(article.url, source.home_url)


@dataclass(frozen=True, slots=True, kw_only=True)
class SortedEntries:
    """Decisions about the entries of one reading.

    ``parsed`` holds those that become articles now; ``pages`` are to be read before there is an article,
    ``passed_over`` (key and item_hash) never become one, ``parts`` are the sitemaps of an index worth
    reading.
    """

    parsed: ParsedSource
    pages: tuple[QueuedPage, ...] = ()
    passed_over: tuple[tuple[str, str], ...] = ()
    parts: tuple[SitemapPart, ...] = ()


def sort_entries(
    source: Source, parsed: ParsedSource, now: datetime, options: PageOptions, *, first: bool
) -> SortedEntries:
    """Sort what a source said. ``first`` says that it was never read before.

    Only sitemaps and lists of articles need sorting: they name articles without telling them.
    """
    lists = source.kind is SourceKind.SITEMAP or (source.kind is SourceKind.PAGE and source.select)
    if not lists:
        return SortedEntries(parsed=parsed)
    taken, passed_over = worth_taking(parsed.entries, now, options, first=first)
    told = tuple(entry for entry in taken if entry.title)
    untold = [entry for entry in taken if not entry.title]
    warnings = parsed.warnings
    if untold and source.full_text is FullText.NEVER:
        warnings = (*warnings, f"{len(untold)} articles without a title were left out: full_text is never")
        untold = []
    pages = [
        QueuedPage(
            url=entry.url,
            published=entry.published or entry.updated or now,
            entry=entry,
            content_hash=entry.item_hash,
        )
        for entry in untold
    ]
    return SortedEntries(
        parsed=replace(parsed, entries=told, warnings=warnings),
        pages=tuple(pages),
        passed_over=tuple((entry_key(entry), entry.item_hash) for entry in passed_over),
        parts=parts_worth_reading(parsed.parts, now, options),
    )


def parts_worth_reading(
    parts: Sequence[SitemapPart], now: datetime, options: PageOptions
) -> tuple[SitemapPart, ...]:
    """The sitemaps of an index that may have news: changed within the window or undated, latest change first.

    At most ``MOST_PARTS``; of undated sitemaps the first and the last, since some sites add new ones in
    front and some at the end.
    """
    oldest = now - timedelta(seconds=options.window)
    dated = [(part.changed, part) for part in parts if part.changed and part.changed >= oldest]
    dated.sort(key=lambda pair: pair[0], reverse=True)
    undated = [part for part in parts if part.changed is None]
    ends = (
        undated
        if len(undated) <= MOST_PARTS
        else [*undated[: MOST_PARTS // 2], *undated[-(MOST_PARTS // 2) :]]
    )
    return (*(part for _, part in dated), *ends)[:MOST_PARTS]


def wanted_pages(
    articles: Iterable[NewArticle], source: Source, found: SortedEntries, now: datetime, options: PageOptions
) -> tuple[QueuedPage, ...]:
    """The pages to read for articles that were just accepted or changed."""
    if source.full_text is FullText.NEVER:
        return ()
    home = found.parsed.home_url or source.home_url
    known = source if home == source.home_url else replace(source, home_url=home)
    return tuple(
        QueuedPage(
            url=article.url,
            uid=article.uid,
            content_hash=article.content_hash,
            published=known_since(article.published),
        )
        for article in articles
        if wants_page(article, known, now, options)
    )


def better_text(page: Entry, have: str, language: str) -> bool:
    """Return whether the page's text is longer than ``have`` by a fifth and some sentences."""
    if not page.text:
        return False
    words = measure_reading(page.text, language).words
    before = measure_reading(have, language).words
    return words >= before * _LONGER and words >= before + _MUCH_LONGER


def about_the_same(title: str, page: Entry) -> bool:
    """Return whether a page speaks of what a title says: one long word of it, or its beginning, is enough.

    Publishers rewrite headlines; but a page without any of three or more long words is another page. Scripts
    without spaces have no words to compare, so they pass.
    """
    words = set(_LONG_WORD.findall(title.casefold()))
    if len(words) < 3 or _UNSPACED.search(title):
        return True
    place = f"{page.title} {page.summary} {page.text[:3_000]}".casefold()
    return any(word[:6] in place for word in words)


def with_page(listed: Entry, page: Entry) -> Entry:
    """The entry of an article that only its page tells, with what its sitemap or list knew.

    The list's title and dates are the publisher's own for this article and win; ``lastmod`` only dates a page
    that says nothing itself.
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


def worth_taking(
    entries: Sequence[Entry], now: datetime, options: PageOptions, *, first: bool
) -> tuple[tuple[Entry, ...], tuple[Entry, ...]]:
    """Return the new entries of a sitemap or list to take, newest first, and those passed over for good.

    Those dated before the window are the archive. At the first reading at most ``first`` of those without a
    title are taken, the undated last: fetching all of a sitemap of 50 000 pages would be rude.
    """
    oldest = now - timedelta(seconds=options.window)
    dated = [(entry.published or entry.updated, entry) for entry in entries]
    fresh = [(date, entry) for date, entry in dated if date is None or date >= oldest]
    fresh.sort(key=lambda pair: pair[0] or oldest, reverse=True)
    taken = [entry for _, entry in fresh]
    if first:
        untitled = [entry for entry in taken if not entry.title][: options.first]
        chosen = {id(entry) for entry in untitled}
        taken = [entry for entry in taken if entry.title or id(entry) in chosen]
    kept = {id(entry) for entry in taken}
    return tuple(taken), tuple(entry for entry in entries if id(entry) not in kept)
