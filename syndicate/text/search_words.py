"""Words that both search indexes store, and words to look for.

A word is folded: case, accents, Arabic letter forms, vowel points and width do not count. Scripts written
without spaces become overlapping pairs of characters, and the last character alone, so that a single
character can be found by its prefix. The index also has the stems of the words in the article's language,
each behind a mark, so that a stem is never taken for a word.
"""

import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import chain, filterfalse, pairwise
from typing import NamedTuple

from syndicate.memory import released_when_unused
from syndicate.text.language import main_language
from syndicate.text.plain import ASCII, without_ascii, word_list
from syndicate.text.stemming import SPACELESS, stems

MARK = "¬"
"""Precedes a stem; alone it separates two parts of a field, so that no phrase spans them."""
# Characters of a field that are read; PostgreSQL has places for 16 383 words of an article.
_LIMITS = (1_000, 8_000, 40_000)
_MAX_WORD = 40
# Characters of a tag or source, whose words are kept for the next article.
_MAX_NAME = 30
# Accents of letters, optional vowel points (Hebrew, Arabic), tatweel, joiners; not marks of Indic scripts.
_DROPPED = re.compile("[\u0300-\u036f\u0591-\u05c7\u0610-\u061a\u0640\u064b-\u065f\u0670\u200b-\u200f]")
_ARABIC_DIGITS = "٠١٢٣٤٥٦٧٨٩۰۱۲۳۴۵۶۷۸۹"
_LETTERS = str.maketrans(
    {
        "ø": "o", "đ": "d", "ł": "l", "ı": "i", "æ": "ae", "œ": "oe", "ð": "d", "þ": "th",
        "ٱ": "ا", "ى": "ي", "ة": "ه", "ک": "ك", "ی": "ي",
        **{digit: str(value % 10) for value, digit in enumerate(_ARABIC_DIGITS)},
    }
)  # fmt: skip
# Cyrillic й is a letter of its own, although Unicode composes it of и and an accent.
_SHORT_I, _KEPT_SHORT_I = "й", "\ue000"
# Python's \w leaves out combining marks, which would cut Hindi, Tamil or Thai words to pieces.
MARKS = "".join(chr(code) for code in range(0x300, 0x1E00) if unicodedata.category(chr(code))[0] == "M")
_MARKED = re.compile(f"[{MARKS}\u0640\u200b-\u200f]")
_MAX_ROOTS = 20_000
WORD = re.compile(f"[^\\W_][^\\W_{MARKS}]*(?:[^\\W_]|[{MARKS}\u200c\u200d])*")


class IndexedText(NamedTuple):
    """Words of an article, separated by spaces: of its title, of summary and tags, of body and source."""

    title: str
    text: str
    more: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchTerm:
    """Condition of a search: any of the phrases occurs, or none of them if ``negated``.

    A phrase is a sequence of words as the index has them. ``written`` is the term as typed. With ``prefix``
    the last word of a phrase may go on.
    """

    phrases: tuple[tuple[str, ...], ...]
    written: str = ""
    negated: bool = False
    prefix: bool = False


def fold(text: str) -> str:
    """Return a text without the differences that do not count in a search."""
    if text.isascii():
        return text.lower()
    text = unicodedata.normalize("NFKC", text).casefold().replace(_SHORT_I, _KEPT_SHORT_I)
    text = _DROPPED.sub("", unicodedata.normalize("NFKD", text))
    return unicodedata.normalize("NFC", text).replace(_KEPT_SHORT_I, _SHORT_I).translate(_LETTERS)


def index_words(text: str) -> list[str]:
    """Return the words of a text, as the index has them."""
    return _words(text, index=True)


_index_words_of_name = released_when_unused(lru_cache(maxsize=4_096)(index_words))


def query_words(text: str) -> list[str]:
    """Return the words to look for, next to each other."""
    return _words(text, index=False)


def indexed_text(
    title: str, summary_and_tags: Iterable[str], body_and_source: Iterable[str], language: str
) -> IndexedText:
    """Return the words of an article for the index."""
    parts = ([title], summary_and_tags, body_and_source)
    fields = [_field(*field) for field in zip(parts, _LIMITS, strict=True)]
    roots = _marked_roots(list(chain.from_iterable(fields)), main_language(language))
    marked = (dict.fromkeys(filter(None, map(roots.__getitem__, words))) for words in fields)
    return IndexedText(*(" ".join([*words, *found]) for words, found in zip(fields, marked, strict=True)))


def search_term(text: str, languages: Iterable[str] = (), *, negated: bool = False) -> SearchTerm | None:
    """Return the term for a word or phrase, ``None`` if it has no word.

    A single word is also found by its stem in these languages. A single character of a script without
    spaces stands for every word that it begins.
    """
    words = query_words(text)
    if not words:
        return None
    phrases = [tuple(words)]
    if len(words) == 1:
        roots = {stem: None for language in languages for stem in stems(words, language)}
        phrases += [(form,) for root in roots for form in (root, MARK + root) if form != words[0]]
    # A character of a script without spaces begins a pair wherever it stands.
    prefix = len(words[-1]) == 1 and SPACELESS.match(words[-1]) is not None
    return SearchTerm(phrases=tuple(phrases), written=text.strip(), negated=negated, prefix=prefix)


def _field(parts: Iterable[str], limit: int) -> list[str]:
    words: list[str] = []
    for part in parts:
        if part and limit > 0:
            index = _index_words_of_name if len(part) <= min(limit, _MAX_NAME) else index_words
            found = index(part[:limit])
            limit -= len(part)
            words += [MARK, *found] if words and found else found
    return words


@released_when_unused
@lru_cache(maxsize=64)
def _roots(language: str) -> dict[str, str]:  # noqa: ARG001 - the key of the cache
    """Return the known stems of words of a language, which ``_marked_roots`` extends."""
    return {}


def _marked_roots(words: Sequence[str], language: str) -> Mapping[str, str]:
    """Return the stem of each word behind a mark, ``""`` if it is the word; most are known already."""
    roots = _roots(language)
    if missing := [*filterfalse(roots.__contains__, words)]:
        if len(roots) > _MAX_ROOTS:
            _roots.cache_clear()
            roots = _roots(language)
            missing = list(words)
        found = zip(missing, stems(missing, language), strict=True)
        roots.update({word: "" if root == word else MARK + root for word, root in found})
    return roots


def _words(text: str, *, index: bool) -> list[str]:
    if text.isascii():
        return _cut(word_list(text))
    # Most texts need to fold few of their words, and have no marks. Folding some letters leaves a mark.
    text = unicodedata.normalize("NFC", text)
    foreign = without_ascii(text, ASCII).casefold()
    if _MARKED.search(foreign):
        words = WORD.findall(fold(text.casefold()))
    elif not any(map(str.isalnum, foreign)):
        return _cut(word_list(text))
    else:
        found = word_list(text.casefold())
        words = [part for word in found for part in ((word,) if word.isascii() else _parts(word))]
    if not SPACELESS.search(" ".join(words)):
        return _cut(words)
    return _cut([part for word in words for part in character_pairs(word, index=index)])


def _cut(words: list[str]) -> list[str]:
    # Few texts have a long word.
    return [word[:_MAX_WORD] for word in words] if max(map(len, words), default=0) > _MAX_WORD else words


def character_pairs(word: str, *, index: bool = False) -> Iterator[str]:
    """Yield the pairs of characters of a word without spaces, and with ``index`` also its last character."""
    for run in filter(None, SPACELESS.split(word)):
        if len(run) == 1 or not SPACELESS.match(run):
            yield run
            continue
        yield from (first + second for first, second in pairwise(run))
        if index:
            yield run[-1]


@released_when_unused
@lru_cache(maxsize=16_384)
def _parts(word: str) -> tuple[str, ...]:
    return tuple(WORD.findall(fold(word)))
