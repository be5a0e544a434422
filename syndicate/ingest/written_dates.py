"""Parse dates as pages, files and feeds write them: in figures, or in words of many languages.

``24/11/2026`` is day, month, year; a second number above 12 makes it month, day, year (American).
``fold_dates`` rewrites worded dates in figures (``27 novembre 2026`` → ``2026-11-27``), so that the patterns
need to match figures only. The only importer of dateparser, which takes tens of milliseconds for a text
without a date: dateparser comes last and sees only texts that may hold a date.
"""

import re
import unicodedata
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from email.utils import parsedate_to_datetime
from functools import lru_cache

from syndicate.text.dates import day_names, month_names
from syndicate.text.tables import table_of

_TABLE = table_of(__name__)
_LANGUAGES: list[str] = _TABLE["languages"].split()
_WEEKDAY_LANGUAGES = _LANGUAGES[:20]
_DATEPARSER = {"PARSERS": ["absolute-time"], "REQUIRE_PARTS": ["day", "month", "year"], "DATE_ORDER": "DMY"}
_MAX_DATEPARSER_CHARACTERS = 60
# A day, a year, and a word between or beside them: three numbers alone are ambiguous.
_MAY_BE_DATE = re.compile(
    r"(?=.*(?<!\d)\d{1,2}(?!\d))(?=.*(?<!\d)(?:\d{4}|'?\d{2})(?!\d))(?=.*[^\W\d_]{2})", re.DOTALL
)
_ZONES = {name: int(hours) for hours, names in _TABLE["zones"].items() for name in names.split()}

_MARKS = re.compile("[\u0610-\u061a\u0640\u064b-\u065f\u0670\u200c-\u200f\u061c]")
_ALEFS = str.maketrans("أإآٱ", "اااا")
_YEAR = re.compile(r"\d{4}")
_AM_OR_PM = re.compile(r"\d\s?[ap]\.?m\b", re.IGNORECASE)
_MORE_WEEKDAYS = frozenset({"tues", "wednes", "thur", "thurs"})
# Letters, and vowel signs of Indic scripts and Thai, which ``\w`` excludes.
_WORD = r"(?:[^\W\d_]|[\u0900-\u0903\u093a-\u0963\u0981-\u0983\u09bc-\u09cd\u0b82-\u0c56\u0e31-\u0e4e])+"
# Two words, as in the Levant's month names and "tháng 11"; many languages write "de" before the month.
_MONTH = rf"(?:(?:of|de|di|d['’])\s*)?(?P<month>{_WORD}(?:\s+{_WORD})?)[.,]?"
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
    zone = rf"(?:\s*\(?(?P<{name}_zone>(?:gmt|utc)?\s?[+-]\d{{1,2}}(?::?\d{{2}})?|{'|'.join(_ZONES)})\b\)?)?"
    am_pm = r"(?:a\.?m\.?|p\.?m\.?|صباحا|مساء|ص|م)(?!\w)"
    return (
        rf"(?:(?P<{name}_hour>\d{{1,2}})\s?[:h]\s?(?P<{name}_minute>\d{{2}})(?::\d{{2}})?(?:\.\d+)?"
        rf"(?:\s*(?P<{name}_am_pm>{am_pm}))?"
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


def parse_date(text: str, zone: tzinfo) -> datetime | None:
    """Parse the first date in a text as UTC; ``None`` without a valid date.

    Dates without a time zone are in ``zone``; dates without a time are midnight.
    """
    text = text.strip()
    for parse in (datetime.fromisoformat, parsedate_to_datetime):
        if parse is parsedate_to_datetime and _AM_OR_PM.search(text):
            # ``parsedate_to_datetime`` ignores am and pm.
            continue
        try:
            return _in_utc(parse(text), zone)
        except (ValueError, OverflowError, TypeError, IndexError):
            continue
    if match := _DATE_TIME.search(fold_dates(text)):
        return date_of_match(match, zone)
    date = _parse_with_dateparser(text)
    return _in_utc(date, zone) if date else None


@lru_cache(maxsize=1024)
def _parse_with_dateparser(text: str) -> datetime | None:
    if len(text) > _MAX_DATEPARSER_CHARACTERS or not _MAY_BE_DATE.match(text):
        return None
    # Importing dateparser takes half a second, and few processes need it.
    from dateparser.date import DateDataParser  # noqa: PLC0415 - see above

    parser = DateDataParser(languages=_TABLE["dateparser_languages"].split(), settings=dict(_DATEPARSER))
    try:
        date: datetime | None = parser.get_date_data(text).date_obj
    except (ValueError, OverflowError, TypeError, IndexError, RecursionError):
        return None
    return date


def date_of_match(match: re.Match[str], zone: tzinfo) -> datetime | None:
    """Convert a match of ``DATE_TIME`` to UTC; ``None`` for a day that does not exist."""
    year, month, day = _date(match)
    side = "after" if match["after_hour"] or match["after_full"] else "before"
    hour = int(match[f"{side}_hour"] or match[f"{side}_full"] or 0)
    am_pm = match[f"{side}_am_pm"] or match[f"{side}_full_am_pm"] or ""
    if am_pm[:1] in ("p", "م") and hour < 12:
        hour += 12
    elif am_pm[:1] in ("a", "ص") and hour == 12:
        hour = 0
    try:
        local = datetime(year, month, day, hour, int(match[f"{side}_minute"] or 0))  # noqa: DTZ001 - next line
        return _in_utc(local, _named_zone(match[f"{side}_zone"]) or zone)
    except (ValueError, OverflowError):
        return None


def _date(match: re.Match[str]) -> tuple[int, int, int]:
    if match["iso_year"]:
        return int(match["iso_year"]), int(match["iso_month"]), int(match["iso_day"])
    day, month = int(match["day"]), int(match["month"])
    return (int(match["year"]), day, month) if month > 12 else (int(match["year"]), month, day)


def _named_zone(name: str | None) -> tzinfo | None:
    if not name:
        return None
    if name in _ZONES:
        return timezone(timedelta(hours=_ZONES[name]))
    sign = -1 if "-" in name else 1
    digits = re.sub(r"\D", "", name)
    hours, minutes = (digits[:-2], digits[-2:]) if len(digits) > 2 else (digits, "0")
    return timezone(sign * timedelta(hours=int(hours), minutes=int(minutes)))


def _in_utc(date: datetime, zone: tzinfo) -> datetime:
    return (date if date.tzinfo else date.replace(tzinfo=zone)).astimezone(UTC)
