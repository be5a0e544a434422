"""Hide media in hidden elements, before the sanitiser drops the attributes that hide elements. Pure."""

import re
from itertools import pairwise

from syndicate.ingest.html.tag_scanner import NEVER_NESTING, NO_TAGS, QUOTED_END, TAG, parse_attributes
from syndicate.ingest.html.tracking_pixels import hides

# Every start tag that hides an element contains one of these words. One pattern for both is much slower.
_HIDING = re.compile(b"style"), re.compile(b"hidden")
# HTML parsers read ``image`` as ``img``.
_IMAGE_TAGS = frozenset({"img", "image"})
_PLAYER_TAGS = frozenset({"iframe", "video", "audio"})
# A ``<`` inside a tag: it may stand in an attribute, or start another tag.
_IN_A_TAG = re.compile("<[^<>]*<")
_NEVER_AROUND = frozenset({"br", "hr", "img", "input", "source", "wbr"})
_NO_TAGS_OR_TAG = re.compile(rf"{NO_TAGS}|(?P<tag>{TAG.pattern})", re.DOTALL | re.IGNORECASE)


def may_hide(html: str) -> bool:
    """Return whether an element may hide its content, without parsing every tag, since few texts hide any."""
    written = html.encode(errors="replace")
    # In bytes, which are quicker to fold and keep their places.
    folded = written.lower()
    words = sorted(word.start() for pattern in _HIDING for word in pattern.finditer(folded))
    if not words:
        return False
    if _IN_A_TAG.search(html) or QUOTED_END.search(html):
        return True
    starts = {folded.rfind(b"<", before, at) for before, at in pairwise([0, *words])}
    tags = (written[start : (written.find(b">", start) + 1) or None].decode() for start in starts - {-1})
    return any((tag := TAG.match(text)) is not None and _hides(tag[2], tag[3]) for text in tags)


def hide_media(html: str) -> str:
    """Return HTML without the images in hidden elements, and with players in them marked ``hidden``.

    An element ends at its end tag, counted by name. An element with an optional end tag also ends where the
    next element of its name starts.
    """
    hidden = ""
    depth = 0

    def keep(match: re.Match[str]) -> str:
        nonlocal hidden, depth
        if match["tag"] is None:
            return match[0]
        closing, name, inside = match.groups()[-3:]
        name = name.lower()
        if name == hidden:
            depth += -1 if closing or name in NEVER_NESTING else 1
            hidden = hidden if depth else ""
        if hidden and name in _PLAYER_TAGS and not closing:
            return f"<{name} hidden {inside}>"
        if hidden:
            return "" if name in _IMAGE_TAGS else match[0]
        if not closing and _hides(name, inside):
            hidden, depth = name, 1
        return match[0]

    return _NO_TAGS_OR_TAG.sub(keep, html)


def _hides(name: str, inside: str) -> bool:
    return name.lower() not in _NEVER_AROUND and hides(name.lower(), parse_attributes(inside))
