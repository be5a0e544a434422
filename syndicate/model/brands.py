"""Brands: title, logo, colours and fonts of a newsletter, and the name of its mail server."""

from dataclasses import dataclass
from typing import Final

_SERIF: Final = "Charter, 'Noto Serif', Cambria, Georgia, 'Noto Naskh Arabic', serif"
_SANS: Final = (
    "system-ui, -apple-system, 'Segoe UI', Roboto, 'Noto Sans', 'Noto Sans Arabic', Arial, sans-serif"
)
_GEORGIA: Final = "Georgia, 'Times New Roman', 'Noto Serif', 'Noto Naskh Arabic', serif"
_PALATINO: Final = "'Palatino Linotype', Palatino, 'Book Antiqua', 'Noto Serif', 'Noto Naskh Arabic', serif"
_HELVETICA: Final = "'Helvetica Neue', Helvetica, Arial, 'Noto Sans', 'Noto Sans Arabic', sans-serif"
_VERDANA: Final = "Verdana, Geneva, 'DejaVu Sans', 'Noto Sans', 'Noto Sans Arabic', sans-serif"
_TREBUCHET: Final = "'Trebuchet MS', 'Lucida Grande', 'Noto Sans', 'Noto Sans Arabic', sans-serif"
FONTS: Final = {
    "default": (_SERIF, _SANS),
    "sans": (_SANS, _SANS),
    "serif": (_SERIF, _SERIF),
    "georgia": (_GEORGIA, _SANS),
    "palatino": (_PALATINO, _SANS),
    "helvetica": (_HELVETICA, _HELVETICA),
    "verdana": (_VERDANA, _VERDANA),
    "trebuchet": (_TREBUCHET, _SANS),
}
"""Fonts that computers and phones have: the stacks of headlines and of text by name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Brand:
    """Look of a newsletter's mail and pages, by default the site's; the site's own has the name ``""``.

    ``logo`` and ``logo_dark`` (for dark pages) are paths in the output folder, the ``_file`` fields their
    originals. ``logo_url`` and ``logo_dark_url`` are the addresses of images that mail programs show.
    ``accent`` and ``accent_dark`` are colours as ``#rrggbb``, ``""`` for the shipped colours. ``serif`` and
    ``sans`` are the font stacks of headlines and of text. ``sender`` is the name of the brand whose mail
    server sends, ``""`` for the server of ``[mail]``. All texts may be ``""``.
    """

    name: str = ""
    title: str = ""
    logo: str = ""
    logo_dark: str = ""
    logo_file: str = ""
    logo_dark_file: str = ""
    logo_url: str = ""
    logo_dark_url: str = ""
    accent: str = ""
    accent_dark: str = ""
    font: str = "default"
    postal_address: str = ""
    sender: str = ""

    @property
    def serif(self) -> str:
        """Font stack of headlines, as in CSS."""
        return FONTS[self.font][0]

    @property
    def sans(self) -> str:
        """Font stack of text, as in CSS."""
        return FONTS[self.font][1]

    @property
    def style(self) -> str:
        """Path of the style sheet of the newsletter's pages, ``""`` for the site's own look."""
        return f"site/assets/brand-{self.name}.css" if self.name else ""


NO_BRAND: Final = Brand()
