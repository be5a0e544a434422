"""A page that lists articles → ``ParsedSource``, by the operator's CSS selectors.

Only what the list says: the articles' own pages are read later, one by one. Runs in worker processes only.
"""

from datetime import UTC
from hashlib import blake2b

from lxml.html import HtmlElement

from syndicate.errors import ParseError
from syndicate.ingest.feed.raw_item import RawItem, Text, entry_of
from syndicate.ingest.html.html_documents import breaks_off, read_html, tree_of, without_code
from syndicate.ingest.page.css_selectors import xpath_of
from syndicate.ingest.page.element_metadata import read_html_metadata
from syndicate.ingest.written_dates import read_moment
from syndicate.model import Entry, Image, ParsedSource, Selectors
from syndicate.text.language import normalise_language
from syndicate.text.plain import clean_line
from syndicate.text.urls import absolute_url, canonical_url

MAX_LISTED = 500
_PICTURES = ("src", "data-src", "data-original", "srcset", "data-srcset")


def parse_listing(
    body: bytes, *, url: str, content_type: str, charset: str, known: frozenset[str], select: Selectors
) -> ParsedSource:
    """The articles a page lists, in its order.

    An item without a link, and a link that was listed before, is left out. Raises ``ParseError`` when the
    page is no HTML, and when no item is found at all: then the page or the selector is wrong, and an empty
    list would look like a quiet day.
    """
    text = read_html(body, url=url, content_type=content_type, charset=charset)
    page = read_html_metadata(text)
    markup = without_code(text)
    tree = tree_of(markup)
    language = normalise_language(page.language)
    found: dict[str, Entry] = {}
    for item in tree.xpath(xpath_of(select.item))[:MAX_LISTED]:
        entry = _entry(item, url, select, language) if isinstance(item, HtmlElement) else None
        if entry is not None:
            found.setdefault(canonical_url(entry.url), entry)
    if not found:
        raise ParseError(
            f"{url} lists nothing where select.item = {select.item!r} looks; the page has changed, needs "
            "JavaScript, or answers with another page (log-in, consent)"
        )
    return ParsedSource(
        title=clean_line(page.first("og:site_name") or page.title),
        home_url=url,
        language=language,
        entries=tuple(entry for entry in found.values() if entry.item_hash not in known),
        item_hashes=tuple(entry.item_hash for entry in found.values()),
        cut_off=breaks_off(text, markup),
    )


def _entry(item: HtmlElement, url: str, select: Selectors, language: str) -> Entry | None:
    links = _all(item, select.link or "a")
    if not select.link and item.tag == "a":
        links = [item]
    link = next((target for link in links if (target := _target(link, url))), "")
    if not canonical_url(link):
        return None
    title = _words(item, select.title) if select.title else _link_words(links, link, url)
    raw = RawItem(
        base=url,
        link=link,
        guid=canonical_url(link),
        title=Text(title, html=False),
        summary=Text(_words(item, select.summary), html=False) if select.summary else None,
        authors=[_words(item, select.author)] if select.author else [],
        published=read_moment(_date(item, select.date), UTC) if select.date else None,
        images=[image] if (image := _image(item, select.image)) else [],
    )
    item_hash = blake2b(
        repr((raw.guid, raw.title, raw.summary, raw.published)).encode(errors="replace"), digest_size=16
    )
    return entry_of(raw, language=language, item_hash=item_hash.hexdigest())


def _all(item: HtmlElement, selector: str) -> list[HtmlElement]:
    return [row for row in item.xpath(xpath_of(selector)) if isinstance(row, HtmlElement)]


def _first(item: HtmlElement, selector: str) -> HtmlElement | None:
    return next(iter(_all(item, selector)), None)


def _target(element: HtmlElement, url: str) -> str:
    """Return where an element leads: itself, or the first link in it."""
    href = element.get("href") or next(iter(element.xpath("descendant::a/@href")), "")
    target = absolute_url(url, str(href))
    return target if target.startswith("http") else ""


def _words(item: HtmlElement, selector: str) -> str:
    element = _first(item, selector)
    return "" if element is None else " ".join(str(element.text_content()).split())


def _link_words(links: list[HtmlElement], link: str, url: str) -> str:
    """The longest words of the links that lead there: one is often a picture, another "read more"."""
    words = (" ".join(str(item.text_content()).split()) for item in links if _target(item, url) == link)
    return max(words, key=len, default="")


def _date(item: HtmlElement, selector: str) -> str:
    element = _first(item, selector)
    if element is None:
        return ""
    return str(element.get("datetime") or element.get("content") or element.text_content())[:200]


def _image(item: HtmlElement, selector: str) -> Image | None:
    element = _first(item, selector) if selector else None
    if element is None:
        return None
    if element.tag != "img":
        element = next(
            (item for item in element.xpath("descendant::img") if isinstance(item, HtmlElement)), element
        )
    address = next((value for name in _PICTURES if (value := element.get(name))), "")
    parts = address.split()
    return Image(url=parts[0], alt=str(element.get("alt") or "")) if parts else None
