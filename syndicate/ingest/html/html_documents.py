"""A page's bytes → text that an HTML library may see → a tree.

Libraries take quadratic time or crash on deep nesting and on many attributes, and lose what lies deeper than
they like, so our own limits come first (``html_limits``). Only the worker processes come here.
"""

import re
from collections import Counter

from lxml import etree, html

from syndicate.errors import ParseError
from syndicate.ingest.feed.xml_encoding import utf8_document
from syndicate.ingest.html.markup_limits import within_limits

MAX_PAGE = 3_000_000
"""Characters of markup, scripts and styles apart; real articles have some hundred thousand."""
MOST_TAGS = 10_000
"""Tags whose elements are looked at: extraction takes up to 100 µs for each (200 000 ``<p>``: over 12 s)."""

# Nobody sees where such a space ends, and extraction takes 10 µs for each character of one.
_LONG_SPACE = re.compile(r"(?<!\s)\s{1000,}")
_DECLARED = re.compile(rb"<meta[^>]{0,200}?charset\s*=\s*[\"']?\s*([A-Za-z0-9._:-]{1,40})", re.IGNORECASE)
_IS_HTML = re.compile(r"<(?:html|head|body|title|meta|article|main|div|p|h1)[\s/>]", re.IGNORECASE)
_CONTAINER = re.compile(r"</?(?:article|main)(?=[\s/>])", re.IGNORECASE)
_INLINE = frozenset(
    {
        "a", "abbr", "b", "cite", "code", "em", "font", "i", "mark", "q", "small", "span", "strong", "sub",
        "sup", "u",
    }
)  # fmt: skip
_MANY_BREAKS = 4
_FOREIGN_TYPES = ("application/pdf", "application/zip", "image/", "audio/", "video/", "font/")


def read_html(body: bytes, *, url: str, content_type: str, charset: str) -> str:
    """A page as text: decoded, and within the limits on size, nesting and attributes.

    The charset is that of the HTTP header, else of a ``meta`` element (HTML Living Standard 13.2.3.2), else
    found out. Raises ``ParseError`` when it is empty, no HTML, or too large.
    """
    if content_type.startswith(_FOREIGN_TYPES):
        raise ParseError(f"{url} is {content_type}, not a page")
    declared = _DECLARED.search(body, 0, 4_096)
    document, _ = utf8_document(body, charset or (declared[1].decode() if declared else ""))
    text = document.decode()
    if not text.strip():
        raise ParseError(f"{url} sent an empty page")
    if not _IS_HTML.search(text, 0, 50_000):
        raise ParseError(f"{url} is not an HTML page")
    return text


def without_code(text: str) -> str:
    """A page without scripts, styles and comments: what a person could see, within the limits.

    Raises ``ParseError`` when that is still too large.
    """
    for start, end in (("<!--", "-->"), ("<script", "</script"), ("<style", "</style")):
        text = _cut_out(text, start, end)
    if len(text) > MAX_PAGE:
        raise ParseError(f"the page has more than {MAX_PAGE:,} characters of markup")
    return within_limits(_LONG_SPACE.sub(" ", text), most_tags=MOST_TAGS)


def breaks_off(text: str, markup: str) -> bool:
    """Return whether a page (and what ``without_code`` left of it) ends before its end.

    A closed connection ends an answer without a length, and HTML may leave out ``</html>``, so neither
    proves anything. A page with neither ``</body>`` nor ``</html>`` is taken for cut off when it ends inside
    a tag, a comment or code, or when an ``article`` or ``main`` is still open: their end tags may not be
    left out (HTML Living Standard 13.1.2.4).
    """
    folded = text.lower()
    if "</body" in folded or "</html" in folded:
        return False
    pairs = (("<", ">"), ("<!--", "-->"), ("<script", "</script"), ("<style", "</style"))
    if any(folded.rfind(start) > folded.rfind(end) for start, end in pairs):
        return True
    tags = Counter(match[0].lower() for match in _CONTAINER.finditer(markup))
    return tags["<article"] > tags["</article"] or tags["<main"] > tags["</main"]


def _cut_out(text: str, start: str, end: str) -> str:
    """Drop everything from each ``start`` to the next ``end``; what never ends stays out to the last byte."""
    folded = text.lower()
    if len(folded) != len(text):
        # Some capitals grow in lower case; code written in such letters is not worth exact borders.
        folded = text
    kept: list[str] = []
    at = 0
    while (opened := folded.find(start, at)) >= 0:
        kept.append(text[at:opened])
        closed = folded.find(end, opened + len(start))
        if closed < 0:
            return "".join(kept)
        bracket = folded.find(">", closed) if end != "-->" else closed + 2
        at = bracket + 1 if bracket >= 0 else len(text)
    return "".join([*kept, text[at:]])


def tree_of(text: str) -> html.HtmlElement:
    """The tree of a page that ``without_code`` has seen. Raises ``ParseError`` when nothing is in it."""
    parser = html.HTMLParser(encoding="utf-8", remove_comments=True, remove_pis=True, no_network=True)
    try:
        tree = html.document_fromstring(text.encode(), parser=parser)
    except (etree.ParserError, ValueError) as error:
        raise ParseError(f"the page cannot be read: {error}") from error
    return tree


def paragraphs_of_line_breaks(tree: html.HtmlElement) -> None:
    """Put text that only ``<br>`` divides into paragraphs.

    The extractor would tear links out of their sentences.
    """
    for element in list(tree.iter("div", "article", "section", "main", "td", "body")):
        if sum(child.tag == "br" for child in element) < _MANY_BREAKS:
            continue
        children, lead = list(element), element.text
        element[:] = []
        element.text = None
        paragraph = _new_paragraph(element, lead)
        for child in children:
            tail, child.tail = child.tail, None
            if child.tag in _INLINE:
                paragraph.append(child)
                child.tail = tail
                continue
            if child.tag != "br":
                element.append(child)
            paragraph = _new_paragraph(element, tail)
        for paragraph in element.findall("p"):
            if not len(paragraph) and not (paragraph.text or "").strip():
                element.remove(paragraph)


def _new_paragraph(element: html.HtmlElement, text: str | None) -> html.HtmlElement:
    paragraph = etree.SubElement(element, "p")
    paragraph.text = text
    return paragraph
