"""Media types of files that articles carry, by the publisher's declaration or the address's ending."""

import re
from functools import lru_cache
from typing import Final
from urllib.parse import unquote, urlsplit

from syndicate.text.tables import table_of

_TABLE: Final = table_of(__name__)
_BY_ENDING: Final[dict[str, str]] = {
    ending: kind for kind, endings in _TABLE["endings"].items() for ending in endings.split()
}
_TYPE: Final = re.compile(r"\s*([a-z]+/[a-z0-9][a-z0-9.+-]*)", re.IGNORECASE | re.ASCII)


# Cached: parsing, RSS and Atom ask for the same image.
@lru_cache(maxsize=4096)
def media_type(declared: str, url: str) -> str:
    """Return the declared type without parameters and in lower case, else the type of the address's ending.

    Return ``""`` if neither is known. ``application/octet-stream`` means unknown, and ``text/html`` is
    feedparser's guess for an Atom link without a type.
    """
    found = _TYPE.match(declared)
    kind = found[1].lower() if found else ""
    if kind in ("", "application/octet-stream", "text/html"):
        return _BY_ENDING.get(_ending(url), kind)
    return str(_TABLE["wrong"].get(kind, kind))


def file_name(url: str) -> str:
    """Return the file's name in an address, unquoted."""
    return unquote(url.partition("?")[0].rpartition("/")[2])


def human_size(size: int) -> str:
    """Return a number of bytes for readers: "31 MB", "1.2 MB", "340 kB", "75 GB"."""
    if size < 1_000_000:
        return f"{max(1, round(size / 1_000))} kB"
    number, unit = (size / 1_000_000, "MB") if size < 1_000_000_000 else (size / 1_000_000_000, "GB")
    return f"{number:.{0 if number >= 10 else 1}f} {unit}"


def _ending(url: str) -> str:
    try:
        name = urlsplit(url).path.rpartition("/")[2]
    except ValueError:
        return ""
    return name.rpartition(".")[2].lower() if "." in name else ""
