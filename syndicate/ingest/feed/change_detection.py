"""Find the new items of a changed document without parsing it.

Most changed documents differ only around their items (build date, a comment) or in a few items. The caller
first compares the hash of the whole document without such dates (``document_hash``). If the hash differs,
``diff_document`` splits the document into items and the *skeleton* around them. If the skeleton equals that
of the last parsed document, items with a known hash are cut out, and only the rest needs parsing. In doubt
the whole document counts as new. The module only searches and hashes, in time linear in the length, so that
the main process may do it with untrusted bytes.
"""

import re
from collections.abc import Container, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

from syndicate.text.hashes import hash_of

_START = re.compile(rb"<(item|entry)[\s>]")
# Patterns, since ``bytes.find`` takes nearly twice as long in documents with much markup.
_ENDS = {name: re.compile(b"</" + name + b">") for name in (b"item", b"entry")}
# Dates of the feed itself, not of an item.
_FEED_DATES = re.compile(rb"<(?:lastBuildDate|pubDate|updated|dc:date)>[^<>&\x00-\x08\x0b\x0c\x0e-\x1f]*</")


class SplitDocument(NamedTuple):
    """Pieces around the n items of a document (n + 1), the items, and their hashes."""

    around: Sequence[bytes]
    items: Sequence[bytes]
    hashes: Sequence[str]


UNSPLIT = SplitDocument((), (), ())


@dataclass(frozen=True, slots=True, kw_only=True)
class DocumentDiff:
    """Difference of a document to the last parsed document.

    ``feed_skeleton_hash`` is the hash of the skeleton, then the hash of the document, to store for the next
    poll; ``""`` if the items cannot be separated. ``unseen`` is the document without known items, ``b""``
    without new items. ``seen`` holds the hashes of the known items.
    """

    feed_skeleton_hash: str
    unseen: bytes
    seen: tuple[str, ...] = ()

    @property
    def has_only_known_items(self) -> bool:
        """True if the document has items, and all of them are known."""
        return bool(self.seen) and not self.unseen


def document_hash(body: bytes) -> str:
    """Hash a document up to its last end tag, without the dates before its items.

    ``""`` for a document without items. Only comments can follow the last end tag (XML 1.0 section 2.1).
    """
    first, last = _START.search(body), body.rfind(b"</")
    if not first or last < first.start():
        return ""
    rest = memoryview(body)[first.start() : body.find(b">", last) + 1]
    return hash_of(_FEED_DATES.sub(b"", body[: first.start()]), rest)


def is_last_document(document: str, feed_skeleton_hash: str) -> bool:
    """Return whether ``document``, a hash, is that of the document that was parsed last."""
    return bool(document and feed_skeleton_hash) and feed_skeleton_hash.endswith(document)


def diff_document(
    body: bytes, split: SplitDocument, document: str, feed_skeleton_hash: str, known: Container[str]
) -> DocumentDiff:
    """Cut known items out of a document that ``split`` has the items of; ``known`` holds item hashes.

    ``feed_skeleton_hash`` is that of the document that was parsed last, ``document`` the hash of ``body``.
    """
    around, items, hashes = split
    skeleton_hash = hash_of(_FEED_DATES.sub(b"", b"".join(around))) if items else ""
    whole = DocumentDiff(feed_skeleton_hash=skeleton_hash + document if items else "", unseen=body)
    if not items or not feed_skeleton_hash.startswith(skeleton_hash):
        return whole
    seen = tuple(dict.fromkeys(item_hash for item_hash in hashes if item_hash in known))
    new_items = [b"" if item_hash in known else item for item_hash, item in zip(hashes, items, strict=True)]
    if not any(new_items):
        return replace(whole, unseen=b"", seen=seen)
    # An item whose end tag stands in a CDATA section may be incomplete.
    if any(item.rfind(b"<![CDATA[") > item.rfind(b"]]>") for item in new_items):
        return whole
    unseen = b"".join(piece for pair in zip(around, [*new_items, b""], strict=True) for piece in pair)
    # The charset of a mislabelled document is guessed from the whole document.
    return replace(whole, unseen=unseen, seen=seen) if seen and _is_utf8(unseen) else whole


def split_items(body: bytes) -> SplitDocument:
    """Split a document up to its last end tag; without items if they cannot be separated."""
    around: list[bytes] = []
    items: list[bytes] = []
    at = 0
    while match := _START.search(body, at):
        end = _ENDS[match[1]].search(body, match.end())
        if end is None:
            return UNSPLIT
        around.append(body[at : match.start()])
        at = end.end()
        items.append(body[match.start() : at])
    last = body.rfind(b"</", at)
    if last < 0 or not items:
        return UNSPLIT
    around.append(body[at : body.find(b">", last) + 1])
    return SplitDocument(around, items, [hash_of(item) for item in items])


def listed_hashes(body: bytes, split: SplitDocument | None = None) -> Sequence[str]:
    """Return the hashes that the parser gives to the items; none if it would convert the document first."""
    return (split or split_items(body)).hashes if _is_utf8(body) else ()


def _is_utf8(document: bytes) -> bool:
    try:
        document.decode()
    except UnicodeDecodeError:
        return False
    return True
