"""Find the items of a feed without reading them, so that only unseen items need to be read.

One pass of expat over the document notes where each item begins and ends and hashes its bytes; the items
whose hash is known are cut out of the document before feedparser sees it. What stays is the head, the
unseen items, and whatever stands between items, so that an item means the same as in the whole
document. Anything unusual makes ``split`` raise ``Unsplittable``, and the caller reads it whole.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from xml.parsers import expat

from syndicate.errors import ParseError
from syndicate.ingest.feed.namespaces import ITEMS, MAX_ATTRIBUTES, MAX_DEPTH
from syndicate.text.hashes import hash_of

# expat's codes for "the document ended too early" (expat.h): no element found, unclosed token,
# partial character, unclosed CDATA section. Code 9 is junk after the root element.
_TRUNCATED = frozenset({3, 5, 6, 20})
_JUNK_AFTER_ROOT = 9
_TOO_DEEP = f"elements are nested deeper than {MAX_DEPTH}"
_TOO_MANY_ATTRIBUTES = f"an element has more than {MAX_ATTRIBUTES} attributes"
# In well-formed XML: what may hold a ``<`` and is no tag, or a tag.
_TAG = re.compile(
    rb"""<!\[CDATA\[.*?\]\]>|<!--.*?-->|<\?.*?\?>|<(/?)([^\s/>]+)((?:"[^"]*"|'[^']*'|[^"'>])*+)>""", re.DOTALL
)


class Unsplittable(Exception):
    """The document is not well-formed, or its items cannot be told apart by their bytes."""

    def __init__(self, reason: str, *, malformed: bool) -> None:
        super().__init__(reason)
        self.malformed = malformed


@dataclass(frozen=True, slots=True)
class Span:
    """One item: ``document[start:end]``, with the digest of these bytes."""

    start: int
    end: int
    item_hash: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Split:
    """A well-formed document, its root element's name, and its items in document order."""

    document: bytes
    root: str
    spans: tuple[Span, ...]
    warning: str = ""
    cut_off: bool = False

    def without(self, unwanted: frozenset[int]) -> bytes:
        """The document without the items at these positions."""
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
        """The document without its items."""
        return self.without(frozenset(range(len(self.spans))))

    def one_by_one(self, positions: Iterable[int]) -> Iterator[tuple[str, bytes]]:
        """For each of these positions, in order: the item's digest, and the document with only that item."""
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
    """Find the items of a UTF-8 document without declaration and document type.

    A truncated document is closed after its last complete item, with a warning. Raises
    ``Unsplittable`` for anything else that is not well-formed, and ``ParseError`` for a document cut off
    in its first item. Items with elements nested deeper than ``MAX_DEPTH`` are flattened, and elements with
    more than ``MAX_ATTRIBUTES`` attributes lose them; outside items both raise ``ParseError``.
    """
    scan = _Scan(document)
    try:
        scan.parser.Parse(document, True)  # noqa: FBT003 - pyexpat's own signature
        found = scan.result(document)
    except expat.ExpatError as error:
        found = _mended(scan, error)
    return _flattened(found, scan.excessive) if scan.excessive else found


def _flattened(found: Split, excessive: set[int]) -> Split:
    """Return the document with these items within the limits; digests stay those of the bytes as written."""
    document, at = b"", 0
    for position in sorted(excessive.intersection(range(len(found.spans)))):
        span = found.spans[position]
        document += found.document[at : span.start] + _flat(found.document[span.start : span.end])
        at = span.end
    scan = _Scan(document + found.document[at:])
    scan.parser.Parse(scan.document, True)  # noqa: FBT003 - pyexpat's own signature
    if scan.excessive or len(scan.spans) != len(found.spans):
        raise ParseError(_TOO_DEEP)
    pairs = zip(scan.spans, found.spans, strict=True)
    spans = tuple(replace(flat, item_hash=written.item_hash) for flat, written in pairs)
    return replace(found, document=scan.document, spans=spans)


def _flat(item: bytes) -> bytes:
    """An item, well-formed, without tags nested too deeply; their text stays."""
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
    """The expat handlers and what they found."""

    def __init__(self, document: bytes) -> None:
        self.document = document
        self.spans: list[Span] = []
        self.open: list[str] = []
        # The open elements around the last complete item, to close a truncated document after it.
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
        if name.rpartition(":")[2].lower() in ITEMS and len(opened) > 1:
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


def _mended(scan: _Scan, error: expat.ExpatError) -> Split:
    """A document that only ends too early, or goes on after its end, still holds whole items."""
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
