"""The HTML part of a mail as lint looks at it: elements with their parents, the text in them, style rules."""

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
    """One element. ``text`` stands directly in it; ``inner``, of links and titles only, anywhere below it."""

    tag: str
    attributes: dict[str, str]
    parent: "Element | None"
    text: str = ""
    inner: str = ""

    @property
    def style(self) -> dict[str, str]:
        """Its ``style`` attribute."""
        return declarations(self.attributes.get("style", ""))

    @property
    def classes(self) -> frozenset[str]:
        """Its classes."""
        return frozenset(self.attributes.get("class", "").split())

    @property
    def hidden(self) -> bool:
        """True when it, or what it stands in, is not shown."""
        shown = self.style.get("display") != "none"
        return not shown or (self.parent is not None and self.parent.hidden)


@dataclass(slots=True, kw_only=True)
class StyleRule:
    """``media`` is the at-rule it stands in, or ``""``."""

    media: str
    selector: str
    values: dict[str, str] = field(default_factory=dict)


class MailPage(HTMLParser):
    """Reads a page; then ``elements`` and ``rules`` are complete."""

    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=True)
        self.elements: list[Element] = []
        self.rules: list[StyleRule] = []
        self._open: list[Element] = []
        self.feed(html)
        self.close()

    @cached_property
    def text(self) -> str:
        """All the text people may see, with single spaces."""
        seen = (element.text for element in self.elements if element.tag not in _UNREAD)
        return " ".join(" ".join(seen).split())

    def all(self, tag: str) -> list[Element]:
        """Every element of that name, in order."""
        return [element for element in self.elements if element.tag == tag]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note an element."""
        values = {name: value or "" for name, value in attrs}
        element = Element(tag=tag, attributes=values, parent=self._open[-1] if self._open else None)
        self.elements.append(element)
        if tag not in VOID:
            self._open.append(element)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """An element that closes itself."""
        self.handle_starttag(tag, attrs)
        if tag not in VOID:
            self._open.pop()

    def handle_endtag(self, tag: str) -> None:
        """Close the innermost element of that name."""
        for place in range(len(self._open) - 1, -1, -1):
            if self._open[place].tag == tag:
                del self._open[place:]
                return

    def handle_data(self, data: str) -> None:
        """Note text, and the rules of a style sheet."""
        if not self._open:
            return
        if self._open[-1].tag == "style":
            self.rules += style_rules(data)
        self._open[-1].text += data
        for element in self._open:
            if element.tag in _WHOLE:
                element.inner += data


def declarations(text: str) -> dict[str, str]:
    """``color:red; margin:0`` as a dictionary, names in lower case."""
    pairs = (part.partition(":") for part in text.split(";"))
    return {name.strip().lower(): value.strip() for name, colon, value in pairs if colon}


def style_rules(sheet: str) -> list[StyleRule]:
    """The rules of a style sheet, those inside an at-rule too (one level deep, as Gmail reads them)."""
    sheet = re.sub(r"/\*.*?\*/", "", sheet, flags=re.DOTALL)
    # Statements such as @import have no braces, and are only allowed before all rules with some.
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
