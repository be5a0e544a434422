"""Facts about an article in the plain elements of an HTML page, for files of a local folder.

Tags are found by patterns that stay linear: the HTMLParser of the standard library takes 37 s for 200 kB of
``<article `` without an end.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from html import unescape
from typing import NamedTuple

_REGIONS = ("article", "main", "body")
_AROUND = ("nav", "form", "button", "noscript")
_TAG = re.compile(
    r"<(meta|link|html|time)(?=[\s/>])((?:[^<>\"']++|\"[^\"]{0,4000}\"|'[^']{0,4000}')*+)>", re.IGNORECASE
)
_ATTRIBUTE = re.compile(r"([\w:.-]+)\s*=\s*(?:\"([^\"]*)\"|'([^']*)'|([^\s\"'>]+))")
_ANY_TAG = re.compile(r"<[^<>]*>")


@dataclass(slots=True)
class HtmlPage:
    """A page's own words about itself, uncleaned. ``meta`` is by lower-case property, name or itemprop."""

    title: str = ""
    heading: str = ""
    language: str = ""
    canonical: str = ""
    time: str = ""
    meta: dict[str, list[str]] = field(default_factory=dict)
    body: str = ""

    def first(self, *names: str) -> str:
        """The first non-empty value of the first of these meta names that has one."""
        return next((value for name in names for value in self.meta.get(name, ()) if value.strip()), "")


def read_html_page(text: str) -> HtmlPage:
    """Read a page's metadata and the HTML of its ``article``, else of ``main``, else of ``body``, else all.

    Comments, navigation and forms are left out, and the first ``h1``, which repeats the title.
    """
    text = _without_comments(text)
    page = read_html_metadata(text)
    body = next((_inside(text, element) for name in _REGIONS for element in _elements(text, name)), text)
    for name in (*_AROUND, "title"):
        body = _without(body, list(_elements(body, name)))
    page.body = _without(body, list(_elements(body, "h1"))[:1])
    return page


def read_html_metadata(text: str) -> HtmlPage:
    """Read a page's title, first heading and metadata only."""
    page = HtmlPage(title=_inner_text(text, "title"), heading=_inner_text(text, "h1"))
    for tag in _TAG.finditer(text):
        _note(page, tag[1].lower(), _attributes(tag[2]))
    return page


def _note(page: HtmlPage, tag: str, values: dict[str, str]) -> None:
    if tag == "meta":
        name = values.get("property") or values.get("name") or values.get("itemprop") or ""
        page.meta.setdefault(name.lower(), []).append(values.get("content", ""))
    elif tag == "link" and "canonical" in values.get("rel", "").lower().split():
        page.canonical = page.canonical or values.get("href", "")
    elif tag == "html":
        page.language = page.language or values.get("lang", "")
    elif tag == "time":
        page.time = page.time or values.get("datetime", "")


def _attributes(text: str) -> dict[str, str]:
    return {
        name.lower(): unescape(double or single or bare)
        for name, double, single, bare in _ATTRIBUTE.findall(text)
    }


class _Element(NamedTuple):
    """Positions of an element's tags and of its inside."""

    start: int
    inside: int
    inside_end: int
    end: int


def _elements(text: str, name: str) -> Iterator[_Element]:
    """The outermost closed elements of a name."""
    depth = 0
    opened: re.Match[str] | None = None
    for tag in re.finditer(rf"<(/?){name}(?=[\s/>])[^<>]*>", text, re.IGNORECASE):
        if not tag[1]:
            opened = opened or tag
            depth += 1
        elif opened:
            depth -= 1
            if depth == 0:
                yield _Element(opened.start(), opened.end(), tag.start(), tag.end())
                opened = None


def _inside(text: str, element: _Element) -> str:
    return text[element.inside : element.inside_end]


def _inner_text(text: str, name: str) -> str:
    """The text of the first element of a name, without the tags in it."""
    return next((unescape(_ANY_TAG.sub("", _inside(text, element))) for element in _elements(text, name)), "")


def _without(text: str, elements: list[_Element]) -> str:
    ends = [0, *(element.end for element in elements)]
    starts = [*(element.start for element in elements), len(text)]
    return "".join(text[end:start] for end, start in zip(ends, starts, strict=True))


def _without_comments(text: str) -> str:
    kept: list[str] = []
    position = 0
    while (start := text.find("<!--", position)) >= 0 and (end := text.find("-->", start + 4)) >= 0:
        kept.append(text[position:start])
        position = end + 3
    return "".join(kept) + text[position:]
