"""Find tags in untrusted HTML as HTML's tokenizer does, without a parser, in linear time. Pure."""

import re
from html import unescape

# A ``>`` in a quoted value does not end the tag; a quote in a name does not start a value.
_INSIDE = r"""(?:[\s/]++|[^\s/>][^\s/>=]*+(?:\s*+=\s*+(?:"[^"]*+"|'[^']*+'|[^\s>"'][^\s>]*+)?+)?+)*+"""
TAG = re.compile(rf"<(/?)([a-zA-Z][^\s/>]*)({_INSIDE})(?:>|\Z)")
"""A start or end tag: the slash of an end tag, the name, and the text between name and ``>``."""
QUOTED_END = re.compile(r"""=\s*+(?:"[^">]*+>|'[^'>]*+>)""")
"""A quoted value that may contain a ``>``."""
_ATTRIBUTE = re.compile(
    r"""([^\s/>=][^\s/>=]*+)(?:\s*+=\s*+(?:"([^"]*+)"|'([^']*+)'|([^\s>"'][^\s>]*+)))?+"""
)

# Elements that a parser closes itself, or that have no end tag: open ones add no depth.
NEVER_NESTING = frozenset(
    {
        "area", "base", "br", "col", "dd", "dt", "embed", "hr", "img", "input", "li", "link", "meta",
        "option", "p", "param", "source", "tbody", "td", "th", "thead", "tr", "track", "wbr",
    }
)  # fmt: skip


def parse_attributes(inside: str) -> dict[str, str]:
    """Parse the attributes of a start tag, with names in lower case; the first of equal names wins."""
    attributes: dict[str, str] = {}
    for name, double, single, bare in _ATTRIBUTE.findall(inside):
        attributes.setdefault(name.lower(), unescape(double or single or bare))
    return attributes
