"""Parse the metadata of a page's article: schema.org JSON-LD first, then its meta elements.

Publishers write JSON-LD for search engines, with full times and names. Open Graph is for previews and often
shortened.
"""

import json
import re
from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from html import unescape
from typing import Any

from lxml.html import HtmlElement

from syndicate.ingest.feed.raw_item import RawItem, Text
from syndicate.ingest.html.sanitise import parse_pixels
from syndicate.ingest.page.element_metadata import HtmlPage, read_elements
from syndicate.ingest.written_dates import parse_date
from syndicate.model import Image

_JSON_LD = re.compile(r"<script[^>]{0,300}?application/ld\+json[^>]{0,300}>", re.IGNORECASE)
_DOCUMENT_TITLE = re.compile(r"""\bdocument\.title\s*=\s*(["'])((?:(?!\1)[^\\\n]|\\.){1,300})\1""")
_MAX_JSON_CHARACTERS = 500_000
_MAX_NODES = 2_000


@dataclass(frozen=True, slots=True, kw_only=True)
class PageMetadata:
    """Uncleaned metadata of a page: the item that it declares, and more.

    ``paywalled`` is schema.org's ``isAccessibleForFree: false``. ``is_article`` means that the page declares
    an article by JSON-LD, Open Graph type or a time of publication.
    """

    item: RawItem
    title: str = ""
    heading: str = ""
    page_title: str = ""
    script_title: str = ""
    section: str = ""
    canonical: str = ""
    paywalled: bool = False
    is_article: bool = False


def read_page_metadata(text: str, tree: HtmlElement, url: str) -> PageMetadata:
    """Parse the metadata of a page: of its ``tree``, and of the scripts in its ``text``. Never raises."""
    page = read_elements(tree)
    nodes = list(_nodes(text))
    article = next((node for node in nodes if _is_article(node)), {})
    image = _image(article.get("image")) or _meta_image(page)
    tags = _tags(article) or page.meta.get("article:tag") or _split(page.first("news_keywords"))
    item = RawItem(
        base=url,
        link=url,
        summary=Text(
            _text(article.get("description")) or page.first("og:description", "description"), html=False
        ),
        authors=_authors(article) or page.meta.get("author") or page.meta.get("byl") or [],
        published=_date(
            article.get("datePublished"), page, "article:published_time", "datepublished", "date"
        ),
        updated=_date(article.get("dateModified"), page, "article:modified_time", "og:updated_time"),
        language=_text(article.get("inLanguage")) or page.language,
        tags=list(tags),
        images=[image] if image else [],
    )
    declared = _text(article.get("headline")) or _text(article.get("name"))
    return PageMetadata(
        item=item,
        title=declared or page.first("og:title", "twitter:title"),
        heading=page.heading,
        page_title=page.title,
        script_title=_script_title(text, nodes),
        section=_text(article.get("articleSection")) or page.first("article:section"),
        canonical=page.canonical,
        is_article=bool(
            article
            or page.first("og:type").strip().lower() in ("article", "news", "blog")
            or page.first("article:published_time")
        ),
        paywalled=str(article.get("isAccessibleForFree", "")).strip().lower() == "false",
    )


def _script_title(text: str, nodes: Iterable[dict[str, Any]]) -> str:
    """Return the title in the JSON-LD of the page itself, else the title that a script sets."""
    names = (_text(node.get("name")) for node in nodes if node.get("@type") in ("WebPage", "ItemPage"))
    match = _DOCUMENT_TITLE.search(text)
    return next(filter(None, names), "") or (unescape(match[2]).replace("\\", "") if match else "")


def _nodes(text: str) -> Iterator[dict[str, Any]]:
    """Yield the objects in the page's JSON-LD, outermost first, at most ``_MAX_NODES``."""
    waiting: deque[Any] = deque()
    for tag in _JSON_LD.finditer(text):
        end = text.find("</", tag.end(), tag.end() + _MAX_JSON_CHARACTERS)
        try:
            waiting.append(json.loads(text[tag.end() : max(end, tag.end())], strict=False))
        except (ValueError, RecursionError):
            continue
    seen = 0
    while waiting and seen < _MAX_NODES:
        node = waiting.popleft()
        seen += 1
        if isinstance(node, dict):
            yield node
            waiting += [value for value in node.values() if isinstance(value, (dict, list))]
        elif isinstance(node, list):
            waiting += node[:_MAX_NODES]


def _is_article(node: dict[str, Any]) -> bool:
    kinds = node.get("@type")
    names = kinds if isinstance(kinds, list) else [kinds]
    return any(isinstance(name, str) and name.endswith(("Article", "Posting")) for name in names)


def _text(value: object) -> str:
    """Return a JSON-LD value as unescaped text: a string, the name of an object, or a list's first text."""
    if isinstance(value, list):
        return next((text for item in value if (text := _text(item))), "")
    if isinstance(value, dict):
        return _text(value.get("name") or value.get("alternateName") or value.get("@value"))
    return unescape(value).strip() if isinstance(value, str) else ""


def _authors(article: dict[str, Any]) -> list[str]:
    value = article.get("author") or article.get("creator")
    return [name for item in (value if isinstance(value, list) else [value]) if (name := _text(item))]


def _tags(article: dict[str, Any]) -> list[str]:
    value = article.get("keywords")
    if isinstance(value, list):
        return [tag for item in value if (tag := _text(item))]
    return _split(_text(value))


def _split(text: str) -> list[str]:
    return [part for part in re.split(r"\s*[,;،]\s*", text) if part]


def _date(value: object, page: HtmlPage, *names: str) -> datetime | None:
    for text in (_text(value), *(page.first(name) for name in names)):
        if text and (date := parse_date(text[:200], UTC)):
            return date
    return None


def _image(value: object) -> Image | None:
    if isinstance(value, list):
        return next((image for item in value if (image := _image(item))), None)
    if isinstance(value, dict):
        url = _text(value.get("url") or value.get("contentUrl"))
        size = [parse_pixels(str(value.get(name))) for name in ("width", "height")]
        return Image(url=url, width=size[0], height=size[1], alt=_text(value.get("caption"))) if url else None
    return Image(url=value.strip()) if isinstance(value, str) and value.strip() else None


def _meta_image(page: HtmlPage) -> Image | None:
    url = page.first("og:image", "og:image:url", "twitter:image")
    size = [parse_pixels(page.first(f"og:image:{name}")) for name in ("width", "height")]
    return Image(url=url, width=size[0], height=size[1], alt=page.first("og:image:alt")) if url else None
