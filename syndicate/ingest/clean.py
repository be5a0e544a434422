"""Strangers' HTML → HTML that may stand on our pages, in our feeds and in our mail.

One pass of nh3, built once for each base address, behind our own limits: HTML parsers take
quadratic time on deep nesting (100 000 nested divs: 24 s) and on many attributes of one element,
and some lose what lies deeper. So tags deeper than ``MAX_DEPTH`` are dropped and their text kept, and
likewise tags beyond the first ``MAX_TAGS``.
nh3's output is canonical (every attribute as ``name="value"``), which makes the small corrections
after it safe to write as regular expressions.
"""

import contextlib
import re
from collections import Counter, defaultdict
from dataclasses import dataclass
from functools import lru_cache
from html import unescape
from typing import Literal

import nh3

from syndicate.ingest.hidden_pictures import may_hide_pictures, without_hidden_pictures
from syndicate.ingest.html_tags import NEVER_NESTING, QUOTED_END, TAG
from syndicate.ingest.tracking_pixels import is_tracking_pixel, picture_sides
from syndicate.model import Image
from syndicate.text.plain import clean_line, text_and_tags, text_of
from syndicate.text.urls import absolute_url, is_web_url

MAX_LENGTH = 1_000_000
MAX_DEPTH = 200
MAX_ATTRIBUTES = 500
MAX_TAGS = 20_000
"""Start and stray end tags of one text; the richest of 1 617 items of real feeds has 872 elements.

html5ever moves what a table may not hold in front of it, one by one: quadratic (``<table>`` and 250 000 times
``x<p>``: over 90 s; 20 000: 0.1 s)."""
MAX_TABLES = 10
"""Tables in tables; layouts in the style of mail have five. Extraction looks at all that is in each, again
and again (200 of them around 2 500 paragraphs: 2 s)."""
MAX_REFERENCES = 50_000
"""Ampersands of one text: html5ever copies the rest of the text for each (100 000 before 900 kB: 1.5 s).

As slow is each no-break space that it writes (900 000: 25 s): of more than these, all become spaces."""
# Emoticons, share buttons and spacers are smaller than this; a picture for an article is not.
MIN_PICTURE = 32

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
# As ``html_tags.TAG`` for what nh3 writes, and quicker.
_NAME = re.compile(r"""<(/?)([a-zA-Z][^\s/>]*)[^>"]*+(?:"[^"]*+"[^>"]*+)*+""")
# Noscript, img or image, h1, pre, a long tag, or what looks like them: where none is, there is less to do.
_NOTABLE = re.compile(rf"<(?:[nNiIhHpP][oOmM1rR]|/[nN][oO]|[^>]{{{MAX_ATTRIBUTES}}})")
# What few texts have besides a quoted ``>``: noscript and a long tag.
_UNUSUAL = re.compile(rf"<(?:/?(?i:noscript)|[^>]{{{MAX_ATTRIBUTES}}})")
# The marks of a text where each ``<`` begins a tag, each ``>`` ends it and each ``=`` leads to a quote.
_ORDINARY_MARKS = re.compile(rb"""[^<>=]*+(?:<(?:="[^"<>=]*+"|='[^'<>=]*+')*+>[^<>=]*+)*+""")
_LONG_START = re.compile(rf"<[a-zA-Z][^>]{{{MAX_ATTRIBUTES}}}[^>]*+")
_QUOTED_END_IN_TAG = re.compile(rf"<[^<>]*{QUOTED_END.pattern}")
# What is corrected after nh3.
_SPECIAL = re.compile("<(?:h1|img|pre)")
_IMG = re.compile(r'<img(?: [a-z]+="[^"]*")*>')
_ATTRIBUTE = re.compile(r' ([a-z]+)="([^"]*)"')
_STYLE = re.compile(r' style="[^"]*"')
_LINK_OR_PICTURE = re.compile(r"<(?:a|img) [^<>]*>")
_FOREIGN_URL = re.compile(r'( (?:href|src)=")([\x00-\x21\x23-\x7f]*+[^"\x00-\x7f][^"]*+)"')
# The same of any attribute: where none is, no need to try each word.
_FOREIGN_VALUE = re.compile(r'="[\x00-\x21\x23-\x7f]*+[^"\x00-\x7f]')
# Found much more quickly than where the first character, too, may be of either case.
_NOSCRIPT = re.compile(r"<(?i:/?noscript)(?:[\s/][^<>]*+)?>")
_PRE_NEWLINE = re.compile(r"(<pre[^>]*>)\n")
_PIXELS = re.compile(r"\s*(\d{1,5})(?:px)?\s*\Z")


@dataclass(frozen=True, slots=True, kw_only=True)
class CleanedHtml:
    """Safe HTML with absolute links, the same as plain text, and its first real picture."""

    html: str = ""
    text: str = ""
    image: Image | None = None


def clean_html(html: str, base: str) -> CleanedHtml:
    """Clean a stranger's HTML; relative links are resolved against ``base`` (an http or https URL).

    Without a usable base, relative links are dropped. Tracking pixels (see ``tracking_pixels``), pictures in
    hidden elements and those without a web address go; ``h1`` becomes ``h2``, since the article's title is
    the only ``h1``.
    Anything may come in; nothing raises. Cleaning twice gives the same as cleaning once (except for links
    and headings left open around other elements, which no parser reads the same way twice).
    """
    html = html[:MAX_LENGTH]
    if len(html) > MAX_REFERENCES and html.count("&") > MAX_REFERENCES:
        html = "&".join(html.split("&", MAX_REFERENCES)[:MAX_REFERENCES])
    if len(html) > MAX_REFERENCES and html.count("\xa0") > MAX_REFERENCES:
        html = html.replace("\xa0", " ")
    html, marks, is_printable = _wanted(html)
    if "<" not in html and ">" not in html and "&" not in html:
        html = html.strip()
        return CleanedHtml(html=html, text=text_of([html], is_printable=is_printable))
    is_notable = _NOTABLE.search(html) is not None
    is_ordinary = _ORDINARY_MARKS.fullmatch(marks) is not None
    raw = _admissible(html, marks.count(b"<"), is_notable=is_notable, is_ordinary=is_ordinary)
    html, is_printable = _sanitised(raw, base, is_printable=is_printable)
    special = set(_SPECIAL.findall(html)) if is_notable else set()
    if "<img" in special and may_hide_pictures(raw, is_ordinary=is_ordinary):
        shown = without_hidden_pictures(raw)
        if shown != raw:
            html, is_printable = _sanitised(shown, base, is_printable=is_printable)
    pieces = text_and_tags(html)
    if _may_be_deep(html, len(pieces) // 2):
        # End tags in comments and the like were taken for real ones. What nh3 writes has none of these.
        html = within_limits(html)
        pieces = text_and_tags(html)
    html = _with_uris(html)
    image = None
    if special:
        html = _canonical(html, special)
    if "<img" in special:
        html, image = _pictures(html)
    return CleanedHtml(html=html.strip(), text=text_of(pieces, is_printable=is_printable), image=image)


def _admissible(html: str, tags: int, *, is_notable: bool, is_ordinary: bool) -> str:
    """HTML that nh3 may see: without ``noscript`` and within the limits."""
    is_unusual = (
        tags > MAX_TAGS
        or (is_notable and _UNUSUAL.search(html))
        or (not is_ordinary and QUOTED_END.search(html) and _QUOTED_END_IN_TAG.search(html))
    )
    if is_unusual:
        # nh3 would show what is in it as text. No reader of ours runs scripts.
        html = _NOSCRIPT.sub("", html)
        tags = html.count("<")
    if (is_unusual and _may_exceed(html, tags, is_ordinary=is_ordinary)) or _may_be_deep(html, tags):
        return within_limits(html)
    return html


def _sanitised(html: str, base: str, *, is_printable: bool) -> tuple[str, bool]:
    """What nh3 leaves of HTML, and whether it is as printable as ``_wanted`` tells."""
    clean = _cleaner(base).clean(html)
    if "&" not in html:
        return clean, is_printable
    # Only a reference makes a character that was not there.
    clean, _, is_printable = _wanted(clean)
    return clean, is_printable


@lru_cache(maxsize=256)
def _cleaner(base: str) -> nh3.Cleaner:
    """One cleaner for each base: resolving natively is cheaper than a call back for each link."""
    if is_web_url(base):
        with contextlib.suppress(ValueError):
            return _build(("rewrite_with_base", base))
    return _build("deny")


def _build(relative: Literal["deny"] | tuple[Literal["rewrite_with_base"], str]) -> nh3.Cleaner:
    return nh3.Cleaner(
        tags=set(TAGS),
        clean_content_tags=set(WITHOUT_CONTENT),
        attributes=ATTRIBUTES,
        link_rel="noopener",
        url_schemes={"http", "https", "mailto"},
        url_relative=relative,
    )


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


def _may_exceed(html: str, tags: int, *, is_ordinary: bool) -> bool:
    """Whether ``within_limits`` could have to change something, apart from depth."""
    if tags > MAX_TAGS or (not is_ordinary and QUOTED_END.search(html)):
        return True
    return any(_attributes(start) > MAX_ATTRIBUTES for start in _LONG_START.findall(html))


def _may_be_deep(html: str, tags: int) -> bool:
    """Whether elements nest too deeply. No depth is larger than the number of start tags."""
    return tags > MAX_DEPTH and tags - html.count("</") > MAX_DEPTH and _is_deep(html)


def _is_deep(html: str) -> bool:
    """Whether elements nest too deeply, as ``within_limits`` counts but in a quarter of its time: few do.

    Exact for what nh3 writes. Strangers may hide tags from it, at the cost of nh3's time for ``MAX_TAGS``
    elements in each other (1 s).
    """
    # Not a counter, which answers for what it has not counted in Python.
    opened: defaultdict[str, int] = defaultdict(int)
    depth = 0
    for closing, raw in _NAME.findall(html):
        name = raw.lower()
        if closing:
            if opened[name]:
                opened[name] -= 1
                depth -= 1
        elif name not in NEVER_NESTING:
            opened[name] += 1
            depth += 1
            if depth > MAX_DEPTH or opened["table"] > MAX_TABLES:
                return True
    return False


def within_limits(html: str, *, most_tags: int = MAX_TAGS) -> str:
    """HTML that an HTML library may see: neither too deep, nor with too many tags or attributes.

    A space stands for tags deeper than ``MAX_DEPTH``, tables deeper than ``MAX_TABLES`` and tags beyond
    ``most_tags``; the attributes of elements that have more than ``MAX_ATTRIBUTES`` go. Depth is counted by
    name, so that a stray end tag cannot hide an open one.
    """
    opened: Counter[str] = Counter()
    dropped: Counter[str] = Counter()
    depth = tags = 0

    def keep(match: re.Match[str]) -> str:
        nonlocal depth, tags
        closing, name, rest = match[1], match[2].lower(), match[3]
        if closing and dropped[name]:
            dropped[name] -= 1
            return " "
        if closing and opened[name]:
            opened[name] -= 1
            depth -= 1
            return match[0]
        tags += 1
        nests = not closing and name not in NEVER_NESTING
        if tags > most_tags or (
            nests and (depth >= MAX_DEPTH or (name == "table" and opened[name] >= MAX_TABLES))
        ):
            dropped[name] += nests
            return " "
        if nests:
            opened[name] += 1
            depth += 1
        if not closing and len(rest) > MAX_ATTRIBUTES and _attributes(rest) > MAX_ATTRIBUTES:
            return f"<{name}>"
        return match[0]

    return TAG.sub(keep, html)


def _attributes(inside: str) -> int:
    """At most how many attributes the inside of a tag holds; slashes separate them too."""
    return max(len(inside.split()), inside.count("="), inside.count("/"))


def _pictures(html: str) -> tuple[str, Image | None]:
    """Remove what is no picture; find the first that can stand for the article."""
    first: Image | None = None

    def keep(match: re.Match[str]) -> str:
        nonlocal first
        attributes = dict(_ATTRIBUTE.findall(match[0]))
        source = attributes.get("src", "")
        if not source.startswith("http") or is_tracking_pixel(attributes):
            return ""
        if first is None and not any(side < MIN_PICTURE for side in picture_sides(attributes)):
            url = absolute_url("", unescape(source))
            width, height = pixels(attributes.get("width", "")), pixels(attributes.get("height", ""))
            alt = clean_line(unescape(attributes.get("alt", "")))
            first = Image(url=url, width=width, height=height, alt=alt) if url else None
        return _STYLE.sub("", match[0]) if "style" in attributes else match[0]

    return _IMG.sub(keep, html), first


def pixels(value: str) -> int | None:
    """A size in pixels as HTML and Media RSS write it, ``None`` when it is none (``100%``, junk)."""
    match = _PIXELS.match(value)
    return int(match[1]) if match else None


def _canonical(html: str, special: set[str]) -> str:
    if "<h1" in special:
        html = html.replace("<h1", "<h2").replace("</h1>", "</h2>")
    # Parsers drop the first newline of pre; without a second one it would be lost each time.
    return _PRE_NEWLINE.sub("\\1\n\n", html) if "<pre" in special else html


def _with_uris(html: str) -> str:
    if html.isascii() or not _FOREIGN_VALUE.search(html):
        return html
    # Not in the text, which may show what looks like an attribute.
    return _LINK_OR_PICTURE.sub(lambda tag: _FOREIGN_URL.sub(_uri, tag[0]), html)


def _uri(match: re.Match[str]) -> str:
    """An address with other than ASCII characters as the URI that feeds and mail require (R8)."""
    url = absolute_url("", unescape(match[2])).replace("&", "&amp;").replace('"', "%22")
    return f'{match[1]}{url}"' if url else ""
