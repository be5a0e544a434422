"""What a changed document says that was not read before, found without parsing it.

Most bodies that change do so around their items (the time of building, a counter in a comment) or in one item
of many. So we look for what is written like an item, and compare: an item whose bytes were read before is
known by its digest, and what is not an item (the *frame*) must be the frame of the last document that was
parsed. Then only the other items have to be read, in that frame: whatever is left out was read before, in the
same place. In doubt the whole document is unseen. Only searching and hashing happens here, in time linear in
the length: it is safe to do with a stranger's bytes in our own process.
"""

import re
from collections.abc import Container
from dataclasses import dataclass

from syndicate.ingest.splitter import digest_of

_START = re.compile(rb"<(item|entry)[\s>]")
# Dates of the feed itself: when it was built, not what it says.
_BUILT = re.compile(rb"<(?:lastBuildDate|pubDate|updated|dc:date)>[^<>]*</")


@dataclass(frozen=True, slots=True, kw_only=True)
class Compared:
    """A document beside what was read before.

    ``frame`` is the digest of what stands around its items, ``""`` when they cannot be told apart. ``unseen``
    is the document without the items read before, whose digests are ``seen``; ``b""`` when no other is in it.
    """

    frame: str
    unseen: bytes
    seen: tuple[str, ...] = ()

    @property
    def nothing_new(self) -> bool:
        """Whether every item was read before; an empty document has none."""
        return bool(self.seen) and not self.unseen


def compare(body: bytes, frame: str, known: Container[str]) -> Compared:
    """What of a document is unseen, given the last one's ``frame`` and the digests of ``known`` items."""
    around, items = _apart(body) or ([], [])
    whole = Compared(frame=digest_of(_BUILT.sub(b"", b"".join(around))) if items else "", unseen=body)
    if not items or whole.frame != frame:
        return whole
    digests = [digest_of(item) for item in items]
    seen = tuple(dict.fromkeys(digest for digest in digests if digest in known))
    others = [b"" if digest in known else item for digest, item in zip(digests, items, strict=True)]
    if not any(others):
        return Compared(frame=frame, unseen=b"", seen=seen)
    if any(map(_ends_in_cdata, others)):
        return whole
    unseen = b"".join(piece for pair in zip(around, [*others, b""], strict=True) for piece in pair)
    # How a document is read that is not in the charset it declares depends on all of it.
    return Compared(frame=frame, unseen=unseen, seen=seen) if seen and _is_utf8(unseen) else whole


def _apart(body: bytes) -> tuple[list[bytes], list[bytes]] | None:
    """What stands around the items, up to the last end tag, and the items: one fewer."""
    around: list[bytes] = []
    items: list[bytes] = []
    at = 0
    while match := _START.search(body, at):
        closing = b"</" + match[1] + b">"
        end = body.find(closing, match.end())
        if end < 0:
            return None
        around.append(body[at : match.start()])
        at = end + len(closing)
        items.append(body[match.start() : at])
    # What follows the last end tag can only be comments (XML 1.0 section 2.1).
    last = body.rfind(b"</", at)
    if last < 0:
        return None
    around.append(body[at : body.find(b">", last) + 1])
    return (around, items) if items else None


def _ends_in_cdata(item: bytes) -> bool:
    """Whether what looks like the end tag of an item is text, so that the item may not be whole."""
    return item.rfind(b"<![CDATA[") > item.rfind(b"]]>")


def _is_utf8(document: bytes) -> bool:
    try:
        document.decode()
    except UnicodeDecodeError:
        return False
    return True
