"""Names for paths: short ones out of titles, harmless ones out of anything."""

import re
import unicodedata
from hashlib import blake2b

from syndicate.text.plain import clean_line

_LATIN = str.maketrans(
    {"ß": "ss", "ẞ": "ss", "æ": "ae", "Æ": "ae", "œ": "oe", "Œ": "oe", "ø": "o", "Ø": "o", "đ": "d", "Đ": "d"}
    | {"ð": "d", "Ð": "d", "ł": "l", "Ł": "l", "þ": "th", "Þ": "th", "ħ": "h", "Ħ": "h", "ı": "i", "ŋ": "n"}
    | dict.fromkeys("'’ʼ‘`", "")
)
_IN_SLUGS = bytes(
    ord(chr(byte).lower()) if byte < 0x80 and chr(byte).isalnum() else 0x20 for byte in range(256)
)
_FORBIDDEN = re.compile(r"[\x00-\x1f<>:\"/\\|?*]+")
_RESERVED = re.compile(r"(?:con|prn|aux|nul|com[0-9¹²³]|lpt[0-9¹²³])(?:\.|\Z)", re.IGNORECASE)
_LONGEST = 100


def slug(title: str, limit: int = 60) -> str:
    """A title as a path segment: ASCII, lower case, hyphens, at most ``limit`` characters, whole words.

    ``""`` when the title has no Latin letter (the caller then uses its own word).
    """
    title = clean_line(title)
    if title.isascii():
        title = title.replace("'", "").replace("`", "")
    else:
        title = unicodedata.normalize("NFKD", title.translate(_LATIN))
    words = b"-".join(title.encode("ascii", "ignore").translate(_IN_SLUGS).split()).decode()
    if not words.islower():
        return ""
    if len(words) > limit:
        cut = words.rfind("-", 0, limit + 1)
        words = words[: cut if cut > 0 else limit]
    return words


def safe_name(name: str) -> str:
    """A single file name every file system accepts, at most 100 bytes of UTF-8. Idempotent.

    No separators, controls or characters Windows forbids; never ``.``, ``..``, hidden, or one of Windows's
    device names. A short extension survives the cut. ``"unnamed"`` when nothing is left.
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
    """What is kept of the title of an article that is gone, to know it when it comes back."""
    return blake2b(title.casefold().encode(errors="replace"), digest_size=8).hexdigest()
