"""Dates as people write them on pages, in files and in feeds: in figures, or in words of many languages.

``24/11/2026`` is day, month, year; only when the second number cannot be a month is it read as American.
``fold`` writes worded dates in figures (``27 novembre 2026`` → ``2026-11-27``): the patterns know only those.
"""

import re
import unicodedata
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from email.utils import parsedate_to_datetime
from functools import lru_cache

from syndicate.ingest.worded_dates import worded_date
from syndicate.text.dates import day_names, month_names

# If two languages use one word for two months (Croatian "listopad"), the first language counts.
_LANGUAGES = (
    "en", "ar", "de", "es", "fr", "it", "pt", "ru", "tr", "pl", "nl", "hi", "ja", "zh", "ko", "id", "uk",
    "el", "fa", "he", "ro", "sv", "da", "nb", "fi", "cs", "hu", "bg", "bn", "ur", "ta", "te", "mr", "th",
    "ar-SY", "ar-DZ", "ar-MA", "ca", "sr", "sk", "sl", "lt", "lv", "et", "ms", "sw", "hr",
)  # fmt: skip
# Number of first languages whose days of the week are known as well.
_LARGE = 20
# Hours east of UTC. Abbreviations that mean several zones (IST, AST) are left to the reader's own zone.
_ZONES = {"z": 0, "gmt": 0, "utc": 0, "bst": 1, "cet": 1, "cest": 2, "eet": 2, "eest": 3, "msk": 3}
_ZONES |= {"gst": 4, "pkt": 5, "hkt": 8, "sgt": 8, "jst": 9, "kst": 9, "aest": 10, "aedt": 11}
_ZONES |= {"est": -5, "edt": -4, "cst": -6, "cdt": -5, "mst": -7, "mdt": -6, "pst": -8, "pdt": -7}

_MARKS = re.compile("[\u0610-\u061a\u0640\u064b-\u065f\u0670\u200c-\u200f\u061c]")
_SAME = str.maketrans("أإآٱ", "اااا")
_YEAR = re.compile(r"\d{4}")
_HALF = re.compile(r"\d\s?[ap]\.?m\b", re.IGNORECASE)
# Short names that CLDR does not have.
_MORE = {"en": {"sept": 9}, "ar": {"يونيه": 6, "يوليه": 7}}
_MORE_WEEKDAYS = frozenset({"tues", "wednes", "thur", "thurs"})
# Letters, and the vowel signs of Indic scripts and Thai, which Unicode does not count as letters.
_WORD = r"(?:[^\W\d_]|[\u0900-\u0903\u093a-\u0963\u0981-\u0983\u09bc-\u09cd\u0b82-\u0c56\u0e31-\u0e4e])+"
# Two words for the Levant's months and for "tháng 11"; "de" and the like before a month is in many languages.
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
    half = r"(?:a\.?m\.?|p\.?m\.?|صباحا|مساء|ص|م)(?!\w)"
    return (
        rf"(?:(?P<{name}_hour>\d{{1,2}})\s?[:h]\s?(?P<{name}_minute>\d{{2}})(?::\d{{2}})?(?:\.\d+)?"
        rf"(?:\s*(?P<{name}_half>{half}))?"
        rf"|(?P<{name}_full>\d{{1,2}})\s*(?P<{name}_full_half>{half})){zone}"
    )


_JOINT = r"\s*[,،|·•–:t-]?\s*(?:at|on|um|à|às|a las|alle|ore|om|kl\.?|в|о|الساعة|في)?\s*"

MOMENT = rf"(?<!\w)(?:{_clock('before')}{_JOINT})?{_DATE}(?!\d)(?:{_JOINT}{_clock('after')})?"
"""A date, with a time before or after it, in text that ``fold`` prepared. Holds named groups: use it once."""

_MOMENT = re.compile(MOMENT)


def fold(text: str) -> str:
    """Return text for recognising.

    Case folded, Arabic without vowel signs and with one alef, digits ASCII, worded dates in figures and
    without the day of the week.
    """
    folded = text.casefold()
    if not folded.isascii():
        folded = _MARKS.sub("", folded).translate(_SAME)
        folded = "".join(
            [str(unicodedata.decimal(text, text)) if text.isdecimal() else text for text in folded]
        )
    if not _YEAR.search(folded):
        return folded
    for form in _WORDED:
        folded = form.sub(_in_figures, folded)
    return _BESIDE.sub(_without_weekday, folded)


def _in_figures(match: re.Match[str]) -> str:
    found, before = match.groupdict(), ""
    if found.get("number"):
        month = int(found["number"])
    else:
        first, _, second = found["month"].partition(" ")
        month = _month(f"{first} {second}") if second else 0
        if not month and match.start("month") < match.start("day") and second:
            month, before = _month(second), f"{first} "
        elif not month and (not second or second in _CONNECTING):
            month = _month(first)
    if not month:
        return match[0]
    return f"{before}{found['year']}-{month:02}-{int(found['day']):02}"


def _without_weekday(match: re.Match[str]) -> str:
    before, date, after = match["before"], match["date"], match["after"]
    start, end = match.span("date")
    start = match.start() if not before or _is_weekday(before) else start
    end = match.end() if not after or _is_weekday(after) else end
    return match.string[match.start() : start] + date + match.string[end : match.end()]


@lru_cache(maxsize=1024)
def _month(name: str) -> int:
    """Return the number of a month in any of the languages, 0 for other words."""
    return next((found for language in _LANGUAGES if (found := _months_of(language).get(name))), 0)


@lru_cache(maxsize=1024)
def _is_weekday(name: str) -> bool:
    return name in _MORE_WEEKDAYS or any(name in _days_of(language) for language in _LANGUAGES[:_LARGE])


@lru_cache(maxsize=len(_LANGUAGES))
def _months_of(language: str) -> dict[str, int]:
    return {_plain(name): number for name, number in month_names(language).items()} | _MORE.get(language, {})


@lru_cache(maxsize=len(_LANGUAGES))
def _days_of(language: str) -> set[str]:
    return {_plain(name) for name in day_names(language)}


def _plain(name: str) -> str:
    return _MARKS.sub("", name).translate(_SAME)


def read_moment(text: str, zone: tzinfo) -> datetime | None:
    """The first date and time in a text as UTC; ``zone`` is for those that name none, midnight for dates.

    ``None`` when there is no date in it that exists.
    """
    text = text.strip()
    for reader in (datetime.fromisoformat, parsedate_to_datetime):
        if reader is parsedate_to_datetime and _HALF.search(text):
            # ``parsedate_to_datetime`` ignores am and pm.
            continue
        try:
            return _in_utc(reader(text), zone)
        except (ValueError, OverflowError, TypeError, IndexError):
            continue
    if match := _MOMENT.search(fold(text)):
        return moment_of(match, zone)
    found = worded_date(text)
    return _in_utc(found, zone) if found else None


def moment_of(match: re.Match[str], zone: tzinfo) -> datetime | None:
    """Return what a match of ``MOMENT`` says, as UTC; ``None`` for a day that does not exist."""
    year, month, day = _date(match)
    which = "after" if match["after_hour"] or match["after_full"] else "before"
    hour = int(match[f"{which}_hour"] or match[f"{which}_full"] or 0)
    half = match[f"{which}_half"] or match[f"{which}_full_half"] or ""
    if half[:1] in ("p", "م") and hour < 12:
        hour += 12
    elif half[:1] in ("a", "ص") and hour == 12:
        hour = 0
    try:
        local = datetime(year, month, day, hour, int(match[f"{which}_minute"] or 0))  # noqa: DTZ001 - next line
        return _in_utc(local, _named_zone(match[f"{which}_zone"]) or zone)
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


def _in_utc(moment: datetime, zone: tzinfo) -> datetime:
    return (moment if moment.tzinfo else moment.replace(tzinfo=zone)).astimezone(UTC)
