"""What a rendered mail must have, whoever wrote its template; asked by ``check`` and before each cut.

The law and the large mailbox providers want a way out, an address and a reason in every mail; the rest
keeps it readable everywhere.
"""

import re
from html.parser import HTMLParser

from syndicate.newsletter.render import RenderedEdition
from syndicate.newsletter.views import TOKEN, is_mail_picture

# Gmail cuts the HTML part off beyond this (measured at 102 to 105 KB), and the unsubscribe link with it.
HTML_LIMIT_BYTES = 102 * 1024

_URL = re.compile(r"(?:https?://|mailto:)\S+")
_FORBIDDEN = frozenset({"script", "form", "iframe", "object", "embed", "link", "base"})


def check_template(rendered: RenderedEdition) -> tuple[str, ...]:
    """A sentence for each thing that is wrong with a rendered edition; ``()`` when it may be sent."""
    page = _Page()
    page.feed(rendered.html)
    page.close()
    in_html, in_text = _plain(page.text), _plain(rendered.text)
    problems: list[str] = []
    if not rendered.subject.strip():
        problems.append("The subject is empty.")
    if rendered.unsubscribe_url not in page.links:
        problems.append("The HTML part has no link to unsubscribe_url.")
    if rendered.unsubscribe_url not in rendered.text:
        problems.append("The text part does not show unsubscribe_url.")
    problems += _required("postal address (site.postal_address)", rendered.postal_address, in_html, in_text)
    problems += _required("reason for the mail (reason)", rendered.reason, in_html, in_text)
    problems += _misplaced_token(rendered)
    problems += _different_links(page, set(_URL.findall(rendered.text)))
    problems += page.problems
    size = len(rendered.html.encode())
    if size > HTML_LIMIT_BYTES:
        problems.append(
            f"The HTML part has {size // 1024} KB; mail programs cut it off at 102 KB. Carry fewer stories."
        )
    return tuple(dict.fromkeys(problems))


class _Page(HTMLParser):
    """The links, the text people see, and the elements no mail may have."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.links: set[str] = set()
        self.problems: list[str] = []
        self._text: list[str] = []
        self._hidden = 0

    @property
    def text(self) -> str:
        return " ".join(self._text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = {name: value or "" for name, value in attrs}
        if tag in {"style", "title"}:
            self._hidden += 1
        elif tag in _FORBIDDEN:
            self.problems.append(
                f"The HTML part has a <{tag}> element, which mail programs remove or refuse."
            )
        elif tag == "img":
            self._check_image(values)
        elif tag == "a":
            self._check_link(values.get("href", ""))

    def handle_endtag(self, tag: str) -> None:
        if tag in {"style", "title"}:
            self._hidden -= 1

    def handle_data(self, data: str) -> None:
        if not self._hidden:
            self._text.append(data)

    def _check_image(self, values: dict[str, str]) -> None:
        if not is_mail_picture(values.get("src", "")):
            self.problems.append("The HTML part has a picture whose address does not begin with https://.")
        if "alt" not in values:
            self.problems.append("The HTML part has a picture without an alt text.")

    def _check_link(self, href: str) -> None:
        if _URL.fullmatch(href) is None:
            self.problems.append(f'The HTML part has a link that leads nowhere: "{href[:80]}".')
        else:
            self.links.add(href)


def _required(what: str, value: str, in_html: str, in_text: str) -> list[str]:
    if not value.strip():
        return [f"There is no {what}. Set it in config.toml."]
    places = [("HTML", in_html), ("text", in_text)]
    return [
        f"The {name} part does not show the {what}." for name, text in places if _plain(value) not in text
    ]


def _misplaced_token(rendered: RenderedEdition) -> list[str]:
    """The token lets its holder unsubscribe a reader, so it must stand in that one link only."""
    if rendered.unsubscribe_url.count(TOKEN) != 1:
        return ["unsubscribe_url does not hold the reader's token."]
    return [
        f"The {name} has the reader's token outside the unsubscribe link."
        for name, text in (
            ("subject", rendered.subject),
            ("HTML part", rendered.html),
            ("text part", rendered.text),
        )
        if text.count(TOKEN) != text.replace("&amp;", "&").count(rendered.unsubscribe_url)
    ]


def _different_links(page: _Page, in_text: set[str]) -> list[str]:
    """Both parts must lead to the same places: those who read the text miss nothing, and filters compare."""
    missing = [f"The text part lacks a link of the HTML part: {url}" for url in sorted(page.links - in_text)]
    in_html = page.links | set(_URL.findall(page.text))
    return missing + [
        f"The HTML part lacks a link of the text part: {url}" for url in sorted(in_text - in_html)
    ]


def _plain(text: str) -> str:
    return " ".join(text.split())
