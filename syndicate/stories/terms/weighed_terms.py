"""Terms of an article for the index: numbers, nothing readable.

A term is 20 bits of a hash of a stem. An article has its *words*, with separate counts for title and body and
the commonness of each (see ``word_frequencies``). It has a *meaning* (English, see ``word_vectors``) or a
sample of its *characters* (n-grams of three to five, for languages with changing word forms). Its *shingles*
(runs of three words, or of eight characters in scripts without spaces) recognise copies.
"""

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import chain
from math import log
from typing import NamedTuple
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

from syndicate.stories.terms.shared_vectors import shared_meanings
from syndicate.stories.terms.tokens import figures, is_spaceless, proper_names, title_names, words
from syndicate.stories.terms.vocabulary import (
    MAX_KNOWN_WORDS,
    TERM_SPACE,
    Places,
    Vocabulary,
    learn_together,
    look_up,
)
from syndicate.stories.terms.word_frequencies import CODES_FOR_A_TENTH, commonness, has_table
from syndicate.stories.terms.word_vectors import NO_MEANING, Meaning, meaning_of
from syndicate.text.language import main_language
from syndicate.text.stemming import stem

# Longer texts add nothing measurable (nDCG@3 +.5 to 1 point from 1,000 to 3,000 characters).
TITLE_CHARACTERS = 300
TEXT_CHARACTERS = 3000
CHARACTER_TEXT = 700
MAX_WORDS = 128
MAX_SHINGLES = 128
# Names and figures that tell an event from others of its kind. A higher number brings names that only one of
# two reports of an event has.
MAX_NAMES = 16
MAX_FIGURES = 8
# A report has the figures that matter in its first paragraph.
FIGURES_TEXT = 300
# "Mr", "President" and "New" stand in one article of fifty or more and tell nothing.
TELLING_NAME = 110
# A sample of an n-gram in eight, the same everywhere, estimates the same cosine: nDCG@3 within .3 points of
# one in four.
CHARACTER_SAMPLE = 8
# "AI", "video" and "China" are in at least one of 650 articles: a headline with nothing else names no event.
USUAL_WORD = 180
# Names weigh more. Measured on nDCG@3 against 1.0: headlines +0, sentences +2.7 points, articles +.2.
NAME_WEIGHT = 1.3
# Minimum number of texts with a usual word, also in a newsroom of a few texts.
USUAL_IN = 5
SHARED_SHOWN = 8
# N-grams are as common as words of four letters.
GRAM_COMMONNESS = 97

# "Photo log, 2026-11-23" is the title given to a post without words: it names no event.
_SOURCE_AND_DATE = re.compile(r", \d{4}-\d\d-\d\d\Z")

Hashes = NDArray[np.uint32]
Floats = NDArray[np.float32]

# 1 + ln n for each count n, 0 for 0. No text is longer than this many words.
_DAMPED: Floats = np.append(0, 1 + np.log(np.arange(1, TEXT_CHARACTERS, dtype=np.float32))).astype(np.float32)
_EMPHASIS: Floats = np.array((1, NAME_WEIGHT), np.float32)
_NO_CHARACTERS: tuple[Hashes, Floats] = np.zeros(0, np.uint32), np.zeros(0, np.float32)


@dataclass(frozen=True, slots=True, kw_only=True)
class ArticleTerms:
    """Words of an article as numbers.

    ``terms`` are ``words`` distinct words, then distinct character n-grams. ``title`` and ``body`` are the
    damped counts of the words, 1 + ln n (more for names), 0 when absent, and ``characters`` the damped counts
    of the n-grams. ``commonness`` are codes of terms. ``shingles`` are the smallest hashes of the word
    triples, ascending. ``length`` is title and text together, in characters, before any cut. ``names`` are
    hashes of the most telling proper names and figures, ``figures`` of the title's figures. ``shared`` is the
    meaning in the space of all languages with a table, ``language`` the primary subtag. ``rows`` are the
    words' rows in the table of meanings, -1 for a word without a meaning.
    """

    terms: Hashes
    words: int
    title: Floats
    body: Floats
    characters: Floats
    commonness: NDArray[np.uint8]
    meaning: Meaning
    shingles: Hashes
    length: int
    names: Hashes
    figures: Hashes
    shared: Meaning
    language: str
    rows: NDArray[np.int32]

    def usual_words(self) -> frozenset[int]:
        """Return the words that name no event, by the table of the language; none without a table."""
        usual = self.terms[: self.words][self.commonness[: self.words] < USUAL_WORD]
        return frozenset(usual.tolist()) if has_table(self.language) else frozenset()

    def title_words(self) -> frozenset[int]:
        """Return the words of the title that are in less than a tenth of all articles."""
        telling = (self.title > 0) & (self.commonness[: self.words] > CODES_FOR_A_TENTH)
        return frozenset(self.terms[: self.words][telling].tolist())

    def meaning_rows(self, words: Sequence[int]) -> list[int]:
        """Return the rows of some of the article's words in the table of meanings."""
        known = self.terms[: self.words].tolist()
        return [self.rows.item(known.index(word)) for word in words]


class _Read(NamedTuple):
    """Article with its words, the title's first, and its names, the title's last, with the title's counts."""

    title: str
    text: str
    language: str
    words: list[str]
    in_title: int
    names: list[str]
    names_in_title: int


def extract_terms(articles: Iterable[tuple[str, str, str]]) -> list[ArticleTerms]:
    """Return the terms of articles (title, text, BCP 47 tag or ``""``); new words are looked up together.

    Words of an unknown language are not stemmed.
    """
    read = [_read(title, text, main_language(tag)) for title, text, tag in articles]
    for language in {item.language for item in read}:
        of_language = (chain(item.words, item.names) for item in read if item.language == language)
        learn_together(chain.from_iterable(of_language), language)
    meanings = shared_meanings([(item.title[:TITLE_CHARACTERS], item.text, item.language) for item in read])
    return [_terms(item, shared) for item, shared in zip(read, meanings, strict=True)]


def _read(title: str, text: str, language: str) -> _Read:
    if not text and _SOURCE_AND_DATE.search(title):
        title = ""
    start, beginning = title[:TITLE_CHARACTERS], text[:TEXT_CHARACTERS]
    of_title, of_names = words(start, language), title_names(start, beginning)
    names = [*proper_names(beginning, language), *of_names]
    every = of_title + words(beginning, language)
    return _Read(title, text, language, every, len(of_title), names, len(of_names))


def _terms(read: _Read, shared: Meaning) -> ArticleTerms:
    title, text, language, all_words, in_title, of_names, names_in_title = read
    title_figures = _hashed(figures(title[:TITLE_CHARACTERS]))
    numbers = title_figures + _hashed(figures(text[:FIGURES_TEXT]))
    vocabulary, places = look_up([*all_words, *of_names], language)
    places, names = places[: len(all_words)], places[len(all_words) :]
    distinct, occurring = _distinct(places)
    order, numbered = _distinct(vocabulary.first_places[places])
    title_counts = np.bincount(numbered[:in_title], minlength=len(order))
    body_counts = np.bincount(numbered[in_title:], minlength=len(order))
    # Of two words with the same term the last in the text always decides.
    last = np.empty(MAX_KNOWN_WORDS, np.uint16)
    last[vocabulary.first_places[distinct]] = np.arange(len(distinct), dtype=np.uint16)
    deciding = distinct[last[order]]
    codes = vocabulary.codes[deciding]
    kept = _most_telling(int(np.count_nonzero(title_counts)), body_counts, codes)
    order, codes = order[kept], codes[kept]
    emphasised = np.zeros(MAX_KNOWN_WORDS, np.uint8)
    emphasised[vocabulary.first_places[names[: len(names) - names_in_title]]] = 1
    emphasis = _EMPHASIS[emphasised[order]]
    meaning = NO_MEANING
    if language == "en":
        meaning = meaning_of(vocabulary.rows[distinct], np.bincount(occurring))
    grams, characters = _NO_CHARACTERS if len(meaning) else _characters(all_words)
    return ArticleTerms(
        terms=np.concatenate((vocabulary.terms[order], grams)),
        words=len(order),
        title=_damped(title_counts[kept]) * emphasis,
        body=_damped(body_counts[kept]) * emphasis,
        characters=characters,
        commonness=np.concatenate((codes, np.full(len(grams), GRAM_COMMONNESS, np.uint8))),
        meaning=meaning,
        # Three overlapping pairs of characters are four characters, far less than three words.
        shingles=_shingles(vocabulary.terms[places], 3 if is_spaceless(title + text[:200]) else 1),
        length=len(title) + len(text),
        names=_names(vocabulary, names, names_in_title, numbers),
        figures=np.array(title_figures[:MAX_FIGURES], np.uint32),
        shared=shared,
        language=language,
        rows=vocabulary.rows[deciding[kept]],
    )


def _names(vocabulary: Vocabulary, names: Places, in_title: int, numbers: Sequence[int]) -> Hashes:
    """Return the most telling names, first the title's, then by rarity, and then the figures."""
    rated = [*zip(vocabulary.codes[names].tolist(), vocabulary.terms[names].tolist(), strict=True)]
    others = len(rated) - in_title
    ordered = rated[others:] + sorted(rated[:others], reverse=True)
    telling = dict.fromkeys(term for code, term in ordered if code >= TELLING_NAME)
    return np.array([*[*telling][:MAX_NAMES], *numbers[:MAX_FIGURES]], np.uint32)


def _hashed(numbers: Sequence[str]) -> list[int]:
    # The highest bit lies above the 20 bits of terms: no figure equals a name. "6.9" is "6,9" in other
    # languages.
    return [crc32(number.replace(",", ".").encode()) | 1 << 31 for number in dict.fromkeys(numbers)]


def _distinct(places: Places) -> tuple[Places, Places]:
    """Return the distinct places in the order of appearance, and for each place its number among them."""
    positions = np.arange(len(places), dtype=np.uint16)
    first = np.empty(MAX_KNOWN_WORDS, np.uint16)
    # Of several values for a place the last stays; in reverse order that is the first.
    first[places[::-1]] = positions[::-1]
    firsts = first[places]
    new = firsts == positions
    return places[new], (new.cumsum() - 1)[firsts]


def _most_telling(in_title: int, body: NDArray[np.intp], codes: NDArray[np.uint8]) -> Places | slice:
    """Return the words to keep: the title's, then the body's by count and rarity, at most ``MAX_WORDS``."""
    if len(body) <= MAX_WORDS:
        return slice(None)
    telling = codes[in_title:] * (1 + np.log(body[in_title:]))
    others = in_title + (-telling).argsort(kind="stable")[:MAX_WORDS]
    return np.append(np.arange(in_title), others)[:MAX_WORDS]


def _damped(counts: NDArray[np.intp]) -> Floats:
    damped: Floats = _DAMPED.take(counts, mode="clip")
    return damped


def _characters(all_words: list[str]) -> tuple[Hashes, Floats]:
    """Return the sampled n-grams (3 to 5 characters, word borders as spaces) of a text's beginning."""
    text = f" {' '.join(all_words[:CHARACTER_TEXT])[:CHARACTER_TEXT]} "
    codes = np.frombuffer(text.encode("utf-32-le", "replace"), np.uint32)
    if len(codes) < 5:
        return np.zeros(0, np.uint32), np.zeros(0, np.float32)
    rolling = codes
    hashes = []
    for size in (2, 3, 4, 5):
        rolling = rolling[:-1] * np.uint32(0x01000193) ^ codes[size - 1 :] * np.uint32(0x9E3779B1)
        if size > 2:
            hashes.append(rolling ^ (rolling >> np.uint32(15)))
    sampled = np.concatenate(hashes) * np.uint32(0x85EBCA6B)
    sampled = sampled[sampled >> np.uint32(16) & np.uint32(CHARACTER_SAMPLE - 1) == 0]
    ascending = np.sort(sampled & np.uint32(TERM_SPACE - 1))
    new = _differs_from_the_last(ascending)
    return ascending[new], _damped(np.diff(np.append(np.flatnonzero(new), len(ascending))))


def _shingles(row: Hashes, step: int) -> Hashes:
    """Return the smallest hashes of every three terms ``step`` apart (of all terms, if there are too few)."""
    if len(row) <= 2 * step:
        return np.array([crc32(row.tobytes())] if len(row) else [], np.uint32)
    first, second, third = row[: -2 * step], row[step:-step], row[2 * step :]
    mixed = first * np.uint32(0x9E3779B1) ^ second * np.uint32(0x85EBCA6B) ^ third * np.uint32(0xC2B2AE35)
    ascending: Hashes = (mixed ^ mixed >> np.uint32(15)) * np.uint32(0x2C1B3C6D)
    ascending.sort()
    return ascending[_differs_from_the_last(ascending)][:MAX_SHINGLES]


def _differs_from_the_last(ascending: Hashes) -> NDArray[np.bool_]:
    """Mask the numbers unlike their predecessor; ``np.unique`` takes eight times as long on short rows."""
    new = np.ones(len(ascending), np.bool_)
    np.not_equal(ascending[1:], ascending[:-1], out=new[1:])
    return new


def usual_stems(texts: Sequence[str], language: str) -> frozenset[str]:
    """Return stems without meaning: in a tenth of some unrelated texts, but in at least ``USUAL_IN``."""
    roots = ({stem(word, language) for word in words(text, language)} for text in texts)
    counts = Counter(root for distinct in roots for root in distinct)
    least = max(USUAL_IN, len(texts) / 10)
    return frozenset(root for root, count in counts.items() if count >= least)


def shared_terms(
    a_title: str,
    a_text: str,
    b_title: str,
    b_text: str,
    language: str,
    *,
    usual: frozenset[str] = frozenset(),
) -> tuple[str, ...]:
    """Return the words that two articles share, as written in the first, the most telling first.

    For explanations: the index keeps no readable words, so this reads the texts again. Left out are words in
    a tenth of all articles, and ``usual``: the result of ``usual_stems``.
    """
    mine = Counter(_all_words(a_title, a_text, language))
    theirs = Counter(stem(word, language) for word in _all_words(b_title, b_text, language))
    weights: dict[str, float] = {}
    surface: dict[str, str] = {}
    for word, count in mine.items():
        root = stem(word, language)
        if root in theirs and root not in usual:
            surface.setdefault(root, word)
            weights[root] = weights.get(root, 0.0) + (1 + log(min(count, theirs[root]))) * min(len(root), 8)
    codes = dict(zip(weights, commonness(list(weights), main_language(language)), strict=True))
    telling = (root for root, code in codes.items() if code > CODES_FOR_A_TENTH)
    best = sorted(telling, key=lambda root: (-weights[root], root))
    return tuple(surface[root] for root in best[:SHARED_SHOWN])


def _all_words(title: str, text: str, language: str) -> list[str]:
    return words(title[:TITLE_CHARACTERS], language) + words(text[:TEXT_CHARACTERS], language)
