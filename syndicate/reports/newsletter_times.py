"""Times of newsletters: the next editions, and time zones."""

from datetime import datetime
from zoneinfo import ZoneInfo

from syndicate.newsletter.periods import period_at, read_zone
from syndicate.services import Services
from syndicate.store.mail import newsletter_store


def next_editions(services: Services, now: datetime) -> dict[str, datetime]:
    """Return the time of each newsletter's next edition. Paused newsletters are left out."""
    with services.store.read() as connection:
        paused = newsletter_store.paused_newsletters(connection)
    return {
        newsletter.name: period_at(newsletter, now).end
        for newsletter in services.newsletters
        if newsletter.name not in paused
    }


def zone_of(services: Services, name: str) -> ZoneInfo:
    """Return a newsletter's time zone, or the site's if the newsletter is no longer declared."""
    zones = (
        read_zone(newsletter.time_zone) for newsletter in services.newsletters if newsletter.name == name
    )
    return next(zones, services.zone)
