"""Limits on the untrusted markup that an HTML library may see. Linear; pure.

HTML parsers take quadratic time on deep nesting (100 000 nested divs: 24 s) and on many attributes of one
element, and some lose what lies deeper. So tags deeper than ``MAX_DEPTH`` are dropped and their text kept,
and likewise tags beyond the first ``MAX_TAGS``.
"""

import re
from collections import Counter, defaultdict

from syndicate.ingest.html.tag_scanner import NEVER_NESTING, QUOTED_END, TAG

MAX_DEPTH = 200
MAX_ATTRIBUTES = 500
MAX_TAGS = 20_000
"""Start and stray end tags of one text; the richest of 1 617 items of real feeds has 872 elements.

html5ever moves what a table may not hold in front of it, one by one: quadratic (``<table>`` and 250 000 times
``x<p>``: over 90 s; 20 000: 0.1 s)."""
MAX_TABLES = 10
"""Tables in tables; layouts in the style of mail have five. Extraction looks at all that is in each, again
and again (200 of them around 2 500 paragraphs: 2 s)."""

# As ``html_tags.TAG`` for what nh3 writes, and quicker.
_NAME = re.compile(r"""<(/?)([a-zA-Z][^\s/>]*)[^>"]*+(?:"[^"]*+"[^>"]*+)*+""")
_LONG_START = re.compile(rf"<[a-zA-Z][^>]{{{MAX_ATTRIBUTES}}}[^>]*+")


def may_exceed(html: str, tags: int, *, is_ordinary: bool) -> bool:
    """Return whether ``within_limits`` could have to change something, apart from depth."""
    if tags > MAX_TAGS or (not is_ordinary and QUOTED_END.search(html)):
        return True
    return any(_attributes(start) > MAX_ATTRIBUTES for start in _LONG_START.findall(html))


def may_be_deep(html: str, tags: int) -> bool:
    """Return whether elements nest too deeply. No depth is larger than the number of start tags."""
    return tags > MAX_DEPTH and tags - html.count("</") > MAX_DEPTH and _is_deep(html)


def _is_deep(html: str) -> bool:
    """Return whether elements nest too deeply, as ``within_limits`` counts but in a quarter of its time.

    Exact for what nh3 writes. Strangers may hide tags from it, at the cost of nh3's time for ``MAX_TAGS``
    elements in each other (1 s).
    """
    # Not a counter, which answers for what it has not counted in Python.
    opened: defaultdict[str, int] = defaultdict(int)
    depth = 0
    for closing, raw in _NAME.findall(html):
        name = raw.lower()
        if closing:
            if opened[name]:
                opened[name] -= 1
                depth -= 1
        elif name not in NEVER_NESTING:
            opened[name] += 1
            depth += 1
            if depth > MAX_DEPTH or opened["table"] > MAX_TABLES:
                return True
    return False


def within_limits(html: str, *, most_tags: int = MAX_TAGS) -> str:
    """HTML that an HTML library may see: neither too deep, nor with too many tags or attributes.

    A space stands for tags deeper than ``MAX_DEPTH``, tables deeper than ``MAX_TABLES`` and tags beyond
    ``most_tags``; the attributes of elements that have more than ``MAX_ATTRIBUTES`` go. Depth is counted by
    name, so that a stray end tag cannot hide an open one.
    """
    opened: Counter[str] = Counter()
    dropped: Counter[str] = Counter()
    depth = tags = 0

    def keep(match: re.Match[str]) -> str:
        nonlocal depth, tags
        closing, name, rest = match[1], match[2].lower(), match[3]
        if closing and dropped[name]:
            dropped[name] -= 1
            return " "
        if closing and opened[name]:
            opened[name] -= 1
            depth -= 1
            return match[0]
        tags += 1
        nests = not closing and name not in NEVER_NESTING
        if tags > most_tags or (
            nests and (depth >= MAX_DEPTH or (name == "table" and opened[name] >= MAX_TABLES))
        ):
            dropped[name] += nests
            return " "
        if nests:
            opened[name] += 1
            depth += 1
        if not closing and len(rest) > MAX_ATTRIBUTES and _attributes(rest) > MAX_ATTRIBUTES:
            return f"<{name}>"
        return match[0]

    return TAG.sub(keep, html)


def _attributes(inside: str) -> int:
    """At most how many attributes the inside of a tag holds; slashes separate them too."""
    return max(len(inside.split()), inside.count("="), inside.count("/"))
