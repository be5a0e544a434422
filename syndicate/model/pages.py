"""Pages that are to be read for an article: its full text, or everything about it."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from syndicate.model.articles import Entry
from syndicate.model.sources import Source


class ReadState(StrEnum):
    """State of a page: to be read, read and used, of no use, or failed too often."""

    WAITING = "waiting"
    READ = "read"
    REFUSED = "refused"
    FAILED = "failed"


@dataclass(frozen=True, slots=True, kw_only=True)
class QueuedPage:
    """A page worth reading.

    ``uid`` is of the article whose text it has; ``""`` when the article is only known by its page, and then
    ``entry`` is what its sitemap or list says. Another ``content_hash`` than last time means that it is to
    be read again. ``published`` decides which page of a source is read first.
    """

    url: str
    published: datetime
    uid: str = ""
    entry: Entry | None = None
    content_hash: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class PageRead:
    """A page that is due and leased to us, with its source and how often it failed before."""

    id: int
    source: Source
    url: str
    article_id: int | None
    entry: Entry | None
    published: datetime
    attempts: int
