"""Text of CSV files (RFC 4180): encodings, separators, and cells that a spreadsheet would run as formulas.

Spreadsheets run a cell that begins with ``=``, ``+``, ``-`` or ``@`` as a formula. ``write_csv`` puts a ``'``
before such cells, and ``unescape_formula`` removes it.
"""

import codecs
import csv
import io
import re
from collections.abc import Iterable, Iterator
from itertools import chain, islice

from syndicate.errors import ParseError

_DELIMITERS = ",;\t"
_CHUNK = 1000  # rows
_MAX_COLUMNS = 500
_MAX_ROW = 1_000_000  # characters
# Spreadsheets skip blanks, and some read the full-width signs as well.
_FORMULA = re.compile(r"[\s\u200b\ufeff]*[=+\-@\uff1d\uff0b\uff0d\uff20]|[\t\r\n]")
_BYTE_ORDER_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)


def decode_list(data: bytes) -> str:
    """Return the text of UTF-8, UTF-16 with a byte order mark, or Windows-1252; raises ``ParseError``."""
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


def read_csv(text: str, *, escape: str | None = None) -> Iterator[tuple[int, list[str]]]:
    """Yield the line and the cells of each row that is not blank.

    Raises ``ParseError``, also for a row of more than 500 columns or a million characters.
    """
    head = text.lstrip().partition("\n")[0]
    delimiter = max(_DELIMITERS, key=head.count)
    reader = csv.reader(_lines(text), delimiter=delimiter, escapechar=escape)
    start = 1
    try:
        for cells in reader:
            if len(cells) > _MAX_COLUMNS or sum(map(len, cells)) > _MAX_ROW:
                raise _too_large(start)
            if any(cell.strip() for cell in cells):
                yield start, cells
            start = reader.line_num + 1
    except csv.Error as error:
        raise ParseError(f"The list cannot be read as CSV near line {reader.line_num}: {error}.") from error


def _lines(text: str) -> Iterator[str]:
    for number, line in enumerate(io.StringIO(text, newline=""), 1):
        if len(line) > _MAX_ROW:
            raise _too_large(number)
        yield line


def _too_large(line: int) -> ParseError:
    return ParseError(
        f"The list cannot be read: its row in line {line} has more than {_MAX_COLUMNS} columns or "
        f"{_MAX_ROW:,} characters. Export only the columns that are needed."
    )


def write_csv(headings: Iterable[str], rows: Iterable[Iterable[str]]) -> bytes:
    """Return a CSV file in UTF-8 without formulas."""
    return b"".join(csv_chunks(headings, rows))


def csv_chunks(headings: Iterable[str], rows: Iterable[Iterable[str]]) -> Iterator[bytes]:
    """Yield a CSV file in UTF-8 without formulas, a thousand rows at a time."""
    lines = chain(
        [headings], (["'" + cell if _FORMULA.match(cell) else cell for cell in row] for row in rows)
    )
    while batch := list(islice(lines, _CHUNK)):
        out = io.StringIO(newline="")
        csv.writer(out).writerows(batch)
        yield out.getvalue().encode("utf-8", "replace")


def unescape_formula(cell: str) -> str:
    """Return a cell without blanks around it and without the ``'`` before a formula."""
    cell = cell.strip()
    return cell[1:] if cell[:1] == "'" and _FORMULA.match(cell[1:]) else cell
