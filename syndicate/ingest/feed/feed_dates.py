"""Parse the dates of feeds: a fast path for the two standard forms, and mends for feedparser's errors.

feedparser tries its date handlers in turn. The two standard forms have fixed positions, so one pattern and
``datetime.fromisoformat`` read them.
"""

import re
from datetime import UTC, date, datetime
from time import struct_time

from syndicate.ingest.written_dates import parse_date
from syndicate.text.dates import month_names

# feedparser misreads other scripts ("2026年11月27日" becomes 1 November) and ignores "pm".
_NOT_FOR_FEEDPARSER = re.compile(r"[^\x00-\x7f]|\d\s?[ap]\.?m\b", re.IGNORECASE)
_MAX_DATE_CHARACTERS = 100
_MONTHS = {name.capitalize(): f"{number:02}" for name, number in month_names("en").items() if len(name) == 3}
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
# A day or month that may not exist: feedparser reads 2026-02-30 as 2 March.
_YEAR_FIRST = re.compile(r"\s*(\d{4})-?(?:(\d\d)-?(00|29|[3-9]\d)|(00|1[3-9]|[2-9]\d)-?(\d\d))(?!\d)")


def parse_standard_date(text: str) -> datetime | None:
    """Parse ``Tue, 24 Nov 2026 08:00:00 GMT`` or ``2026-11-24T08:00:00Z`` to UTC; ``None`` for other text."""
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


def parse_foreign_date(text: str) -> struct_time | None:
    """Parse a date that feedparser would misread, as its date handler; ``None`` leaves it to feedparser."""
    if len(text) > _MAX_DATE_CHARACTERS or not _NOT_FOR_FEEDPARSER.search(text):
        return None
    at = parse_date(text, UTC)
    return at.utctimetuple() if at else None


def parse_unread_date(text: object) -> datetime | None:
    """Parse a date that the feed's own parser could not read."""
    return parse_date(text, UTC) if isinstance(text, str) and 0 < len(text) <= _MAX_DATE_CHARACTERS else None


def is_impossible_date(text: object) -> bool:
    """Return whether a date names a day that does not exist."""
    match = _YEAR_FIRST.match(text) if isinstance(text, str) else None
    if match is None:
        return False
    year, month, day = map(int, filter(None, match.groups()))
    try:
        date(year, month, day)
    except ValueError:
        return True
    return False
