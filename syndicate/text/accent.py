"""Contrast of colours by WCAG 2.2, and the style rules of a site's own accent."""

from functools import lru_cache
from typing import Final

Colour = tuple[int, int, int]

# Paper and tint of the style sheet, and the share of the accent in its own tint: light, dark.
_PAPERS: Final = ((255, 255, 255), (0x13, 0x15, 0x16))
_TINTS: Final = ((0xF6, 0xF3, 0xEC), (0x1C, 0x1F, 0x20))
_SHARES: Final = (0.11, 0.2)
_INKS: Final = ((255, 255, 255), (16, 16, 16))
LEAST_CONTRAST: Final = 4.5


@lru_cache(maxsize=256)
def contrast(first: Colour, second: Colour) -> float:
    """Return the contrast ratio of two colours, 1 to 21."""
    low, high = sorted((_luminance(first), _luminance(second)))
    return (high + 0.05) / (low + 0.05)


def accent_contrast(accent: str, *, dark: bool) -> float:
    """Return the least contrast of an accent (``#rrggbb``) on paper, tint and its own tint."""
    colour = _parsed(accent)
    papers = _PAPERS[dark], _TINTS[dark], _own_tint(colour, dark=dark)
    return min(contrast(colour, paper) for paper in papers)


def lightened(accent: str) -> str:
    """Return an accent (``#rrggbb``) with as much white as its contrast on dark pages needs."""
    shades = (
        "#" + bytes(round(part + (255 - part) * share / 20) for part in _parsed(accent)).hex()
        for share in range(21)
    )
    return next(shade for shade in shades if accent_contrast(shade, dark=True) >= LEAST_CONTRAST)


def accent_rules(accent: str, accent_dark: str) -> str:
    """Return the rules that replace the accents of the style sheet; ``""`` keeps the shipped colour."""
    light = _rule(accent, dark=False) if accent else ""
    return light + (_rule(accent_dark, dark=True) if accent_dark else "")


def _rule(accent: str, *, dark: bool) -> str:
    colour = _parsed(accent)
    ink = max(_INKS, key=lambda ink: contrast(ink, colour))
    values = {"": colour, "-ink": ink, "-tint": _own_tint(colour, dark=dark)}
    declared = "".join(f" --accent{name}: #{bytes(value).hex()};" for name, value in values.items())
    scheme = "dark" if dark else "light"
    return f"\n@media screen and (prefers-color-scheme: {scheme}) {{ :root {{{declared} }} }}\n"


def _own_tint(accent: Colour, *, dark: bool) -> Colour:
    share, paper = _SHARES[dark], _PAPERS[dark]
    red, green, blue = (round(share * a + (1 - share) * p) for a, p in zip(accent, paper, strict=True))
    return red, green, blue


def _parsed(text: str) -> Colour:
    red, green, blue = bytes.fromhex(text.removeprefix("#"))
    return red, green, blue


def _luminance(colour: Colour) -> float:
    parts = [part / 255 for part in colour]
    red, green, blue = (p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
