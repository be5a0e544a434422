"""Announcements of the operator, such as advertisements, in the editions of their time. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from syndicate.model import ContentAnnouncement, Newsletter
from syndicate.newsletter.story_views import without_token
from syndicate.text.markdown import markdown_html, markdown_text

MAX_ANNOUNCEMENTS = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class DeclaredAnnouncement:
    """Announcement of the configuration. ``text`` is Markdown; no ``newsletters`` means all of them.

    ``start`` and ``until`` are instants, local times or days of the newsletter's zone, or ``None``. The day
    of ``until`` is the last.
    """

    name: str
    text: str
    label: str = ""
    image: str = ""
    link: str = ""
    newsletters: tuple[str, ...] = ()
    start: date | None = None
    until: date | None = None


def announcements_for(
    announcements: Sequence[DeclaredAnnouncement], newsletter: Newsletter, at: datetime
) -> tuple[ContentAnnouncement, ...]:
    """Return the first announcements that are due at ``at``, as an edition freezes them."""
    if "announcement" not in newsletter.blocks:
        return ()
    due = [announcement for announcement in announcements if _is_due(announcement, newsletter, at)]
    return tuple(
        ContentAnnouncement(
            name=announcement.name,
            label=announcement.label,
            html=without_token(markdown_html(announcement.text)),
            text=without_token(markdown_text(announcement.text)),
            link=without_token(announcement.link),
            image=without_token(announcement.image),
        )
        for announcement in due[:MAX_ANNOUNCEMENTS]
    )


def _is_due(announcement: DeclaredAnnouncement, newsletter: Newsletter, at: datetime) -> bool:
    zone, start, until = ZoneInfo(newsletter.time_zone), announcement.start, announcement.until
    return (
        (not announcement.newsletters or newsletter.name in announcement.newsletters)
        and (start is None or _instant(start, zone) <= at)
        and (until is None or at < _instant(until, zone, days=1))
    )


def _instant(value: date, zone: ZoneInfo, days: int = 0) -> datetime:
    """Return the instant of a date with or without a time; ``days`` are added to a date without."""
    if isinstance(value, datetime):
        return value if value.tzinfo else value.replace(tzinfo=zone)
    return datetime.combine(value + timedelta(days=days), time.min, zone)
