"""Words of a text, in any language, ready to be counted.

Words are case-folded, stripped of optional vowel points (Arabic, Hebrew), and stemmed by Snowball if it knows
the language. Scripts written without spaces (Chinese, Japanese, Thai, …) and Korean become overlapping pairs
of characters, as in Lucene's CJK analyser: no dictionary, and measured there to be as good as a dictionary.
"""

import re
import unicodedata

from syndicate.text.language import main_language
from syndicate.text.search_words import MARKS, character_pairs
from syndicate.text.stemming import SPACELESS

# Languages whose capital I is a small ı.
_DOTLESS = frozenset(("tr", "az"))
# Vowel points, tatweel and joiners: the same word is written with and without them.
_OPTIONAL = re.compile("[\u0591-\u05c7\u0610-\u061a\u0640\u064b-\u065f\u0670\u200b-\u200f]")
_RUN = re.compile(f"[^\\W_][\\w{MARKS}]*")
_WORD = re.compile(f"[^\\W_][\\w{MARKS}]+|\\d")

# Common characters beside ASCII: letters that normalising leaves alone, and signs between words.
_LETTERS = "".join(
    letter
    for letter in map(chr, (*range(0xC0, 0x250), *range(0x370, 0x530), *range(0x1E00, 0x1F00)))
    if letter.isalpha() and letter.casefold().isalpha() and unicodedata.normalize("NFKC", letter) == letter
)
_SIGNS = "\U0001f300-\U0001faff" + "".join(
    sign
    for sign in map(chr, (*range(0x80, 0xC0), 0xD7, 0xF7, *range(0x2010, 0x2C00), 0xFE0F))
    if not _RUN.search(unicodedata.normalize("NFKC", sign))
)
_BEYOND_SIGNS = re.compile(f"[^\\x00-\\x7f{_SIGNS}]")
_EXTRAORDINARY = re.compile(f"[^\\x00-\\x7f{_SIGNS}{_LETTERS}]")
_SIGN = re.compile(f"[{_SIGNS}]")
# Translation of UTF-8 bytes: ASCII letters become lower case, other ASCII except digits and "_" a space.
_PARTED = bytes(
    ord(chr(byte).lower())
    if byte < 0x80 and chr(byte).isalnum()
    else byte
    if byte >= 0x80 or byte == ord("_")
    else ord(" ")
    for byte in range(0x100)
)
_LEADING = re.compile(b"(?<![^ ])_+")
_SINGLE = frozenset(_LETTERS.casefold() + "abcdefghijklmnopqrstuvwxyz")

_CAPITALS = "".join(chr(code) for code in range(0x41, 0x590) if chr(code).isupper())
# A capital after a letter and a space: inside a sentence. The class comes first, since it is rare.
_NAME = re.compile(f"[{_CAPITALS}](?<=[^\\W\\d_] .)\\w+")
_CAPITALISED = re.compile(f"[{_CAPITALS}](?<![^\\W_].)\\w+")
# Written with a capital, but not names of an event, in the two languages that do so.
_DATE_NAMES = frozenset(
    [
        *("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday", "january"),
        *("february", "march", "april", "may", "june", "july", "august", "september", "october"),
        *("november", "december", "montag", "dienstag", "mittwoch", "donnerstag", "freitag", "samstag"),
        *("sonntag", "januar", "februar", "märz", "mai", "juni", "juli", "oktober", "dezember"),
    ]
)
# 5.8, 35,1 and 17:30 are a figure each.
_FIGURE = re.compile(r"\d+(?:[.,:]\d+)*")


def words(text: str, language: str) -> list[str]:
    """Return the words of a text in order, normalised but not stemmed. Single letters are left out."""
    parted = _parted(text, language)
    if parted is not None:
        return [word for word in parted if word not in _SINGLE]
    text = unicodedata.normalize("NFKC", text)
    if not text.isascii():
        text = _OPTIONAL.sub("", text)
        if main_language(language) in _DOTLESS:
            text = text.replace("İ", "i").replace("I", "ı")
    if is_spaceless(text):
        pairs = (pair for word in _RUN.findall(text.casefold()) for pair in character_pairs(word))
        return [pair for pair in pairs if len(pair) > 1 or not pair.isascii()]
    return _WORD.findall(text.casefold())


def _parted(text: str, language: str) -> list[str] | None:
    """Return the words of an ordinary text, with single letters, in a third of the time; else ``None``."""
    if text.isascii():
        encoded = text.encode()
    elif main_language(language) in _DOTLESS:
        return None
    elif (found := _BEYOND_SIGNS.search(text)) is None:
        encoded = text.encode("ascii", "replace")
    elif _EXTRAORDINARY.search(text, found.start()) is None:
        encoded = _SIGN.sub(" ", text.casefold()).encode()
    else:
        return None
    encoded = encoded.translate(_PARTED)
    if b"_" in encoded:
        encoded = _LEADING.sub(b" ", encoded)
    return encoded.decode().split()


def is_spaceless(text: str) -> bool:
    """Return whether ``words`` cuts (some of) the text into pairs of characters."""
    return not text.isascii() and SPACELESS.search(text) is not None


def proper_names(text: str, language: str) -> set[str]:
    """Return the normalised words of a text with a capital inside a sentence; no weekdays."""
    return set(words(" ".join(set(_NAME.findall(text))), language)) - _DATE_NAMES


def title_names(title: str, text: str) -> list[str]:
    """Return the words of a title, in lower case, that its text always writes with a capital."""
    return [
        word.casefold()
        for word in dict.fromkeys(_CAPITALISED.findall(title))
        if word in text and f" {word.lower()}" not in text and word.casefold() not in _DATE_NAMES
    ]


def figures(text: str) -> list[str]:
    """Return the numbers of a text as written, without signs: ``["5.8", "2026"]``."""
    return _FIGURE.findall(text)
