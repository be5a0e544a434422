"""Forms of a page, with the fields that a browser would send."""

from collections.abc import Callable
from dataclasses import dataclass, field
from html.parser import HTMLParser


@dataclass
class PageForm:
    """A form: its address, its fields in order, and its buttons by name and value."""

    action: str
    fields: list[tuple[str, str]] = field(default_factory=list)
    buttons: list[tuple[str, str]] = field(default_factory=list)

    def value(self, name: str) -> str:
        return next(value for known, value in self.fields if known == name)

    def typed(self, **texts: str) -> list[tuple[str, str]]:
        """The fields with other texts; further names are added."""
        known = {name for name, _ in self.fields}
        changed = [(name, texts.get(name, value)) for name, value in self.fields]
        return [*changed, *((name, text) for name, text in texts.items() if name not in known)]


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.forms: list[PageForm] = []
        self._form: PageForm | None = None
        self._area = ""
        self._select = ""
        self._text: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "form":
            self._form = PageForm(given.get("action", ""))
            self.forms.append(self._form)
        if self._form is None or "disabled" in given:
            return
        name, value = given.get("name", ""), given.get("value", "")
        if tag == "button" and name:
            self._form.buttons.append((name, value))
        elif tag == "textarea":
            self._area, self._text = name, []
        elif tag == "select":
            self._select = name
            self._form.fields.append((name, ""))
        elif tag == "option" and self._select and ("selected" in given or not self._form.fields[-1][1]):
            self._form.fields[-1] = (self._select, value)
        elif tag == "input" and name and _is_sent(given):
            self._form.fields.append((name, value))

    def handle_endtag(self, tag: str) -> None:
        if tag == "textarea" and self._form is not None:
            # A browser drops the first line end.
            self._form.fields.append((self._area, "".join(self._text).removeprefix("\n")))
            self._area = ""
        elif tag == "select":
            self._select = ""
        elif tag == "form":
            self._form = None

    def handle_data(self, data: str) -> None:
        if self._area:
            self._text.append(data)


def _is_sent(given: dict[str, str]) -> bool:
    kind = given.get("type", "text")
    return kind not in ("submit", "file") and (kind not in ("checkbox", "radio") or "checked" in given)


def forms_of(html: str) -> list[PageForm]:
    reader = _Reader()
    reader.feed(html)
    return reader.forms


def form_of(html: str, matches: Callable[[PageForm], bool]) -> PageForm:
    return next(form for form in forms_of(html) if matches(form))


def form_with(html: str, do: str) -> PageForm:
    """The first form that has a button with this value."""
    return form_of(html, lambda form: any(value == do for _, value in form.buttons))
