"""Colours as ``#rrggbb``: contrast by WCAG 2, mixtures, and the rule of a site's own accent."""

from typing import Final

# Paper and tint of the style sheet, for light and dark.
_SHEETS: Final = (("#ffffff", "#f6f3ec"), ("#131516", "#1c1f20"))
_TINT_SHARES: Final = (0.11, 0.2)
LEAST_CONTRAST: Final = 4.5


def contrast(one: str, other: str) -> float:
    """Return the contrast ratio of two colours, from 1 to 21."""
    low, high = sorted((_luminance(one), _luminance(other)))
    return (high + 0.05) / (low + 0.05)


def accent_contrast(accent: str, *, dark: bool) -> float:
    """Return the least contrast of an accent on paper, tint and its own tint."""
    paper, tint = _SHEETS[dark]
    return min(contrast(accent, under) for under in (paper, tint, _accent_tint(accent, dark=dark)))


def accent_rules(accent: str, accent_dark: str) -> str:
    """Return the rules that replace the accents of the style sheet; ``""`` keeps the shipped colour."""
    schemes = (("light", accent, False), ("dark", accent_dark, True))
    return "".join(_rule(scheme, colour, dark=dark) for scheme, colour, dark in schemes if colour)


def _rule(scheme: str, accent: str, *, dark: bool) -> str:
    ink = max(("#ffffff", "#101010"), key=lambda ink: contrast(ink, accent))
    colours = f"--accent: {accent}; --accent-ink: {ink}; --accent-tint: {_accent_tint(accent, dark=dark)};"
    return f"\n@media screen and (prefers-color-scheme: {scheme}) {{ :root {{ {colours} }} }}\n"


def _accent_tint(accent: str, *, dark: bool) -> str:
    share, paper = _TINT_SHARES[dark], _SHEETS[dark][0]
    mixed = (
        round(share * one + (1 - share) * other)
        for one, other in zip(_parts(accent), _parts(paper), strict=True)
    )
    return "#" + "".join(f"{part:02x}" for part in mixed)


def _luminance(colour: str) -> float:
    red, green, blue = (
        part / 3294.6 if part <= 10 else ((part / 255 + 0.055) / 1.055) ** 2.4 for part in _parts(colour)
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _parts(colour: str) -> tuple[int, ...]:
    return tuple(bytes.fromhex(colour.removeprefix("#")))
