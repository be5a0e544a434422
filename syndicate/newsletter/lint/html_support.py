"""HTML and CSS that a widely used mail program does not support, by the table made from caniemail."""

import re
from collections.abc import Iterator
from functools import lru_cache

from syndicate.newsletter.lint.findings import LintFinding, Origins, Severity
from syndicate.newsletter.lint.mail_page import MailPage, declarations
from syndicate.newsletter.lint.mail_support import PARTIAL, UNSUPPORTED

# Where these are missing the mail is still whole: less pretty, or as wide as the window.
DEGRADES = frozenset(
    {"@media", "<style>", "<body>", "display:none", "height", "max-height", "overflow", "color-scheme"}
    | {"border-radius", "box-shadow", "box-sizing", "cursor", "opacity", "outline", "=system-ui"}
    | {"text-decoration", "text-decoration-color", "text-shadow", "transition", "word-break", "word-wrap"}
    | {"overflow-wrap", "background-image", "background-position", "background-repeat", "background-size"}
    | {"text-underline-offset", "list-style", "white-space", "min-width", "table-layout"}
    # No mail is without these; what the programs leave out of them is written around in the templates.
    | {"!important", "background", "border", "direction", "display", "font-size", "font-weight"}
    | {"line-height", "margin", "max-width", "padding", "text-align", "width"}
)
_FUNCTION = re.compile(r"[a-z-]+\(")
_WORD = re.compile(r"(?<![\w#-])[a-z][a-z-]*(?![\w(-])")
_UNIT = re.compile(r"(?<![\w#])[\d.]+([a-z]+)")
_TEXT = re.compile(r"""url\([^)]*\)|"[^"]*"|'[^']*'""")
_PSEUDO = re.compile(r"::?[a-z-]+")
_COMBINED = (("+", "a + b"), (">", "a > b"), ("~", "a ~ b"), ("[", "[attribute]"))
# One colon is how these were written before CSS 3.
_ELEMENTS = frozenset({":after", ":before", ":first-letter", ":first-line"})


def check_support(page: MailPage, origins: Origins) -> list[LintFinding]:
    """A finding for each feature some mail program lacks and the mail cannot do without.

    A warning where a program has a part of it, and for selectors: a rule left out costs its looks only.
    """
    found: dict[str, LintFinding] = {}
    for feature, written in _features(page):
        lacking, partly = UNSUPPORTED.get(feature, ""), PARTIAL.get(feature, "")
        if not (lacking or partly) or feature in DEGRADES or feature in found:
            continue
        how = "not supported" if lacking else "supported only in part"
        error = lacking and not feature.startswith((":", "[", "a "))
        found[feature] = LintFinding(
            rule="caniemail",
            message=f"{feature.removeprefix('=')} is {how} by {(lacking or partly).replace(' ', ', ')}. "
            "Use tables, padding on cells and plain colours.",
            place=origins.template(*written),
            severity=Severity.ERROR if error else Severity.WARNING,
        )
    return list(found.values())


def _features(page: MailPage) -> Iterator[tuple[str, tuple[str, ...]]]:
    for tag, style in dict.fromkeys(
        (element.tag, element.attributes.get("style", "")) for element in page.elements
    ):
        yield f"<{tag}>", (f"<{tag}",)
        yield from _declared(declarations(style))
    for rule in page.rules:
        if rule.media:
            yield rule.media.split()[0], (rule.media.split()[0],)
        yield from _selected(rule.selector)
        yield from _declared(rule.values)


def _selected(selector: str) -> Iterator[tuple[str, tuple[str, ...]]]:
    for pseudo in _PSEUDO.findall(selector):
        yield f":{pseudo}" if pseudo in _ELEMENTS else pseudo, (selector, pseudo)
    for sign, feature in _COMBINED:
        if sign in selector:
            yield feature, (selector, sign)


def _declared(values: dict[str, str]) -> Iterator[tuple[str, tuple[str, ...]]]:
    for name, value in values.items():
        if "!important" in value:
            yield "!important", (value,)
        plain = value.replace("!important", "").strip()
        written = f"{name}: {plain}", f"{name}:{plain}", f"{name}:"
        yield name, written
        yield f"{name}:{plain}", written
        for part in _parts(plain):
            yield part, written


@lru_cache(maxsize=1024)
def _parts(value: str) -> tuple[str, ...]:
    """Functions, keywords and units in a value; a mail repeats a few values in hundreds of elements."""
    value = _TEXT.sub("", value.lower())
    words, units = _WORD.findall(value), _UNIT.findall(value)
    return *_FUNCTION.findall(value), *(f"={word}" for word in words), *(f"1{unit}" for unit in units)
