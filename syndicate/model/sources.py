"""Sources and their state."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class SourceKind(StrEnum):
    """Kind of source: a feed, a sitemap or a page over HTTP, or a folder of files on this machine."""

    FEED = "feed"
    SITEMAP = "sitemap"
    PAGE = "page"
    FOLDER = "folder"


class FullText(StrEnum):
    """Reading of an article's own page for its text: when it pays, for every article, for none."""

    AUTO = "auto"
    ALWAYS = "always"
    NEVER = "never"


class Paywall(StrEnum):
    """Treatment of text that a page marks as not free: left out, or taken as far as the page shows it."""

    RESPECT = "respect"
    IGNORE = "ignore"


class Republish(StrEnum):
    """Part of a source's text that feeds, pages and mail may carry."""

    NONE = "none"
    SUMMARY = "summary"
    FULL = "full"


class Origin(StrEnum):
    """Origin of a source, channel or newsletter: ``config.toml``, or the CLI and web."""

    CONFIG = "config"
    STORE = "store"


class AccessKind(StrEnum):
    """Authentication at a private source: Basic (RFC 7617), Bearer (RFC 6750), a header field, a cookie."""

    BASIC = "basic"
    BEARER = "bearer"
    HEADER = "header"
    COOKIE = "cookie"


@dataclass(frozen=True, slots=True, kw_only=True)
class Access:
    """Authentication of a private source, and the place of its secret; the secret itself is never here.

    ``secret_file`` is an absolute path, ``secret_env`` the name of an environment variable; one of them
    is set. ``username`` is for ``basic``, ``header`` (a field name) for ``header``.
    """

    kind: AccessKind
    username: str = ""
    header: str = ""
    secret_file: str = ""
    secret_env: str = ""


class Absence(StrEnum):
    """Reason of a source's absence: no declaration or list names it, but its articles remain."""

    NONE = ""
    UNDECLARED = "undeclared"
    UNLISTED = "unlisted"
    REMOVED = "removed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Selectors:
    """CSS selectors for a page that lists articles; all but ``item`` apply inside one item.

    ``link`` and ``title`` may be ``""``: then the first link of the item, and its words.
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
    """Something we read, as declared, with what it last said about itself.

    The address of a ``private`` source is secret: no output, log or error carries it.
    ``listed_in`` is the address of the source list it came from, ``outline`` what else that list (or an
    imported OPML file) says about it, as attributes.
    ``select`` is for pages that list articles; a page without it is one article.
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
class SourceState:
    """State of a source after its last polls.

    ``etag`` and ``last_modified`` are kept byte for byte as the server sent them. ``body_hash``
    is of the body as it came over the wire, still compressed; ``feed_skeleton_hash`` is of the last document
    that was parsed and of what stood around its items (see ``ingest.unchanged``). ``permanent_url`` is where
    a permanent redirect pointed, seen ``permanent_seen`` times in a row. ``moved_to`` is polled in place of
    the address that ``config.toml`` names, after such a redirect was confirmed. ``warning`` is what
    ``status`` shows of the last document that was read, ``read_from`` the host the last answer came from if
    it is another site's.

    ``next_check`` is when the source is read again, ``check_reason`` why then and not earlier.
    ``not_before`` is the pause that a server asked for (Retry-After): no poll, commanded or not, is
    earlier. ``max_age`` and ``requested_interval`` are seconds: how long the server calls its answer fresh,
    and how long a pause the feed asks for (``ttl``); kept, since a 304 repeats neither. ``skip_hours`` and
    ``skip_days`` have a bit for each hour (UTC) and weekday (Monday is bit 0) that wants no visit.
    ``publications`` publications fell after ``counted_since`` (see ``ingest.polling.rhythm_of``). Until
    ``websub_lease_until`` a hub that has proved itself sends us what is new.
    """

    etag: str = ""
    last_modified: str = ""
    body_hash: str = ""
    feed_skeleton_hash: str = ""
    last_attempt: datetime | None = None
    last_success: datetime | None = None
    next_check: datetime | None = None
    check_reason: str = ""
    not_before: datetime | None = None
    failures: int = 0
    error: str = ""
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
    """A list of sources (OPML) that is read again on a schedule: at an address, or a file of ours.

    ``every`` is seconds. Its sources go to ``section``, below the folders of the list itself.
    """

    url: str
    every: float = 86_400.0
    section: str = ""
    private: bool = False
    access: Access | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceListState:
    """State of a source list after its last reading, like ``SourceState``."""

    etag: str = ""
    last_modified: str = ""
    body_hash: str = ""
    last_success: datetime | None = None
    next_check: datetime | None = None
    failures: int = 0
    error: str = ""
