"""Pictures that nobody is meant to see: they tell a stranger who reads what, and when. Pure."""

import re
from collections.abc import Mapping
from html import unescape

LARGEST = 2
"""Pixels; a side of so few is a tracking pixel, a spacer or a line, whatever the other one says."""

# As HTML reads a dimension attribute (Living Standard 2.3.4.4): a number, whatever follows it; not a share.
_SIDE = re.compile(r"\s*\+?(\d{1,5}(?:\.\d*)?|\.\d+)(?![\d.]*\s*%)")
_DECLARATION = re.compile(r"(?:^|;)\s*([a-z-]{4,12})\s*:([^;]*)")
# In CSS a length has a unit; only zero needs none.
_LENGTH = re.compile(r"\s*\+?(?:(\d{0,5}\.?\d+)px|0+)\s*(?:!\s*important\s*)?\Z")
_UNSEEN = {"display": "none", "visibility": "hidden"}


def picture_sides(attributes: Mapping[str, str]) -> list[float]:
    """The sides of an ``img`` that its attributes and its style tell, in pixels; none, one or more."""
    sides = [
        float(match[1]) for name in ("width", "height") if (match := _SIDE.match(attributes.get(name, "")))
    ]
    for name, value in _declarations(attributes):
        if name in ("width", "height") and (match := _LENGTH.match(value)):
            sides.append(float(match[1] or 0))
    return sides


def is_tracking_pixel(attributes: Mapping[str, str]) -> bool:
    """Whether an ``img`` is too small to see, or hidden."""
    if "hidden" in attributes or any(side <= LARGEST for side in picture_sides(attributes)):
        return True
    return any(
        _UNSEEN.get(name) == value.partition("!")[0].strip() for name, value in _declarations(attributes)
    )


def _declarations(attributes: Mapping[str, str]) -> list[tuple[str, str]]:
    style = attributes.get("style", "")
    return _DECLARATION.findall(unescape(style).lower()[:2_000]) if style else []
