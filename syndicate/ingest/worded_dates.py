"""Dates that no pattern of ours reads. The only importer of dateparser.

dateparser takes tens of milliseconds for a text that is no date, so it is asked last, and only about texts
that could be one.
"""

import re
from datetime import datetime
from functools import lru_cache

_MAX_LENGTH = 60
# Each is loaded for the first text; what patterns read anyway is not among them.
_LANGUAGES = ("en", "ar", "de", "es", "fr", "pt", "it", "ru", "hi", "vi", "th", "he", "fa")
# A day, a year and a word between or beside them; three numbers may be anything.
_MAY_BE = re.compile(
    r"(?=.*(?<!\d)\d{1,2}(?!\d))(?=.*(?<!\d)(?:\d{4}|'?\d{2})(?!\d))(?=.*[^\W\d_]{2})", re.DOTALL
)
_SETTINGS = {"PARSERS": ["absolute-time"], "REQUIRE_PARTS": ["day", "month", "year"], "DATE_ORDER": "DMY"}


@lru_cache(maxsize=1024)
def worded_date(text: str) -> datetime | None:
    """Return the date and time of a short text without zone if it names none."""
    if len(text) > _MAX_LENGTH or not _MAY_BE.match(text):
        return None
    # Importing dateparser takes half a second, and few processes need it.
    from dateparser.date import DateDataParser  # noqa: PLC0415 - see above

    parser = DateDataParser(languages=list(_LANGUAGES), settings=dict(_SETTINGS))
    try:
        found: datetime | None = parser.get_date_data(text).date_obj
    except (ValueError, OverflowError, TypeError, IndexError, RecursionError):
        return None
    return found
