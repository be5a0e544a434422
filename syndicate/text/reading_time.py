"""Reading time of an article, by language.

Speeds are the means measured with the IReST texts in 17 languages: Trauzettel-Klosinski & Dietz,
"Standardized Assessment of Reading Performance: The New International Reading Speed Texts IReST",
Investigative Ophthalmology & Visual Science 53 (2012), https://doi.org/10.1167/iovs.11-8284.
Chinese and Japanese are counted by characters, as the paper also does.
"""

import math
import re
from dataclasses import dataclass

from syndicate.text.plain import ASCII, is_western, without_ascii

WORDS_PER_MINUTE = {
    "ar": 138,
    "de": 179,
    "en": 228,
    "es": 218,
    "fi": 161,
    "fr": 195,
    "he": 187,
    "it": 188,
    "nl": 202,
    "pl": 166,
    "pt": 181,
    "ru": 184,
    "sl": 180,
    "sv": 199,
    "tr": 166,
}
MEAN_WORDS_PER_MINUTE = 184
"""The mean over all 17 languages, for every other one."""

CHARACTERS_PER_MINUTE = {"ja": 357, "zh": 255}

LETTERS_PER_WORD = 5
"""Our estimate for Thai, Lao, Burmese and Khmer, which are written without spaces between words."""

_IDEOGRAPH = re.compile(
    "[\u3041-\u30ff\u31f0-\u31ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]"
)
_UNSPACED = re.compile("[\u0e01-\u0e30\u0e32\u0e33\u0e40-\u0e46\u0e81-\u0eb0\u1000-\u1049\u1780-\u17b3]")

# The letters of windows-1252 that Latin-1 lacks.
_NOT_LATIN_1 = "ƒˆŠŒŽšœžŸ"
# Neither of windows-1252 nor a sign, such as most texts have that are not all windows-1252.
_FOREIGN = re.compile(
    rf"[^\W\x00-\xff{_NOT_LATIN_1}]|[\x80-\x9f]|[^\S\xa0]|{_IDEOGRAPH.pattern}|{_UNSPACED.pattern}"
)
# What each byte of windows-1252 is: space (no bit), part of a word (one), or a sign (two). Nothing else is in
# western texts, so it serves for Latin-1 too.
_KINDS = bytes(
    0x00 if character.isspace() else 0x01 if character.isalnum() or character == "_" else 0x11
    for character in bytes(range(256)).decode("cp1252", "replace")
)
_LONGEST = 1 << 16
_LOW_BITS = int.from_bytes(b"\x01" * _LONGEST, "little")


@dataclass(frozen=True, slots=True)
class ReadingTime:
    """Length of a text: its ``words``, and whole ``minutes`` of reading, at least 1."""

    words: int
    minutes: int


def measure_reading(text: str, language: str) -> ReadingTime:
    """Words and reading time of a text. ``language`` is a BCP 47 tag or ``""``.

    Each Chinese or Japanese character counts as one word.
    """
    characters, words = _count(text, language)
    primary = language.partition("-")[0]
    minutes = words / WORDS_PER_MINUTE.get(primary, MEAN_WORDS_PER_MINUTE)
    if characters:
        minutes += characters / CHARACTERS_PER_MINUTE.get(primary, CHARACTERS_PER_MINUTE["zh"])
    return ReadingTime(characters + words, max(1, math.floor(minutes + 0.5)))


def _count(text: str, language: str) -> tuple[int, int]:
    """Characters of scripts read by character, and words of all the rest."""
    if len(text) <= _LONGEST and _is_western_but_for_signs(text):
        return 0, _count_western(text)
    # Korean and Vietnamese texts quote an ideograph now and then; it is a word there.
    characters = 0
    if _IDEOGRAPH.search(without_ascii(text, ASCII)):
        text, characters = _IDEOGRAPH.subn(" ", text)
    unspaced = 0
    if language.startswith(("th", "lo", "my", "km")) or not language:
        text, unspaced = _UNSPACED.subn(" ", text)
    words = text.split()
    signs = [word for word in words if len(word) == 1 and not word.isalnum() and word != "_"]
    return characters, len(words) - len(signs) + unspaced // LETTERS_PER_WORD


def _is_western_but_for_signs(text: str) -> bool:
    return is_western(text) or not _FOREIGN.search("".join(set(without_ascii(text, ASCII))))


def _count_western(text: str) -> int:
    # What Latin-1 lacks becomes "?", a sign as most of it is. So would a letter be, if it stood alone.
    words, signs = _words_and_signs(text.encode("latin-1", "replace"))
    if signs and any(map(text.__contains__, _NOT_LATIN_1)):
        words, signs = _words_and_signs(text.encode("cp1252", "replace"))
    return words - signs


def _words_and_signs(text: bytes) -> tuple[int, int]:
    """Return how many words a text has, and how many of them are one sign.

    All its bytes are looked at together, as one number. What looks at one after another, be it in C, stumbles
    at the end of each word, so that it takes twice as long.
    """
    kinds = int.from_bytes(text.translate(_KINDS), "little")
    filled = kinds & _LOW_BITS
    # Where a word begins, and behind its end.
    edges = filled ^ filled << 8
    alone = edges & edges >> 8 & kinds >> 4
    return edges.bit_count() // 2, alone.bit_count()
