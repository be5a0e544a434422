"""Parse a page that lists articles to ``ParsedSource``, by the operator's selectors.

CSS finds elements. XPath also finds attributes and texts, which are used as they are. The articles' own pages
are read later. For worker processes only.
"""

from datetime import UTC
from hashlib import blake2b
from typing import Any

from lxml.etree import XPathError
from lxml.html import HtmlElement

from syndicate.errors import ParseError
from syndicate.ingest.feed.raw_item import RawItem, Text, entry_of
from syndicate.ingest.html.html_documents import drop_code, is_truncated, parse_tree, read_html
from syndicate.ingest.page.css_selectors import xpath_of
from syndicate.ingest.page.element_metadata import read_elements
from syndicate.ingest.worker.parsers import ParseRequest
from syndicate.ingest.written_dates import parse_date
from syndicate.model import Entry, Image, ParsedSource, Selectors
from syndicate.text.language import normalise_language
from syndicate.text.plain import clean_line
from syndicate.text.urls import absolute_url, canonical_url

MAX_LISTED_ITEMS = 500
_IMAGE_ATTRIBUTES = ("src", "data-src", "data-original", "srcset", "data-srcset")


def parse_listing(request: ParseRequest, *, select: Selectors) -> ParsedSource:
    """Return the articles that a page lists, in its order.

    Items without a link, and items with a link of an earlier item, are left out. Raises ``ParseError`` if the
    page is not HTML, no item matches (an empty result would hide a wrong selector), or XPath fails.
    """
    text, url = read_html(request), request.url
    markup = drop_code(text)
    tree = parse_tree(markup)
    page = read_elements(tree)
    language = normalise_language(page.language)
    entries_by_url: dict[str, Entry] = {}
    try:
        items = [item for item in _all(tree, select.item) if isinstance(item, HtmlElement)]
        for item in items[:MAX_LISTED_ITEMS]:
            if entry := _entry(item, url, select, language):
                entries_by_url.setdefault(canonical_url(entry.url), entry)
    except XPathError as error:
        raise ParseError(f"{url} was not read: a selector failed ({error})") from error
    if not entries_by_url:
        raise ParseError(
            f"{url} lists nothing where select.item = {select.item!r} looks; the page has changed, needs "
            "JavaScript, or answers with another page (log-in, consent)"
        )
    return ParsedSource(
        title=clean_line(page.first("og:site_name") or page.title),
        home_url=url,
        language=language,
        entries=tuple(entry for entry in entries_by_url.values() if entry.item_hash not in request.known),
        item_hashes=tuple(entry.item_hash for entry in entries_by_url.values()),
        cut_off=is_truncated(text, markup),
    )


def _entry(item: HtmlElement, url: str, select: Selectors, language: str) -> Entry | None:
    links = _all(item, select.link or "a")
    if not select.link and item.tag == "a":
        links = [item]
    link = next((target for link in links if (target := _target(link, url))), "")
    if not canonical_url(link):
        return None
    title = _text(_first(item, select.title)) if select.title else _link_words(links, link, url)
    raw = RawItem(
        base=url,
        link=link,
        guid=canonical_url(link),
        title=Text(title, html=False),
        summary=Text(_text(_first(item, select.summary)), html=False) if select.summary else None,
        authors=[_text(_first(item, select.author))] if select.author else [],
        published=parse_date(_date(item, select.date), UTC) if select.date else None,
        images=[image] if (image := _image(item, select.image)) else [],
    )
    facts = repr((raw.guid, raw.title, raw.summary, raw.published)).encode(errors="replace")
    return entry_of(raw, language=language, item_hash=blake2b(facts, digest_size=16).hexdigest())


def _all(item: HtmlElement, selector: str) -> list[Any]:
    found = item.xpath(xpath_of(selector))
    # XPath also finds namespaces, which lxml returns as tuples.
    rows = found if isinstance(found, list) else [str(found)]
    return [row for row in rows if isinstance(row, (str, HtmlElement))]


def _first(item: HtmlElement, selector: str) -> Any:
    return next(iter(_all(item, selector)), None)


def _target(found: Any, url: str) -> str:
    if not isinstance(found, str):
        found = found.get("href") or next(iter(found.xpath("descendant::a/@href")), "")
    target = absolute_url(url, str(found))
    return target if target.startswith("http") else ""


def _text(found: Any) -> str:
    text = found if found is None or isinstance(found, str) else found.text_content()
    return " ".join(str(text or "").split())


def _link_words(links: list[Any], link: str, url: str) -> str:
    """Return the longest text of the links with this target: others are images or "read more"."""
    return max((_text(_element(item)) for item in links if _target(item, url) == link), key=len, default="")


def _element(found: Any) -> Any:
    """Return the element of an attribute, which lxml returns as a text with a parent."""
    return getattr(found, "getparent", lambda: found)() if isinstance(found, str) else found


def _date(item: HtmlElement, selector: str) -> str:
    found = _first(item, selector)
    if found is None or isinstance(found, str):
        return str(found or "")[:200]
    return str(found.get("datetime") or found.get("content") or found.text_content())[:200]


def _image(item: HtmlElement, selector: str) -> Image | None:
    element = _first(item, selector) if selector else None
    if element is None or isinstance(element, str):
        return Image(url=str(element)) if element else None
    if element.tag != "img":
        element = next(element.iter("img"), element)
    address = next((value for name in _IMAGE_ATTRIBUTES if (value := element.get(name))), "")
    parts = address.split()
    return Image(url=parts[0], alt=str(element.get("alt") or "")) if parts else None
