"""Dates in the two forms that nearly all feeds use: what feedparser finds, in a fifth of its time.

feedparser tries one form after another and takes each apart piece by piece. In these two everything has its
place, and Python reads the second one itself.
"""

import re
from datetime import UTC, date, datetime
from time import struct_time

from syndicate.ingest.written_dates import read_moment

# What feedparser reads wrongly or not at all: other scripts ("2026年11月27日" is no first of November), and
# the second half of the day.
_ELSEWHERE = re.compile(r"[^\x00-\x7f]|\d\s?[ap]\.?m\b", re.IGNORECASE)
_MAX_LENGTH = 100
_NAMES = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_MONTHS = {name: f"{number:02}" for number, name in enumerate(_NAMES, 1)}
_YEAR = "[12][0-9]{3}"
_TIME = "(?:[01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]"
_RFC_822 = re.compile(
    rf"(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun), ([0-9]{{2}}) ({'|'.join(_MONTHS)}) ({_YEAR}) ({_TIME})"
    r" (?:GMT|([+-][01][0-9][0-5][0-9]))"
)
# feedparser misreads an offset without a colon here.
_RFC_3339 = re.compile(
    rf"{_YEAR}-[0-9]{{2}}-[0-9]{{2}}T{_TIME}(?:\.[0-9]{{1,6}})?(?:Z|[+-][01][0-9]:[0-5][0-9])"
)
# A day or a month that may not exist: feedparser takes 2026-02-30 for the 2nd of March.
_YEAR_FIRST = re.compile(r"\s*(\d{4})-?(?:(\d\d)-?(00|29|[3-9]\d)|(00|1[3-9]|[2-9]\d)-?(\d\d))(?!\d)")


def customary_date(text: str) -> datetime | None:
    """The moment in UTC of ``Tue, 24 Nov 2026 08:00:00 GMT`` or ``2026-11-24T08:00:00Z``.

    ``None`` when it is written in any other way, or names no day of the calendar.
    """
    match = _RFC_822.fullmatch(text)
    if match:
        day, month, year, time, offset = match.groups()
        text = f"{year}-{_MONTHS[month]}-{day}T{time}{offset or 'Z'}"
    elif not _RFC_3339.fullmatch(text):
        return None
    try:
        return datetime.fromisoformat(text).astimezone(UTC).replace(microsecond=0)
    except ValueError:
        return None


def foreign_date(text: str) -> struct_time | None:
    """Return what feedparser has to be told about a date in UTC, ``None`` for those it reads itself."""
    if len(text) > _MAX_LENGTH or not _ELSEWHERE.search(text):
        return None
    found = read_moment(text, UTC)
    return found.utctimetuple() if found else None


def unread_date(text: object) -> datetime | None:
    """Return the moment of a date that the feed's own parser could not read."""
    return read_moment(text, UTC) if isinstance(text, str) and 0 < len(text) <= _MAX_LENGTH else None


def is_impossible(text: object) -> bool:
    """Return whether a date names a day that no calendar has."""
    match = _YEAR_FIRST.match(text) if isinstance(text, str) else None
    if match is None:
        return False
    year, month, day = map(int, filter(None, match.groups()))
    try:
        date(year, month, day)
    except ValueError:
        return True
    return False
