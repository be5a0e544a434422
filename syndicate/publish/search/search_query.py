r"""Search as a reader states it: words, filters, order and page. Parsing never fails.

``flood warning``        both words, also in other forms such as "floods"
``"last mile"``          exactly these words in this order
``-sales``               without this word
``source:reuters``       only this source; ``section:`` and ``language:`` likewise

Fields of the form take precedence over filters among the words.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date
from typing import Any
from urllib.parse import urlencode

from syndicate.text.names import tag_key
from syndicate.text.plain import clean_line
from syndicate.text.search_words import SearchTerm, query_words, search_term

MAX_LENGTH = 200
MAX_TERMS = 12
MAX_PAGE = 100
RELEVANCE, TIME = "relevance", "time"
_PART = re.compile(r'(-?)(?:(source|section|language):)?(?:"([^"]*)"?|([^\s"]+))', re.IGNORECASE)
_DATE = re.compile(r"\d{4}-\d\d-\d\d")
# Parameters in the order of addresses, with the fields they set.
_FIELDS = {
    "q": "words", "section": "section", "source": "source", "language": "language", "from": "since",
    "until": "until", "order": "order", "page": "page",
}  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchQuery:
    """Search of a reader. ``since`` and ``until`` are days of publication, both included.

    ``words`` is the text as typed, ``section`` a key. Empty fields match everything.
    """

    words: str = ""
    section: str = ""
    source: str = ""
    language: str = ""
    since: date | None = None
    until: date | None = None
    order: str = RELEVANCE
    page: int = 1

    @property
    def has_filters(self) -> bool:
        """True if a filter narrows the search."""
        return any((self.section, self.source, self.language, self.since, self.until))

    def address(self, **changes: Any) -> str:
        """Return the parameters of this search with some fields changed, as ``q=…&section=…``."""
        changed = replace(self, **({"page": 1} | changes))
        values = {name: getattr(changed, field) for name, field in _FIELDS.items()}
        default = SearchQuery()
        return urlencode(
            {name: value for name, value in values.items() if value != getattr(default, _FIELDS[name])}
        )

    def terms(self, languages: Iterable[str] = (), *, unfinished: bool = False) -> tuple[SearchTerm, ...]:
        """Return the terms, at most ``MAX_TERMS``; none without a word to look for.

        The language of the search, else ``languages``, stem the words outside quotation marks. ``unfinished``
        lets the last word go on.
        """
        forms = (self.language,) if self.language else tuple(languages)
        found = []
        for minus, field, quoted, bare in _PART.findall(self.words):
            text = quoted or bare
            if not field and (term := search_term(text, () if quoted else forms, negated=bool(minus))):
                found.append(term)
        if unfinished and found and query_words(self.words.split()[-1]):
            found[-1] = replace(found[-1], prefix=True)
        kept = tuple(found[:MAX_TERMS])
        return kept if any(not term.negated for term in kept) else ()


def parse_search(values: Mapping[str, str]) -> SearchQuery:
    """Return the search of an address's parameters; unusable values are left out."""
    words = clean_line(values.get("q", ""), MAX_LENGTH)
    named = {
        field.lower(): quoted or bare
        for minus, field, quoted, bare in _PART.findall(words)
        if field and not minus
    }
    filters = {
        name: clean_line(values.get(name, ""), MAX_LENGTH) or named.get(name, "")
        for name in ("section", "source", "language")
    }
    page = values.get("page", "")
    return SearchQuery(
        words=words,
        section=tag_key(filters["section"]),
        source=filters["source"],
        language=filters["language"].lower(),
        since=_day(values.get("from", "")),
        until=_day(values.get("until", "")),
        order=TIME if values.get("order") == TIME else RELEVANCE,
        page=min(max(int(page), 1), MAX_PAGE) if page.isascii() and page.isdecimal() and len(page) < 5 else 1,
    )


def _day(text: str) -> date | None:
    try:
        day = date.fromisoformat(text) if _DATE.fullmatch(text) else None
    except ValueError:
        return None
    # The day before the first and the day after the last must exist in every time zone.
    return day if day and 1 < day.year < 9999 else None
