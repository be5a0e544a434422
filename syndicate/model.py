"""The words of the house as frozen dataclasses: one class for each stage of the data.

source → entry → article → story → channel · edition → delivery. Every time is an aware
``datetime`` in UTC; every language is a BCP 47 tag in lower case (``""`` when unknown); every
score is between 0 and 1 unless it says otherwise.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum


class SourceKind(StrEnum):
    """What we read: a feed over HTTP, or a folder of files on this machine."""

    FEED = "feed"
    FOLDER = "folder"


class Republish(StrEnum):
    """How much of a source's text our feeds, pages and mail may carry."""

    NONE = "none"
    SUMMARY = "summary"
    FULL = "full"


class Origin(StrEnum):
    """Who declared a source, channel or newsletter: ``config.toml``, or the CLI and web."""

    CONFIG = "config"
    STORE = "store"


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """Something we read, as declared, with what it last said about itself."""

    id: int
    name: str
    url: str
    kind: SourceKind = SourceKind.FEED
    section: str = ""
    language: str = ""
    own: bool = False
    weight: float = 1.0
    republish: Republish = Republish.SUMMARY
    origin: Origin = Origin.CONFIG
    paused: bool = False
    title: str = ""
    home_url: str = ""
    feed_id: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceState:
    """What the last polls of a source left behind.

    ``etag`` and ``last_modified`` are kept byte for byte as the server sent them. ``body_hash``
    is of the body as it came over the wire, still compressed. ``permanent_url`` is where a
    permanent redirect pointed, seen ``permanent_seen`` times in a row.
    """

    etag: str = ""
    last_modified: str = ""
    body_hash: str = ""
    last_attempt: datetime | None = None
    last_success: datetime | None = None
    next_check: datetime | None = None
    failures: int = 0
    error: str = ""
    gone: bool = False
    permanent_url: str = ""
    permanent_seen: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Image:
    """A picture that stands for an article. Sizes are in pixels, ``None`` when unknown."""

    url: str
    width: int | None = None
    height: int | None = None
    alt: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """What a parser found in a source, cleaned but not yet trusted.

    ``html`` is safe HTML with absolute links; every other text is plain. ``digest`` identifies
    the raw bytes of the item, so that an unchanged item need not be parsed again.
    ``read_more`` holds titles the source itself lists as further reading.
    """

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
    read_more: tuple[str, ...] = ()
    digest: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ParsedSource:
    """One reading of a source: what it says about itself, and its entries in document order.

    ``entries`` holds only entries whose digest was not known before; ``digests`` holds the
    digest of every item in the document. ``min_interval`` is the source's own wish (``ttl``,
    ``sy:updatePeriod``) in seconds. ``warnings`` are readable sentences (not well-formed,
    wrong charset, entries left out); ``refused`` are ``(digest, reason)`` of single items
    that could not be read although the rest could. ``left_out`` counts new items beyond our limit,
    to be read the next time although the document is the same.
    """

    title: str = ""
    home_url: str = ""
    feed_id: str = ""
    language: str = ""
    entries: tuple[Entry, ...] = ()
    digests: tuple[str, ...] = ()
    min_interval: float | None = None
    warnings: tuple[str, ...] = ()
    refused: tuple[tuple[str, str], ...] = ()
    left_out: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownArticle:
    """What identity needs to know about an article we already have."""

    id: int
    uid: str
    entry_key: str
    url: str
    title: str
    published: datetime
    first_seen: datetime
    content_hash: str
    digest: str
    path: str


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
    minutes: int = 1
    words: int = 0
    read_more: tuple[str, ...] = ()
    content_hash: str = ""
    digest: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class NewArticle(_ArticleFields):
    """An entry as identity accepted it, with its body, before it has a row."""

    html: str = ""
    text: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Article(_ArticleFields):
    """One accepted entry: clean, dated, identified.

    ``uid`` is the stable public id (a UUID in text); it never changes, whatever happens to the
    title, the URL or the source. ``url`` is the publisher's own page, without tracking
    parameters (``""`` if there is none). ``path`` is the article page's path inside the output
    folder. ``minutes`` is the reading time, at least 1. ``first_seen`` is when we accepted it.
    """

    id: int
    source_id: int
    story_id: int | None = None
    duplicate_of: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ArticleBody:
    """The long part of an article: clean HTML with absolute links, and the same as plain text."""

    html: str = ""
    text: str = ""


def reader_link(*, own: bool, url: str, path: str, site_url: str) -> str:
    """Where a reader is sent: the publisher's page, or ours when the source is our own or has none."""
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
class Story:
    """Articles about one event. ``coverage`` counts distinct sources."""

    id: int
    lead_id: int
    created: datetime
    updated: datetime
    articles: int
    coverage: int


@dataclass(frozen=True, slots=True, kw_only=True)
class RankedStory:
    """A story's place in a stored list (``top``, ``trending``), with every part of its score."""

    story_id: int
    article_id: int
    position: int
    score: float
    coverage: int
    parts: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class PublishedArticle:
    """Everything an output needs to show one article.

    ``link`` leads to the publisher, or to our own page when the source is our own. ``html`` is
    already bounded by the source's ``republish``: ``""`` for none, a paragraph for summary.
    ``related`` is "Read more" (at most five), ``coverage`` the same story by other sources.
    """

    article: Article
    source: Source
    link: str
    html: str = ""
    text: str = ""
    related: tuple[RelatedLink, ...] = ()
    coverage: tuple[RelatedLink, ...] = ()


class ClauseField(StrEnum):
    """What a channel query can ask about."""

    SECTION = "section"
    TAG = "tag"
    SOURCE = "source"
    LANGUAGE = "language"
    WORD = "word"
    LIST = "list"


@dataclass(frozen=True, slots=True, kw_only=True)
class Clause:
    """One condition: the field has any of the values (or none of them, when negated)."""

    field: ClauseField
    values: tuple[str, ...]
    negated: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Channel:
    """One output feed: articles for which every clause holds, newest first."""

    name: str
    title: str
    query: str
    clauses: tuple[Clause, ...] = ()
    limit: int = 50
    language: str = ""
    description: str = ""


class SubscriptionState(StrEnum):
    """Where one mailbox's consent for one newsletter stands."""

    PENDING = "pending"
    CONFIRMED = "confirmed"
    UNSUBSCRIBED = "unsubscribed"


class DeliveryState(StrEnum):
    """The life of one message to one mailbox; DESIGN: a row, a state.

    ``sending`` is committed after the server's 354 and before the body. A row that a crash
    leaves there becomes ``uncertain`` and is never sent again unless a person asks.
    """

    PENDING = "pending"
    SENDING = "sending"
    SENT = "sent"
    DEFERRED = "deferred"
    FAILED = "failed"
    UNCERTAIN = "uncertain"
    CANCELLED = "cancelled"


@dataclass(frozen=True, slots=True, kw_only=True)
class Newsletter:
    """A recurring selection of stories. ``max_lateness`` is in seconds."""

    name: str
    title: str
    schedule: str
    time_zone: str
    query: str = ""
    clauses: tuple[Clause, ...] = ()
    stories: int = 12
    trending: int = 5
    language: str = ""
    max_lateness: float = 6 * 3600
    first_edition: str = "next"


@dataclass(frozen=True, slots=True, kw_only=True)
class EditionStory:
    """One story as an edition carries it, frozen when it was cut.

    ``kind`` is the list it was chosen from (``top`` or ``trending``); ``follow_up`` is true when an
    earlier edition carried the story and it has really moved since.
    """

    story_id: int
    position: int
    kind: str
    coverage: int
    lead: PublishedArticle
    follow_up: bool = False
    score: float = 0.0
    parts: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Edition:
    """One issue of a newsletter for one period, whole and frozen.

    ``period_start`` ≤ t < ``period_end``. ``html`` and ``text`` hold the reader's own opaque
    token as a placeholder; everything else in them is final.
    """

    id: int
    newsletter: str
    period_start: datetime
    period_end: datetime
    revision: int
    cut_at: datetime
    subject: str
    html: str
    text: str
    stories: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """One edition on its way to one mailbox, as a sender claims it."""

    id: int
    edition_id: int
    subscription_id: int
    address: str
    state: DeliveryState
    attempts: int
    created: datetime
