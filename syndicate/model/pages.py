"""Pages to be read for an article: for its full text, or for the whole article."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from syndicate.model.articles import Entry
from syndicate.model.sources import Source


class ReadState(StrEnum):
    """State of a page: waiting, read and used, rejected, or failed too often."""

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
