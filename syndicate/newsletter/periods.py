"""Periods of editions: a schedule in a time zone divides time into periods, with an edition for each.

A period runs from a scheduled time, included, to the next, excluded. Its edition is due at its end. Daylight
saving time never adds or drops an edition. A scheduled time that the clock skips becomes the first instant
after the gap. A time that the clock shows twice counts at its first occurrence (as in RFC 5545, 3.3.5).
"""

import calendar
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from itertools import dropwhile, islice, pairwise, takewhile
from zoneinfo import ZoneInfo

from syndicate.errors import ConfigError
from syndicate.model import Newsletter

SCHEDULE_HELP = (
    'Write one of: "daily 07:00", "daily 07:00,18:00", "weekdays 07:00", "weekly monday 08:00", '
    '"monthly 1 08:00" (1 to 28), "monthly last 08:00".'
)
# Number of latest missed periods of a newsletter that are recorded after a long pause.
MOST_MISSED = 60

_MINUTE = timedelta(minutes=1)
_DAY = timedelta(days=1)
# Two runs of the rarest schedule (monthly) always lie within this number of days, with a gap of a day.
_LOOK_BACK_DAYS = 65
_GRAMMAR = re.compile(
    r"(?:(?P<every>daily|weekdays)|weekly (?P<weekday>[a-z]+)|monthly (?P<day>[0-9]{1,2}|last))"
    r" (?P<times>[0-9]{1,2}:[0-9]{2}(?: ?, ?[0-9]{1,2}:[0-9]{2})*)"
)
_WEEKDAYS = tuple(name.lower() for name in calendar.day_name)


class Cadence(StrEnum):
    """Frequency of a schedule."""

    DAILY = "daily"
    WEEKDAYS = "weekdays"
    WEEKLY = "weekly"
    MONTHLY = "monthly"


@dataclass(frozen=True, slots=True, kw_only=True)
class Period:
    """``start`` ≤ t < ``end``, both in UTC."""

    start: datetime
    end: datetime

    @property
    def before(self) -> "Period":
        """The time of the same length that ended at the start."""
        return Period(start=self.start - (self.end - self.start), end=self.start)


@dataclass(frozen=True, slots=True, kw_only=True)
class Schedule:
    """Parsed schedule. ``day`` is the weekday (Monday 0), or the day of the month (0 is the last day)."""

    cadence: Cadence
    times: tuple[time, ...]
    day: int = 0

    def next_runs(self, zone: ZoneInfo, after: datetime, count: int) -> tuple[datetime, ...]:
        """Return the next ``count`` scheduled runs later than ``after``, in UTC, in order."""
        runs = self.runs(zone, after.astimezone(zone).date() - _DAY)
        return tuple(islice(dropwhile(lambda at: at <= after, runs), count))

    def includes(self, day: date) -> bool:
        """Return whether the schedule has a run on this local day."""
        match self.cadence:
            case Cadence.DAILY:
                return True
            case Cadence.WEEKDAYS:
                return day.weekday() < 5
            case Cadence.WEEKLY:
                return day.weekday() == self.day
            case Cadence.MONTHLY:
                return day.day == (self.day or calendar.monthrange(day.year, day.month)[1])

    def runs(self, zone: ZoneInfo, first: date) -> Iterator[datetime]:
        """Yield the scheduled instants in UTC from a day on, without end, strictly increasing."""
        previous: datetime | None = None
        day = first
        while True:
            for clock in self.times if self.includes(day) else ():
                at = _first_instant(datetime.combine(day, clock), zone)
                if previous is None or at > previous:
                    yield at
                    previous = at
            day += _DAY


def parse_schedule(text: str) -> Schedule:
    """Parse a schedule of ``config.toml``; the ``ConfigError`` lists the accepted forms."""
    match = _GRAMMAR.fullmatch(" ".join(text.lower().split()))
    if match is None:
        raise ConfigError(f'The schedule "{text}" is not understood. {SCHEDULE_HELP}')
    times = tuple(sorted({_clock(part.strip(), text) for part in match["times"].split(",")}))
    if match["every"]:
        return Schedule(cadence=Cadence(match["every"]), times=times)
    if match["weekday"]:
        if match["weekday"] not in _WEEKDAYS:
            days = ", ".join(_WEEKDAYS)
            raise ConfigError(f'The schedule "{text}" names no weekday. Write one of {days}.')
        return Schedule(cadence=Cadence.WEEKLY, times=times, day=_WEEKDAYS.index(match["weekday"]))
    day = 0 if match["day"] == "last" else int(match["day"])
    if match["day"] != "last" and not 1 <= day <= 28:
        raise ConfigError(
            f'The schedule "{text}" names a day that not every month has. '
            'Write a day from 1 to 28, or "last" for the last day of each month.'
        )
    return Schedule(cadence=Cadence.MONTHLY, times=times, day=day)


def read_zone(name: str) -> ZoneInfo:
    """Return the time zone of an IANA name; ``ConfigError`` for an unknown name."""
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError) as error:
        raise ConfigError(
            f'There is no time zone "{name}". Write an IANA name such as "Europe/Berlin" or "UTC".'
        ) from error


def own_hour(hour: int, zone: ZoneInfo, at: datetime) -> datetime:
    """Return the first instant from ``at`` on at which a clock in the zone shows that hour, in UTC.

    An hour that daylight saving skips counts right after the gap; a repeated hour counts the first time.
    """
    schedule = Schedule(cadence=Cadence.DAILY, times=(time(hour),))
    return schedule.next_runs(zone, at - timedelta(microseconds=1), 1)[0]


def latest_period(schedule: Schedule, zone: ZoneInfo, now: datetime) -> Period:
    """Return the latest period that has ended."""
    first = now.astimezone(zone).date() - timedelta(days=_LOOK_BACK_DAYS)
    start, end = list(takewhile(lambda at: at <= now, schedule.runs(zone, first)))[-2:]
    return Period(start=start, end=end)


def ended_period(newsletter: Newsletter, now: datetime) -> Period:
    """Return the latest period of a newsletter that has ended."""
    return latest_period(parse_schedule(newsletter.schedule), read_zone(newsletter.time_zone), now)


def period_at(newsletter: Newsletter, at: datetime) -> Period:
    """Return the period of a newsletter that contains an instant."""
    schedule, zone = parse_schedule(newsletter.schedule), read_zone(newsletter.time_zone)
    return Period(start=latest_period(schedule, zone, at).end, end=schedule.next_runs(zone, at, 1)[0])


def is_late(published: datetime, first_seen: datetime, period: Period) -> bool:
    """Return whether an article is news of a period though it was published before it.

    The article was first seen after the start, and published at most a period's length before it.
    """
    return first_seen >= period.start and period.before.start <= published < period.start


def due_period(
    newsletter: Newsletter, now: datetime, *, known_since: datetime, already: Callable[[Period], bool]
) -> Period | None:
    """Return the period whose edition should be cut now, or ``None``.

    Only the latest period counts, and only up to ``max_lateness`` after its end. A machine that slept for a
    week thus sends a single edition. ``known_since`` is the time at which the newsletter was first seen. With
    ``first_edition = "next"`` earlier periods get no edition. With ``"latest"`` the most recent of them gets
    an edition at once. ``already`` tells whether a period was cut or found empty. Raises ``ConfigError`` for
    a bad schedule or time zone.
    """
    period = ended_period(newsletter, now)
    if period.end <= known_since:
        is_due = newsletter.first_edition == "latest"
    else:
        is_due = (now - period.end).total_seconds() <= newsletter.max_lateness
    return period if is_due and not already(period) else None


def missed_periods(newsletter: Newsletter, now: datetime, *, since: datetime) -> list[Period]:
    """Return the periods that ended after ``since`` and more than ``max_lateness`` ago, oldest first.

    At most the latest ``MOST_MISSED`` are returned.
    """
    zone = read_zone(newsletter.time_zone)
    first = since.astimezone(zone).date() - timedelta(days=_LOOK_BACK_DAYS)
    limit = now - timedelta(seconds=newsletter.max_lateness)
    runs = parse_schedule(newsletter.schedule).runs(zone, first)
    ended = pairwise(takewhile(lambda at: at < limit, runs))
    return [Period(start=start, end=end) for start, end in ended if end > since][-MOST_MISSED:]


def _clock(text: str, schedule: str) -> time:
    hour, minute = map(int, text.split(":"))
    if hour > 23 or minute > 59:
        raise ConfigError(
            f'The schedule "{schedule}" has a time that no clock shows: {text}. Write 00:00 to 23:59.'
        )
    return time(hour, minute)


def _first_instant(local: datetime, zone: ZoneInfo) -> datetime:
    """Return the first instant, in UTC, at which a clock in the zone shows ``local`` or later."""
    offset = local.replace(tzinfo=zone).utcoffset() or timedelta()
    at = (local - offset).replace(tzinfo=UTC)
    if at.astimezone(zone).replace(tzinfo=None) == local:
        return at
    # The clock skips this time. The offset after the gap gives an instant before it: search from there.
    offset = local.replace(tzinfo=zone, fold=1).utcoffset() or timedelta()
    at = (local - offset).replace(tzinfo=UTC)
    while at.astimezone(zone).replace(tzinfo=None) < local:
        at += _MINUTE
    return at
