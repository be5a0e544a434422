"""Newsletters and their editions as the pages about them show them."""

from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from syndicate.publish.site_view import EditionTeaser, NewsletterOffer


@dataclass(frozen=True, slots=True, kw_only=True)
class EditionLink(EditionTeaser):
    """Link to an edition: its page and headline, and the time at which it first went out."""

    title: str
    published: datetime

    @property
    def name(self) -> str:
        """File name of its page."""
        return self.path.rpartition("/")[2]


@dataclass(frozen=True, slots=True, kw_only=True)
class NewsletterView(NewsletterOffer):
    """Newsletter on a page.

    ``feed`` is its feed without an extension. ``next`` is the time of the next edition, ``None`` while the
    newsletter is paused. ``editions`` is the number of its editions, ``first`` the time of the first. Times
    are of ``zone``.
    """

    language: str
    direction: str
    zone: ZoneInfo
    feed: str
    next: datetime | None = None
    editions: int = 0
    first: datetime | None = None
