"""Read the dates of one feed, with what the document tells about how its writer writes dates."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property, lru_cache
from urllib.parse import urlsplit

from syndicate.ingest import written_dates
from syndicate.ingest.written_dates import DateHabits, parse_date, parse_standard_date
from syndicate.text.tables import table_of

_MAX_DATE_CHARACTERS = 100
_TABLE = table_of(written_dates.__name__)
_MONTH_FIRST = frozenset(_TABLE["month_first_countries"].split())
_NO_COUNTRIES = frozenset(_TABLE["no_countries"].split())
# A date in figures where an element, an attribute or a text of JSON begins.
_IN_FIGURES = re.compile(
    rb"""[>"'\[]\s*(?:[A-Za-z]{2,9}\.?,?\s)?([0-9]{1,2})([/.-])([0-9]{1,2})\2[0-9]{2}(?:[0-9]{2})?(?=[^0-9])"""
)


@dataclass(frozen=True)
class FeedDates:
    """Reader of a feed's dates. ``body`` is the whole document, with the items that are not read again."""

    body: bytes
    url: str
    language: str

    def read(self, text: object) -> datetime | None:
        """Parse a date to UTC, to the second; ``None`` for what is no date. Without a zone it is in UTC."""
        if not isinstance(text, str) or not 0 < len(text) <= _MAX_DATE_CHARACTERS:
            return None
        if found := parse_standard_date(text):
            return found
        at = parse_date(text, UTC, self.habits)
        return at.replace(microsecond=0) if at else None

    @cached_property
    def habits(self) -> DateHabits:
        """Habits that the feed's other dates tell, else its country, else its language."""
        language, _, region = self.language.strip().lower().replace("_", "-").partition("-")
        country = _country_of_host(self.url) or region.rpartition("-")[2]
        month_first = _order_in(self.body)
        if month_first is None and country:
            month_first = country in _MONTH_FIRST
        elif month_first is None and language not in ("", "en"):
            month_first = False
        return DateHabits(month_first=month_first, places=(country, language))


def _country_of_host(url: str) -> str:
    ending = (urlsplit(url).hostname or "").rpartition(".")[2]
    country: str = _TABLE["country_of_ending"].get(ending, ending)
    return country if len(country) == 2 and country.isalpha() and country not in _NO_COUNTRIES else ""


# Malformed feeds are read item by item.
@lru_cache(maxsize=1)
def _order_in(body: bytes) -> bool | None:
    """Return whether a document's dates have the month first; ``None`` if none of them, or as many, tell."""
    balance = 0
    for first, _, second in _IN_FIGURES.findall(body):
        balance += (int(second) > 12) - (int(first) > 12)
    return balance > 0 if balance else None
