"""From what a parser found to what an output shows."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from syndicate.model.sources import Source


def _values(entry: "Entry | Image | Enclosure") -> list[object]:
    """Return the values to pickle: the slower way of ``dataclasses`` costs more than all the rest.

    Python before 3.11.4 takes that way all the same.
    """
    return [getattr(entry, name) for name in entry.__slots__]


def _set_values(entry: "Entry | Image | Enclosure", values: Sequence[object]) -> None:
    for name, value in zip(entry.__slots__, values, strict=True):
        object.__setattr__(entry, name, value)


@dataclass(frozen=True, slots=True, kw_only=True)
class Image:
    """A picture that stands for an article. Sizes are in pixels, ``None`` when unknown.

    ``media_type`` is the declared type if the address does not tell it, else ``""``. It is not part of
    ``repr``, from which content hashes are made: the hashes of stored articles stay valid.
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
    """A publisher's file that belongs to an article: audio, video or a document. It is linked, never copied.

    ``size`` is in bytes, ``duration`` in seconds; both are ``None`` when unknown. ``media_type`` is in lower
    case, ``""`` when unknown.
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
        """``"audio"``, ``"video"`` or ``"document"``."""
        kind = self.media_type.partition("/")[0]
        return kind if kind in ("audio", "video") else "document"

    @property
    def minutes(self) -> int:
        """The duration in whole minutes, at least 1; 0 when it is unknown."""
        return max(1, round(self.duration / 60)) if self.duration else 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """Item that a parser found in a source, cleaned but not yet trusted.

    ``html`` is safe HTML with absolute links; every other text is plain. ``item_hash`` identifies
    the raw bytes of the item, so that an unchanged item need not be parsed again.
    ``read_more`` holds titles the source itself lists as further reading. ``minutes`` is the reading time
    that the source gives, 0 without one.
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
    """Possible feed of a page. ``declared``: a ``link`` element says so; else a link looks like it."""

    url: str
    title: str = ""
    declared: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class SitemapPart:
    """One of the sitemaps that a sitemap index lists; ``changed`` is its ``lastmod``."""

    url: str
    changed: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ParsedSource:
    """One reading of a source: what it says about itself, and its entries in document order.

    ``entries`` holds only entries whose item_hash was not known before; ``item_hashes`` holds the
    digest of every item in the document. ``min_interval`` is the source's own requested_interval (``ttl``,
    ``sy:updatePeriod``) in seconds, ``skip_hours`` and ``skip_days`` the times it wants no visit (bits,
    see ``SourceState``). ``hubs`` and ``self_url`` are its WebSub links, absolute.
    ``warnings`` are readable sentences (not well-formed,
    wrong charset, entries left out); ``refused`` are ``(item_hash, reason)`` of single items
    that could not be read although the rest could. ``left_out`` counts new items beyond our limit,
    to be read the next time although the document is the same; after a document that is ``cut_off`` all is
    asked for again. ``feeds`` are those that an HTML page, which is no source itself, leads to, and
    ``moved_to`` is the address that it refreshes to. ``parts`` are the sitemaps of a sitemap index, which
    has no entries of its own.
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
"""Feeds date no article before this: a ``published`` before it is the sort key of an undated article."""
_UNDATED_SHIFT = timedelta(days=36_525)


def undated_key(first_seen: datetime) -> datetime:
    """Return the ``published`` of an article without a date: its first sight, moved back a hundred years.

    So undated articles sort behind all others, and no period, list or rate of recent articles
    includes them.
    """
    return first_seen - _UNDATED_SHIFT


def is_dated(published: datetime) -> bool:
    """Return whether a ``published`` is a date of publication, not a sort key."""
    return published >= EARLIEST


def known_since(published: datetime) -> datetime:
    """Return the date of publication, or the first sight of an article without one."""
    return published if published >= EARLIEST else published + _UNDATED_SHIFT


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownArticle:
    """Facts that identity needs about a stored article."""

    id: int
    uid: str
    entry_key: str
    url: str
    title: str
    published: datetime
    first_seen: datetime
    content_hash: str
    item_hash: str
    path: str
    declared_title: str = ""

    @property
    def dated(self) -> bool:
        """True when ``published`` is a date of publication; see ``undated_key``."""
        return is_dated(self.published)


@dataclass(frozen=True, slots=True, kw_only=True)
class _ArticleFields:
    uid: str
    entry_key: str
    url: str
    path: str
    title: str
    authors: tuple[str, ...] = ()
    published: datetime
    updated: datetime
    first_seen: datetime
    language: str = ""
    direction: str = "ltr"
    section: str = ""
    tags: tuple[str, ...] = ()
    summary: str = ""
    image: Image | None = None
    enclosures: tuple[Enclosure, ...] = ()
    minutes: int = 1
    words: int = 0
    read_more: tuple[str, ...] = ()
    content_hash: str = ""
    item_hash: str = ""
    boost: float = 1.0
    declared_title: str = ""

    @property
    def dated(self) -> bool:
        """True when ``published`` is a date of publication; see ``undated_key``."""
        return is_dated(self.published)


@dataclass(frozen=True, slots=True, kw_only=True)
class NewArticle(_ArticleFields):
    """An entry as identity accepted it, with its body, before it has a row.

    ``text`` says what ``html`` does; only the latter is stored.
    """

    html: str = ""
    text: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Article(_ArticleFields):
    """One accepted entry: clean, dated, identified.

    ``uid`` is the stable public id (a UUID in text); it never changes, whatever happens to the
    title, the URL or the source. ``url`` is the publisher's own page, without tracking
    parameters (``""`` if there is none). ``path`` is the article page's path inside the output
    folder. ``minutes`` is the reading time, at least 1. ``first_seen`` is when we accepted it.
    ``published`` of an article that is not ``dated`` is only a sort key (``undated_key``).
    ``title`` is what readers see; ``original_title`` is the publisher's, where our editor wrote
    another (else ``""``).
    ``same_text`` is a label, equal for articles with one text; an article that was never placed has none.
    ``boost`` multiplies what the article counts in the ranking; ``declared_title`` is the publisher's
    title when a rule rewrote it, else ``""``. ``revised`` is when words of its title or text last changed
    after it was first seen, ``None`` if they never did.
    """

    id: int
    source_id: int
    story_id: int | None = None
    same_text: int | None = None
    original_title: str = ""
    revised: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ArticleBody:
    """The long part of an article: clean HTML with absolute links, and the same as plain text."""

    html: str = ""
    text: str = ""


def reader_link(*, own: bool, url: str, path: str, site_url: str) -> str:
    """Return where a reader is sent: the publisher's page, or ours when the source is our own or has none."""
    return url if url and not own else f"{site_url}/{path}"


@dataclass(frozen=True, slots=True, kw_only=True)
class RelatedLink:
    """An article worth reading next, as seen from another one.

    ``url`` is where a reader should go (the publisher, or our page when the source is our
    own). ``parts`` names each part of the score; their sum is the score.
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
    score: float = 0.0
    parts: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class PublishedArticle:
    """Everything an output needs to show one article.

    ``link`` leads to the publisher, or to our own page when the source is our own. ``html`` is
    already bounded by the source's ``republish``: ``""`` for none, a paragraph for summary.
    ``related`` is "Read more" (at most five), ``coverage`` the same story by other sources, both in the
    article's language; ``other_languages`` has the best of both in others (at most three). ``sources`` tell
    the story, this one included (0: unknown), ``foreign_sources`` of them only in other languages.
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
