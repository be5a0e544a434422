"""Views of a rendered mail for its preview: in the dark, without images, and as source."""

import re

_DARK = re.compile(r"@media[^{]*\(\s*prefers-color-scheme:\s*dark\s*\)[^{]*\{", re.IGNORECASE)
_IMAGE = re.compile(r"<img\b[^>]*>", re.IGNORECASE)
_SOURCE = re.compile(r"""\s(?:src|srcset)\s*=\s*("[^"]*"|'[^']*'|[^\s>]+)""", re.IGNORECASE)
_BACKGROUND = re.compile(r"url\([^)]*\)", re.IGNORECASE)
# Control characters and marks of direction, which could hide or turn around parts of a source.
_HIDDEN = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b-\u200f\u202a-\u202e\u2066-\u2069\ufeff]")


def in_the_dark(html: str) -> str:
    """Return the HTML with its rules for a dark scheme in force in every browser."""
    return _DARK.sub("@media all {", html)


def without_images(html: str) -> str:
    """Return the HTML as a mail program shows it that loads no images."""
    return _BACKGROUND.sub("none", _IMAGE.sub(lambda image: _SOURCE.sub("", image[0]), html))


def as_source(message: bytes) -> str:
    r"""Return the raw message as text, with control and direction characters as ``\\uXXXX``."""
    text = message.decode("utf-8", "replace").replace("\r\n", "\n")
    return _HIDDEN.sub(lambda found: f"\\u{ord(found[0]):04x}", text)
