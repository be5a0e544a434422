"""Limit untrusted markup before an HTML library parses it, in linear time. Pure.

HTML parsers take quadratic time on deep nesting (100 000 nested divs: 24 s) and on many attributes of an
element, and some lose deeply nested text. So tags deeper than ``MAX_DEPTH``, tags after the first
``MAX_MARKUP_TAGS`` and, for nh3, tags after ``MAX_REOPENED`` are dropped, and their text is kept.
"""

import re
from collections import Counter

from syndicate.ingest.html.tag_scanner import FORMATTING, NEVER_NESTING, QUOTED_END, TAG
from syndicate.ingest.limits import MAX_ATTRIBUTES, MAX_DEPTH

MAX_MARKUP_TAGS = 20_000
"""Start tags and stray end tags of one text; of 1 617 items of real feeds, the largest has 872 elements.

html5ever moves elements that a table may not contain in front of the table, in quadratic time (``<table>``
and 250 000 times ``x<p>``: over 90 s; 20 000: 0.1 s)."""
MAX_TABLES = 10
"""Nested tables; layouts in the style of mail have five. Extraction reads the content of a table once for
each enclosing table (200 around 2 500 paragraphs: 2 s)."""
MAX_REOPENED = 50_000
"""Formatting elements that a parser may open again, summed over the tags of one text.

nh3 opens elements that are left open, such as ``b``, again in each of the next blocks (198 in 19 700
paragraphs: 19 s, 1 GB). Of 1 318 texts of real feeds, the largest sum is 8 181."""

_LONG_TAG = re.compile(rf"<[^>]{{{MAX_ATTRIBUTES},}}+")
# Comments, and elements whose content nh3 takes for text: tags there neither open nor close an element.
_TEXT = r"<(?P<name>iframe|noembed|noframes|script|style|textarea|title|xmp)(?=[\s/>]).*?(?=</(?P=name)|\Z)"
_TEXT_OR_TAG = re.compile(rf"<!--(?:-?>|.*?(?:--!?>|\Z))|{_TEXT}|(?P<tag>{TAG.pattern})", re.DOTALL | re.I)
# What a text must have for its tags to differ from those that ``TAG`` finds.
_MAY_HOLD_TEXT = re.compile("<(?:!--|(?i:iframe|noembed|noframes|script|style|textarea|title|xmp))")
# A drawing: dropped, since its tags would be counted, and ``<path/>`` as an element that stays open.
_DRAWING = re.compile(
    r"<svg(?=[\s>])[^<]*+"
    r"(?:</?(?:animate\w*|circle|clippath|defs|desc|ellipse|fe\w+|filter|g|image|line|\w+gradient|marker|mask|"
    r"path|pattern|polygon|polyline|rect|stop|style|symbol|text|title|tspan|use)(?=[\s/>])[^<]*+)*+</svg\s*>",
    re.IGNORECASE,
)
# Usual start tags that add no depth.
_FLAT_TAGS = ("<p>", "<br>", "<br/>", "<br />", "<li>", "<img ")
# An element around a text only: any number of them, one after the other, add a depth of one.
# Unlike HTML, Python takes a no-break space for a space and the sign of kelvins for a K, unless it is told.
_LEAF = re.compile(r"(?ai)<(?!p>|li>|br|img)([a-z][a-z0-9]*+)(?:\s[^<>]*+)?>[^<>]*+</\1>")
_TABLE_TAG = re.compile("<(?i:table)")
_FORMATTING = re.compile(rf"(?ai)<(?:{'|'.join(sorted(FORMATTING))})(?=[\s/>]|\Z)")


def may_exceed(html: str) -> bool:
    """Return whether HTML may exceed a limit, without parsing every tag."""
    if may_be_deep(html) or QUOTED_END.search(html):
        return True
    return any(_attributes(tag) > MAX_ATTRIBUTES for tag in _LONG_TAG.findall(html))


def may_be_deep(html: str) -> bool:
    """Return whether HTML may exceed a limit on tags, nesting or reopened elements, from counts of tags."""
    tags = html.count("<")
    starts = tags - html.count("</")
    if tags > MAX_MARKUP_TAGS:
        return True
    if starts <= MAX_DEPTH and starts * tags <= MAX_REOPENED:
        return False
    nesting = starts - sum(map(html.count, _FLAT_TAGS))
    if nesting <= MAX_DEPTH and nesting * tags <= MAX_REOPENED:
        return len(_TABLE_TAG.findall(html)) > MAX_TABLES
    leaves = _LEAF.findall(html)
    nesting += 1 - len(leaves)
    reopened = nesting
    if reopened * tags > MAX_REOPENED:
        reopened = 1 + len(_FORMATTING.findall(html)) - sum(name.lower() in FORMATTING for name in leaves)
    return nesting > MAX_DEPTH or reopened * tags > MAX_REOPENED or len(_TABLE_TAG.findall(html)) > MAX_TABLES


def within_limits(html: str, *, max_tags: int = MAX_MARKUP_TAGS, max_reopened: int = 0) -> str:
    """Return HTML within the limits on nesting, tags, attributes and, unless 0, elements opened again.

    Drawings are dropped. Tags deeper than ``MAX_DEPTH``, tables deeper than ``MAX_TABLES`` and tags after the
    first ``max_tags`` become a space. Elements with more than ``MAX_ATTRIBUTES`` attributes lose all of them.
    Depth is counted by name, so that a stray end tag cannot hide an open element. A formatting element that
    ends while others are open within it counts as open.
    """
    opened: Counter[str] = Counter()
    dropped: Counter[str] = Counter()
    open_names: list[str] = []
    tags = formatting = reopened = 0

    def keep(match: re.Match[str]) -> str:
        nonlocal tags, formatting, reopened
        closing, name, rest = match.groups()
        name = name.lower() if name.isascii() else name
        if closing and dropped[name]:
            dropped[name] -= 1
            return " "
        reopened += formatting
        if closing and opened[name]:
            opened[name] -= 1
            formatting -= name in FORMATTING and open_names[-1] == name
            del open_names[len(open_names) - 1 - open_names[::-1].index(name)]
            return match[0]
        tags += 1
        nests = not closing and name not in NEVER_NESTING
        too_deep = len(open_names) >= MAX_DEPTH or (name == "table" and opened[name] >= MAX_TABLES)
        if tags > max_tags or reopened > (max_reopened or reopened) or (nests and too_deep):
            dropped[name] += nests
            return " "
        if nests:
            opened[name] += 1
            open_names.append(name)
            formatting += name in FORMATTING
        if not closing and len(rest) > MAX_ATTRIBUTES and _attributes(rest) > MAX_ATTRIBUTES:
            return f"<{name}>"
        return match[0]

    html = _DRAWING.sub("", html)
    if max_reopened and _MAY_HOLD_TEXT.search(html):
        html = _TEXT_OR_TAG.sub(
            lambda part: part["tag"] or (f"<{part[0][1:].replace('<', ' ')}" if part["name"] else ""), html
        )
    return TAG.sub(keep, html)


def _attributes(inside: str) -> int:
    """Return an upper bound of the number of attributes in a tag; slashes separate attributes, too."""
    return max(len(inside.split()), inside.count("="), inside.count("/"))
