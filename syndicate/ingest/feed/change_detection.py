"""Unread items of a changed document, found without parsing it.

Most bodies that change do so around their items (the time of building, a comment) or in one item of many. So
we look first whether the document is the last one that was parsed, apart from such dates. If not, we look for
what is written like an item, and compare: an item whose bytes were read before is known by its digest, and
what is not an item (the *frame*) must be the frame of the last document that was parsed. Then only the other
items have to be read, in that frame: whatever is left out was read before, in the same place. In doubt the
whole document is unseen. Only searching and hashing happens here, in time linear in the length: it is safe to
do with a stranger's bytes in our own process.
"""

import re
from collections.abc import Container
from dataclasses import dataclass

from syndicate.text.hashes import hash_of

_START = re.compile(rb"<(item|entry)[\s>]")
# Patterns, because ``bytes.find`` takes nearly twice as long through texts that hold much markup.
_ENDS = {name: re.compile(b"</" + name + b">") for name in (b"item", b"entry")}
# Dates of the feed itself: when it was built, not what it says.
_BUILT = re.compile(rb"<(?:lastBuildDate|pubDate|updated|dc:date)>[^<>&\x00-\x08\x0b\x0c\x0e-\x1f]*</")


@dataclass(frozen=True, slots=True, kw_only=True)
class Compared:
    """A document beside what was read before.

    ``feed_skeleton_hash`` is to be kept for the next one, ``""`` when the items of this one cannot be told
    apart: the digest of what stands around them, and that of the document. ``unseen``
    is the document without the items read before, whose digests are ``seen``; ``b""`` when no other is in it.
    """

    feed_skeleton_hash: str
    unseen: bytes
    seen: tuple[str, ...] = ()

    @property
    def nothing_new(self) -> bool:
        """True when every item was read before; an empty document has none."""
        return bool(self.seen) and not self.unseen


def hash_document(body: bytes) -> str:
    """The digest of a document up to its last end tag, without the dates before its items.

    ``""`` when it has none. What follows the last end tag can only be comments (XML 1.0 section 2.1).
    """
    first, last = _START.search(body), body.rfind(b"</")
    if not first or last < first.start():
        return ""
    rest = memoryview(body)[first.start() : body.find(b">", last) + 1]
    return hash_of(_BUILT.sub(b"", body[: first.start()]), rest)


def is_last(document_hash: str, feed_skeleton_hash: str) -> bool:
    """Return whether a digest is that of the last parsed document, which left this ``feed_skeleton_hash``."""
    return bool(document_hash and feed_skeleton_hash) and feed_skeleton_hash.endswith(document_hash)


def compare(body: bytes, document_hash: str, feed_skeleton_hash: str, known: Container[str]) -> Compared:
    """Return the unseen part of a document, by the last frame and the digests of known items."""
    around, items = _apart(body) or ([], [])
    stands = hash_of(_BUILT.sub(b"", b"".join(around))) if items else ""
    whole = Compared(feed_skeleton_hash=stands + document_hash if items else "", unseen=body)
    if not items or not feed_skeleton_hash.startswith(stands):
        return whole
    item_hashes = [hash_of(item) for item in items]
    seen = tuple(dict.fromkeys(item_hash for item_hash in item_hashes if item_hash in known))
    others = [b"" if item_hash in known else item for item_hash, item in zip(item_hashes, items, strict=True)]
    if not any(others):
        return Compared(feed_skeleton_hash=whole.feed_skeleton_hash, unseen=b"", seen=seen)
    if any(map(_ends_in_cdata, filter(None, others))):
        return whole
    unseen = b"".join(piece for pair in zip(around, [*others, b""], strict=True) for piece in pair)
    # How a document is read that is not in the charset it declares depends on all of it.
    return (
        Compared(feed_skeleton_hash=whole.feed_skeleton_hash, unseen=unseen, seen=seen)
        if seen and _is_utf8(unseen)
        else whole
    )


def _apart(body: bytes) -> tuple[list[bytes], list[bytes]] | None:
    """Return what stands around the items, up to the last end tag, and the items: one fewer."""
    around: list[bytes] = []
    items: list[bytes] = []
    at = 0
    while match := _START.search(body, at):
        end = _ENDS[match[1]].search(body, match.end())
        if end is None:
            return None
        around.append(body[at : match.start()])
        at = end.end()
        items.append(body[match.start() : at])
    last = body.rfind(b"</", at)
    if last < 0:
        return None
    around.append(body[at : body.find(b">", last) + 1])
    return (around, items) if items else None


def _ends_in_cdata(item: bytes) -> bool:
    """Return whether what looks like the end tag of an item is text, so that the item may not be whole."""
    return item.rfind(b"<![CDATA[") > item.rfind(b"]]>")


def _is_utf8(document: bytes) -> bool:
    try:
        document.decode()
    except UnicodeDecodeError:
        return False
    return True
