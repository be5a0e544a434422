"""Dates, lists and names of languages for readers, by Unicode CLDR. The only importer of babel."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, tzinfo
from functools import lru_cache
from typing import NamedTuple

from babel import Locale, UnknownLocaleError
from babel.dates import DateTimePattern, match_skeleton, parse_pattern
from babel.lists import format_list

_ENGLISH = "en-GB"


# Cached: pages repeat their own dates and the dates of other pages.
@lru_cache(maxsize=1024)
def human_date(value: datetime, zone: tzinfo = UTC, language: str = "en") -> str:
    """Return date and time in ``zone``: "24 Nov 2026, 09:00"."""
    return _with_clock("short", value.astimezone(zone), language)


@lru_cache(maxsize=1024)
def human_day(value: datetime, zone: tzinfo = UTC, language: str = "en") -> str:
    """Return the day in ``zone``: "24 November 2026"."""
    return _written("long", value.astimezone(zone).date(), language)


# Cached: pages repeat their own dates and the dates of other pages.
@lru_cache(maxsize=4096)
def near_date(
    value: datetime, today: datetime | None, zone: tzinfo = UTC, language: str = "en", yesterday: str = ""
) -> str:
    """Return a time as seen from ``today``: "10:12", "Yesterday 18:40", "25 Nov, 08:04", else with the year.

    Without ``today`` every time has its year, since a page may be read years later.
    """
    local = value.astimezone(zone)
    if today is None:
        return human_date(value, zone, language)
    day = today.astimezone(zone).date()
    clock = clock_time(value, zone, language, weekday=False)
    if local.date() == day:
        return clock
    if yesterday and (day - local.date()).days == 1:
        return f"{yesterday} {clock}"
    return _with_clock("near" if local.year == day.year else "short", local, language)


def day_of_week(value: datetime, zone: tzinfo = UTC, language: str = "en", *, short: bool = False) -> str:
    """Return weekday and day in ``zone``: "Friday, 27 November 2026", or "Fri, 27 Nov"."""
    return _written("brief" if short else "full", value.astimezone(zone).date(), language)


def full_date(value: datetime, zone: tzinfo = UTC, language: str = "en") -> str:
    """Return weekday, day and time in ``zone``: "Tuesday, 24 November 2026, 09:00"."""
    return _with_clock("full", value.astimezone(zone), language)


def clock_time(value: datetime, zone: tzinfo = UTC, language: str = "en", *, weekday: bool = False) -> str:
    """Return the time of day in ``zone``: "09:00", or "Tue 09:00" with the ``weekday``."""
    local, patterns = value.astimezone(zone), _patterns(language)
    return patterns.weekday_time.apply(local, patterns.locale) if weekday else _clock(local, language)


def _with_clock(style: str, local: datetime, language: str) -> str:
    day = _written(style, local.date(), language)
    return _patterns(language).joined.replace("{0}", _clock(local, language)).replace("{1}", day)


def _clock(local: datetime, language: str) -> str:
    hour, minute = local.hour, local.minute
    return _patterns(language).clock % {"H": hour, "HH": f"{hour:02}", "m": minute, "mm": f"{minute:02}"}


# Days are few, and babel takes 30 µs for each.
@lru_cache(maxsize=8192)
def _written(style: str, value: date, language: str) -> str:
    patterns = _patterns(language)
    pattern: DateTimePattern = getattr(patterns, style)
    return pattern.apply(value, patterns.locale)


class _Patterns(NamedTuple):
    """Patterns of a language: ``clock`` is filled with ``%``, ``joined`` with time (0) and date (1)."""

    locale: Locale
    short: DateTimePattern
    long: DateTimePattern
    full: DateTimePattern
    month: DateTimePattern
    near: DateTimePattern
    brief: DateTimePattern
    day_name: DateTimePattern
    weekday_time: DateTimePattern
    clock: str
    joined: str


@lru_cache(maxsize=64)
def _patterns(language: str) -> _Patterns:
    """Return the patterns of a BCP 47 tag; English is British unless the tag names a region."""
    tag = _ENGLISH if language.lower() in ("", "en") else language
    try:
        locale = Locale.parse(tag, sep="-")
    except (UnknownLocaleError, ValueError):
        locale = Locale.parse(_ENGLISH, sep="-")

    def skeleton(name: str, fallback: str) -> DateTimePattern:
        found = match_skeleton(name, locale.datetime_skeletons)
        return parse_pattern(locale.datetime_skeletons[found] if found else fallback)

    return _Patterns(
        locale=locale,
        short=skeleton("yMMMd", "d MMM y"),
        long=locale.date_formats["long"],
        full=locale.date_formats["full"],
        month=skeleton("yMMMM", "MMMM y"),
        near=skeleton("MMMd", "d MMM"),
        brief=skeleton("MMMEd", "E d MMM"),
        day_name=parse_pattern("ccc"),
        weekday_time=skeleton("EHm", "E HH:mm"),
        clock=str(skeleton("Hm", "HH:mm").format),
        joined=str(locale.datetime_formats["medium"]).replace("'", ""),
    )


def calendar_date(value: date, style: str, language: str = "en") -> str:
    """Return a day without a time: ``full``, ``brief`` ("Fri 27 Nov"), ``month`` or ``day_name`` ("Fri")."""
    if style == "day_name":
        # The same weekday of the first week, so that seven names are kept.
        value = date.fromordinal(value.weekday() + 1)
    return _written(style, value.replace(day=1) if style == "month" else value, language)


@lru_cache(maxsize=1024)
def language_name(tag: str, language: str = "en") -> str:
    """Return the name of a language (BCP 47) in another: "German", "Deutsch"; the tag if it has no name."""
    return str(_patterns(language).locale.languages.get(tag.partition("-")[0].lower(), tag))


def joined_names(names: Sequence[str], language: str) -> str:
    """Return names as a list in a sentence: "A, B and C"."""
    return str(format_list(names, locale=_patterns(language).locale)) if len(names) > 1 else "".join(names)


def weekday_name(day: int, language: str = "en") -> str:
    """Return the name of a weekday (Monday 0) inside a sentence: "Monday"."""
    return str(_patterns(language).locale.days["format"]["wide"][day])


def month_and_year(value: datetime, zone: tzinfo = UTC, language: str = "en") -> str:
    """Return the month in ``zone``: "November 2026"."""
    return calendar_date(value.astimezone(zone).date(), "month", language)


def month_names(language: str) -> dict[str, int]:
    """Return the months of a language by their names, long and short, case folded and without a dot."""
    return {name: number for number, name in _names(Locale.parse(language, sep="-").months)}


def day_names(language: str) -> set[str]:
    """Return the days of the week of a language, long and short, case folded and without a dot."""
    return {name for _, name in _names(Locale.parse(language, sep="-").days)}


def _names(contexts: Mapping[str, Mapping[str, Mapping[int, str]]]) -> Iterator[tuple[int, str]]:
    for context in ("stand-alone", "format"):
        for width in ("abbreviated", "wide"):
            for number, name in contexts[context][width].items():
                yield number, name.casefold().rstrip(".")


# Cached, since the feeds of a channel in three formats have the same dates.
@lru_cache(maxsize=256)
def rfc3339(at: datetime) -> str:
    """Return a time in UTC to the second, as in Atom, JSON Feed and sitemaps (A7)."""
    return at.astimezone(UTC).isoformat(timespec="seconds").removesuffix("+00:00") + "Z"
