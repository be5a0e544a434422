"""Newsletters as their pages and programs see them: table, calendar, and the next edition."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from itertools import takewhile
from typing import Any
from zoneinfo import ZoneInfo

from syndicate.errors import WrongFields
from syndicate.groups import grouped
from syndicate.jobs.newsletter.edition_preview import EditionPreviewer, PreviewedMail
from syndicate.model import DeliveryState, Newsletter
from syndicate.newsletter.periods import parse_schedule, period_at, read_zone
from syndicate.store import Connection, Store
from syndicate.store.core import quarantine
from syndicate.store.mail import delivery_counts, edition_store, newsletter_store
from syndicate.store.subscribers import audience_store

WEEKS = 4
PREVIEW_KEPT = 20
"""Seconds for which a rendered mail serves the page and the frame in it."""
_SENT = DeliveryState.SENT.value
_STATES = {
    edition_store.CUT: "sent",
    edition_store.EMPTY: "empty",
    edition_store.MISSED: "trouble",
    edition_store.WITHDRAWN: "empty",
    **dict.fromkeys(edition_store.OPEN, "waits"),
}
"""State in the calendar by the state of the edition."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NewsletterLine:
    """Newsletter with its next edition, and the reach of its last: delivered mails in per cent.

    ``origin`` is ``config`` or ``added``. ``waiting`` is the id of the edition that waits for an editor, 0
    for none. ``problem`` is the error of the last cut.
    """

    newsletter: Newsletter
    origin: str
    paused: bool
    subscribers: int
    next_edition: datetime | None
    last_id: int = 0
    reached: float | None = None
    waiting: int = 0
    problem: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class CalendarEntry:
    """Edition on a day: ``sent``, ``waits``, ``trouble``, ``empty`` or ``planned``; ``id`` 0 is planned."""

    newsletter: str
    title: str
    at: datetime
    state: str
    id: int = 0
    subject: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class EditionDay:
    """Day of the calendar in the site's zone."""

    day: date
    entries: tuple[CalendarEntry, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class NewsletterViews:
    """Reader of newsletters. ``zone`` is the site's. ``stored`` reads a newsletter that may be unusable."""

    store: Store
    newsletters: Sequence[Newsletter]
    declared: Collection[str]
    previewer: EditionPreviewer
    zone: ZoneInfo
    stored: Callable[[Connection, str], Newsletter]
    _previews: dict[tuple[Newsletter, int], PreviewedMail | None] = field(default_factory=dict, init=False)

    @property
    def titles(self) -> dict[str, str]:
        """Titles of the newsletters by name."""
        return {newsletter.name: newsletter.title for newsletter in self.newsletters}

    def find(self, name: str) -> Newsletter:
        """Return a newsletter. Raises ``NotFound``, or ``WrongFields`` if this version cannot use it."""
        for newsletter in self.newsletters:
            if newsletter.name == name:
                return newsletter
        with self.store.read() as connection:
            return self.stored(connection, name)

    def lines(self, now: datetime, name: str = "") -> tuple[NewsletterLine, ...]:
        """Return every newsletter, first the declared, then the added; or only the newsletter of a name."""
        newsletters = (self.find(name),) if name else tuple(self.newsletters)
        with self.store.snapshot() as connection:
            paused = newsletter_store.paused_newsletters(connection)
            counts = audience_store.count_subscriptions_by_state(connection)
            failing = {
                failure.subject: failure.reason
                for failure in quarantine.failures(connection, kind="newsletter")
            }
            return tuple(
                NewsletterLine(
                    newsletter=newsletter,
                    origin="config" if newsletter.name in self.declared else "added",
                    paused=newsletter.name in paused,
                    subscribers=counts.get(newsletter.name, {}).get("confirmed", 0),
                    next_edition=None if newsletter.name in paused else period_at(newsletter, now).end,
                    problem=failing.get(newsletter.name, ""),
                    **self._last(connection, newsletter.name),
                )
                for newsletter in newsletters
            )

    def unusable(self) -> dict[str, str]:
        """Return the added newsletters that this version cannot use, each with the reason."""
        found, usable = {}, {newsletter.name for newsletter in self.newsletters}
        with self.store.snapshot() as connection:
            for name in newsletter_store.declarations(connection).keys() - usable:
                try:
                    self.stored(connection, name)
                except WrongFields as error:
                    found[name] = str(error)
        return dict(sorted(found.items()))

    def calendar(self, first: date, now: datetime) -> tuple[EditionDay, ...]:
        """Return four weeks from a day: what was, and what is planned after ``now``."""
        last = first + timedelta(weeks=WEEKS)
        start, end = (datetime.combine(day, time(), self.zone) for day in (first, last))
        newsletters = tuple(self.newsletters)
        titles = self.titles
        with self.store.snapshot() as connection:
            paused = newsletter_store.paused_newsletters(connection)
            past = edition_store.editions_between(connection, start, end)
        entries = [
            CalendarEntry(
                newsletter=found.newsletter,
                title=titles.get(found.newsletter, found.newsletter),
                at=found.period_end,
                state="trouble" if found.trouble else _STATES.get(found.state, "sent"),
                id=found.id,
                subject=found.subject,
            )
            for found in past
        ]
        for newsletter in newsletters:
            if newsletter.name not in paused:
                entries += _planned(newsletter, max(now, start), end)
        entries = sorted(entries, key=lambda entry: (entry.at, entry.title))
        by_day = grouped((entry.at.astimezone(self.zone).date(), entry) for entry in entries)
        days = (first + timedelta(days=number) for number in range(WEEKS * 7))
        return tuple(EditionDay(day=day, entries=tuple(by_day.get(day, ()))) for day in days)

    def preview(self, name: str, now: datetime) -> PreviewedMail | None:
        """Return the mail of the next edition, or a sample with invented stories if there is no news."""
        key = (self.find(name), int(now.timestamp()) // PREVIEW_KEPT)
        if key not in self._previews:
            self._previews.clear()
            self._previews[key] = self.previewer.next(key[0], now, sample=True)
        return self._previews.get(key)

    def _last(self, connection: Connection, name: str) -> Mapping[str, Any]:
        """Return the facts of a line about the last edition and about the edition that waits."""
        facts: dict[str, Any] = {}
        for edition_id, state in edition_store.latest_states(connection, name):
            if state in edition_store.OPEN and "waiting" not in facts:
                facts["waiting"] = edition_id
            elif state == edition_store.CUT:
                counts = delivery_counts.count_by_edition(connection, [edition_id]).get(edition_id, {})
                total = sum(count for state, count in counts.items() if state != DeliveryState.CANCELLED)
                reached = 100 * counts.get(_SENT, 0) / total if total else None
                return {**facts, "last_id": edition_id, "reached": reached}
        return facts


def _planned(newsletter: Newsletter, after: datetime, end: datetime) -> list[CalendarEntry]:
    schedule, zone = parse_schedule(newsletter.schedule), read_zone(newsletter.time_zone)
    runs = schedule.runs(zone, after.astimezone(zone).date() - timedelta(days=1))
    return [
        CalendarEntry(newsletter=newsletter.name, title=newsletter.title, at=at, state="planned")
        for at in takewhile(lambda at: at < end, runs)
        if at > after
    ]
