"""CSV import and export (RFC 4180) of subscribers and of the suppression list.

Spreadsheets run a cell that begins with ``=``, ``+``, ``-`` or ``@`` as a formula. The export puts a ``'``
before such cells, and the import removes it.
"""

import codecs
import csv
import io
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum

from syndicate.audience.mailbox_address import Address, normalise_address
from syndicate.errors import InvalidAddress, ParseError
from syndicate.text.plain import clean_line

EXPORT_COLUMNS = ("email", "name", "language", "newsletter", "state")
_SUPPRESSION_COLUMNS = ("email", "newsletter", "reason")

_HEADINGS: Mapping[str, frozenset[str]] = {
    "email": frozenset({"email", "e-mail", "mail", "email address", "e-mail address"}),
    "name": frozenset({"name", "full name"}),
    "language": frozenset({"language", "lang", "locale"}),
    "state": frozenset({"state", "status"}),
}
# States of subscribers in other programs' lists; a subscriber with any other state is suppressed.
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
    """Imported row of a file. ``line`` counts from 1; ``reason`` says why a row is not ``ADDED``."""

    line: int
    text: str
    outcome: ImportOutcome
    address: Address | None = None
    name: str = ""
    language: str = ""
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportedRow:
    """Subscription in an export."""

    email: str
    name: str = ""
    language: str = ""
    newsletter: str = ""
    state: str = ""


def import_subscribers(data: bytes) -> tuple[ImportedRow, ...]:
    """Parse a CSV file; the caller checks the rows against the store.

    Columns are found by their headings (email, name, language, state). Without headings the first cell with
    an ``@`` is the address. The encoding is UTF-8, UTF-16 with a byte order mark, or Windows-1252; the
    separator a comma, semicolon or tab. Raises ``ParseError`` for a file that is not text.
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
        first = line if row.address is None else seen.setdefault(row.address.key, line)
        if first != line:
            reason = f"the same mailbox as in line {first}"
            row = replace(row, outcome=ImportOutcome.DUPLICATE, reason=reason, name="", language="")
        rows.append(row)
    return tuple(rows)


def export_subscribers(rows: Iterable[ExportedRow]) -> bytes:
    """Return a CSV file with headings, in UTF-8 with a byte order mark, which spreadsheets need."""
    cells = ([getattr(row, column) for column in EXPORT_COLUMNS] for row in rows)
    return codecs.BOM_UTF8 + _write(EXPORT_COLUMNS, cells)


def export_suppressions(rows: Iterable[tuple[str, str, str]]) -> bytes:
    """Return the suppression list as CSV; each row is (email, newsletter, reason)."""
    return _write(_SUPPRESSION_COLUMNS, rows)


def import_suppressions(data: bytes) -> list[tuple[str, str, str]]:
    """Parse a file of ``export_suppressions``. Raises ``ParseError`` for another list or a missing cell."""
    rows = _read(_decode(data))
    _, headings = next(rows, (1, []))
    names = [cell.strip().casefold() for cell in headings]
    if not set(_SUPPRESSION_COLUMNS) <= set(names):
        raise ParseError(
            f"This is no suppression list: its first line must name {', '.join(_SUPPRESSION_COLUMNS)}, "
            "as in a file of `syndicate subscribers export-suppressions`."
        )
    indexes = [names.index(column) for column in _SUPPRESSION_COLUMNS]
    suppressions = []
    for line, cells in rows:
        if len(cells) <= max(indexes):
            raise ParseError(f"Line {line} of the list has {len(cells)} cells, fewer than its headings.")
        email, newsletter, reason = (_unescape_formula(cells[index]) for index in indexes)
        suppressions.append((email, newsletter, reason))
    return suppressions


def _row(line: int, cells: list[str], columns: Mapping[str, int]) -> ImportedRow:
    def cell(heading: str) -> str:
        index = columns.get(heading)
        return _unescape_formula(cells[index]) if index is not None and index < len(cells) else ""

    text = (
        cell("email")
        if columns
        else next((_unescape_formula(c) for c in cells if "@" in c), cells[0].strip())
    )
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
    """Return the index of each heading; empty if the row has no headings."""
    names = [cell.strip().casefold() for cell in cells]
    columns = {
        heading: index
        for heading, spellings in _HEADINGS.items()
        for index, name in reversed(list(enumerate(names)))
        if name in spellings
    }
    return columns if "email" in columns else {}


def _read(text: str) -> Iterator[tuple[int, list[str]]]:
    """Yield ``(line, cells)`` of each row that is not blank."""
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
    writer.writerows(map(_escape_formula, row) for row in rows)
    return out.getvalue().encode("utf-8", "replace")


def _decode(data: bytes) -> str:
    encoding = next((name for mark, name in _BYTE_ORDER_MARKS if data.startswith(mark)), "")
    try:
        text = data.decode(encoding or "utf-8")
    except UnicodeDecodeError as error:
        if encoding:
            raise ParseError(
                f"The list has the byte order mark of {encoding}, but is not {encoding} text: {error}."
            ) from error
        text = data.decode("cp1252", "replace")
    if "\x00" in text:
        raise ParseError("The list is not a text file: it has zero bytes. Export it as CSV in UTF-8.")
    return text.removeprefix("\ufeff")


def _escape_formula(cell: str) -> str:
    return "'" + cell if cell.startswith(_FORMULA_STARTS) else cell


def _unescape_formula(cell: str) -> str:
    cell = cell.strip()
    return cell[1:] if cell[:1] == "'" and cell[1:].startswith(_FORMULA_STARTS) else cell
