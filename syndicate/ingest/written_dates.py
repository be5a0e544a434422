"""Parse dates as pages, files and feeds write them: in figures, or in words of many languages.

Nothing is filled from the clock: a text without a year is no date. ``03/04/2026`` and some names of zones can
be read in several ways; ``DateHabits`` decide, by the rule in ``docs/identity.md``. ``fold_dates`` rewrites
worded dates in figures (``27 novembre 2026`` → ``2026-11-27``), so that the patterns need to match figures
only. The only importer of dateparser, which takes tens of milliseconds for a text without a date: dateparser
comes last and sees only texts that may hold a date.
"""

import re
import unicodedata
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from functools import lru_cache
from zoneinfo import ZoneInfo

from syndicate.text.dates import day_names, month_names
from syndicate.text.tables import table_of


@dataclass(frozen=True, slots=True)
class DateHabits:
    """Order of figures and meaning of zone names in the dates of one writer.

    ``month_first`` is the order of ``03/04/2026``, ``None`` if nothing but the text tells. ``places`` are
    countries and languages in lower case, whose meaning an ambiguous name of a zone takes.
    """

    month_first: bool | None = None
    places: tuple[str, ...] = ()


NO_HABITS = DateHabits()
_TABLE = table_of(__name__)
_LANGUAGES: list[str] = _TABLE["languages"].split()
_WEEKDAY_LANGUAGES = _LANGUAGES[:20]
_DATEPARSER = {"PARSERS": ["absolute-time"], "REQUIRE_PARTS": ["day", "month", "year"]}
_MAX_DATEPARSER_CHARACTERS = 60
# A day, a year, and a word between or beside them: three numbers alone are ambiguous.
_MAY_BE_DATE = re.compile(
    r"(?=.*(?<!\d)\d{1,2}(?!\d))(?=.*(?<!\d)(?:\d{4}|'?\d{2})(?!\d))(?=.*[^\W\d_]{2})", re.DOTALL
)
_ZONES: dict[str, str] = {name: zone for zone, names in _TABLE["zones"].items() for name in names.split()}
_ZONES_IN: dict[str, dict[str, str]] = _TABLE["zones_in"]
_AMBIGUOUS_ZONES = frozenset(name for names in _ZONES_IN.values() for name in names)
_ZONE_AREAS = "africa|america|asia|atlantic|australia|europe|indian|pacific|us"

# The common forms of RFC 822, and of RFC 3339 to the second.
_RFC_822 = re.compile(
    r"(?:[A-Z][a-z]{2}, )?([0-9]{1,2}) ([A-Z][a-z]{2}) ([12][0-9]{3}) ([0-9]{2}:[0-9]{2}(?::[0-9]{2})?)"
    r" (?:([+-][01][0-9][0-5][0-9])|([A-Z]{1,4}))"
)
_RFC_3339 = re.compile(
    r"[12][0-9]{3}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]{1,6})?(?:Z|[+-][01][0-9]:[0-5][0-9])"
)
_SHORT_MONTHS = {name: f"{number:02}" for name, number in month_names("en").items() if len(name) == 3}
# Seconds, milliseconds or microseconds since 1970, from 2001 on.
_EPOCH = re.compile(r"([12][0-9]{9})(?:[0-9]{3}|[0-9]{6}|\.[0-9]+)?")
_YEAR_OR_MONTH = re.compile(r"((?:19|20)[0-9]{2})(?:-(0[1-9]|1[0-2]))?")
# C, Unix and Java write "Tue Nov 24 08:00:00 CET 2026".
_YEAR_LAST = re.compile(
    r"(?:[A-Za-z]{3,9},? )?([A-Za-z]{3,9}) (\d{1,2}),? (\d{1,2}:\d{2}(?::\d{2})?)"
    r"( [A-Za-z]{1,5}| [+-]\d{4})? (\d{4})"
)
_TWO_DIGIT_YEAR = re.compile(
    r"\A((?:[^\W\d]+\.?,? ?)?\d{1,2}(?P<mark>[/. -])(?:\d{1,2}|[^\W\d]{3,9})(?P=mark))'?(\d{2})(?=,? |\Z)"
    r"(?!.*(?<![+-])\d{4})"
)

_MARKS = re.compile("[\u0610-\u061a\u0640\u064b-\u065f\u0670\u200c-\u200f\u061c]")
_ALEFS = str.maketrans("أإآٱ", "اااا")
_YEAR = re.compile(r"\d{4}")
_MORE_WEEKDAYS = frozenset({"tues", "wednes", "thur", "thurs"})
# Letters, and vowel signs of Indic scripts and Thai, which ``\w`` excludes.
_WORD = r"(?:[^\W\d_]|[\u0900-\u0903\u093a-\u0963\u0981-\u0983\u09bc-\u09cd\u0b82-\u0c56\u0e31-\u0e4e])+"
# Two words, as in the Levant's month names and "tháng 11"; many languages write "de" before the month.
_MONTH = rf"(?:(?:of|de|di)\s+|d['’]\s*)?(?P<month>{_WORD}(?:\s+{_WORD})?)[.,]?"
_DAY = r"(?P<day>\d{1,2})(?:st|nd|rd|th|er|º|ª)?"
_WORDED = tuple(
    re.compile(rf"(?<![\w/.-]){form}(?!\d)")
    for form in (
        rf"{_DAY}[.,]?[\s/-]*{_MONTH}[\s/-]*,?\s*(?:(?:de|del|of)\s+)?(?P<year>\d{{4}})(?:\s*(?:г|года|р|року)\b\.?)?",
        rf"{_MONTH}\s*{_DAY}[.,]?,?\s+(?:(?:de|del)\s+)?(?P<year>\d{{4}})",
        rf"(?P<year>\d{{4}})[.,]?\s*{_MONTH}\s*{_DAY}[.]?",
        r"(?P<year>\d{4})\s*[年년]\s*(?P<number>\d{1,2})\s*[月월]\s*(?P<day>\d{1,2})\s*[日일]?",
    )
)
_FIGURES = r"\d{4}-\d{1,2}-\d{1,2}|\d{1,2}[-/.]\d{1,2}[-/.]\d{4}"
_NAME = rf"{_WORD}(?:[-’'\u200c]{_WORD})?"
_BESIDE = re.compile(
    rf"(?:(?<!\w)(?P<before>{_NAME})[.,،]?\s*)?(?P<date>(?<![\w/.-])(?:{_FIGURES})(?!\d))"
    rf"(?:,?\s*\(?(?P<after>{_NAME})\)?(?!\w))?"
)
_CONNECTING = frozenset({"de", "del", "of"})
_DATE = (
    r"(?:(?P<iso_year>\d{4})[-/.](?P<iso_month>\d{1,2})[-/.](?P<iso_day>\d{1,2})"
    r"|(?P<day>\d{1,2})[-/.](?P<month>\d{1,2})[-/.](?P<year>\d{4}))"
)


def _clock(name: str) -> str:
    zone = (
        rf"(?:\s*[(\[]?(?P<{name}_zone>(?:gmt|utc)?\s?[+-]\d{{1,2}}(?::?\d{{2}})?\b"
        rf"|(?:{_ZONE_AREAS})/[a-z_/]{{2,30}}|(?:{'|'.join(_ZONES)})\b))?"
    )
    am_pm = r"(?:a\.?m\.?|p\.?m\.?|صباحا|مساء|ص|م)(?!\w)"
    return (
        rf"(?:(?P<{name}_hour>\d{{1,2}})\s?[:h]\s?(?P<{name}_minute>\d{{2}})"
        rf"(?::(?P<{name}_second>\d{{2}}))?(?:[.,]\d+)?(?:\s*(?P<{name}_am_pm>{am_pm}))?"
        rf"|(?P<{name}_full>\d{{1,2}})\s*(?P<{name}_full_am_pm>{am_pm})){zone}"
    )


_JOINT = r"\s*[,،|·•–:t-]?\s*(?:at|on|um|à|às|a las|alle|ore|om|kl\.?|в|о|الساعة|في)?\s*"

DATE_TIME = rf"(?<!\w)(?:{_clock('before')}{_JOINT})?{_DATE}(?!\d)(?:{_JOINT}{_clock('after')})?"
"""A date with an optional time before or after it, for folded text. Has named groups: use once a pattern."""

_DATE_TIME = re.compile(DATE_TIME)


def fold_dates(text: str) -> str:
    """Normalise text for pattern matching.

    The result is case folded, without Arabic vowel signs and variants of alef, and has ASCII digits. Worded
    dates are in figures, without the day of the week.
    """
    folded = text.casefold()
    if not folded.isascii():
        folded = _MARKS.sub("", folded).translate(_ALEFS)
        folded = "".join(
            [str(unicodedata.decimal(char, char)) if char.isdecimal() else char for char in folded]
        )
    if not _YEAR.search(folded):
        return folded
    for pattern in _WORDED:
        folded = pattern.sub(_in_figures, folded)
    return _BESIDE.sub(_without_weekday, folded)


def _in_figures(match: re.Match[str]) -> str:
    groups, before = match.groupdict(), ""
    if groups.get("number"):
        month = int(groups["number"])
    else:
        first, _, second = groups["month"].partition(" ")
        month = _month(f"{first} {second}") if second else 0
        if not month and match.start("month") < match.start("day") and second:
            month, before = _month(second), f"{first} "
        elif not month and (not second or second in _CONNECTING):
            month = _month(first)
    if not month:
        return match[0]
    return f"{before}{groups['year']}-{month:02}-{int(groups['day']):02}"


def _without_weekday(match: re.Match[str]) -> str:
    before, date, after = match["before"], match["date"], match["after"]
    start, end = match.span("date")
    start = match.start() if not before or _is_weekday(before) else start
    end = match.end() if not after or _is_weekday(after) else end
    return match.string[match.start() : start] + date + match.string[end : match.end()]


@lru_cache(maxsize=1024)
def _month(name: str) -> int:
    return next((month for language in _LANGUAGES if (month := _months_of(language).get(name))), 0)


@lru_cache(maxsize=1024)
def _is_weekday(name: str) -> bool:
    return name in _MORE_WEEKDAYS or any(name in _days_of(language) for language in _WEEKDAY_LANGUAGES)


@lru_cache(maxsize=len(_LANGUAGES))
def _months_of(language: str) -> dict[str, int]:
    names = month_names(language) | _TABLE["months"].get(language, {})
    return {_plain(name): number for name, number in names.items()}


@lru_cache(maxsize=len(_LANGUAGES))
def _days_of(language: str) -> set[str]:
    return {_plain(name) for name in day_names(language)}


def _plain(name: str) -> str:
    return _MARKS.sub("", name).translate(_ALEFS)


def parse_date(text: str, zone: tzinfo = UTC, habits: DateHabits = NO_HABITS) -> datetime | None:
    """Parse the first date in a text as UTC; ``None`` without a valid date.

    Dates without a time zone are in ``zone``; dates without a time are midnight, months without a day (RFC
    3339 profile of Dublin Core) are the first. A number of ten digits counts the seconds since 1970, with
    three or six digits more milliseconds or microseconds.
    """
    text = " ".join(text.split())
    if match := _EPOCH.fullmatch(text):
        return datetime.fromtimestamp(int(match[1]), UTC)
    if match := _YEAR_OR_MONTH.fullmatch(text):
        return _in_utc(datetime(int(match[1]), int(match[2] or 1), 1), zone)  # noqa: DTZ001 - gets its zone
    try:
        return _in_utc(datetime.fromisoformat(text.upper()), zone)
    except (ValueError, OverflowError):
        if found := parse_standard_date(text):
            return found
        text = _YEAR_LAST.sub(r"\2 \1 \5 \3\4", text)
        text = _TWO_DIGIT_YEAR.sub(_with_century, text, count=1)
    if match := _DATE_TIME.search(fold_dates(text)):
        return date_of_match(match, zone, habits)
    date = _parse_with_dateparser(text, "MDY" if habits.month_first else "DMY")
    return _in_utc(date, zone) if date else None


def parse_standard_date(text: str) -> datetime | None:
    """Parse the common forms of RFC 822 and RFC 3339 to UTC, to the second.

    ``None`` for other text, for impossible days, and for a zone of an unknown or ambiguous name.
    """
    if match := _RFC_822.fullmatch(text):
        day, month, year, time, offset, name = match.groups()
        offset = offset or ("" if name.lower() in _AMBIGUOUS_ZONES else _ZONES.get(name.lower(), ""))
        text = f"{year}-{_SHORT_MONTHS.get(month.lower(), '')}-{day:0>2}T{time}{offset}"
        if len(offset) not in (5, 6):
            return None
    elif not _RFC_3339.fullmatch(text):
        return None
    try:
        return datetime.fromisoformat(text).astimezone(UTC).replace(microsecond=0)
    except (ValueError, OverflowError):
        return None


def _with_century(match: re.Match[str]) -> str:
    """Complete a year of two digits by RFC 5322, section 4.3."""
    return f"{match[1]}{'20' if int(match[3]) < 50 else '19'}{match[3]}"


@lru_cache(maxsize=1024)
def _parse_with_dateparser(text: str, order: str) -> datetime | None:
    if len(text) > _MAX_DATEPARSER_CHARACTERS or not _MAY_BE_DATE.match(text):
        return None
    # Importing dateparser takes half a second, and few processes need it.
    from dateparser.date import DateDataParser  # noqa: PLC0415 - see above

    languages, settings = _TABLE["dateparser_languages"].split(), {**_DATEPARSER, "DATE_ORDER": order}
    try:
        date: datetime | None = (
            DateDataParser(languages=languages, settings=settings).get_date_data(text).date_obj
        )
    except (ValueError, OverflowError, TypeError, IndexError, RecursionError):
        return None
    return date


def date_of_match(match: re.Match[str], zone: tzinfo, habits: DateHabits = NO_HABITS) -> datetime | None:
    """Convert a match of ``DATE_TIME`` to UTC; ``None`` for a day that does not exist."""
    side = "after" if match["after_hour"] or match["after_full"] else "before"
    hour = int(match[f"{side}_hour"] or match[f"{side}_full"] or 0)
    am_pm = match[f"{side}_am_pm"] or match[f"{side}_full_am_pm"] or ""
    year, month, day = _date(match, habits, twelve_hours=bool(am_pm))
    if am_pm[:1] in ("p", "م") and hour < 12:
        hour += 12
    elif am_pm[:1] in ("a", "ص") and hour == 12:
        hour = 0
    minute, second = int(match[f"{side}_minute"] or 0), min(int(match[f"{side}_second"] or 0), 59)
    try:
        local = datetime(year, month, day, hour, minute, second)  # noqa: DTZ001 - gets its zone below
        return _in_utc(local, _named_zone(match[f"{side}_zone"] or "", habits) or zone)
    except (ValueError, OverflowError):
        return None


def _date(match: re.Match[str], habits: DateHabits, *, twelve_hours: bool) -> tuple[int, int, int]:
    if match["iso_year"]:
        return int(match["iso_year"]), int(match["iso_month"]), int(match["iso_day"])
    first, second, year = int(match["day"]), int(match["month"]), int(match["year"])
    month_first = habits.month_first
    if max(first, second) > 12:
        month_first = second > 12
    elif month_first is None:
        # Without any other sign, slashes with am or pm are how American programs write dates.
        month_first = twelve_hours and match.string[match.end("day")] == "/"
    return (year, first, second) if month_first else (year, second, first)


def _named_zone(name: str, habits: DateHabits) -> tzinfo | None:
    if not name:
        return None
    known = next((names[name] for place in habits.places if name in (names := _ZONES_IN.get(place, {}))), "")
    name = known or _ZONES.get(name, name)
    if "/" in name:
        return _area_zone(
            "/".join("_".join(map(str.capitalize, part.split("_"))) for part in name.split("/"))
        )
    digits = re.sub(r"\D", "", name)
    hours, minutes = (digits[:-2], digits[-2:]) if len(digits) > 2 else (digits, "0")
    offset = timedelta(hours=int(hours), minutes=int(minutes))
    return timezone(-offset if "-" in name else offset)


def _area_zone(name: str) -> tzinfo | None:
    try:
        return ZoneInfo(name.replace("Us/", "US/"))
    except (OSError, ValueError):
        return None


def _in_utc(date: datetime, zone: tzinfo) -> datetime:
    return (date if date.tzinfo else date.replace(tzinfo=zone)).astimezone(UTC)
