"""Mark of a source: its initials, and the number of its colour."""

import re
from functools import lru_cache
from hashlib import blake2b
from typing import Final

HUES: Final = 8
_MAX_INITIALS: Final = 3
# A longer name in capitals is a word, not an abbreviation.
_MAX_ABBREVIATION: Final = 4
_WORD: Final = re.compile(r"\w+")
_ARTICLES: Final = frozenset({"the", "a", "an", "der", "die", "das", "le", "la", "les", "el", "los", "las"})
_ARABIC_ARTICLE: Final = "ال"


@lru_cache(maxsize=4096)
def initials(name: str) -> str:
    """Return up to four letters for a source: its abbreviation, or the initials of its words."""
    words: list[str] = _WORD.findall(name)
    kept = [word for word in words if word.lower() not in _ARTICLES] or words
    if not kept:
        return ""
    if kept[0].isupper() and len(kept[0]) <= _MAX_ABBREVIATION:
        return kept[0]
    # Scripts without capitals join letters within a word; several initials would look like a word.
    if kept[0].lower() == kept[0].upper():
        word = kept[0]
        return word.removeprefix(_ARABIC_ARTICLE)[:1] or word[:1]
    return "".join(word[0].upper() for word in kept[:_MAX_INITIALS])


@lru_cache(maxsize=4096)
def hue(name: str) -> int:
    """Return the number of a source's colour, 0 to 7, the same in every process."""
    return blake2b(name.encode("utf-8", "replace"), digest_size=2).digest()[0] % HUES
