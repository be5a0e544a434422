"""Lists of people as CSV (RFC 4180): reading any spreadsheet's export, writing one that is safe to open.

A cell that begins with ``=``, ``+``, ``-`` or ``@`` is a formula to a spreadsheet; the export puts a
``'`` before it, and the import takes it away again.
"""

import codecs
import csv
import io
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum

from syndicate.audience.mailbox_address import Address, normalise_address
from syndicate.errors import InvalidAddress, ParseError
from syndicate.text.plain import clean_line

EXPORT_COLUMNS = ("email", "name", "language", "newsletter", "state")
_GONE_COLUMNS = ("email", "newsletter", "reason")

_HEADINGS: Mapping[str, frozenset[str]] = {
    "email": frozenset({"email", "e-mail", "mail", "email address", "e-mail address"}),
    "name": frozenset({"name", "full name"}),
    "language": frozenset({"language", "lang", "locale"}),
    "state": frozenset({"state", "status"}),
}
# What lists call somebody who gets mail; any other state is a reason to leave that person alone.
_SUBSCRIBED = frozenset({"", "active", "confirmed", "enabled", "subscribed"})
_DELIMITERS = ",;\t"
_LANGUAGE = re.compile(r"[a-z]{2,3}(?:-[a-z0-9]{2,8})*")
_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")
_BYTE_ORDER_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)


class ImportOutcome(StrEnum):
    """Result of one imported row."""

    ADDED = "added"
    SUPPRESSED = "suppressed"
    DUPLICATE = "duplicate"
    INVALID = "invalid"


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportedRow:
    """One row of the file. ``line`` counts from 1; ``reason`` says why a row is not ``ADDED``."""

    line: int
    text: str
    outcome: ImportOutcome
    address: Address | None = None
    name: str = ""
    language: str = ""
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportedRow:
    """One subscription as the export shows it."""

    email: str
    name: str = ""
    language: str = ""
    newsletter: str = ""
    state: str = ""


def import_subscribers(data: bytes) -> tuple[ImportedRow, ...]:
    """Read every row of a CSV file; who is subscribed already, or must not be, the store knows.

    Columns are found by their headings (email, name, language, state); without
    headings the first cell with an ``@`` is the address. UTF-8, UTF-16 with a byte order mark, and
    Windows-1252 are read; commas, semicolons and tabs separate. ``ParseError`` if it is not text.
    """
    seen: dict[str, int] = {}
    rows: list[ImportedRow] = []
    columns: Mapping[str, int] | None = None
    for line, cells in _read(_decode(data)):
        if columns is None:
            columns = _columns(cells)
            if columns:
                continue
        row = _row(line, cells, columns)
        if row.address is not None:
            row = _once(row, row.address.key, seen)
        rows.append(row)
    return tuple(rows)


def export_subscribers(rows: Iterable[ExportedRow]) -> bytes:
    """A CSV file with headings, UTF-8 with a byte order mark (spreadsheets guess wrong without one)."""
    cells = ([getattr(row, column) for column in EXPORT_COLUMNS] for row in rows)
    return codecs.BOM_UTF8 + _write(EXPORT_COLUMNS, cells)


def export_suppressions(rows: Iterable[tuple[str, str, str]]) -> bytes:
    """Return who is not written to any more, for ``import_suppressions``: (email, newsletter, reason) of
    each."""
    return _write(_GONE_COLUMNS, rows)


def import_suppressions(data: bytes) -> list[tuple[str, str, str]]:
    """Return what ``export_suppressions`` wrote, whichever spreadsheet it went through.

    ``ParseError`` for another list and for a row that lacks a cell: nobody is taken for gone by mistake.
    """
    rows = _read(_decode(data))
    _, headings = next(rows, (1, []))
    names = [cell.strip().casefold() for cell in headings]
    if not set(_GONE_COLUMNS) <= set(names):
        raise ParseError(
            f"This is no list of who is gone: its first line must name {', '.join(_GONE_COLUMNS)}, "
            "as in a file that `syndicate subscribers export-gone` wrote."
        )
    places = [names.index(column) for column in _GONE_COLUMNS]
    found = []
    for line, cells in rows:
        if len(cells) <= max(places):
            raise ParseError(f"Line {line} of the list has {len(cells)} cells, fewer than its headings.")
        email, newsletter, reason = (_unprotected(cells[place]) for place in places)
        found.append((email, newsletter, reason))
    return found


def _once(row: ImportedRow, key: str, seen: dict[str, int]) -> ImportedRow:
    first = seen.setdefault(key, row.line)
    if first == row.line:
        return row
    return ImportedRow(
        line=row.line,
        text=row.text,
        outcome=ImportOutcome.DUPLICATE,
        address=row.address,
        reason=f"the same mailbox as in line {first}",
    )


def _row(line: int, cells: list[str], columns: Mapping[str, int]) -> ImportedRow:
    def cell(heading: str) -> str:
        place = columns.get(heading)
        return _unprotected(cells[place]) if place is not None and place < len(cells) else ""

    text = cell("email") if columns else next((_unprotected(c) for c in cells if "@" in c), cells[0].strip())
    try:
        address = normalise_address(text)
    except InvalidAddress as error:
        return ImportedRow(
            line=line, text=clean_line(text, 80), outcome=ImportOutcome.INVALID, reason=str(error)
        )
    language = cell("language").lower().replace("_", "-")
    state = cell("state")
    subscribed = state.lower() in _SUBSCRIBED
    return ImportedRow(
        line=line,
        text=text,
        outcome=ImportOutcome.ADDED if subscribed else ImportOutcome.SUPPRESSED,
        reason="" if subscribed else f"the list says: {clean_line(state, 40)}",
        address=address,
        name=clean_line(cell("name"), 200),
        language=language if _LANGUAGE.fullmatch(language) else "",
    )


def _columns(cells: list[str]) -> Mapping[str, int]:
    """Return where each heading stands; empty when the first row is no row of headings."""
    names = [cell.strip().casefold() for cell in cells]
    found = {
        heading: place
        for heading, spellings in _HEADINGS.items()
        for place, name in reversed(list(enumerate(names)))
        if name in spellings
    }
    return found if "email" in found else {}


def _read(text: str) -> Iterator[tuple[int, list[str]]]:
    """``(line, cells)`` of every row that is not blank."""
    head = text.lstrip().partition("\n")[0]
    delimiter = max(_DELIMITERS, key=head.count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    start = 1
    try:
        for cells in reader:
            if any(cell.strip() for cell in cells):
                yield start, cells
            start = reader.line_num + 1
    except csv.Error as error:
        raise ParseError(f"The list cannot be read as CSV near line {reader.line_num}: {error}.") from error


def _write(headings: Iterable[str], rows: Iterable[Iterable[str]]) -> bytes:
    out = io.StringIO(newline="")
    writer = csv.writer(out)
    writer.writerow(headings)
    writer.writerows(map(_protected, row) for row in rows)
    return out.getvalue().encode("utf-8", "replace")


def _decode(data: bytes) -> str:
    encoding = next((name for mark, name in _BYTE_ORDER_MARKS if data.startswith(mark)), "")
    try:
        text = data.decode(encoding or "utf-8")
    except UnicodeDecodeError as error:
        if encoding:
            raise ParseError(
                f"The list is not {encoding} text, although it begins like it: {error}."
            ) from error
        text = data.decode("cp1252", "replace")
    if "\x00" in text:
        raise ParseError("The list is not a text file: it has zero bytes. Export it as CSV in UTF-8.")
    return text.removeprefix("\ufeff")


def _protected(cell: str) -> str:
    return "'" + cell if cell.startswith(_FORMULA_STARTS) else cell


def _unprotected(cell: str) -> str:
    cell = cell.strip()
    return cell[1:] if cell[:1] == "'" and cell[1:].startswith(_FORMULA_STARTS) else cell
