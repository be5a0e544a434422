"""Sources, source lists, their polling state, and WebSub subscriptions at the hubs of sources."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Self

_FACTS = ("is_polled", "is_requested", "is_feed", "lists_items", "lists_site", "is_local")


class SourceKind(StrEnum):
    """Kind of source: feed, sitemap or page over HTTP, a local folder of files, or the API."""

    # Facts by which the stages treat a kind. The API shows the docstring.
    is_polled: bool  # else programs send its articles
    is_requested: bool  # over HTTP
    is_feed: bool  # its document has the items, and may name a hub
    lists_items: bool  # an item that its document lacks is gone
    lists_site: bool  # its document lists all pages of a site, articles or not
    is_local: bool  # a folder of this machine

    def __new__(cls, name: str, *facts: str) -> Self:
        """Make a member of its name and its facts."""
        kind = str.__new__(cls, name)
        kind._value_ = name
        for fact in _FACTS:
            setattr(kind, fact, fact in facts)
        return kind

    FEED = "feed", "is_polled", "is_requested", "is_feed", "lists_items"
    SITEMAP = "sitemap", "is_polled", "is_requested", "lists_site"
    PAGE = "page", "is_polled", "is_requested"
    FOLDER = "folder", "is_polled", "is_local", "lists_items"
    API = "api"


class FullText(StrEnum):
    """Policy for reading an article's page for its text: when useful, always, never."""

    AUTO = "auto"
    ALWAYS = "always"
    NEVER = "never"


class Paywall(StrEnum):
    """Treatment of text that a page marks as not free: leave it out, or take the visible part."""

    RESPECT = "respect"
    IGNORE = "ignore"


class Republish(StrEnum):
    """Part of a source's text that feeds, pages and mail may contain."""

    NONE = "none"
    SUMMARY = "summary"
    FULL = "full"


class Origin(StrEnum):
    """Origin of a source, channel or newsletter: ``config.toml``, or the command line and web."""

    CONFIG = "config"
    STORE = "store"


class AccessKind(StrEnum):
    """Authentication at a private source: Basic (RFC 7617), Bearer (RFC 6750), header field, cookie."""

    BASIC = "basic"
    BEARER = "bearer"
    HEADER = "header"
    COOKIE = "cookie"


@dataclass(frozen=True, slots=True, kw_only=True)
class Access:
    """Authentication of a private source. The secret itself is never part of it.

    - ``username``: for ``basic``; ``header``: field name for ``header``
    - ``secret_file``: absolute path of the secret, or ``secret_env``: its environment variable
    """

    kind: AccessKind
    username: str = ""
    header: str = ""
    secret_file: str = ""
    secret_env: str = ""


class Absence(StrEnum):
    """Reason why no declaration or list names a source any more; its articles remain."""

    NONE = ""
    UNDECLARED = "undeclared"
    UNLISTED = "unlisted"
    REMOVED = "removed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Selectors:
    """CSS or XPath selectors for a page that lists articles; all but ``item`` apply inside an item.

    Without ``link`` and ``title`` the first link of the item is used, and its text.
    """

    item: str
    link: str = ""
    title: str = ""
    date: str = ""
    summary: str = ""
    author: str = ""
    image: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """Source as declared, with its last description of itself.

    - ``name``: unique name; ``url``: address, secret if ``private``: no output, log or error contains it
    - ``section``, ``language``: given to its articles
    - ``own``: true for the publisher's own source: readers are sent to the local page
    - ``weight``: declared factor in the ranking
    - ``republish``, ``full_text``, ``paywall``: policies for its text
    - ``interval``: seconds between polls, ``None`` for an adaptive interval
    - ``select``: selectors of a page that lists articles; a page without them is a single article
    - ``paused``: true if it is not polled; ``absent``: reason why nothing declares it any more
    - ``access``: authentication
    - ``listed_in``: URL of its source list; ``outline``: further attributes from the list or an OPML file
    - ``title``, ``home_url``, ``feed_id``: from its last document
    """

    id: int
    name: str
    url: str
    kind: SourceKind = SourceKind.FEED
    section: str = ""
    language: str = ""
    own: bool = False
    weight: float = 1.0
    republish: Republish = Republish.SUMMARY
    full_text: FullText = FullText.AUTO
    interval: float | None = None
    paywall: Paywall = Paywall.RESPECT
    select: Selectors | None = None
    origin: Origin = Origin.CONFIG
    paused: bool = False
    private: bool = False
    access: Access | None = None
    listed_in: str = ""
    absent: Absence = Absence.NONE
    outline: tuple[tuple[str, str], ...] = ()
    title: str = ""
    home_url: str = ""
    feed_id: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceListState:
    """State of a source list after its last reading; fields as in ``SourceState``."""

    etag: str = ""
    last_modified: str = ""
    body_hash: str = ""
    last_success: datetime | None = None
    next_check: datetime | None = None
    failures: int = 0
    error: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceState(SourceListState):
    """State of a source after its last polls.

    - ``etag``, ``last_modified``: validators, byte for byte as the server sent them
    - ``body_hash``: hash of the body as transferred, still compressed
    - ``feed_skeleton_hash``: hashes of the last parsed document and of its text around the items
    - ``last_attempt``, ``last_success``: times of polls
    - ``next_check``: time of the next poll; ``check_reason``: reason for that time
    - ``not_before``: end of the server's Retry-After; it holds for commanded polls, too
    - ``failures``: failed polls in a row; ``error``: the last failure
    - ``gone``: true after a 410: no further polls
    - ``permanent_url``, ``permanent_seen``: target of a permanent redirect, and its polls in a row
    - ``moved_to``: address polled in place of the declared address, after a confirmed redirect
    - ``warning``: warning of the last document, for ``status``
    - ``read_from``: host of the last response if it is another site
    - ``max_age``: seconds of freshness from HTTP; ``requested_interval``: seconds that the feed requests
      (``ttl``). Both are kept because a 304 repeats neither.
    - ``skip_hours``, ``skip_days``: bits of hours (UTC) and weekdays (Monday is bit 0) without polls
    - ``publications``: number of publications after ``counted_since``, which estimate the publishing rate
    - ``websub_lease_until``: time until which a proven hub pushes new content
    """

    feed_skeleton_hash: str = ""
    last_attempt: datetime | None = None
    check_reason: str = ""
    not_before: datetime | None = None
    gone: bool = False
    permanent_url: str = ""
    permanent_seen: int = 0
    moved_to: str = ""
    warning: str = ""
    read_from: str = ""
    max_age: float | None = None
    requested_interval: float | None = None
    skip_hours: int = 0
    skip_days: int = 0
    publications: int = 0
    counted_since: datetime | None = None
    websub_lease_until: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceList:
    """List of sources (OPML), read on a schedule: a URL or a local file.

    ``every`` is the interval in seconds. ``section`` is put above the folders of the list.
    """

    url: str
    every: float = 86_400.0
    section: str = ""
    private: bool = False
    access: Access | None = None


class HubState(StrEnum):
    """State of a subscription at a hub.

    - ``wanted``: a feed named its hub, and the request is due
    - ``asked``: the request was sent; the hub has yet to verify it
    - ``active``: verified, until the lease ends
    - ``denied``: the hub refused
    - ``leaving``: the end of the subscription is requested
    - ``ended``: the hub verified the end; the callback answers 410
    """

    WANTED = "wanted"
    ASKED = "asked"
    ACTIVE = "active"
    DENIED = "denied"
    LEAVING = "leaving"
    ENDED = "ended"


@dataclass(frozen=True, slots=True, kw_only=True)
class Hub:
    """Hub and topic as a feed names them (W3C WebSub section 4)."""

    url: str
    topic: str


@dataclass(frozen=True, slots=True, kw_only=True)
class HubSubscription:
    """Subscription of a source at its hub.

    - ``hub``, ``topic``: URLs of the hub and of the feed as the hub knows it
    - ``callback``, ``secret``: secret part of the callback URL, and signature key; never shown
    - ``next_try``: time of the next request to the hub; ``attempts``: failed requests in a row
    - ``expires``: end of the lease; ``last_push``: time of the last valid push
    - ``error``: reason of the last failure
    """

    source_id: int
    hub: str
    topic: str
    callback: str
    secret: str
    state: HubState
    next_try: datetime
    expires: datetime | None = None
    last_push: datetime | None = None
    attempts: int = 0
    error: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Push:
    """Unread document pushed by a hub; ``url`` is the topic, ``content_type`` its header field."""

    id: int
    source_id: int
    url: str
    content_type: str
    body: bytes
    received: datetime
