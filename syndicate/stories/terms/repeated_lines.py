"""Lines that a source repeats, such as the footer of each episode: they tell nothing about an event. Pure.

The first and the last lines of the latest articles are remembered for each source: 9 bytes for each line, the
newest first.
"""

import struct
from zlib import crc32

from syndicate.stories.terms.tokens import words

_ENTRY = struct.Struct("<IIB")
REPEATED = 3
"""Number of articles with different titles whose common line counts nothing."""
LAST_LINES = 12
"""Number of lines at the end of a text that are looked at, besides the first: footers list many links."""
REMEMBERED = 256
"""Maximum number of remembered lines of a source."""
# A shorter title is too little to find an event by, if nothing is left of the text: "Pod vs Com".
_TITLE_WORDS = 5


def without_repeated(seen: bytes, title: str, text: str, *, is_new: bool) -> tuple[str, str, bytes]:
    """Return title and text without what the source repeats, and what is now remembered of the source.

    A new article counts itself. Another with the title of the last one counts nothing: it may be a copy.
    """
    lines = text.split("\n")
    filled = [place for place, line in enumerate(lines) if line]
    of_title = crc32(title.casefold().encode())
    for place in sorted({*filled[:1], *filled[-LAST_LINES:]}):
        of_line = crc32(lines[place].encode())
        at = _find(seen, of_line)
        _, last_title, articles = _ENTRY.unpack_from(seen, at) if at >= 0 else (0, ~of_title, 0)
        if is_new:
            articles = min(articles + (last_title != of_title), REPEATED)
            rest = seen if at < 0 else seen[:at] + seen[at + _ENTRY.size :]
            seen = (_ENTRY.pack(of_line, of_title, articles) + rest)[: REMEMBERED * _ENTRY.size]
        if articles == REPEATED:
            lines[place] = ""
    kept = "\n".join(lines).strip()
    tells = kept or not text or len(words(title, "")) >= _TITLE_WORDS
    return title if tells else "", kept, seen


def _find(seen: bytes, of_line: int) -> int:
    """Return the offset of a line's entry, or a negative number."""
    key = of_line.to_bytes(4, "little")
    at = seen.find(key)
    while at > 0 and at % _ENTRY.size:
        at = seen.find(key, at + 1)
    return at
