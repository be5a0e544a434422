"""Periods of editions: a schedule in a time zone cuts time into periods, one edition each.

A period runs from one scheduled moment to the next, start included, end not; its edition is due at
its end. Daylight saving never adds or drops an edition: a scheduled time that the clock skips
becomes the first moment after the gap, and one that the clock shows twice counts the first time only
(RFC 5545 section 3.3.5 reads local times in the same way for the repeated hour).
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

MOST_MISSED = 60
"""Missed periods of one newsletter that are recorded after a long pause: the latest."""

_MINUTE = timedelta(minutes=1)
_DAY = timedelta(days=1)
# Two moments of the rarest schedule (monthly) always lie within this many days, gaps of a day included.
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Schedule:
    """A parsed schedule. ``day`` is the weekday (Monday 0), or the day of the month (0 means the last)."""

    cadence: Cadence
    times: tuple[time, ...]
    day: int = 0

    def next_runs(self, zone: ZoneInfo, after: datetime, count: int) -> tuple[datetime, ...]:
        """The next ``count`` scheduled moments later than ``after``, in UTC, in order."""
        moments = self.moments(zone, after.astimezone(zone).date() - _DAY)
        return tuple(islice(dropwhile(lambda moment: moment <= after, moments), count))

    def includes(self, day: date) -> bool:
        """Return whether anything is scheduled on this local day."""
        match self.cadence:
            case Cadence.DAILY:
                return True
            case Cadence.WEEKDAYS:
                return day.weekday() < 5
            case Cadence.WEEKLY:
                return day.weekday() == self.day
            case Cadence.MONTHLY:
                return day.day == (self.day or calendar.monthrange(day.year, day.month)[1])

    def moments(self, zone: ZoneInfo, first: date) -> Iterator[datetime]:
        """Yield the scheduled moments in UTC from a day on, without end, strictly rising."""
        previous: datetime | None = None
        day = first
        while True:
            for clock in self.times if self.includes(day) else ():
                moment = _first_moment(datetime.combine(day, clock), zone)
                if previous is None or moment > previous:
                    yield moment
                    previous = moment
            day += _DAY


def parse_schedule(text: str) -> Schedule:
    """Read a schedule as ``config.toml`` has it; ``ConfigError`` says what may be written instead."""
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
    """The time zone of that IANA name; ``ConfigError`` when there is none."""
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError) as error:
        raise ConfigError(
            f'There is no time zone "{name}". Write an IANA name such as "Europe/Berlin" or "UTC".'
        ) from error


def own_hour(hour: int, zone: ZoneInfo, moment: datetime) -> datetime:
    """The first moment from ``moment`` on at which a clock in the zone strikes that hour, in UTC.

    An hour that daylight saving skips is struck right after the gap; one that comes twice, the first time.
    """
    schedule = Schedule(cadence=Cadence.DAILY, times=(time(hour),))
    return schedule.next_runs(zone, moment - timedelta(microseconds=1), 1)[0]


def latest_period(schedule: Schedule, zone: ZoneInfo, now: datetime) -> Period:
    """The most recent period that has ended: its end is the last scheduled moment not after ``now``."""
    first = now.astimezone(zone).date() - timedelta(days=_LOOK_BACK_DAYS)
    start, end = list(takewhile(lambda moment: moment <= now, schedule.moments(zone, first)))[-2:]
    return Period(start=start, end=end)


def period_at(newsletter: Newsletter, at: datetime) -> Period:
    """Return the period of a newsletter that holds a moment."""
    schedule, zone = parse_schedule(newsletter.schedule), read_zone(newsletter.time_zone)
    return Period(start=latest_period(schedule, zone, at).end, end=schedule.next_runs(zone, at, 1)[0])


def is_late(published: datetime, first_seen: datetime, period: Period) -> bool:
    """Return whether an article is news of a period though it was published in the one before.

    It was first seen after that had ended, and published at most one period earlier.
    """
    earliest = period.start - (period.end - period.start)
    return first_seen >= period.start and earliest <= published < period.start


def due_period(
    newsletter: Newsletter, now: datetime, *, known_since: datetime, already: Callable[[Period], bool]
) -> Period | None:
    """The period whose edition should be cut now, or ``None``.

    Only the latest period counts, so a machine that slept for a week sends one edition, not seven,
    and none that is more than ``max_lateness`` late. ``known_since`` is when the newsletter was first
    seen: with ``first_edition = "next"`` earlier periods never get an edition, with ``"latest"`` the
    most recent one gets it at once. ``already`` answers whether a period was dealt with (cut, or found
    empty). ``ConfigError`` for a bad schedule or time zone.
    """
    period = latest_period(parse_schedule(newsletter.schedule), read_zone(newsletter.time_zone), now)
    if period.end <= known_since:
        wanted = newsletter.first_edition == "latest"
    else:
        wanted = (now - period.end).total_seconds() <= newsletter.max_lateness
    return period if wanted and not already(period) else None


def missed_periods(newsletter: Newsletter, now: datetime, *, since: datetime) -> list[Period]:
    """Return the periods that ended after ``since`` and more than ``max_lateness`` ago, oldest first.

    At most the latest ``MOST_MISSED`` are returned.
    """
    zone = read_zone(newsletter.time_zone)
    first = since.astimezone(zone).date() - timedelta(days=_LOOK_BACK_DAYS)
    limit = now - timedelta(seconds=newsletter.max_lateness)
    moments = parse_schedule(newsletter.schedule).moments(zone, first)
    ended = pairwise(takewhile(lambda moment: moment < limit, moments))
    return [Period(start=start, end=end) for start, end in ended if end > since][-MOST_MISSED:]


def _clock(text: str, schedule: str) -> time:
    hour, minute = map(int, text.split(":"))
    if hour > 23 or minute > 59:
        raise ConfigError(
            f'The schedule "{schedule}" has a time that no clock shows: {text}. Write 00:00 to 23:59.'
        )
    return time(hour, minute)


def _first_moment(local: datetime, zone: ZoneInfo) -> datetime:
    """The first moment, in UTC, at which clocks in the zone show ``local`` or later."""
    offset = local.replace(tzinfo=zone).utcoffset() or timedelta()
    moment = (local - offset).replace(tzinfo=UTC)
    if moment.astimezone(zone).replace(tzinfo=None) == local:
        return moment
    # The clock skips this time. With the offset from after the gap we are before it, and walk up to it.
    offset = local.replace(tzinfo=zone, fold=1).utcoffset() or timedelta()
    moment = (local - offset).replace(tzinfo=UTC)
    while moment.astimezone(zone).replace(tzinfo=None) < local:
        moment += _MINUTE
    return moment
