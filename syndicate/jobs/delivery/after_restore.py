"""Recovery after a restored backup: mark mail as uncertain that may have been sent since the backup."""

from collections.abc import Sequence
from datetime import datetime

from syndicate.jobs.newsletter.variants import at_cadence
from syndicate.model import EVERY_EDITION, Newsletter
from syndicate.newsletter.periods import ended_period
from syndicate.store import Connection
from syndicate.store.core.restored_store import MarkedUncertain, mark_uncertain
from syndicate.store.core.store_identity import mail_hold
from syndicate.store.mail import newsletter_store
from syndicate.store.subscribers import preference_store


def mark_restored(
    connection: Connection, newsletters: Sequence[Newsletter], now: datetime
) -> MarkedUncertain:
    """Mark as uncertain the backup's deliveries, and the periods that had ended when mail was held."""
    hold = mail_hold(connection)
    restored = min(hold.since, now) if hold else now
    periods = []
    for newsletter in newsletters:
        variants = preference_store.variants(connection, newsletter.name, now)
        keys = [(EVERY_EDITION, EVERY_EDITION), *((variant.key, variant.cadence) for variant in variants)]
        known_since = newsletter_store.known_since(connection, newsletter.name)
        for key, cadence in keys:
            period = ended_period(at_cadence(newsletter, cadence), restored)
            # A period from before the newsletter has no edition, whatever happened since the backup.
            if newsletter.first_edition == "latest" or not known_since or period.end > known_since:
                periods.append((newsletter.name, key, (period.start, period.end)))
    return mark_uncertain(connection, periods, now, restored=restored)
