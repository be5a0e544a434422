"""CSV export of subscribers, and export and import of the suppression list."""

import codecs
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from syndicate.audience.importing.csv_text import (
    csv_chunks,
    decode_list,
    read_csv,
    unescape_formula,
    write_csv,
)
from syndicate.audience.importing.products import HEADINGS, heading_key
from syndicate.errors import ParseError

_COLUMNS = (
    "email", "name", "language", "newsletter", "state", "tags",
    "since", "ended", "reason", "consent", "agreed",
)  # fmt: skip
_SUPPRESSION_COLUMNS = ("email", "newsletter", "reason")


def export_subscribers(rows: Iterable[Mapping[str, Any]], fields: Iterable[str]) -> Iterator[bytes]:
    """Yield a CSV file with headings, in UTF-8 with a byte order mark, which spreadsheets need.

    Each row is a subscription: texts by column, and the subscriber's ``fields``. Each name of ``fields`` is a
    column; ``field:`` marks names that the import would read otherwise.
    """
    names = sorted(fields)
    taken = {*HEADINGS, *_COLUMNS}
    headings = [f"field:{name}" if heading_key(name) in taken else name for name in names]
    cells = (
        [row.get(column, "") for column in _COLUMNS] + [row["fields"].get(name, "") for name in names]
        for row in rows
    )
    yield codecs.BOM_UTF8
    yield from csv_chunks((*_COLUMNS, *headings), cells)


def export_suppressions(rows: Iterable[tuple[str, str, str]]) -> bytes:
    """Return the suppression list as CSV; each row is (email, newsletter, reason)."""
    return write_csv(_SUPPRESSION_COLUMNS, rows)


def import_suppressions(data: bytes) -> list[tuple[str, str, str]]:
    """Parse a file of ``export_suppressions``. Raises ``ParseError`` for another list or a missing cell."""
    rows = read_csv(decode_list(data))
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
        email, newsletter, reason = (unescape_formula(cells[index]) for index in indexes)
        suppressions.append((email, newsletter, reason))
    return suppressions
