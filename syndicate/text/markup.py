"""Markup: text that templates insert unescaped. No other module makes it.

Every template escapes what it writes, and the text of a macro in a ``.txt`` file is text until a template
writes it. Markup is therefore made only from HTML that this program wrote or cleaned, never from a text that
an operator, a subscriber or a remote server wrote: for those this module escapes what it does not make.
"""

import json
from collections.abc import Iterable
from typing import Final

from markupsafe import Markup, escape

from syndicate.model.brands import FONTS

NO_MARKUP: Final = Markup("")
# Inside <script>, HTML ends the element at "</script" and enters another state at "<!--", even between
# quotes; U+2028 and U+2029 end a line in older JavaScript parsers.
_UNSAFE: Final = {
    "<": "\\u003c", ">": "\\u003e", "&": "\\u0026", "\u2028": "\\u2028", "\u2029": "\\u2029"
}  # fmt: skip
_ENCODER: Final = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"))
_STACKS: Final = frozenset(stack for stacks in FONTS.values() for stack in stacks)


def clean_markup(html: str) -> Markup:
    """Return HTML or SVG as markup: the body of an article after cleaning, or what this program wrote."""
    return Markup(html)


def script_json(facts: object) -> Markup:
    """Return JSON that is safe inside ``<script>``."""
    json_text = _ENCODER.encode(facts)
    # Five replacements take a fiftieth of the time of str.translate.
    for character, escaped in _UNSAFE.items():
        json_text = json_text.replace(character, escaped)
    return Markup(json_text)


def script_list(*facts: Markup) -> Markup:
    """Return a JSON list of facts from ``script_json``."""
    return Markup(f"[{','.join(facts)}]")


def marked_parts(parts: Iterable[tuple[str, bool]]) -> Markup:
    """Return parts of a text, each with true if it is a match, with matches in ``mark`` elements."""
    pieces = (Markup("<mark>%s</mark>") % text if match else escape(text) for text, match in parts)
    return NO_MARKUP.join(pieces)


def font_stack(stack: str) -> Markup:
    """Return a font stack of a brand for CSS, whose quotes stay quotes. Raises ``ValueError`` for others."""
    if stack not in _STACKS:
        raise ValueError(f"{stack!r} is no font stack of a brand.")
    return Markup(stack)
