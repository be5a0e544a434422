"""Names for paths: short names of titles, safe names of any text."""

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable
from functools import lru_cache
from hashlib import blake2b

from anyascii import anyascii

from syndicate.text.plain import clean_line

_APOSTROPHES = str.maketrans("", "", "'’ʼ‘`")
_FOREIGN = re.compile(r"[^\x00-\x7f]+")
# ``anyascii`` starts the reading of each Chinese character, and of each Korean syllable, with a capital.
_SYLLABLE = re.compile(r"(?<=[a-z])(?=[A-Z])")
_IN_SLUGS = bytes(
    ord(chr(byte).lower()) if byte < 0x80 and chr(byte).isalnum() else 0x20 for byte in range(256)
)
_FORBIDDEN = re.compile(r"[\x00-\x1f<>:\"/\\|?*]+")
_RESERVED = re.compile(r"(?:con|prn|aux|nul|com[0-9¹²³]|lpt[0-9¹²³])(?:\.|\Z)", re.IGNORECASE)
_LONGEST = 100
_LONGEST_SLUG = 60


def slug(title: str) -> str:
    """Return a title as a path segment: ASCII, lower case, hyphens, whole words, up to 60 characters.

    Other scripts are transliterated. ``""`` if the title has no letter (the caller then uses its own word).
    """
    title = clean_line(title).translate(_APOSTROPHES)
    if not title.isascii():
        title = _FOREIGN.sub(lambda run: _SYLLABLE.sub("-", anyascii(run[0])), title)
    words = b"-".join(title.encode("ascii", "ignore").translate(_IN_SLUGS).split()).decode()
    if not words.islower():
        return ""
    if len(words) > _LONGEST_SLUG:
        cut = words.rfind("-", 0, _LONGEST_SLUG + 1)
        words = words[: cut if cut > 0 else _LONGEST_SLUG]
    return words


@lru_cache(maxsize=16_384)
def tag_key(name: str) -> str:
    """Return the key that different spellings of a tag or section share. Idempotent.

    Case, width, apostrophes, and the difference between spaces, hyphens and other punctuation do not count.
    Symbols count, and so does ``#`` after a letter: ``C``, ``C++`` and ``C#`` are three tags. A name of
    punctuation only is unchanged.
    """
    folded = _folded(_folded(name)).translate(_APOSTROPHES)
    kept: list[str] = []
    for character in folded:
        category = unicodedata.category(character)
        if category[0] in "LNMS" or (character == "#" and kept and kept[-1].isalnum()):
            kept.append(character)
        elif category != "Cf":
            kept.append(" ")
    return " ".join("".join(kept).split()) or " ".join(folded.split())


def spellings(names: Iterable[str]) -> dict[str, str]:
    """Return the first spelling of each name by its key."""
    found: dict[str, str] = {}
    for name in names:
        found.setdefault(tag_key(name), name)
    return found


def commonest_spellings(names: Iterable[str]) -> dict[str, str]:
    """Return the most used spelling of each name by its key; of equally used, the first in order."""
    found: dict[str, str] = {}
    for name, _ in sorted(Counter(names).items(), key=lambda pair: (-pair[1], pair[0])):
        found.setdefault(tag_key(name), name)
    return found


def _folded(name: str) -> str:
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", name).casefold())


def safe_name(name: str) -> str:
    """Return a file name that every file system accepts, at most 100 bytes of UTF-8. Idempotent.

    It has no separators, controls or characters that Windows forbids. It is never ``.``, ``..``, hidden, or a
    Windows device name. A short extension survives the cut. ``"unnamed"`` replaces an empty name.
    """
    name = _FORBIDDEN.sub("-", clean_line(name)).strip(" .")
    if len(name.encode()) > _LONGEST:
        stem, dot, extension = name.rpartition(".")
        if not stem or len(extension.encode()) > 10:
            stem, dot, extension = name, "", ""
        room = _LONGEST - len((dot + extension).encode())
        name = stem.encode()[:room].decode(errors="ignore").rstrip(" .") + dot + extension
    if _RESERVED.match(name):
        name = "_" + name[: _LONGEST - 1]
    return name or "unnamed"


def title_hash(title: str) -> str:
    """Return the hash of a deleted article's title, kept to recognise the article when it comes back."""
    return blake2b(title.casefold().encode(errors="replace"), digest_size=8).hexdigest()
