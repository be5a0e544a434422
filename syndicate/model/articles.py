"""Entries as parsers find them, pages to be read for them, and articles as outputs show them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from enum import StrEnum

from syndicate.model.sources import Source


def _values(entry: "Entry | Image | Enclosure") -> list[object]:
    """Return the values to pickle; the default of frozen dataclasses is the slowest part of a pickle.

    Python before 3.11.4 uses the default all the same.
    """
    return [getattr(entry, name) for name in entry.__slots__]


def _set_values(entry: "Entry | Image | Enclosure", values: Sequence[object]) -> None:
    for name, value in zip(entry.__slots__, values, strict=True):
        object.__setattr__(entry, name, value)


@dataclass(frozen=True, slots=True, kw_only=True)
class Image:
    """Image of an article.

    - ``url``: absolute address
    - ``width``, ``height``: pixels, ``None`` when unknown
    - ``alt``: alternative text
    - ``media_type``: declared media type if the URL's extension does not give it. Not part of ``repr``, from
      which content hashes are made, so that the hashes of stored articles stay valid.
    """

    __getstate__ = _values
    __setstate__ = _set_values

    url: str
    width: int | None = None
    height: int | None = None
    alt: str = ""
    media_type: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Enclosure:
    """Publisher's file of an article: audio, video or a document. Outputs link to it and never copy it.

    - ``url``: absolute address
    - ``media_type``: in lower case, ``""`` when unknown
    - ``size``: bytes, ``None`` when unknown
    - ``duration``: seconds, ``None`` when unknown
    - ``title``: the publisher's title of the file
    """

    __getstate__ = _values
    __setstate__ = _set_values

    url: str
    media_type: str = ""
    size: int | None = None
    duration: int | None = None
    title: str = ""

    @property
    def kind(self) -> str:
        """Kind of file: ``"audio"``, ``"video"`` or ``"document"``."""
        kind = self.media_type.partition("/")[0]
        return kind if kind in ("audio", "video") else "document"

    @property
    def minutes(self) -> int:
        """Duration in whole minutes, at least 1; 0 when unknown."""
        return max(1, round(self.duration / 60)) if self.duration else 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """Item of a source as parsed: cleaned, without an identity.

    - ``guid``: the publisher's id of the item
    - ``url``: absolute address of the item's page
    - ``title``, ``summary``, ``section``, ``tags``, ``authors``: plain text
    - ``published``, ``updated``: dates that the item gives
    - ``html``, ``text``: safe HTML with absolute links, and the same content as plain text
    - ``image``, ``enclosures``: the publisher's media
    - ``read_more``: titles that the source itself lists as further reading
    - ``minutes``: reading time that the source gives, 0 without it
    - ``item_hash``: hash of the item's bytes; an item with a known hash is not parsed again
    """

    __getstate__ = _values
    __setstate__ = _set_values

    guid: str
    url: str
    title: str
    authors: tuple[str, ...] = ()
    published: datetime | None = None
    updated: datetime | None = None
    language: str = ""
    html: str = ""
    text: str = ""
    summary: str = ""
    section: str = ""
    tags: tuple[str, ...] = ()
    image: Image | None = None
    enclosures: tuple[Enclosure, ...] = ()
    read_more: tuple[str, ...] = ()
    minutes: int = 0
    item_hash: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedLink:
    """Possible feed of a page. ``declared``: a ``link`` element names it; else a link looks like a feed."""

    url: str
    title: str = ""
    declared: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class SitemapPart:
    """Sitemap that a sitemap index lists; ``changed`` is its ``lastmod``."""

    url: str
    changed: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ParsedSource:
    """Result of parsing a source's document.

    - ``title``, ``home_url``, ``feed_id``, ``language``: the source's description of itself
    - ``entries``: entries with an unknown item hash, in document order
    - ``item_hashes``: hash of every item in the document
    - ``min_interval``: seconds between polls that the source requests (``ttl``, ``sy:updatePeriod``)
    - ``skip_hours``, ``skip_days``: bits of hours and days without polls, as in ``SourceState``
    - ``hubs``, ``self_url``: absolute WebSub links
    - ``warnings``: sentences for ``status`` (malformed, wrong charset, entries left out)
    - ``refused``: (item hash, reason) of items that could not be parsed
    - ``left_out``: number of new items above the limit; the next poll reads them from the same document
    - ``cut_off``: true for an incomplete document, which the next poll requests again in full
    - ``feeds``: feeds of an HTML page that is no source itself
    - ``moved_to``: target of an HTML page's refresh
    - ``parts``: sitemaps of a sitemap index, which has no entries of its own
    """

    title: str = ""
    home_url: str = ""
    feed_id: str = ""
    language: str = ""
    entries: tuple[Entry, ...] = ()
    item_hashes: tuple[str, ...] = ()
    min_interval: float | None = None
    skip_hours: int = 0
    skip_days: int = 0
    hubs: tuple[str, ...] = ()
    self_url: str = ""
    warnings: tuple[str, ...] = ()
    refused: tuple[tuple[str, str], ...] = ()
    left_out: int = 0
    cut_off: bool = False
    feeds: tuple[FeedLink, ...] = ()
    moved_to: str = ""
    parts: tuple[SitemapPart, ...] = ()


EARLIEST = datetime(1990, 1, 1, tzinfo=UTC)
"""Earliest date of publication; an earlier ``published`` is the sort key of an undated article."""
FUTURE_TOLERANCE = timedelta(minutes=10)
"""Longest time by which a date may be ahead of the clock when an entry is read."""
_UNDATED_SHIFT = timedelta(days=36_525)


def undated_key(first_seen: datetime) -> datetime:
    """Return the ``published`` of an undated article: its first-seen time, moved back a hundred years.

    So undated articles sort behind all others, and no period, list or rate of recent articles includes
    them.
    """
    return first_seen - _UNDATED_SHIFT


def is_dated(published: datetime) -> bool:
    """Return whether a ``published`` is a date of publication, not a sort key."""
    return published >= EARLIEST


def known_since(published: datetime) -> datetime:
    """Return the date of publication, or the first-seen time of an undated article."""
    return published if published >= EARLIEST else published + _UNDATED_SHIFT


@dataclass(frozen=True, slots=True, kw_only=True)
class _Identified:
    uid: str
    entry_key: str
    url: str
    path: str
    title: str
    published: datetime
    first_seen: datetime
    content_hash: str = ""
    item_hash: str = ""
    declared_title: str = ""

    @property
    def dated(self) -> bool:
        """True when ``published`` is a date of publication; see ``undated_key``."""
        return is_dated(self.published)


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownArticle(_Identified):
    """Stored article, as identity compares it with an entry. Fields as in ``Article``."""

    id: int


@dataclass(frozen=True, slots=True, kw_only=True)
class _ArticleFields(_Identified):
    authors: tuple[str, ...] = ()
    updated: datetime
    language: str = ""
    direction: str = "ltr"
    section: str = ""
    tags: tuple[str, ...] = ()
    hidden_tags: tuple[str, ...] = ()
    summary: str = ""
    image: Image | None = None
    enclosures: tuple[Enclosure, ...] = ()
    minutes: int = 1
    words: int = 0
    read_more: tuple[str, ...] = ()
    boost: float = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class NewArticle(_ArticleFields):
    """Entry accepted by identity, with its body, before it has a row. Fields as in ``Article``.

    ``text`` has the content of ``html``; only ``html`` is stored.
    """

    html: str = ""
    text: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Article(_ArticleFields):
    """Stored article: clean, dated, identified.

    - ``id``, ``source_id``, ``story_id``: row ids; no story until the article is placed
    - ``uid``: stable public id (UUID text); it never changes, even if title, URL or source do
    - ``entry_key``: key of the entry within its source, by which a later poll finds the article
    - ``url``: the publisher's page without tracking parameters
    - ``path``: path of the article's page inside the output folder
    - ``title``: title that readers see; ``original_title`` is the publisher's if an editor wrote another,
      ``declared_title`` the publisher's if a rule rewrote it
    - ``published``: date of publication; only a sort key if not ``dated`` (see ``undated_key``)
    - ``updated``: date of the last update; ``first_seen``: time at which the article was accepted
    - ``revised``: time at which words of title or text last changed, ``None`` if never
    - ``direction``: ``ltr`` or ``rtl``
    - ``words``: number of words; ``minutes``: reading time, at least 1
    - ``content_hash``: hash of the content, which detects edits; ``item_hash``: hash of the item's bytes
    - ``same_text``: label shared by articles with equal texts; ``None`` until the article is placed
    - ``boost``: factor for the article's weight in the ranking
    - ``hidden_tags``: tags of the publisher that readers do not see
    - ``section``, ``tags``, ``summary``, ``authors``, ``image``, ``enclosures``, ``read_more``: see ``Entry``
    """

    id: int
    source_id: int
    story_id: int | None = None
    same_text: int | None = None
    original_title: str = ""
    revised: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ArticleBody:
    """Body of an article: clean HTML with absolute links, and the same content as plain text."""

    html: str = ""
    text: str = ""


def reader_link(*, own: bool, url: str, path: str, site_url: str) -> str:
    """Return the link for readers: the publisher's page, or the local page of an own article."""
    return url if url and not own else f"{site_url}/{path}"


@dataclass(frozen=True, slots=True, kw_only=True)
class RelatedLink:
    """Link from an article to another.

    - ``url``: address for readers: the publisher's page, or the local page of an own source
    - ``path``: path of the local page; ``source_name``: name of the source
    - ``same_text``: label shared by articles with equal texts
    - ``score``: similarity; ``parts`` names the summands
    """

    article_id: int
    uid: str
    title: str
    url: str
    path: str
    source_name: str
    published: datetime
    language: str = ""
    direction: str = "ltr"
    same_text: int | None = None
    score: float = 0.0
    parts: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class StoryLinks:
    """Story of a published article, shared by all its articles. Compared by identity, as a key of caches.

    ``path`` is its page, or ``""``. ``links`` are its articles: leads of languages, then the oldest first.
    """

    path: str = ""
    links: tuple[RelatedLink, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class PublishedArticle:
    """Article with everything that an output shows of it.

    - ``link``: address for readers, as ``RelatedLink.url``
    - ``html``, ``text``: content within the source's ``republish``: all, a paragraph, or ``""``
    - ``related``: "Read more", at most five links in the article's language
    - ``coverage``: articles of other sources in the same story and language
    - ``other_languages``: at most three links of both kinds in other languages
    - ``sources``: number of sources of the story, this one included (0: unknown)
    - ``foreign_sources``: number of them that tell the story only in other languages
    - ``story``: its story, if that has several articles
    """

    article: Article
    source: Source
    link: str
    html: str = ""
    text: str = ""
    related: tuple[RelatedLink, ...] = ()
    coverage: tuple[RelatedLink, ...] = ()
    other_languages: tuple[RelatedLink, ...] = ()
    sources: int = 0
    foreign_sources: int = 0
    story: StoryLinks | None = None


class ReadState(StrEnum):
    """State of a page: waiting, read and used, refused, or failed too often."""

    WAITING = "waiting"
    READ = "read"
    REFUSED = "refused"
    FAILED = "failed"


@dataclass(frozen=True, slots=True, kw_only=True)
class QueuedPage:
    """Page to be read.

    - ``url``: address; ``published``: date by which the newest pages of a source are read first
    - ``uid``: article whose full text the page has; ``""`` when the page becomes an article of its own
    - ``entry``: facts from a sitemap or list, for a page that becomes an article
    - ``content_hash``: hash of the listed content; a changed hash queues a page again
    """

    url: str
    published: datetime
    uid: str = ""
    entry: Entry | None = None
    content_hash: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class PageRead:
    """Leased page that is due, with its source and its number of failed ``attempts``."""

    id: int
    source: Source
    url: str
    article_id: int | None
    entry: Entry | None
    published: datetime
    attempts: int
