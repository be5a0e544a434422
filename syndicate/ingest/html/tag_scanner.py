"""Tags in a stranger's HTML, found without parsing it, as the tokenizer of HTML reads them. Linear; pure."""

import re
from html import unescape

# A ``>`` in a quoted value ends nothing, a quote in a name does.
_INSIDE = r"""(?:[\s/]++|[^\s/>][^\s/>=]*+(?:\s*+=\s*+(?:"[^"]*+"|'[^']*+'|[^\s>"'][^\s>]*+)?+)?+)*+"""
TAG = re.compile(rf"<(/?)([a-zA-Z][^\s/>]*)({_INSIDE})(?:>|\Z)")
"""A start or end tag: the slash of an end tag, the name, and what stands between the name and the ``>``."""
QUOTED_END = re.compile(r"""=\s*+(?:"[^">]*+>|'[^'>]*+>)""")
"""A value that may hold a ``>``, which ends no tag then."""
_ATTRIBUTE = re.compile(
    r"""([^\s/>=][^\s/>=]*+)(?:\s*+=\s*+(?:"([^"]*+)"|'([^']*+)'|([^\s>"'][^\s>]*+)))?+"""
)

# A parser closes these by itself (or they have no end), so leaving them open nests nothing.
NEVER_NESTING = frozenset(
    {
        "area", "base", "br", "col", "dd", "dt", "embed", "hr", "img", "input", "li", "link", "meta",
        "option", "p", "param", "source", "tbody", "td", "th", "thead", "tr", "track", "wbr",
    }
)  # fmt: skip


def attributes_of(inside: str) -> dict[str, str]:
    """The attributes in a start tag, their names in lower case; of equal names the first holds."""
    found: dict[str, str] = {}
    for name, double, single, bare in _ATTRIBUTE.findall(inside):
        found.setdefault(name.lower(), unescape(double or single or bare))
    return found
