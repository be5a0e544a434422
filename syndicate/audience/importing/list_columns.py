"""Columns of a list of subscribers: their meanings, by heading or else by content."""

import re
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from syndicate.audience.fields import SubscriberField
from syndicate.audience.importing.products import (
    FALSE,
    HEADINGS,
    MEANINGS,
    PRODUCTS,
    STATES,
    Product,
    detect_product,
    heading_key,
)
from syndicate.errors import ParseError

LANGUAGE = re.compile(r"[a-z]{2,3}(?:-[a-z0-9]{2,8})*")
_MAILBOX = re.compile(r"\s*(?:\S+@\S+|[^<>]*<\S+@\S+>)\s*")
# Dates that are not ISO dates; 03/04/2021 could be two days, so it is none.
_FORMATS = ("%d.%m.%Y", "%d/%m/%Y", "%m/%d/%Y", "%d-%m-%Y", "%m-%d-%Y", "%Y/%m/%d")
_ZONE = re.compile(r"(?<=[+-]\d{4}) [A-Z]{3,5}$| ?(?:UTC|GMT)$| (?=[+-]\d{2}:?\d{2})")
# Beside these headings, "State" is a part of the address.
_ADDRESS_PARTS = frozenset(("city", "zip", "zip code", "postal code", "postcode", "country", "street"))
# A field of the same name does not hide these meanings.
_PROTECTED = frozenset(
    ("email", "state", "receives", "confirmed", "left", "bounced", "blocked", "complained")
)
_MOST = 0.9


@dataclass(frozen=True, slots=True, kw_only=True)
class ListColumns:
    """Columns of a file. ``meanings`` has a meaning for each column, ``""`` for columns that are not read.

    ``table`` has meanings by ``heading_key``. With ``bare`` the first row is a subscriber, not headings, and
    any cell may hold the address.
    """

    product: Product
    headings: Sequence[str]
    meanings: Sequence[str]
    table: Mapping[str, str]
    bare: bool = False

    @property
    def titles(self) -> dict[str, str]:
        """Title of each heading's meaning, ``""`` for columns that are not read."""
        titles = (MEANINGS.get(meaning, meaning.replace("field:", "field ")) for meaning in self.meanings)
        return dict(zip(self.headings, titles, strict=True))


def read_columns(
    rows: Sequence[Sequence[str]],
    product: str,
    chosen: Mapping[str, str],
    fields: Collection[SubscriberField],
) -> ListColumns:
    """Return the columns of a file by its first rows, or of the product of that name.

    ``chosen`` are meanings by ``heading_key``. Raises ``ParseError`` for an export without states.
    """
    first = [cell.strip() for cell in rows[0]] if rows else []
    keys = [heading_key(cell) for cell in first]
    known = PRODUCTS[product] if product else detect_product(keys)
    if known.refused:
        raise ParseError(known.refused)
    by_name = {name: f"field:{field.name}" for field in fields for name in (field.title, field.name) if name}
    table = HEADINGS | {heading_key(name): meaning for name, meaning in by_name.items()}
    table |= {key: meaning for key, meaning in HEADINGS.items() if meaning in _PROTECTED}
    table |= {heading_key(meaning): meaning for meaning in by_name.values()} | {**known.headings, **chosen}
    if _ADDRESS_PARTS & set(keys) and known.name == "csv" and "state" not in chosen:
        table["state"] = ""
    meanings = [table.get(key, "") for key in keys]
    if "email" not in meanings and not any("@" in cell for cell in first):
        for index in _columns_of([row[: len(first)] for row in rows[1:]], _MAILBOX.fullmatch)[:1]:
            meanings[index] = "email"
    if "email" in meanings:
        return ListColumns(product=known, headings=first, meanings=meanings, table=table)
    only_mailboxes = rows and all(_MAILBOX.fullmatch(",".join(row)) for row in rows)
    if known.name == "csv" and not product and only_mailboxes:
        known = PRODUCTS["mailman"]
    width = max(map(len, rows), default=0)
    meanings = [""] * width
    for meaning, test in _CONTENT.items():
        for index in [index for index in _columns_of(rows, test) if not meanings[index]][:1]:
            meanings[index] = meaning
    headings = [f"column {number}" for number in range(1, width + 1)]
    return ListColumns(product=known, headings=headings, meanings=meanings, table=table, bare=True)


def _columns_of(rows: Sequence[Sequence[str]], test: Callable[[str], object]) -> list[int]:
    """Return the columns in which nearly all filled cells pass a test."""
    found = []
    for index in range(max(map(len, rows), default=0)):
        cells = [cell.strip() for row in rows for cell in row[index : index + 1] if cell.strip()]
        if cells and sum(bool(test(cell)) for cell in cells) > _MOST * len(cells):
            found.append(index)
    return found


def read_date(text: str) -> datetime | None:
    """Return a time in UTC, or ``None`` for other text and for dates that could be two days.

    ISO times without a zone are UTC; other dates lose the time of day.
    """
    text = _ZONE.sub("", text.strip())
    try:
        at = datetime.fromisoformat(text)
        at = at.astimezone(UTC) if at.tzinfo else at.replace(tzinfo=UTC)
    except (ValueError, OverflowError):
        days = {day for form in _FORMATS if (day := _parsed(re.split(r"[ ,]", text)[0], form))}
        at = days.pop() if len(days) == 1 else datetime.min.replace(tzinfo=UTC)
    return at if 1990 <= at.year < 3000 else None


def _parsed(text: str, form: str) -> datetime | None:
    try:
        return datetime.strptime(text, form).replace(tzinfo=UTC)
    except ValueError:
        return None


_CONTENT: Mapping[str, Callable[[str], object]] = {
    "email": _MAILBOX.fullmatch,
    "state": lambda cell: (key := heading_key(cell)) in STATES and len(key) > 3 and key not in FALSE,
    "since": read_date,
    "language": lambda cell: len(cell) < 6 and LANGUAGE.fullmatch(cell.lower().replace("_", "-")),
    "name": lambda cell: cell[:1].isalpha() and "@" not in cell,
}
