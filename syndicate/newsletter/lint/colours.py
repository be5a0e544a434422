"""Contrast of text in light and dark mode (WCAG 2.2, 1.4.3; rule M8)."""

import re
from dataclasses import dataclass, replace

from syndicate.newsletter.lint.findings import LintFinding, Origins, error
from syndicate.newsletter.lint.mail_page import Element, MailPage, StyleRule
from syndicate.text.accent import LEAST_CONTRAST, Colour, contrast

MIN_CONTRAST = LEAST_CONTRAST
MIN_CONTRAST_LARGE = 3.0
_ATTRIBUTES = ("class", "style", "bgcolor")
_DARK = "prefers-color-scheme: dark"
_UNREAD = ("style", "title", "script")
_NAMES = {"white": (255, 255, 255), "black": (0, 0, 0), "red": (255, 0, 0), "gray": (128, 128, 128)}
_HEX = re.compile(r"#([0-9a-f]{3}|[0-9a-f]{6})\b", re.IGNORECASE)
_RGB = re.compile(r"rgb\(\s*(\d+)[\s,]+(\d+)[\s,]+(\d+)\s*\)")
_SELECTOR = re.compile(r"([a-z][a-z0-9]*|\*)?((?:\.[\w-]+)*)", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Look:
    text: Colour = (0, 0, 0)
    behind: Colour = (255, 255, 255)
    size: float = 16.0
    bold: bool = False


def check_colours(page: MailPage, origins: Origins) -> list[LintFinding]:
    """Return a finding for each kind of text with too little contrast, in the light or dark scheme."""
    dark = [rule for rule in page.rules if _DARK in rule.media]
    findings: dict[tuple[str, str], LintFinding] = {}
    light: dict[int, _Look] = {}
    for scheme, rules in (("light", []), ("dark", dark)):
        looks: dict[int, _Look] = {}
        alike: dict[tuple[_Look, str, tuple[str, ...]], _Look] = {}
        for element in page.elements:
            above = looks.get(id(element.parent), _Look())
            # A mail repeats a few looks in hundreds of elements, so each look is computed once.
            key = above, element.tag, tuple(element.attributes.get(name, "") for name in _ATTRIBUTES)
            if key not in alike:
                alike[key] = _look(element, above, rules)
            look = looks[id(element)] = alike[key]
            if scheme == "light":
                light[id(element)] = look
            elif look == light[id(element)]:
                continue
            weak = contrast(look.text, look.behind) < _min_contrast(look)
            is_text = element.text.strip("\u00a0\u200c\u034f \n\t") and element.tag not in _UNREAD
            if weak and is_text and not element.hidden:
                name = " ".join(sorted(element.classes)) or element.tag
                findings.setdefault((scheme, name), _finding(element, look, scheme, origins))
    return list(findings.values())


def colour_of(text: str) -> Colour | None:
    """Parse a CSS colour; ``None`` for a relative value (``inherit``, ``transparent``)."""
    text = text.replace("!important", "").strip().lower()
    if text in _NAMES:
        return _NAMES[text]
    if match := _HEX.search(text):
        digits = match[1] if len(match[1]) == 6 else "".join(text * 2 for text in match[1])
        return int(digits[:2], 16), int(digits[2:4], 16), int(digits[4:], 16)
    if match := _RGB.search(text):
        return int(match[1]), int(match[2]), int(match[3])
    return None


def _look(element: Element, above: _Look, rules: list[StyleRule]) -> _Look:
    style = {"background-color": element.attributes.get("bgcolor", ""), **element.style}
    for _, values in sorted(
        ((place, rule.values) for rule in rules if (place := _weight(element, rule.selector))),
        key=lambda pair: pair[0],
    ):
        # Styles are inlined, so a rule without !important never wins.
        style |= {
            name: value for name, value in values.items() if "!important" in value or not style.get(name)
        }
    size = re.match(r"([\d.]+)px", style.get("font-size", ""))
    weight = style.get("font-weight", "")
    return replace(
        above,
        text=colour_of(style.get("color", "")) or above.text,
        behind=colour_of(style.get("background-color", "") or style.get("background", "")) or above.behind,
        size=float(size[1]) if size else above.size,
        bold=weight in ("bold", "700", "800", "900") if weight else above.bold,
    )


def _weight(element: Element, selectors: str) -> tuple[int, ...]:
    """Return the specificity with which simple selectors (``p``, ``.meta``, ``a.link``) match, or ``()``."""
    best: tuple[int, ...] = ()
    for selector in selectors.split(","):
        match = _SELECTOR.fullmatch(selector.strip())
        if match is None:
            continue
        tag, classes = match[1] or "*", [name for name in match[2].split(".") if name]
        if tag in ("*", element.tag) and element.classes.issuperset(classes):
            best = max(best, (len(classes), int(tag != "*")))
    return best


def _min_contrast(look: _Look) -> float:
    large = look.size >= 24 or (look.bold and look.size >= 18.66)
    return MIN_CONTRAST_LARGE if large else MIN_CONTRAST


def _finding(element: Element, look: _Look, scheme: str, origins: Origins) -> LintFinding:
    ratio = contrast(look.text, look.behind)
    words = element.text.split()
    shown = " ".join(words)[:40]
    return error(
        "M8",
        f'The text "{shown}" has a contrast of {ratio:.1f} in the {scheme} scheme; '
        f"the minimum is {_min_contrast(look):g}. Choose a stronger colour.",
        origins.template(
            " ".join(words[:3]), *(f".{name} {{" for name in sorted(element.classes)), f"<{element.tag}"
        ),
    )
