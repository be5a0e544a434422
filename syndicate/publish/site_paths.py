"""Where every page of the site lies inside the output folder."""

from functools import lru_cache
from hashlib import blake2b
from typing import Final

from syndicate.text.names import slug

FRONT_PATH: Final = "site/index.html"
ASSETS_FOLDER: Final = "site/assets/"


def section_path(name: str, page: int = 1) -> str:
    """The page of a section; ``page`` counts from 1. Names that differ only in case share it."""
    return _listing_path("sections", name, page)


def tag_path(name: str, page: int = 1) -> str:
    """The page of a tag; ``page`` counts from 1. Names that differ only in case share it."""
    return _listing_path("tags", name, page)


def root_of(path: str) -> str:
    """What to write before another output path to reach it from ``path``: "../" for each folder.

    Links are relative, so that the same bytes work from a disk, a subfolder and any host.
    """
    return "../" * path.count("/")


def _listing_path(folder: str, name: str, page: int) -> str:
    known_as = _distinct_slug(name)
    return f"site/{folder}/{known_as}.html" if page == 1 else f"site/{folder}/{known_as}/{page}.html"


@lru_cache(maxsize=4096)
def _distinct_slug(name: str) -> str:
    """The slug alone when it says all the name says; with a hash when letters were lost on the way."""
    plain = " ".join(name.casefold().split())
    short = slug(plain)
    if short == plain.replace(" ", "-"):
        return short
    mark = blake2b(plain.encode("utf-8", "replace"), digest_size=4).hexdigest()
    return f"{short}-{mark}" if short else mark
