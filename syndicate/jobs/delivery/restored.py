"""After a backup was restored: the store has forgotten what was sent since, and must not send it again."""

from collections.abc import Sequence
from datetime import datetime

from syndicate.jobs.newsletter.variants import at_cadence
from syndicate.model import EVERY_EDITION, Newsletter
from syndicate.newsletter.periods import latest_period, parse_schedule, read_zone
from syndicate.store import Connection, preferences
from syndicate.store.restored import MarkedUncertain, mark_uncertain
from syndicate.store.store_identity import mail_hold


def settle_restored(
    connection: Connection, newsletters: Sequence[Newsletter], now: datetime
) -> MarkedUncertain:
    """Mark what waited in the backup, and each period that had ended when mail was held, or by now.

    A period that ended later got no edition from anywhere, so its edition is cut.
    """
    hold = mail_hold(connection)
    restored = min(hold.since, now) if hold else now
    periods = [
        (newsletter.name, key, _latest(at_cadence(newsletter, cadence), restored))
        for newsletter in newsletters
        for key, cadence in _forms(connection, newsletter, now)
    ]
    return mark_uncertain(connection, periods, now, restored=restored)


def _forms(connection: Connection, newsletter: Newsletter, now: datetime) -> list[tuple[str, str]]:
    """Key and cadence of the edition and of every form of it that a reader chose."""
    chosen = preferences.variants(connection, newsletter.name, now)
    return [(EVERY_EDITION, EVERY_EDITION), *((one.key, one.cadence) for one in chosen)]


def _latest(newsletter: Newsletter, now: datetime) -> tuple[datetime, datetime]:
    period = latest_period(parse_schedule(newsletter.schedule), read_zone(newsletter.time_zone), now)
    return period.start, period.end
