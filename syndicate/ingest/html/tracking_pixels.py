"""Recognise tracking pixels: invisible images that report each reader and time to a server. Pure.

A tracking pixel is recognised by its size, by hiding styles, and by URLs of the best-known trackers. Images
of ordinary size may track readers as well; only a reader that loads no images prevents that.
"""

import re
import sys
from collections.abc import Iterator, Mapping
from html import unescape

from syndicate.text.tables import table_of

MAX_PIXEL_SIDE = 2
"""Pixels. An image with a side this short or shorter is a tracking pixel, a spacer or a line."""
MAX_STYLE_CHARACTERS = 2_000

# A dimension attribute (HTML Living Standard 2.3.4.4): a number with any suffix but a percent sign.
_SIDE = re.compile(r"\s*\+?(\d{1,5}(?:\.\d*)?|\.\d+)(?![\d.]*\s*%)")
_COMMENT = re.compile(r"/\*.*?(?:\*/|\Z)", re.DOTALL)
# CSS Syntax Level 3, section 4.3.7: a code point and one space, or the character itself.
_ESCAPE = re.compile(r"\\(?:([0-9a-f]{1,6})\s?|(.))", re.DOTALL)
_DECLARATION = re.compile(r"(?:^|;)\s*([a-z-]{3,14})\s*:([^;]*)")
# A length in CSS has a unit, except for zero.
_LENGTH = re.compile(r"\s*\+?(?:(\d{0,5}\.?\d+)p[xt]|0*\.?0+(?:[a-z]{2,4}|%)?)\s*(?:!\s*important\s*)?\Z")
_SIDES = frozenset({"width", "height", "max-width", "max-height"})
_UNSEEN = {
    "display": re.compile(r"none\b"),
    "visibility": re.compile(r"(?:hidden|collapse)\b"),
    "opacity": re.compile(r"0*\.?0*(?:[%\s!]|\Z)"),
    # Moved out of sight.
    **dict.fromkeys(
        ("left", "top", "right", "bottom", "margin", "margin-left", "margin-top"), re.compile(r"-\d{3,}")
    ),
}
_TABLE = table_of(__name__)
# For addresses in lower case.
_COUNTERS = re.compile(
    rf"https?://(?:(?:[^/?#]*\.)?(?:{'|'.join(_TABLE['hosts'])})(?:[/?:#]|\Z)"
    rf"|[^?#]*/(?:{'|'.join(_TABLE['files'])})(?:[?#]|\Z))"
)


def image_sides(attributes: Mapping[str, str]) -> list[float]:
    """Return the lengths in pixels that an ``img``'s attributes and style give for its sides."""
    sides = [
        float(match[1]) for name in ("width", "height") if (match := _SIDE.match(attributes.get(name, "")))
    ]
    sides += _styled_sides(_declarations(attributes))
    return sides


def hides(name: str, attributes: Mapping[str, str]) -> bool:
    """Return whether attributes hide an element and its content.

    ``html`` and ``body`` never count as hidden: scripts show them after the page has loaded.
    """
    if name in ("html", "body"):
        return False
    if "hidden" in attributes:
        return True
    declarations = _declarations(attributes)
    if any(_UNSEEN[name].match(value.strip()) for name, value in declarations if name in _UNSEEN):
        return True
    # A box without height but with padding keeps the proportions of an image.
    clips = any(name == "overflow" and "hidden" in value for name, value in declarations)
    padded = any(name.startswith("padding") for name, _ in declarations)
    return clips and not padded and any(side <= MAX_PIXEL_SIDE for side in _styled_sides(declarations))


def is_tracking_pixel(attributes: Mapping[str, str]) -> bool:
    """Return whether an ``img`` is tiny, hidden, or has a tracker's URL."""
    return (
        any(side <= MAX_PIXEL_SIDE for side in image_sides(attributes))
        or hides("img", attributes)
        or is_tracker_url(attributes.get("src", ""))
    )


def is_tracker_url(url: str) -> bool:
    """Return whether a URL is that of a tracker or of a placeholder image."""
    # A pattern that ignores case takes twice the time.
    return _COUNTERS.match(url.lower()) is not None


def _styled_sides(declarations: list[tuple[str, str]]) -> Iterator[float]:
    for name, value in declarations:
        if name in _SIDES and (match := _LENGTH.match(value)):
            yield float(match[1] or 0)


def _declarations(attributes: Mapping[str, str]) -> list[tuple[str, str]]:
    style = attributes.get("style", "")
    if not style:
        return []
    written = _COMMENT.sub("", unescape(style).lower()[:MAX_STYLE_CHARACTERS])
    return _DECLARATION.findall(_ESCAPE.sub(_unescaped, written) if "\\" in written else written)


def _unescaped(escape: re.Match[str]) -> str:
    code, character = escape.groups()
    if character:
        return character
    number = int(code, 16)
    return chr(number).lower() if 0 < number < sys.maxunicode else "\ufffd"
