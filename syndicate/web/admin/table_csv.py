"""Tables of pages as CSV: the rows that a page shows, without its buttons and drawings."""

import re
from collections.abc import Iterable

from lxml.html import HtmlElement, document_fromstring

from syndicate.audience.importing.csv_text import write_csv

MEDIA_TYPE = "text/csv; charset=utf-8"
_NOT_TEXT = frozenset({"button", "form", "input", "meter", "script", "select", "svg"})
_HIDDEN = frozenset({"unseen", "only-narrow"})
_THOUSANDS = re.compile(r"(?<=\d),(?=\d{3})")


def table_csv(html: str, caption: str) -> bytes | None:
    """Return a table marked ``data-csv`` whose caption begins so, or ``None``.

    A time is that of its ``datetime``, a number has no separators of thousands, and a column without text is
    left out.
    """
    for table in document_fromstring(html).iterfind(".//table[@data-csv]"):
        if any(_text(element).startswith(caption) for element in table.iter("caption")):
            rows = [[_text(cell) for cell in row.iter("th", "td")] for row in table.iter("tr")]
            filled = [place for place, cells in enumerate(zip(*rows[1:], strict=True)) if any(cells)]
            headings, *lines = ([row[place] for place in filled] for row in rows)
            return write_csv(headings, lines)
    return None


def _text(cell: HtmlElement) -> str:
    text = " ".join(" ".join(_parts(cell)).split())
    return _THOUSANDS.sub("", text) if "number" in cell.classes else text


def _parts(element: HtmlElement) -> Iterable[str]:
    yield element.get("datetime") or element.text or ""
    for child in element:
        if child.tag not in _NOT_TEXT and not _HIDDEN & set(child.classes):
            yield from _parts(child)
        yield child.tail or ""
