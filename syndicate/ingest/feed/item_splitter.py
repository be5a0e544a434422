"""Split a feed document into its items, so that feedparser reads only new items.

A pass of expat over the document records the start and end of each item and hashes its bytes. The caller
cuts items with a known hash out of the document before feedparser reads it. The head, the new items and all
content between items stay, so that an item means the same as in the whole document. ``split`` raises
``Unsplittable`` for irregular documents, which the caller parses whole.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from xml.parsers import expat

from syndicate.errors import ParseError
from syndicate.ingest.limits import MAX_ATTRIBUTES, MAX_DEPTH
from syndicate.text.hashes import hash_of

ITEM_ELEMENTS = frozenset({"item", "entry"})
"""Names of the item elements of RSS and Atom, in lower case without prefix."""
# expat's codes for "the document ended too early" (expat.h): no element found, unclosed token,
# partial character, unclosed CDATA section. Code 9 is junk after the root element.
_TRUNCATED = frozenset({3, 5, 6, 20})
_JUNK_AFTER_ROOT = 9
_TOO_DEEP = f"elements are nested deeper than {MAX_DEPTH}"
_TOO_MANY_ATTRIBUTES = f"an element has more than {MAX_ATTRIBUTES} attributes"
# In well-formed XML: a tag, or a CDATA section, comment or instruction, which may contain ``<``.
_TAG = re.compile(
    rb"""<!\[CDATA\[.*?\]\]>|<!--.*?-->|<\?.*?\?>|<(/?)([^\s/>]+)((?:"[^"]*"|'[^']*'|[^"'>])*+)>""", re.DOTALL
)


class Unsplittable(Exception):
    """Error for a document that is not well-formed or has no clear item boundaries."""

    def __init__(self, reason: str, *, malformed: bool) -> None:
        super().__init__(reason)
        self.malformed = malformed


@dataclass(frozen=True, slots=True)
class Span:
    """Item at ``document[start:end]``, with the hash of these bytes."""

    start: int
    end: int
    item_hash: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Split:
    """Well-formed document, its root element's name, and its items in document order."""

    document: bytes
    root: str
    spans: tuple[Span, ...]
    warning: str = ""
    cut_off: bool = False

    def without(self, unwanted: frozenset[int]) -> bytes:
        """Return the document without the items at these positions."""
        if not unwanted:
            return self.document
        kept, at = [], 0
        for position, span in enumerate(self.spans):
            if position in unwanted:
                kept.append(self.document[at : span.start])
                at = span.end
        kept.append(self.document[at:])
        return b"".join(kept)

    def bare(self) -> bytes:
        """Return the document without its items."""
        return self.without(frozenset(range(len(self.spans))))

    def one_by_one(self, positions: Iterable[int]) -> Iterator[tuple[str, bytes]]:
        """Yield the hash of each of these items, and the document with only that item."""
        bare = self.bare()
        removed = 0
        offsets = []
        for span in self.spans:
            offsets.append(span.start - removed)
            removed += span.end - span.start
        for position in positions:
            span, at = self.spans[position], offsets[position]
            yield span.item_hash, bare[:at] + self.document[span.start : span.end] + bare[at:]


def split(document: bytes) -> Split:
    """Split a UTF-8 document without declaration and document type.

    A truncated document is closed after its last complete item, with a warning. Items nested deeper than
    ``MAX_DEPTH`` are flattened. Elements of items with more than ``MAX_ATTRIBUTES`` attributes lose them.
    Raises ``ParseError`` if content outside items breaks these limits, or if the document is truncated in
    its first item. Raises ``Unsplittable`` for any other document that is not well-formed.
    """
    scan = _Scan(document)
    try:
        scan.parser.Parse(document, True)  # noqa: FBT003 - pyexpat's own signature
        result = scan.result(document)
    except expat.ExpatError as error:
        result = _recover(scan, error)
    return _flattened(result, scan.excessive) if scan.excessive else result


def _flattened(result: Split, excessive: set[int]) -> Split:
    """Return the document with these items within the limits; hashes are of the original bytes."""
    document, at = b"", 0
    for position in sorted(excessive.intersection(range(len(result.spans)))):
        span = result.spans[position]
        document += result.document[at : span.start] + _flat(result.document[span.start : span.end])
        at = span.end
    scan = _Scan(document + result.document[at:])
    scan.parser.Parse(scan.document, True)  # noqa: FBT003 - pyexpat's own signature
    if scan.excessive or len(scan.spans) != len(result.spans):
        raise ParseError(_TOO_DEEP)
    pairs = zip(scan.spans, result.spans, strict=True)
    spans = tuple(replace(flat, item_hash=written.item_hash) for flat, written in pairs)
    return replace(result, document=scan.document, spans=spans)


def _flat(item: bytes) -> bytes:
    """Drop the tags of a well-formed item that nest too deeply, and keep their text."""
    depth = 0

    def keep(match: re.Match[bytes]) -> bytes:
        nonlocal depth
        closing, name, inside = match.groups()
        if name is None:
            return match[0]
        is_empty = inside.endswith(b"/")
        depth += 0 if is_empty or closing else 1
        is_too_deep = depth + is_empty > MAX_DEPTH // 2
        depth -= 1 if closing else 0
        if is_too_deep:
            return b" "
        if inside.count(b"=") > MAX_ATTRIBUTES:
            return b"<" + name + (b"/>" if is_empty else b">")
        return match[0]

    return _TAG.sub(keep, item)


class _Scan:
    """Expat handlers that record the items of a document."""

    def __init__(self, document: bytes) -> None:
        self.document = document
        self.spans: list[Span] = []
        self.open: list[str] = []
        # Open elements around the last complete item: a truncated document is closed with them.
        self.around: tuple[str, ...] = ()
        # Positions of items that break the limits.
        self.excessive: set[int] = set()
        self.root = ""
        self.root_end = 0
        self.item_start = -1
        self.item_depth = 0
        self.parser = expat.ParserCreate("utf-8")
        self.parser.ordered_attributes = True
        self.parser.StartElementHandler = self._start
        self.parser.EndElementHandler = self._end

    def _start(self, name: str, attributes: list[str]) -> None:
        opened = self.open
        opened.append(name)
        if name.rpartition(":")[2].lower() in ITEM_ELEMENTS and len(opened) > 1:
            if self.item_start >= 0:
                raise Unsplittable("an item inside an item", malformed=False)
            self.item_start = self.parser.CurrentByteIndex
            self.item_depth = len(opened)
        elif len(opened) == 1:
            self.root = name
        if len(opened) > MAX_DEPTH or len(attributes) > 2 * MAX_ATTRIBUTES:
            if self.item_start < 0:
                raise ParseError(_TOO_DEEP if len(opened) > MAX_DEPTH else _TOO_MANY_ATTRIBUTES)
            self.excessive.add(len(self.spans))

    def _end(self, name: str) -> None:
        if len(self.open) == self.item_depth:
            end = self._after_end_tag(name)
            raw = self.document[self.item_start : end]
            self.spans.append(Span(self.item_start, end, hash_of(raw)))
            self.item_start, self.item_depth = -1, 0
            self.around = tuple(self.open[:-1])
        elif len(self.open) == 1:
            self.root_end = self._after_end_tag(name)
        self.open.pop()

    def _after_end_tag(self, name: str) -> int:
        start = self.parser.CurrentByteIndex
        end = self.document.find(b">", start)
        if self.document[start:end].rstrip() != b"</" + name.encode():
            raise Unsplittable(f"an empty {name} element", malformed=False)
        return end + 1

    def result(self, document: bytes, warning: str = "", *, cut_off: bool = False) -> Split:
        spans = tuple(self.spans)
        return Split(document=document, root=self.root, spans=spans, warning=warning, cut_off=cut_off)


def _recover(scan: _Scan, error: expat.ExpatError) -> Split:
    """Recover the complete items of a document that is truncated or has junk after its end."""
    if error.code == _JUNK_AFTER_ROOT and scan.root_end:
        return scan.result(scan.document[: scan.root_end], "something follows the end of the document")
    if error.code in _TRUNCATED and scan.root:
        if not scan.spans:
            raise ParseError("the document is cut off before the end of its first item")
        closing = "".join(f"</{name}>" for name in reversed(scan.around)).encode()
        count = len(scan.spans)
        return scan.result(
            scan.document[: scan.spans[-1].end] + closing,
            f"the document is cut off; its {count} complete item{'s were' if count > 1 else ' was'} kept",
            cut_off=True,
        )
    raise Unsplittable(f"not well-formed: {error}", malformed=True) from error
