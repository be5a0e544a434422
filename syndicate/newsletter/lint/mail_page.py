"""Parser of the HTML part of a mail for lint: elements with their parents and texts, and style rules."""

import re
from dataclasses import dataclass, field
from functools import cached_property
from html.parser import HTMLParser

VOID = frozenset({"img", "br", "hr", "meta", "link", "base", "input", "area", "col", "wbr", "source"})
_UNREAD = frozenset({"style", "title", "script"})
_WHOLE = frozenset({"a", "title"})
_RULE = re.compile(r"([^{}]+)\{([^{}]*)\}")
_STATEMENT = re.compile(r"(@[a-z-]+\b[^{};]*);")
_AT_RULE = re.compile(r"(@[a-z-]+[^{};]*)\{((?:[^{}]*\{[^{}]*\})*[^{}]*)\}")


@dataclass(slots=True, kw_only=True)
class Element:
    """Element. ``text`` is its direct text; ``inner``, of links and titles only, is all text below it."""

    tag: str
    attributes: dict[str, str]
    parent: "Element | None"
    text: str = ""
    inner: str = ""

    @property
    def style(self) -> dict[str, str]:
        """The declarations of its ``style`` attribute."""
        return declarations(self.attributes.get("style", ""))

    @property
    def classes(self) -> frozenset[str]:
        """Its classes."""
        return frozenset(self.attributes.get("class", "").split())

    @property
    def hidden(self) -> bool:
        """True when the element or an ancestor is not displayed."""
        shown = self.style.get("display") != "none"
        return not shown or (self.parent is not None and self.parent.hidden)


@dataclass(slots=True, kw_only=True)
class StyleRule:
    """Rule of a style sheet. ``media`` is its at-rule, or ``""``."""

    media: str
    selector: str
    values: dict[str, str] = field(default_factory=dict)


class MailPage(HTMLParser):
    """Parsed page, with all ``elements`` and style ``rules``."""

    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=True)
        self.elements: list[Element] = []
        self.rules: list[StyleRule] = []
        self._open: list[Element] = []
        self.feed(html)
        self.close()

    @cached_property
    def text(self) -> str:
        """The visible text, with single spaces."""
        texts = (element.text for element in self.elements if element.tag not in _UNREAD)
        return " ".join(" ".join(texts).split())

    def all(self, tag: str) -> list[Element]:
        """Return every element with a tag, in order."""
        return [element for element in self.elements if element.tag == tag]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Add an element."""
        values = {name: value or "" for name, value in attrs}
        element = Element(tag=tag, attributes=values, parent=self._open[-1] if self._open else None)
        self.elements.append(element)
        if tag not in VOID:
            self._open.append(element)

    def handle_endtag(self, tag: str) -> None:
        """Close the innermost element with a tag."""
        for place in range(len(self._open) - 1, -1, -1):
            if self._open[place].tag == tag:
                del self._open[place:]
                return

    def handle_data(self, data: str) -> None:
        """Add text, or the rules of a style sheet."""
        if not self._open:
            return
        if self._open[-1].tag == "style":
            self.rules += style_rules(data)
        self._open[-1].text += data
        for element in self._open:
            if element.tag in _WHOLE:
                element.inner += data


def declarations(text: str) -> dict[str, str]:
    """Parse ``color:red; margin:0`` into a dictionary with names in lower case."""
    pairs = (part.partition(":") for part in text.split(";"))
    return {name.strip().lower(): value.strip() for name, colon, value in pairs if colon}


def style_rules(sheet: str) -> list[StyleRule]:
    """Return the rules of a style sheet, also inside an at-rule (a level deep, as Gmail reads them)."""
    sheet = re.sub(r"/\*.*?\*/", "", sheet, flags=re.DOTALL)
    # Statements such as @import have no braces, and are only allowed before all rules with braces.
    rules = [StyleRule(media=found.strip(), selector="") for found in _STATEMENT.findall(sheet)]
    sheet = _STATEMENT.sub("", sheet)
    for at_rule, inside in _AT_RULE.findall(sheet):
        rules += [_rule(at_rule.strip(), *found) for found in _RULE.findall(inside)] or [
            StyleRule(media=at_rule.strip(), selector="", values=declarations(inside))
        ]
    rules += [_rule("", *found) for found in _RULE.findall(_AT_RULE.sub("", sheet))]
    return rules


def _rule(media: str, selector: str, inside: str) -> StyleRule:
    return StyleRule(media=media, selector=selector.strip(), values=declarations(inside))
