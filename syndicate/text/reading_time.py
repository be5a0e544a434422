"""Reading time of an article, by language.

Speeds are the means measured with the IReST texts in 17 languages: Trauzettel-Klosinski & Dietz,
"Standardized Assessment of Reading Performance: The New International Reading Speed Texts IReST",
Investigative Ophthalmology & Visual Science 53 (2012), https://doi.org/10.1167/iovs.11-8284.
Chinese and Japanese texts are counted by characters, as in the paper.
"""

import math
import re
from dataclasses import dataclass

from syndicate.text.plain import ASCII, without_ascii

WORDS_PER_MINUTE = {
    "ar": 138, "de": 179, "en": 228, "es": 218, "fi": 161, "fr": 195, "he": 187, "it": 188, "nl": 202,
    "pl": 166, "pt": 181, "ru": 184, "sl": 180, "sv": 199, "tr": 166,
}  # fmt: skip
# The mean over all 17 languages, for every other language.
MEAN_WORDS_PER_MINUTE = 184
CHARACTERS_PER_MINUTE = {"ja": 357, "zh": 255}
# An estimate for Thai, Lao, Burmese and Khmer, which have no spaces between words.
LETTERS_PER_WORD = 5

_IDEOGRAPH = re.compile(
    "[\u3041-\u30ff\u31f0-\u31ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]"
)
_UNSPACED = re.compile("[\u0e01-\u0e30\u0e32\u0e33\u0e40-\u0e46\u0e81-\u0eb0\u1000-\u1049\u1780-\u17b3]")


@dataclass(frozen=True, slots=True)
class ReadingTime:
    """Length of a text: its ``words``, and whole ``minutes`` of reading, at least 1."""

    words: int
    minutes: int


def measure_reading(text: str, language: str) -> ReadingTime:
    """Return the number of words and the reading time of a text. ``language`` is a BCP 47 tag or ``""``.

    Each Chinese or Japanese character counts as a word.
    """
    characters, words = _count(text, language)
    primary = language.partition("-")[0]
    minutes = words / WORDS_PER_MINUTE.get(primary, MEAN_WORDS_PER_MINUTE)
    if characters:
        minutes += characters / CHARACTERS_PER_MINUTE.get(primary, CHARACTERS_PER_MINUTE["zh"])
    return ReadingTime(characters + words, max(1, math.floor(minutes + 0.5)))


def _count(text: str, language: str) -> tuple[int, int]:
    """Return the number of characters in scripts read by character, and of words in other scripts."""
    characters = unspaced = 0
    # Korean and Vietnamese texts quote an ideograph now and then; it is a word there.
    if _IDEOGRAPH.search(without_ascii(text, ASCII)):
        text, characters = _IDEOGRAPH.subn(" ", text)
    if language.startswith(("th", "lo", "my", "km")) or not language:
        text, unspaced = _UNSPACED.subn(" ", text)
    words = text.split()
    signs = [word for word in words if len(word) == 1 and not word.isalnum() and word != "_"]
    return characters, len(words) - len(signs) + unspaced // LETTERS_PER_WORD
