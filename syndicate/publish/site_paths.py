"""Paths of the site's pages inside the output folder."""

import re
from functools import lru_cache
from hashlib import blake2b
from typing import Final

from syndicate.text.names import slug, tag_key

FRONT_PATH: Final = "site/index.html"
ASSETS_FOLDER: Final = "site/assets/"
_RESERVED: Final = re.compile(r"^index$|(?:^|-)[0-9a-f]{8}$")


def section_path(name: str) -> str:
    """Return the page of a section. All spellings of a name share it."""
    return f"site/sections/{_distinct_slug(name)}.html"


def tag_path(name: str) -> str:
    """Return the page of a tag. All spellings of a name share it."""
    return f"site/tags/{_distinct_slug(name)}.html"


@lru_cache(maxsize=16_384)
def list_feed(kind: str, name: str) -> str:
    """Return the path, without its extension, of the feed of a list without a channel of its own.

    ``kind`` is the folder: ``tags``, ``sections`` or ``sources``; two names of sources never share a path.
    """
    if kind == "sources":
        return f"{kind}/{_slug_or_hash(name, name)}"
    return f"{kind}/{_distinct_slug(name)}"


def root_of(path: str) -> str:
    """Return the relative prefix from ``path`` to the output folder: "../" for each folder.

    Links are relative, so that the same bytes work from a disk, a subfolder and any host.
    """
    return "../" * path.count("/")


@lru_cache(maxsize=16_384)
def _distinct_slug(name: str) -> str:
    key = tag_key(name)
    return _slug_or_hash(key, key.replace(" ", "-"))


def _slug_or_hash(key: str, readable: str) -> str:
    """Return the slug of a key, with a hash unless the slug equals the readable key.

    A slug that looks like a slug with a hash gets a hash too, so that two keys never share a path.
    """
    short = slug(key)
    if short == readable and not _RESERVED.search(short):
        return short
    mark = blake2b(key.encode("utf-8", "replace"), digest_size=4).hexdigest()
    return f"{short}-{mark}" if short else mark
