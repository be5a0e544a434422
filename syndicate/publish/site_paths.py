"""Paths of the site's pages inside the output folder."""

import re
from datetime import date
from functools import lru_cache, partial
from hashlib import blake2b
from typing import Final

from syndicate.text.names import slug, tag_key

FRONT_PATH: Final = "site/index.html"
LATEST_PATH: Final = "site/latest.html"
FEEDS_PATH: Final = "site/feeds.html"
ABOUT_PATH: Final = "site/about.html"
SOURCES_PATH: Final = "site/sources/index.html"
NOT_FOUND_PATH: Final = "404.html"
NEWSLETTERS_PATH: Final = "site/newsletters/index.html"
DAYS_FOLDER: Final = "site/days/"
ARCHIVE_PATH: Final = f"{DAYS_FOLDER}index.html"
UNDATED_PATH: Final = f"{DAYS_FOLDER}undated/index.html"
ASSETS_FOLDER: Final = "site/assets/"
_RESERVED: Final = re.compile(r"^index$|(?:^|-)[0-9a-f]{8}$")


def _first_page(folder: str, name: str) -> str:
    """Return the first page of a section, tag or author. All spellings of a name share it."""
    return f"site/{folder}/{_distinct_slug(name)}/index.html"


section_path = partial(_first_page, "sections")
tag_path = partial(_first_page, "tags")
author_path = partial(_first_page, "authors")


@lru_cache(maxsize=16_384)
def source_path(name: str) -> str:
    """Return the first page of a source; two names never share it."""
    return f"site/sources/{_slug_or_hash(name, name)}/index.html"


def list_page(first: str, number: int) -> str:
    """Return page ``number`` of the list whose first page is ``first``; page 1 is the oldest."""
    return f"{first.removesuffix('index.html')}page-{number}.html"


def day_path(day: date, part: int = 1) -> str:
    """Return the page of a day, or a further part of a day with many articles."""
    return f"{DAYS_FOLDER}{day.isoformat().replace('-', '/')}{'' if part == 1 else f'-{part}'}.html"


def month_path(day: date) -> str:
    """Return the page of a day's month."""
    return f"{DAYS_FOLDER}{day.isoformat()[:7].replace('-', '/')}/index.html"


def story_path(title: str, story_id: int) -> str:
    """Return the page of a story; only the id decides."""
    return f"site/stories/{slug(title) or 'story'}-{story_id:x}.html"


def story_feed(path: str) -> str:
    """Return the path, without its extension, of the feed of the story with this page."""
    return f"stories/{path.rpartition('-')[2].removesuffix('.html')}"


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
