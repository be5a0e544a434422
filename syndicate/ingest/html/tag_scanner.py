"""Find tags in untrusted HTML as HTML's tokenizer does, without a parser, in linear time. Pure."""

import re
from html import unescape

# A ``>`` in a quoted value does not end the tag; a quote in a name does not start a value.
INSIDE = r"""(?a:[\s/]++|[^\s/>][^\s/>=]*+(?:\s*+=\s*+(?:"[^"]*+"|'[^']*+'|[^\s>"'][^\s>]*+)?+)?+)*+"""
"""The text between a tag's name and its end."""
TAG = re.compile(rf"<(/?)([a-zA-Z](?a:[^\s/>])*)({INSIDE})(?:>|\Z)")
"""A start or end tag: the slash of an end tag, the name, and the text between name and ``>``."""
NO_TAGS = r"<!--(?:-?>|.*?(?:--!?>|\Z))|<(?P<code>script|style|textarea|title)\b.*?(?:</(?P=code)|\Z)"
"""A comment, whose irregular ends follow HTML Living Standard 13.2.5.43 to 52, or code, which has no tags."""
QUOTED_END = re.compile(r"""=\s*+(?:"[^">]*+>|'[^'>]*+>)""")
"""A quoted value that may contain a ``>``."""
_ATTRIBUTE = re.compile(
    r"""([^\s/>=][^\s/>=]*+)(?:\s*+=\s*+(?:"([^"]*+)"|'([^']*+)'|([^\s>"'][^\s>]*+)))?+"""
)

CODE = (("<!--", "-->"), ("<script", "</script"), ("<style", "</style"))
"""Starts and ends of comments and code."""

# Elements that a parser closes itself, or that have no end tag: open ones add no depth.
_VOID = "area base br col embed hr img input link meta param source track wbr"
_CLOSED_BY_THE_NEXT = "dd dt li option p tbody td th thead tr"
NEVER_NESTING = frozenset(f"{_VOID} {_CLOSED_BY_THE_NEXT}".split())

# Elements that a parser opens again in the next block if they are left open (HTML Living Standard 13.2.4.3).
FORMATTING = frozenset(
    ["a", "b", "big", "code", "em", "font", "i", "nobr", "s", "small", "strike", "strong", "tt", "u"]
)


def parse_attributes(inside: str) -> dict[str, str]:
    """Parse the attributes of a start tag, with names in lower case; the first of equal names wins."""
    attributes: dict[str, str] = {}
    for name, double, single, bare in _ATTRIBUTE.findall(inside):
        attributes.setdefault(name.lower(), unescape(double or single or bare))
    return attributes


def without_code(text: str) -> str:
    """Return a page without its comments, scripts and styles."""
    for start, end in CODE:
        text = cut_out(text, start, end)
    return text


def cut_out(text: str, start: str, end: str) -> str:
    """Drop the text from each ``start`` to the next ``end``, or to the end of the text without an ``end``."""
    folded = text.lower()
    if len(folded) != len(text):
        # Some capitals grow in lower case, which shifts all offsets.
        folded = text
    kept: list[str] = []
    at = 0
    while (opened := folded.find(start, at)) >= 0:
        kept.append(text[at:opened])
        closed = folded.find(end, opened + len(start))
        if closed < 0:
            return "".join(kept)
        bracket = folded.find(">", closed) if end != "-->" else closed + 2
        at = bracket + 1 if bracket >= 0 else len(text)
    return "".join([*kept, text[at:]])
