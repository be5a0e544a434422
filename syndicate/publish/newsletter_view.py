"""Newsletters and their editions as pages show them: rhythm, next and latest edition."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo


@dataclass(frozen=True, slots=True, kw_only=True)
class Rhythm:
    """Schedule for words: ``kind`` is ``daily``, ``weekdays``, ``weekly`` or ``monthly``.

    ``times`` are local times such as "07:00". ``day`` is the weekday (Monday 0), or the day of the month (0
    is the last day).
    """

    kind: str
    times: Sequence[str]
    day: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class EditionLink:
    """Link to an edition: the path of its page, its headline, and the time at which it first went out."""

    path: str
    title: str
    published: datetime

    @property
    def name(self) -> str:
        """File name of its page."""
        return self.path.rpartition("/")[2]


@dataclass(frozen=True, slots=True, kw_only=True)
class NewsletterView:
    """Newsletter on a page.

    ``path`` is the list of its editions, ``feed`` its feed without an extension. ``next`` is the time of the
    next edition, ``None`` while the newsletter is paused. ``editions`` is the number of its editions,
    ``first`` the time of the first. ``headlines`` are of the latest edition. Times are of ``zone``.
    """

    name: str
    title: str
    description: str
    language: str
    direction: str
    zone: ZoneInfo
    path: str
    feed: str
    rhythm: Rhythm
    next: datetime | None = None
    latest: EditionLink | None = None
    headlines: Sequence[str] = ()
    editions: int = 0
    first: datetime | None = None
