"""Strangers' HTML → HTML that may stand on our pages, in our feeds and in our mail.

One pass of nh3 behind our own limits (``html_limits``). Its output is
canonical (every attribute as ``name="value"``), which makes the small corrections after it safe to write as
regular expressions.
"""

import re
from dataclasses import dataclass, replace
from functools import lru_cache
from html import escape, unescape
from typing import Literal, NamedTuple

import nh3

from syndicate.ingest.html.hidden_images import may_hide_pictures, without_hidden_pictures
from syndicate.ingest.html.image_choice import MIN_SIDE, may_lead
from syndicate.ingest.html.markup_limits import (
    MAX_ATTRIBUTES,
    MAX_TAGS,
    may_be_deep,
    may_exceed,
    within_limits,
)
from syndicate.ingest.html.tag_scanner import QUOTED_END
from syndicate.ingest.html.tracking_pixels import is_tracking_pixel, picture_sides
from syndicate.model import Image
from syndicate.text.plain import clean_line, text_and_tags, text_of
from syndicate.text.urls import absolute_url, is_web_url

MAX_LENGTH = 1_000_000
MAX_REFERENCES = 50_000
"""Ampersands of one text: html5ever copies the rest of the text for each (100 000 before 900 kB: 1.5 s).

As slow is each no-break space that it writes (900 000: 25 s): of more than these, all become spaces."""
TAGS = frozenset(
    {
        "a", "abbr", "article", "aside", "b", "blockquote", "br", "caption", "cite", "code", "dd", "del",
        "div", "dl", "dt", "em", "figcaption", "figure", "h1", "h2", "h3", "h4", "h5", "h6", "hr", "i",
        "img", "ins", "kbd", "li", "mark", "ol", "p", "pre", "q", "rp", "rt", "ruby", "s", "samp",
        "section", "small", "strong", "sub", "sup", "table", "tbody", "td", "tfoot", "th", "thead", "time",
        "tr", "u", "ul", "var", "wbr",
    }
)  # fmt: skip
ATTRIBUTES = {
    "*": {"lang", "dir", "title"},
    "a": {"href", "hreflang"},
    # The last two only say whether there is anything to see; neither outlives ``_pictures``.
    "img": {"src", "alt", "width", "height", "style", "hidden"},
    # No ``cite``: no reader shows it, and nh3 does not look at its scheme.
    "del": {"datetime"},
    "ins": {"datetime"},
    "time": {"datetime"},
    "ol": {"start"},
    "td": {"colspan", "rowspan"},
    "th": {"colspan", "rowspan", "scope"},
}
# Their content is code, a control or a drawing, never a sentence of the article.
WITHOUT_CONTENT = frozenset(
    {
        "script", "style", "title", "textarea", "select", "svg", "math", "template", "iframe", "noembed",
        "noframes",
    }
)  # fmt: skip

# XML cannot carry these (XML 1.0 §2.2), or they reorder the text around them (bidi overrides).
_UNWANTED = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ufffe\uffff]")
_MARKS = b"<>=\"'"
_HARMLESS = bytes({*b"\t\n\r", *range(0x20, 0x7F)} - {*_MARKS})
_NO_MARKS = bytes({*range(0x100)} - {*_MARKS})
# Noscript, img or image, h1, pre, a long tag, or what looks like them: where none is, there is less to do.
_NOTABLE = re.compile(rf"<(?:[nNiIhHpP][oOmM1rR]|/[nN][oO]|[^>]{{{MAX_ATTRIBUTES}}})")
# What few texts have besides a quoted ``>``: noscript and a long tag.
_UNUSUAL = re.compile(rf"<(?:/?(?i:noscript)|[^>]{{{MAX_ATTRIBUTES}}})")
# The marks of a text where each ``<`` begins a tag, each ``>`` ends it and each ``=`` leads to a quote.
_ORDINARY_MARKS = re.compile(rb"""[^<>=]*+(?:<(?:="[^"<>=]*+"|='[^'<>=]*+')*+>[^<>=]*+)*+""")
_QUOTED_END_IN_TAG = re.compile(rf"<[^<>]*{QUOTED_END.pattern}")
# What is corrected after nh3.
_SPECIAL = re.compile("<(?:h1|img|pre)")
_IMG = re.compile(r'<img(?: [a-z]+="[^"]*")*>')
_ATTRIBUTE = re.compile(r' ([a-z]+)="([^"]*)"')
_STYLE = re.compile(r' style="[^"]*"')
# nh3 resolves all links against this one address, since a cleaner for each base takes 50 µs to build.
_HOST = "https://relative.invalid"
_UP, _DEPTH, _PAGE = "/one-folder-up", 8, "the-page"
_BASE = f"{_HOST}{_UP * _DEPTH}/{_PAGE}"
_UPS = re.compile(rf"(?:{_UP}){{0,{_DEPTH}}}")
_RELATIVE_URL = re.compile(rf'( (?:href|src)="){re.escape(_HOST)}([^"]*)"')
_USERINFO = re.compile(r'="(?!mailto:)[^"/\\?#@]*+[/\\]*+[^"/\\?#@]*+@')
_USERINFO_URL = re.compile(r'( (?:href|src)=")((?!mailto:)[^"@]*@[^"]*+)"')
_LINK_OR_PICTURE = re.compile(r"<(?:a|img) [^<>]*>")
_FOREIGN_URL = re.compile(r'( (?:href|src)=")([\x00-\x21\x23-\x7f]*+[^"\x00-\x7f][^"]*+)"')
# The same of any attribute: where none is, no need to try each word.
_FOREIGN_VALUE = re.compile(r'="[\x00-\x21\x23-\x7f]*+[^"\x00-\x7f]')
# Found much more quickly than where the first character, too, may be of either case.
_NOSCRIPT = re.compile(r"<(?i:/?noscript)(?:[\s/][^<>]*+)?>")
_PRE_NEWLINE = re.compile(r"(<pre[^>]*>)\n")
# What scripts write where an address should be.
_NOWHERE = ("/undefined", "/null")
# WordPress shows each emoji of a feed as a picture of 72 pixels, whose style makes it as high as the text.
_EMOJI = re.compile(r"https?://(?:s\.w\.org/images/core/emoji/|twemoji\.|[^?#]*/twemoji/)")
MAX_EMOJI = 16
"""Characters; an emoji of a family has eleven."""
_PIXELS = re.compile(r"\s*(\d{1,5})(?:px)?\s*\Z")


@dataclass(frozen=True, slots=True, kw_only=True)
class CleanedHtml:
    """Safe HTML with absolute links, the same as plain text, and its first real picture."""

    html: str = ""
    text: str = ""
    image: Image | None = None


def clean_html(html: str, base: str, page: str = "") -> CleanedHtml:
    """Clean a stranger's HTML; relative links are resolved against ``base`` (an http or https URL).

    Links to footnotes (``#fn1``) lead to ``page``, the article's own address, if that is another one.
    Without a usable base, relative links are dropped. Tracking pixels (see ``tracking_pixels``), pictures in
    hidden elements and those without a web address go; ``h1`` becomes ``h2``, since the article's title is
    the only ``h1``.
    Anything may come in; nothing raises. Cleaning twice gives the same as cleaning once (except for links
    and headings left open around other elements, which no parser reads the same way twice).
    """
    html, marks, is_printable = _wanted(_shortened(html))
    if "<" not in html and ">" not in html and "&" not in html:
        html = html.strip()
        return CleanedHtml(html=html, text=text_of([html], is_printable=is_printable))
    given = _Given.of(html, marks)
    raw = _admissible(given)
    html = _sanitised(raw, base, given)
    if "&" in raw:
        # Only a reference makes a character that was not there.
        html, _, is_printable = _wanted(html)
    pieces = text_and_tags(html)
    if may_be_deep(html, len(pieces) // 2):
        # End tags in comments and the like were taken for real ones. What nh3 writes has none of these.
        html = within_limits(html)
        pieces = text_and_tags(html)
    if _HOST in html:
        html = _resolved(html, base, page or base)
    html = _with_uris(html)
    image = None
    if given.is_notable:
        may_have_emoji = "emoji" in html
        html, image = _corrected(html)
        if may_have_emoji:
            pieces, is_printable = text_and_tags(html), False
    return CleanedHtml(html=html.strip(), text=text_of(pieces, is_printable=is_printable), image=image)


class _Given(NamedTuple):
    """A stranger's HTML without unwanted characters, and what is known of it before anything reads it.

    ``tags`` is how many it has at most. It ``is_ordinary`` when no attribute holds a ``<`` or ``>``: all of
    them begin and end tags. It ``is_notable`` when it may have what few texts have: ``noscript``, a picture,
    ``h1``, ``pre`` or a long tag.
    """

    html: str
    tags: int
    is_ordinary: bool
    is_notable: bool

    @classmethod
    def of(cls, html: str, marks: bytes) -> "_Given":
        is_ordinary = _ORDINARY_MARKS.fullmatch(marks) is not None
        return cls(html, marks.count(b"<"), is_ordinary, _NOTABLE.search(html) is not None)


def _shortened(html: str) -> str:
    """No more of a text, and of what nh3 is slow with, than the limits allow."""
    html = html[:MAX_LENGTH]
    if len(html) > MAX_REFERENCES and html.count("&") > MAX_REFERENCES:
        html = "&".join(html.split("&", MAX_REFERENCES)[:MAX_REFERENCES])
    if len(html) > MAX_REFERENCES and html.count("\xa0") > MAX_REFERENCES:
        html = html.replace("\xa0", " ")
    return html


def _wanted(text: str) -> tuple[str, bytes, bool]:
    """A text without unwanted characters; its marks; whether all of it is printable, for ``text_of``.

    One look answers all of this for most texts, many times as quickly as patterns would.
    """
    marks = text.encode(errors="surrogatepass").translate(None, _HARMLESS)
    found = marks.translate(None, _MARKS)
    if not found:
        return text, marks, True
    marks = marks.translate(None, _NO_MARKS)
    suspects = found.decode(errors="surrogatepass")
    if suspects.replace("\xa0", "").isprintable():
        return text, marks, True
    try:
        text.encode()
    except UnicodeEncodeError:
        text = text.encode(errors="ignore").decode()
    return _UNWANTED.sub("", text), marks, False


def _admissible(given: _Given) -> str:
    """HTML that nh3 may see: without ``noscript`` and within the limits."""
    html, tags = given.html, given.tags
    is_unusual = (
        tags > MAX_TAGS
        or (given.is_notable and _UNUSUAL.search(html))
        or (not given.is_ordinary and QUOTED_END.search(html) and _QUOTED_END_IN_TAG.search(html))
    )
    if is_unusual:
        # nh3 would show what is in it as text. No reader of ours runs scripts.
        html = _NOSCRIPT.sub("", html)
        tags = html.count("<")
        if may_exceed(html, tags, is_ordinary=given.is_ordinary):
            return within_limits(html)
    return within_limits(html) if may_be_deep(html, tags) else html


def _sanitised(raw: str, base: str, given: _Given) -> str:
    """Return what nh3 leaves of HTML without its hidden pictures."""
    cleaner = _cleaner(has_base=is_web_url(base))
    html = cleaner.clean(raw)
    # Only nh3 knows what is a picture, and only few texts have any to be looked for.
    if given.is_notable and "<img" in html and may_hide_pictures(raw, is_ordinary=given.is_ordinary):
        shown = without_hidden_pictures(raw)
        return html if shown == raw else cleaner.clean(shown)
    return html


@lru_cache(maxsize=2)
def _cleaner(*, has_base: bool) -> nh3.Cleaner:
    return _build(("rewrite_with_base", _BASE) if has_base else "deny")


def _resolved(html: str, base: str, page: str) -> str:
    """Resolve what nh3 resolved against ``_BASE``: fragments against ``page``, all else against ``base``."""

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


def _build(relative: Literal["deny"] | tuple[Literal["rewrite_with_base"], str]) -> nh3.Cleaner:
    return nh3.Cleaner(
        tags=set(TAGS),
        clean_content_tags=set(WITHOUT_CONTENT),
        attributes=ATTRIBUTES,
        link_rel="noopener",
        url_schemes={"http", "https", "mailto"},
        url_relative=relative,
    )


def _corrected(html: str) -> tuple[str, Image | None]:
    """Return what nh3 wrote with no ``h1``, no lost line and no picture that is none.

    And its first real picture.
    """
    special = set(_SPECIAL.findall(html))
    if "<h1" in special:
        html = html.replace("<h1", "<h2").replace("</h1>", "</h2>")
    if "<pre" in special:
        # Parsers drop the first newline of pre; without a second one it would be lost each time.
        html = _PRE_NEWLINE.sub("\\1\n\n", html)
    return _pictures(html) if "<img" in special else (html, None)


def _pictures(html: str) -> tuple[str, Image | None]:
    """Remove what is no picture; find the first that can stand for the article."""
    first: Image | None = None

    def keep(match: re.Match[str]) -> str:
        nonlocal first
        attributes = dict(_ATTRIBUTE.findall(match[0]))
        source = attributes.get("src", "")
        if not source.startswith("http") or source.endswith(_NOWHERE) or is_tracking_pixel(attributes):
            return ""
        if len(sign := unescape(attributes.get("alt", ""))) <= MAX_EMOJI and sign and _EMOJI.match(source):
            return escape(sign, quote=False)
        if first is None and not any(side < MIN_SIDE for side in picture_sides(attributes)):
            url = absolute_url("", unescape(source))
            width, height = pixels(attributes.get("width", "")), pixels(attributes.get("height", ""))
            alt = clean_line(unescape(attributes.get("alt", "")))
            image = Image(url=url, width=width, height=height, alt=alt)
            first = image if url and may_lead(image, html, match.start()) else None
        return _STYLE.sub("", match[0]) if "style" in attributes else match[0]

    return _IMG.sub(keep, html), first


def with_html(body: CleanedHtml, html: str) -> CleanedHtml:
    """Return a part of a cleaned text with its own plain text."""
    return replace(body, html=html, text=text_of(text_and_tags(html)))


def pixels(value: str) -> int | None:
    """A size in pixels as HTML and Media RSS write it, ``None`` when it is none (``100%``, junk)."""
    match = _PIXELS.match(value)
    return int(match[1]) if match else None


def _with_uris(html: str) -> str:
    if "@" in html and _USERINFO.search(html):
        html = _LINK_OR_PICTURE.sub(lambda tag: _USERINFO_URL.sub(_uri, tag[0]), html)
    if html.isascii() or not _FOREIGN_VALUE.search(html):
        return html
    # Not in the text, which may show what looks like an attribute.
    return _LINK_OR_PICTURE.sub(lambda tag: _FOREIGN_URL.sub(_uri, tag[0]), html)


def _uri(match: re.Match[str]) -> str:
    """An address with other than ASCII characters as the URI that feeds and mail require (R8)."""
    url = absolute_url("", unescape(match[2])).replace("&", "&amp;").replace('"', "%22")
    return f'{match[1]}{url}"' if url else ""
