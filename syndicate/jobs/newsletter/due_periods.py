"""Due periods, their readiness, and missed periods."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import partial

from syndicate.model import EVERY_EDITION, Newsletter
from syndicate.newsletter.period_readiness import Gathered, ready_to_cut, surely_empty
from syndicate.newsletter.periods import Period, due_period, ended_period, missed_periods
from syndicate.store import Store
from syndicate.store.mail import edition_store, newsletter_store, period_store

# Tolerated delay of a source, for a command that does not know when the daemon found the period due.
RECENT = timedelta(minutes=5)


def due_periods(
    store: Store, newsletters: Sequence[Newsletter], now: datetime
) -> list[tuple[Newsletter, Period]]:
    """Return each newsletter with a period that waits for its edition, and the period."""
    due = []
    with store.read() as connection:
        for newsletter in newsletters:
            cut = partial(edition_store.has_edition, connection, newsletter.name, EVERY_EDITION)
            period = due_period(
                newsletter,
                now,
                known_since=newsletter_store.known_since(connection, newsletter.name) or now,
                already=lambda period, cut=cut: cut(period.end),  # type: ignore[misc]
            )
            due += [(newsletter, period)] if period else []
    return due


def gathered(
    store: Store, newsletter: Newsletter, period: Period, now: datetime, found_at: datetime | None = None
) -> Gathered:
    """Count the unread sources and unplaced articles of a period.

    Sources that became due after ``found_at`` do not count.
    """
    due_by = max(period.end, found_at or now - RECENT)
    span = (period.start, period.end)
    with store.read() as connection:
        counts = period_store.unfinished_counts(connection, newsletter.clauses, span, due_by=due_by, now=now)
    return Gathered(**counts)


def waiting_periods(
    store: Store, newsletters: Sequence[Newsletter], now: datetime
) -> dict[str, tuple[Period, Gathered]]:
    """Return the due periods that are not ready, by newsletter, without paused newsletters."""
    with store.read() as connection:
        paused = newsletter_store.paused_newsletters(connection)
    running = [newsletter for newsletter in newsletters if newsletter.name not in paused]
    due = {
        newsletter.name: (period, gathered(store, newsletter, period, now))
        for newsletter, period in due_periods(store, running, now)
    }
    return {name: waits for name, waits in due.items() if str(waits[1])}


def record_missed(
    store: Store, newsletters: Sequence[Newsletter], now: datetime
) -> list[tuple[Newsletter, Period]]:
    """Record each period that ended since the last edition or record and was not cut in time.

    For a newsletter without editions and records, only the latest period is recorded: before it, the
    newsletter was being set up. Records made while the clock was ahead are deleted.
    """
    with store.read() as connection:
        names = [newsletter.name for newsletter in newsletters]
        last = {name: period_store.last_period(connection, name) for name in names}
        since = {name: newsletter_store.known_since(connection, name) for name in names}
    if any(period_store.is_void(*made, now) for made in last.values() if made):
        with store.write() as connection:
            period_store.delete_void_records(connection, now)
            last = {name: period_store.last_period(connection, name) for name in names}
    ends = {name: made[0] if made else None for name, made in last.items()}
    missed = [
        (newsletter, period)
        for newsletter in newsletters
        if (known := since[newsletter.name])
        for period in missed_periods(
            newsletter, now, since=max(known, ends[newsletter.name] or ended_period(newsletter, now).start)
        )
    ]
    if not missed:
        return []
    record = partial(edition_store.record_no_edition, state=edition_store.MISSED, now=now)
    with store.write() as connection:
        return [
            (newsletter, period)
            for newsletter, period in missed
            if record(connection, newsletter.name, EVERY_EDITION, (period.start, period.end))
        ]


@dataclass(frozen=True, slots=True, kw_only=True)
class PeriodCheck:
    """Result for a due period: its counts, and the permission to cut it or to record it as empty."""

    gathered: Gathered
    may_cut: bool
    may_be_empty: bool


@dataclass(slots=True, kw_only=True)
class Readiness:
    """Judge of the readiness of due periods. The wait counts from the first look of this process.

    ``at_once`` is for a command. A period with stories is cut without a wait; a period is never recorded as
    empty while its articles may be unread.
    """

    store: Store
    at_once: bool = False
    clock: Callable[[], float] = time.monotonic
    _found: dict[tuple[str, datetime], tuple[float, datetime]] = field(default_factory=dict, init=False)
    _reported: set[tuple[str, datetime]] = field(default_factory=set, init=False)

    def look(self, newsletter: Newsletter, period: Period, now: datetime) -> PeriodCheck:
        """Check a due period."""
        key = newsletter.name, period.end
        since, found_at = self._found.setdefault(key, (self.clock(), now))
        if self.at_once:
            # The command does not wait. Failing sources were read.
            counts = replace(gathered(self.store, newsletter, period, now), failing=0)
        else:
            counts = gathered(self.store, newsletter, period, now, found_at)
        left = period.end + timedelta(seconds=newsletter.max_lateness) - now
        # The first edition of ``first_edition = "latest"`` is never too late.
        limits = {
            "waited": timedelta(seconds=self.clock() - since),
            "left": left if left >= timedelta() else timedelta.max,
        }
        return PeriodCheck(
            gathered=counts,
            may_cut=self.at_once or ready_to_cut(counts, **limits),
            may_be_empty=surely_empty(counts, **limits),
        )

    def report_once(self, newsletter: str, period_end: datetime) -> bool:
        """Return true at the first call for a period."""
        reported = (newsletter, period_end) in self._reported
        self._reported.add((newsletter, period_end))
        return not reported
