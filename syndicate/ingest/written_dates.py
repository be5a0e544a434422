"""Dates as people write them on pages and in files, in English, Arabic and figures.

``24/11/2026`` is day, month, year; only when the second number cannot be a month is it read as American.
"""

import re
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from email.utils import parsedate_to_datetime

_ENGLISH = (
    "january", "february", "march", "april", "may", "june", "july", "august", "september", "october",
    "november", "december",
)  # fmt: skip
_ARABIC = (
    "يناير", "فبراير", "مارس", "ابريل", "مايو", "يونيو", "يوليو", "اغسطس", "سبتمبر", "اكتوبر", "نوفمبر",
    "ديسمبر",
)  # fmt: skip
_LEVANT = (
    "كانون الثاني", "شباط", "اذار", "نيسان", "ايار", "حزيران", "تموز", "اب", "ايلول", "تشرين الاول",
    "تشرين الثاني", "كانون الاول",
)  # fmt: skip
_MONTHS = {
    **{name: number for names in (_ENGLISH, _ARABIC, _LEVANT) for number, name in enumerate(names, 1)},
    **{name[:3]: number for number, name in enumerate(_ENGLISH, 1)},
    "sept": 9,
    "يونيه": 6,
    "يوليه": 7,
}
# Hours east of UTC. Abbreviations that mean several zones (IST, AST) are left to the reader's own zone.
_ZONES = {"z": 0, "gmt": 0, "utc": 0, "bst": 1, "cet": 1, "cest": 2, "eet": 2, "eest": 3, "msk": 3}
_ZONES |= {"est": -5, "edt": -4, "cst": -6, "cdt": -5, "mst": -7, "mdt": -6, "pst": -8, "pdt": -7}

_MARKS = re.compile("[\u0610-\u061a\u0640\u064b-\u065f\u0670\u200c-\u200f\u061c]")
_SAME = str.maketrans("أإآٱ٠١٢٣٤٥٦٧٨٩۰۱۲۳۴۵۶۷۸۹", "اااا01234567890123456789")

_MONTH = "|".join(sorted(map(re.escape, _MONTHS), key=len, reverse=True))
_WEEKDAY = (
    r"(?:(?:mon|tues?|wed(?:nes)?|thu(?:rs?)?|fri|sat(?:ur)?|sun)(?:day)?"
    r"|الاحد|الاثنين|الثلاثاء|الاربعاء|الخميس|الجمعة|السبت)\b[.,،]?\s*"
)
_DATE = (
    r"(?:(?P<iso_year>\d{4})[-/.](?P<iso_month>\d{1,2})[-/.](?P<iso_day>\d{1,2})"
    r"|(?P<day>\d{1,2})[-/.](?P<month>\d{1,2})[-/.](?P<year>\d{4})"
    rf"|(?P<day_first>\d{{1,2}})(?:st|nd|rd|th)?[.]?[\s-]+(?:of\s+)?"
    rf"(?P<name_second>{_MONTH})[.]?,?[\s-]+(?P<year_second>\d{{4}})"
    rf"|(?P<name_first>{_MONTH})[.]?\s+(?P<day_second>\d{{1,2}})(?:st|nd|rd|th)?,?\s+(?P<year_first>\d{{4}}))"
)


def _clock(name: str) -> str:
    zone = rf"(?:\s*\(?(?P<{name}_zone>(?:gmt|utc)?\s?[+-]\d{{1,2}}(?::?\d{{2}})?|{'|'.join(_ZONES)})\b\)?)?"
    half = r"(?:a\.?m\.?|p\.?m\.?|صباحا|مساء|ص|م)(?!\w)"
    return (
        rf"(?:(?P<{name}_hour>\d{{1,2}}):(?P<{name}_minute>\d{{2}})(?::\d{{2}})?(?:\.\d+)?"
        rf"(?:\s*(?P<{name}_half>{half}))?"
        rf"|(?P<{name}_full>\d{{1,2}})\s*(?P<{name}_full_half>{half})){zone}"
    )


_JOINT = r"\s*[,،|·•–t-]?\s*(?:at|on|الساعة|في)?\s*"

MOMENT = rf"(?<!\w)(?:{_clock('before')}{_JOINT})?(?:{_WEEKDAY})?{_DATE}(?!\d)(?:{_JOINT}{_clock('after')})?"
"""A date, with a time before or after it, in text that ``fold`` prepared. Holds named groups: use it once."""

_MOMENT = re.compile(MOMENT)


def fold(text: str) -> str:
    """Text for recognising: case folded, Arabic without vowel signs and with one alef, digits ASCII."""
    return _MARKS.sub("", text.casefold()).translate(_SAME)


def read_moment(text: str, zone: tzinfo) -> datetime | None:
    """The first date and time in a text as UTC; ``zone`` is for those that name none, midnight for dates.

    ``None`` when there is no date in it that exists.
    """
    text = text.strip()
    for reader in (datetime.fromisoformat, parsedate_to_datetime):
        try:
            return _in_utc(reader(text), zone)
        except (ValueError, OverflowError, TypeError, IndexError):
            continue
    match = _MOMENT.search(fold(text))
    return moment_of(match, zone) if match else None


def moment_of(match: re.Match[str], zone: tzinfo) -> datetime | None:
    """What a match of ``MOMENT`` says, as UTC; ``None`` for a day that does not exist."""
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
    if match["year"]:
        day, month = int(match["day"]), int(match["month"])
        return (int(match["year"]), day, month) if month > 12 else (int(match["year"]), month, day)
    if match["name_second"]:
        return int(match["year_second"]), _MONTHS[match["name_second"]], int(match["day_first"])
    return int(match["year_first"]), _MONTHS[match["name_first"]], int(match["day_second"])


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
