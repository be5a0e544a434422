"""Decode a page's bytes, limit its markup, and parse it to a tree. For worker processes only.

HTML libraries take quadratic time or crash on deep nesting and many attributes, so ``markup_limits`` limits
the markup first.
"""

import re
from collections import Counter

from lxml import etree, html

from syndicate.errors import ParseError
from syndicate.ingest.feed.xml_encoding import utf8_document
from syndicate.ingest.html.markup_limits import within_limits
from syndicate.ingest.html.tag_scanner import CODE, without_code
from syndicate.ingest.limits import MAX_PAGE_CHARACTERS
from syndicate.ingest.worker.parsers import ParseRequest

MAX_EXTRACTED_TAGS = 10_000
"""Tags of a page that are kept: extraction takes up to 100 µs for each (200 000 ``<p>``: over 12 s)."""

# Extraction takes 10 µs for each character of white space.
_LONG_SPACE = re.compile(r"(?<!\s)\s{1000,}")
_DECLARED = re.compile(rb"<meta[^>]{0,200}?charset\s*=\s*[\"']?\s*([A-Za-z0-9._:-]{1,40})", re.IGNORECASE)
_IS_HTML = re.compile(r"<(?:html|head|body|title|meta|article|main|div|p|h1)[\s/>]", re.IGNORECASE)
_CONTAINER = re.compile(r"</?(?:article|main)(?=[\s/>])", re.IGNORECASE)
_INLINE_NAMES = "a abbr b cite code em font i mark q small span strong sub sup u"
_INLINE = frozenset(_INLINE_NAMES.split())
_MANY_BREAKS = 4
_FOREIGN_TYPES = ("application/pdf", "application/zip", "image/", "audio/", "video/", "font/")


def read_html(request: ParseRequest) -> str:
    """Decode a page.

    The charset comes from the HTTP header, else from a ``meta`` element (HTML Living Standard 13.2.3.2), else
    from detection. Raises ``ParseError`` if the page is empty or not HTML.
    """
    url = request.url
    if request.content_type.startswith(_FOREIGN_TYPES):
        raise ParseError(f"{url} is {request.content_type}, not a page")
    declared = _DECLARED.search(request.body, 0, 4_096)
    document, _ = utf8_document(request.body, request.charset or (declared[1].decode() if declared else ""))
    text = document.decode()
    if not text.strip():
        raise ParseError(f"{url} sent an empty page")
    if not _IS_HTML.search(text, 0, 50_000):
        raise ParseError(f"{url} is not an HTML page")
    return text


def drop_code(text: str) -> str:
    """Remove scripts, styles and comments from a page, and limit its tags, nesting and attributes.

    Raises ``ParseError`` if the rest is larger than ``MAX_PAGE_CHARACTERS``.
    """
    text = without_code(text)
    if len(text) > MAX_PAGE_CHARACTERS:
        raise ParseError(f"the page has more than {MAX_PAGE_CHARACTERS:,} characters of markup")
    return within_limits(_LONG_SPACE.sub(" ", text), max_tags=MAX_EXTRACTED_TAGS)


def is_truncated(text: str, markup: str) -> bool:
    """Return whether a page is truncated; ``markup`` is the result of ``drop_code``.

    A page without ``</body>`` and ``</html>`` may be complete: HTML allows it, and a closed connection may
    end a response without a length. Such a page is truncated if it ends inside a tag, a comment or code, or
    with an open ``article`` or ``main``, whose end tags are mandatory (HTML Living Standard 13.1.2.4).
    """
    folded = text.lower()
    if "</body" in folded or "</html" in folded:
        return False
    if any(folded.rfind(start) > folded.rfind(end) for start, end in (("<", ">"), *CODE)):
        return True
    tags = Counter(match[0].lower() for match in _CONTAINER.finditer(markup))
    return tags["<article"] > tags["</article"] or tags["<main"] > tags["</main"]


def parse_tree(text: str) -> html.HtmlElement:
    """Parse the result of ``drop_code`` to a tree. Raises ``ParseError`` for an empty page."""
    parser = html.HTMLParser(encoding="utf-8", remove_comments=True, remove_pis=True, no_network=True)
    try:
        return html.document_fromstring(text.encode(), parser=parser)
    except (etree.ParserError, ValueError) as error:
        raise ParseError(f"the page cannot be read: {error}") from error


def split_at_line_breaks(tree: html.HtmlElement) -> None:
    """Put text divided by ``<br>`` into paragraphs; otherwise the extractor would misplace links."""
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
