"""Sanitise untrusted HTML for pages, feeds and mail.

``markup_limits`` limits the markup, then nh3 cleans it. nh3's output is canonical (every attribute as
``name="value"``), so that regular expressions can safely make the small corrections after it.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from html import escape, unescape

import nh3

from syndicate.ingest.html.embedded_media import media_as_links
from syndicate.ingest.html.hidden_media import hide_media, may_hide
from syndicate.ingest.html.image_choice import MIN_SIDE, may_lead
from syndicate.ingest.html.markup_limits import MAX_REOPENED, may_be_deep, may_exceed, within_limits
from syndicate.ingest.html.tracking_pixels import image_sides, is_tracking_pixel
from syndicate.ingest.limits import MAX_HTML_CHARACTERS
from syndicate.model import Image
from syndicate.text.plain import clean_line, plain_text, without_ascii
from syndicate.text.tables import table_of
from syndicate.text.urls import absolute_url, is_web_url

MAX_REFERENCES = 50_000
"""Ampersands of one text: html5ever copies the rest of the text for each (100 000 before 900 kB: 1.5 s).

Writing no-break spaces is as slow (900 000: 25 s): beyond this number, all become spaces."""
_TABLE = table_of(__name__)
TAGS = frozenset(_TABLE["tags"].split())
ATTRIBUTES = {element: set(names.split()) for element, names in _TABLE["attributes"].items()}
WITHOUT_CONTENT = frozenset(_TABLE["without_content"].split())

# Characters that XML forbids (XML 1.0 §2.2) or that reorder the text around them (bidi overrides).
_UNWANTED = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ufffe\uffff]")
_HARMLESS = bytes({*b"\t\n\r", *range(0x20, 0x7F)})
_IMG = re.compile(r'<img(?: [a-z]+="[^"]*")*>')
_ATTRIBUTE = re.compile(r' ([a-z]+)="([^"]*)"')
_STYLE = re.compile(r' style="[^"]*"')
# nh3 resolves all links against this fixed base, since building a cleaner for each base takes 50 µs.
_HOST = "https://relative.invalid"
_UP, _DEPTH, _PAGE = "/one-folder-up", 8, "the-page"
_BASE = f"{_HOST}{_UP * _DEPTH}/{_PAGE}"
_UPS = re.compile(rf"(?:{_UP}){{0,{_DEPTH}}}")
_RELATIVE_URL = re.compile(rf'( (?:href|src)="){re.escape(_HOST)}([^"]*)"')
_USERINFO = re.compile(r'="(?!mailto:)[^"/\\?#@]*+[/\\]*+[^"/\\?#@]*+@')
_USERINFO_URL = re.compile(r'( (?:href|src)=")((?!mailto:)[^"@]*@[^"]*+)"')
_LINK_OR_IMAGE = re.compile(r"<(?:a|img) [^<>]*>")
_FOREIGN_URL = re.compile(r'( (?:href|src)=")([\x00-\x21\x23-\x7f]*+[^"\x00-\x7f][^"]*+)"')
# The same for any attribute, as a faster check.
_FOREIGN_VALUE = re.compile(r'="[\x00-\x21\x23-\x7f]*+[^"\x00-\x7f]')
# Tags that need more than nh3. Much faster than a pattern whose first character may be of either case.
_SPECIAL = re.compile("<(?i:/?noscript|iframe|video|audio)")
_IMAGE = re.compile("<(?i:im)")
_NOSCRIPT = re.compile(r"<(?i:/?noscript)(?:[\s/][^<>]*+)?>")
_PRE_NEWLINE = re.compile(r"(<pre[^>]*>)\n")
# Ends of URLs that faulty scripts write.
_NOWHERE = ("/undefined", "/null")
# WordPress writes each emoji of a feed as an image of 72 pixels with a style that scales it to the text.
_EMOJI = re.compile(r"https?://(?:s\.w\.org/images/core/emoji/|twemoji\.|[^?#]*/twemoji/)")
MAX_EMOJI = 16
"""Characters; the emoji of a family has eleven."""
_NAMELESS_PLAYER = re.compile(r'<p><a href="https?://(?:www\.)?([^/"?#:]++)[^"]*+" rel="noopener">\1</a></p>')
# Elements that show nothing without text or image: gaps of editors, anchors of headings and lines of code.
_NAMES = "(a|b|em|i|small|strong)|article|blockquote|div|figcaption|figure|h[2-6]|p|section"
_EMPTY = re.compile(rf"<({_NAMES})(?: [^<>]*+)?+>((?:\s|&nbsp;|<br>)*+)</\1>")
_BEHIND_BLOCK = re.compile(
    r"(?:\A|</?(?:article|aside|block|caption|[dou]l|d[dt]|div|fig|h[1-6r]|li|p|section|t[a-hr])[^<>]*>)\s*\Z"
)
_PIXELS = re.compile(r"\s*(\d{1,5})(?:\.\d+)?(?:px)?\s*\Z")


@dataclass(frozen=True, slots=True, kw_only=True)
class CleanedHtml:
    """Safe HTML with absolute links, its plain text, and its first image that may be a lead image."""

    html: str = ""
    text: str = ""
    image: Image | None = None


def clean_html(
    html: str, base: str, page: str = "", shorten: Callable[[str], str] = str.strip
) -> CleanedHtml:
    """Clean untrusted HTML; never raises.

    Relative links are resolved against ``base`` (an http or https URL), and dropped without a valid base.
    Links to footnotes (``#fn1``) are resolved against ``page``, the article's own URL. Tracking pixels (see
    ``tracking_pixels``), media in hidden elements and images without a web URL are dropped. Embedded players
    become links. ``h1`` becomes ``h2``, since the article's title is the only ``h1``. ``shorten`` cuts the
    cleaned HTML before its text is taken. Cleaning twice equals cleaning once, except for links and headings
    left open around other elements, which HTML parsers do not read stably.
    """
    html = _without_unwanted(_truncated(html))
    if "<" not in html and ">" not in html and "&" not in html:
        return _with_html(shorten(html.strip()), None)
    # nh3 would keep the content of ``noscript`` as text.
    raw = media_as_links(_NOSCRIPT.sub("", html), base) if _SPECIAL.search(html) else html
    raw = within_limits(raw, max_reopened=MAX_REOPENED) if may_exceed(raw) else raw
    shown = hide_media(raw) if _IMAGE.search(raw) and may_hide(raw) else raw
    html = _cleaner(has_base=is_web_url(base)).clean(shown)
    if "&#" in raw or shown != raw:
        # References may have produced unwanted characters.
        html = _without_unwanted(html)
    html = within_limits(html, max_reopened=MAX_REOPENED) if may_be_deep(html) else html
    if _HOST in html:
        html = _resolve_links(html, base, page or base)
    html, image = _correct(_with_uris(html))
    return _with_html(shorten(html.strip()), image)


def _truncated(html: str) -> str:
    html = html[:MAX_HTML_CHARACTERS]
    if len(html) > MAX_REFERENCES and html.count("&") > MAX_REFERENCES:
        html = "&".join(html.split("&", MAX_REFERENCES)[:MAX_REFERENCES])
    if len(html) > MAX_REFERENCES and html.count("\xa0") > MAX_REFERENCES:
        html = html.replace("\xa0", " ")
    return html


def _without_unwanted(text: str) -> str:
    """Return a text without unwanted characters; most texts have none, which a table shows quickly."""
    if without_ascii(text, _HARMLESS).replace("\xa0", "").isprintable():
        return text
    return _UNWANTED.sub("", text.encode(errors="ignore").decode())


@lru_cache(maxsize=2)
def _cleaner(*, has_base: bool) -> nh3.Cleaner:
    return nh3.Cleaner(
        tags=set(TAGS),
        clean_content_tags=set(WITHOUT_CONTENT),
        attributes=ATTRIBUTES,
        link_rel="noopener",
        url_schemes={"http", "https", "mailto"},
        url_relative=("rewrite_with_base", _BASE) if has_base else "deny",
    )


def _resolve_links(html: str, base: str, page: str) -> str:
    """Resolve nh3's links: fragments against ``page``, all others against ``base``."""

    def resolve(match: re.Match[str]) -> str:
        path = unescape(match[2])
        ups = len(_UPS.match(path)[0]) // len(_UP)  # type: ignore[index]
        reference = path if not ups else "../" * (_DEPTH - ups) + path[ups * len(_UP) + 1 :]
        rest = reference.removeprefix(_PAGE)
        if rest == reference or rest[:1] not in ("", "#", "?"):
            url = absolute_url(base, reference)
        else:
            url = absolute_url(base if rest[:1] == "?" else page, rest) if rest else page
        return f'{match[1]}{escape(url)}"' if url else ""

    return _RELATIVE_URL.sub(resolve, html)


def _correct(html: str) -> tuple[str, Image | None]:
    """Correct ``h1``, ``pre``, images and gaps in nh3's output; return its first possible lead image."""
    if "<h1" in html:
        html = html.replace("<h1", "<h2").replace("</h1>", "</h2>")
    html, image = _clean_images(html) if "<img" in html else (html, None)
    html = _without_empty(html)
    # Parsers drop the first newline of ``pre``; a second newline preserves it.
    return _PRE_NEWLINE.sub("\\1\n\n", html) if "<pre" in html else html, image


def _clean_images(html: str) -> tuple[str, Image | None]:
    """Remove tracking pixels and invalid images, and find the first possible lead image."""
    first: Image | None = None

    def keep(match: re.Match[str]) -> str:
        nonlocal first
        attributes = dict(_ATTRIBUTE.findall(match[0]))
        source = attributes.get("src", "")
        if not source.startswith("http") or source.endswith(_NOWHERE) or is_tracking_pixel(attributes):
            return ""
        if len(emoji := unescape(attributes.get("alt", ""))) <= MAX_EMOJI and emoji and _EMOJI.match(source):
            return escape(emoji, quote=False)
        if first is None and not any(side < MIN_SIDE for side in image_sides(attributes)):
            url = absolute_url("", unescape(source))
            width, height = (parse_pixels(attributes.get(name, "")) for name in ("width", "height"))
            alt = clean_line(unescape(attributes.get("alt", "")))
            image = Image(url=url, width=width, height=height, alt=alt)
            first = image if url and may_lead(image, html, match.start()) else None
        return _STYLE.sub("", match[0]) if "style" in attributes else match[0]

    return _IMG.sub(keep, html), first


def _without_empty(html: str) -> str:
    """Remove elements that hold nothing but space, the innermost first; blocks stay that part a text."""

    def space(empty: re.Match[str]) -> str:
        is_inline, start = empty[2] is not None, empty.start()
        if is_inline or _BEHIND_BLOCK.search(empty.string, max(start - 100, 0), start):
            return empty[3] if is_inline else empty[3] and " "
        return empty[0]

    while (left := _EMPTY.sub(space, html)) != html:
        html = left
    return html


def _with_html(html: str, image: Image | None) -> CleanedHtml:
    """Return clean HTML with its plain text, without players that only name their host."""
    shown = _NAMELESS_PLAYER.sub("", html) if "<p><a href=" in html else html
    return CleanedHtml(html=html.strip(), text=plain_text(shown), image=image)


def parse_pixels(value: str) -> int | None:
    """Parse a size in pixels as in HTML and Media RSS; ``None`` for other values (``100%``)."""
    match = _PIXELS.match(value)
    return int(match[1]) if match else None


def _with_uris(html: str) -> str:
    if "@" in html and _USERINFO.search(html):
        html = _LINK_OR_IMAGE.sub(lambda tag: _USERINFO_URL.sub(_uri, tag[0]), html)
    if html.isascii() or not _FOREIGN_VALUE.search(html):
        return html
    # Only inside tags: the text may contain the source of an attribute.
    return _LINK_OR_IMAGE.sub(lambda tag: _FOREIGN_URL.sub(_uri, tag[0]), html)


def _uri(match: re.Match[str]) -> str:
    """Convert a URL with non-ASCII characters to the URI that feeds and mail require (R8)."""
    url = absolute_url("", unescape(match[2])).replace("&", "&amp;").replace('"', "%22")
    return f'{match[1]}{url}"' if url else ""
