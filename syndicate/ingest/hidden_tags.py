"""Choose the tags that readers do not see: names of a publisher's own use, not of a subject. Pure."""

import re
from collections.abc import Iterable
from functools import lru_cache

from syndicate.ingest.limits import MAX_TAG_CHARACTERS
from syndicate.model import Source
from syndicate.text.names import tag_key
from syndicate.text.tables import table_of
from syndicate.text.urls import site_host

_TABLE = table_of(__name__)
# Numbers alone, and parts with "=", or with ":" and a number: "2026", "pos=3", "arXiv:2602.02667".
_MACHINE_WRITTEN = re.compile(r"\d+|[\w.-]+=\S*|[\w.-]+:[\w.-]*\d[\w.-]*")


_NAMES = tuple(_TABLE["names"])
_PREFIXES = tuple(_TABLE["prefixes"].split())


@lru_cache(maxsize=256)
def _any_of(names: tuple[str, ...]) -> re.Pattern[str]:
    keys = (re.escape(tag_key(name)) + "( .*)?" * name.endswith("*") for name in names)
    return re.compile("|".join(keys))


def with_names(tags: Iterable[str], names: tuple[str, ...]) -> tuple[str, ...]:
    """Return the tags among ``names`` in any spelling; "*" at the end stands for further words."""
    return tuple(tag for tag in tags if names and _any_of(names).fullmatch(tag_key(tag)))


def hidden_tags(tags: Iterable[str], source: Source) -> tuple[str, ...]:
    """Return the tags that are no subject: by the tables, written by machines, cut, or the source's name."""
    own = filter(None, (source.name, source.title, site_host(source.home_url)))
    names = (*_NAMES, *own)
    return tuple(
        tag
        for tag in tags
        if len(tag) >= MAX_TAG_CHARACTERS
        or _MACHINE_WRITTEN.fullmatch(tag)
        or (tag.casefold().startswith(_PREFIXES) and len(tag.split()) == 1)
        or with_names((tag,), names)
    )
