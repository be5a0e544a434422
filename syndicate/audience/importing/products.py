"""Products whose lists can be imported: headings and states of their exports, from ``products.toml``."""

import re
import tomllib
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from importlib import resources
from typing import Any, Final

from syndicate.model import Standing

_SEPARATORS = re.compile(r"[\W_]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Product:
    """Product and its exports; ``products.toml`` explains the attributes."""

    name: str
    title: str
    signs: Collection[Collection[str]] = ()
    headings: Mapping[str, str] = field(default_factory=dict)
    subscribed: Collection[str] = ()
    note: str = ""
    refused: str = ""
    escape: str | None = None

    @property
    def states(self) -> dict[str, Standing]:
        """Standing of each word for a state. Only a plain list may leave the state blank."""
        blank = {} if self.name == "csv" else {"": Standing.UNKNOWN}
        return STATES | blank | dict.fromkeys(self.subscribed, Standing.SUBSCRIBED)


def heading_key(text: str) -> str:
    """Return the key of a heading or a state: ``OPTIN_TIME`` and ``Optin time`` are ``optin time``."""
    return _SEPARATORS.sub(" ", text.casefold()).strip()


def _by_spelling(table: Mapping[str, Collection[str]]) -> dict[str, str]:
    return {spelling: meaning for meaning, spellings in table.items() for spelling in spellings}


_TABLES: Final[Mapping[str, Any]] = tomllib.loads(
    resources.files(__package__).joinpath("products.toml").read_text("utf-8")
)
MEANINGS: Final[Mapping[str, str]] = _TABLES["meanings"]
"""Meanings of columns, with their titles. The meaning of a column that is a field is ``field:NAME``."""
HEADINGS: Final = _by_spelling(_TABLES["headings"])
STATES: Final = {word: Standing(state) for word, state in _by_spelling(_TABLES["states"]).items()}
PRODUCTS: Final = {table["name"]: Product(**table) for table in _TABLES["products"]}
FALSE: Final = frozenset(
    ("", "no", "false", "n", "off", "none", "null", "never", "0", "0000 00 00", "0000 00 00 00 00 00")
)
"""Words for "no", in the form of ``heading_key``."""


def detect_product(headings: Collection[str]) -> Product:
    """Return the first product that has a set of signs among the headings, else plain CSV."""
    found = (
        product for product in PRODUCTS.values() if any(set(headings) >= set(sign) for sign in product.signs)
    )
    return next(found, PRODUCTS["csv"])


def standing_of_file(name: str) -> Standing:
    """Return the state that a file's name gives all its rows, as in ``cleaned_members_export_1.csv``."""
    start = name.rpartition("/")[2].lower()
    states = (state for word, state in _TABLES["files"].items() if start.startswith(word))
    return Standing(next(states, Standing.SUBSCRIBED))
