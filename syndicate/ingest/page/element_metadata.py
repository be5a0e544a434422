"""Parse an article's metadata in the elements of an HTML page: title, heading, meta, link and time."""

from dataclasses import dataclass, field
from html import escape

from lxml.html import HtmlElement, tostring

from syndicate.errors import ParseError
from syndicate.ingest.html.html_documents import parse_tree
from syndicate.ingest.html.markup_limits import within_limits
from syndicate.ingest.html.tag_scanner import without_code

_REGIONS = ("article", "main", "body")
_NO_CONTENT = ("nav", "form", "button", "noscript", "title")


@dataclass(slots=True)
class HtmlPage:
    """Uncleaned metadata of a page. ``meta`` maps lower-case property, name or itemprop to values."""

    title: str = ""
    heading: str = ""
    language: str = ""
    canonical: str = ""
    time: str = ""
    meta: dict[str, list[str]] = field(default_factory=dict)
    body: str = ""

    def first(self, *names: str) -> str:
        """Return the first non-empty value of the first of these meta names that has a value."""
        return next((value for name in names for value in self.meta.get(name, ()) if value.strip()), "")


def parse_html_file(text: str) -> HtmlPage:
    """Parse a page's metadata and the HTML of its ``article``, else ``main``, else ``body``.

    The body has no comments, navigation and forms, and not the first ``h1``, which repeats the title. A text
    without elements is the body of a page without metadata.
    """
    try:
        tree = parse_tree(within_limits(without_code(text)))
    except ParseError:
        return HtmlPage()
    page = read_elements(tree)
    body = next((element for name in _REGIONS for element in tree.iter(name)), tree)
    for element in [*body.iter(*_NO_CONTENT), *list(body.iter("h1"))[:1]]:
        element.drop_tree()
    children = (tostring(child, encoding="unicode") for child in body)
    page.body = escape(body.text or "", quote=False) + "".join(children)
    return page


def read_elements(tree: HtmlElement) -> HtmlPage:
    """Read a page's metadata without its body."""
    title, heading = (next(tree.iter(name), None) for name in ("title", "h1"))
    page = HtmlPage(
        title="" if title is None else str(title.text_content()),
        heading="" if heading is None else str(heading.text_content()),
        language=str(tree.get("lang") or ""),
    )
    for element in tree.iter("meta", "link", "time"):
        if element.tag == "meta":
            name = element.get("property") or element.get("name") or element.get("itemprop") or ""
            page.meta.setdefault(name.lower(), []).append(str(element.get("content") or ""))
        elif element.tag == "time":
            page.time = page.time or str(element.get("datetime") or "")
        elif "canonical" in (element.get("rel") or "").lower().split():
            page.canonical = page.canonical or str(element.get("href") or "")
    return page
