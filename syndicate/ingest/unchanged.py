"""Whether a document that differs from the last one still says nothing new, without parsing it.

Most bodies that change do so around their items: the time of building, a counter in a closing comment. So we
look for what is written like an item, and compare: an item whose bytes were read before is known by its
digest, and everything that is not an item (the *frame*) must be the frame of the last document that was
parsed. Then every byte has been read before, whatever it means. Only searching and hashing happens
here, in time linear in the length: it is safe to do with a stranger's bytes in our own process.
"""

import re
from collections.abc import Container
from hashlib import blake2b

_START = re.compile(rb"<(item|entry)[\s>]")
# Dates of the feed itself: when it was built, not what it says.
_BUILT = re.compile(rb"<(?:lastBuildDate|pubDate|updated|dc:date)>[^<>]*</")


def frame_of(body: bytes) -> str:
    """The digest of what stands around the items of a document; ``""`` when they cannot be told apart."""
    parts = _apart(body)
    return _digest(_BUILT.sub(b"", b"".join(parts[0]))) if parts else ""


def says_nothing_new(body: bytes, frame: str, known: Container[str]) -> bool:
    """Whether a document has this frame, and no item whose digest is not known."""
    if not frame:
        return False
    parts = _apart(body)
    return (
        parts is not None
        and all(_digest(item) in known for item in parts[1])
        and _digest(_BUILT.sub(b"", b"".join(parts[0]))) == frame
    )


def _apart(body: bytes) -> tuple[list[bytes], list[bytes]] | None:
    """What stands around the items, up to the last end tag, and the items."""
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


def _digest(data: bytes) -> str:
    """As the splitter writes the digests of items."""
    return blake2b(data, digest_size=16).hexdigest()
