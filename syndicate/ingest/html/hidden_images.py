"""Pictures in hidden elements: cut out before cleaning, which drops what hides them. Pure."""

import re

from syndicate.ingest.html.tag_scanner import NEVER_NESTING, QUOTED_END, TAG, attributes_of
from syndicate.ingest.html.tracking_pixels import hides

# What hides an element has one of these in it.
_HIDING = ("style", "hidden")
# HTML reads the second as the first.
_PICTURES = frozenset({"img", "image"})
# A bracket before the last one's end: it may stand in an attribute, and what follows it is of another tag.
_IN_A_TAG = re.compile("<[^<>]*<")
_NEVER_AROUND = frozenset({"br", "hr", "img", "input", "source", "wbr"})
# Comments end early and late (HTML Living Standard 13.2.5.43 to 52); what is code holds no tags.
_NO_TAGS_OR_TAG = re.compile(
    rf"<!--(?:-?>|.*?(?:--!?>|\Z))|<(?P<code>script|style|textarea|title)\b.*?(?:</(?P=code)|\Z)"
    rf"|(?P<tag>{TAG.pattern})",
    re.DOTALL | re.IGNORECASE,
)


def may_hide_pictures(html: str, *, is_ordinary: bool) -> bool:
    """Return whether an element of HTML hides what is in it: no look at each tag, since few do.

    ``is_ordinary`` tells that no attribute holds a ``<`` or ``>``: then all that is in no tag is text.
    """
    # The lower case of bytes costs a fifth of that of text, and no place in it is another one.
    quick = html.encode().lower()
    if not any(word.encode() in quick for word in _HIDING):
        return False
    if not is_ordinary and (_IN_A_TAG.search(html) or QUOTED_END.search(html)):
        return True
    folded = quick.decode()
    return any(_may_hide(html, folded, word) for word in _HIDING)


def _may_hide(html: str, folded: str, word: str) -> bool:
    at = 0
    while (found := folded.find(word, at)) >= 0:
        start = folded.rfind("<", at, found)
        at = found + len(word)
        if start < 0 or folded.startswith("<img ", start):
            continue
        tag = TAG.match(html, start)
        if tag is None:
            return True
        if tag.end() > found:
            at = tag.end()
            if not tag[1] and _hides(tag[2], tag[3]):
                return True
    return False


def without_hidden_pictures(html: str) -> str:
    """HTML without the pictures in elements that are hidden.

    An element ends with its end tag, counted by name; one whose end tag may be left out also where the next
    of its name begins.
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
        if hidden:
            return "" if name in _PICTURES else match[0]
        if not closing and _hides(name, inside):
            hidden, depth = name, 1
        return match[0]

    return _NO_TAGS_OR_TAG.sub(keep, html)


def _hides(name: str, inside: str) -> bool:
    return name.lower() not in _NEVER_AROUND and hides(name.lower(), attributes_of(inside))
