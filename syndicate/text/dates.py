"""Dates as people write them in a language, by Unicode CLDR. The only importer of babel."""

from datetime import UTC, datetime, tzinfo
from functools import lru_cache
from typing import NamedTuple

from babel import Locale, UnknownLocaleError
from babel.dates import DateTimePattern, match_skeleton, parse_pattern

_ENGLISH = "en-GB"


# A page says the same moment several times, and its lists those of other pages.
@lru_cache(maxsize=4096)
def human_date(value: datetime, zone: tzinfo = UTC, language: str = "en") -> str:
    """Return date and time in ``zone``: "24 Nov 2026, 09:00"."""
    patterns = _patterns(language)
    return patterns.with_clock(patterns.short, value.astimezone(zone))


@lru_cache(maxsize=4096)
def human_day(value: datetime, zone: tzinfo = UTC, language: str = "en") -> str:
    """Return the day in ``zone``: "24 November 2026"."""
    patterns = _patterns(language)
    return patterns.long.apply(value.astimezone(zone), patterns.locale)


@lru_cache(maxsize=256)
def full_date(value: datetime, zone: tzinfo = UTC, language: str = "en") -> str:
    """Return weekday, day and time in ``zone``: "Tuesday, 24 November 2026, 09:00"."""
    patterns = _patterns(language)
    return patterns.with_clock(patterns.full, value.astimezone(zone))


class _Patterns(NamedTuple):
    locale: Locale
    short: DateTimePattern
    long: DateTimePattern
    full: DateTimePattern
    clock: DateTimePattern
    joined: str

    def with_clock(self, date: DateTimePattern, local: datetime) -> str:
        clock, day = self.clock.apply(local, self.locale), date.apply(local, self.locale)
        return self.joined.replace("{0}", clock).replace("{1}", day).replace("'", "")


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
        clock=skeleton("Hm", "HH:mm"),
        joined=str(locale.datetime_formats["medium"]),
    )
