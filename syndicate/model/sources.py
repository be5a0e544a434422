"""What we read, and how it is doing."""

from dataclasses import dataclass
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
    is of the body as it came over the wire, still compressed; ``frame`` is of what stood around the items of
    the last document that was parsed (see ``ingest.unchanged``). ``permanent_url`` is where a
    permanent redirect pointed, seen ``permanent_seen`` times in a row.
    """

    etag: str = ""
    last_modified: str = ""
    body_hash: str = ""
    frame: str = ""
    last_attempt: datetime | None = None
    last_success: datetime | None = None
    next_check: datetime | None = None
    failures: int = 0
    error: str = ""
    gone: bool = False
    permanent_url: str = ""
    permanent_seen: int = 0
