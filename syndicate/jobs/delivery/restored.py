"""After a backup was restored: the store has forgotten what was sent since, and must not send it again."""

from collections.abc import Sequence
from datetime import datetime

from syndicate.jobs.newsletter.variants import at_cadence
from syndicate.model import EVERY_EDITION, Newsletter
from syndicate.newsletter.periods import latest_period, parse_schedule, read_zone
from syndicate.store import Connection, preferences
from syndicate.store.restored import Doubted, distrust


def doubt_restored(connection: Connection, newsletters: Sequence[Newsletter], now: datetime) -> Doubted:
    """Doubt everything that waits, and each period that has ended: it may have been cut since the backup.

    The period that is running ends later, so its edition was not sent yet, and it comes as usual.
    """
    return distrust(
        connection,
        [
            (newsletter.name, key, _latest(at_cadence(newsletter, cadence), now))
            for newsletter in newsletters
            for key, cadence in _forms(connection, newsletter, now)
        ],
        now,
    )


def _forms(connection: Connection, newsletter: Newsletter, now: datetime) -> list[tuple[str, str]]:
    """Key and cadence of the edition and of every form of it that a reader chose."""
    chosen = preferences.variants(connection, newsletter.name, now)
    return [(EVERY_EDITION, EVERY_EDITION), *((one.key, one.cadence) for one in chosen)]


def _latest(newsletter: Newsletter, now: datetime) -> tuple[datetime, datetime]:
    period = latest_period(parse_schedule(newsletter.schedule), read_zone(newsletter.time_zone), now)
    return period.start, period.end
