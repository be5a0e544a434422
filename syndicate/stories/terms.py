"""What the index learns of an article's words: numbers, nothing readable.

A term is 20 bits of a hash of a stem. An article has three things: its *words*, with separate counts
for title and body and the commonness of each (see ``background``); what else tells its subject, a
*meaning* (English, see ``meaning``) or a sample of its *characters* (n-grams of three to five, for
languages whose words change shape); and its *shingles* (runs of three words, or of eight
characters where words are not separated), which recognise copies.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import repeat
from math import log
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

from syndicate.stories.background import CODES_FOR_A_TENTH, commonness
from syndicate.stories.meaning import NO_MEANING, Meaning, meaning_of
from syndicate.stories.tokens import base_language, is_spaceless, proper_names, stem, words
from syndicate.stories.vocabulary import TERM_SPACE, vocabulary_of

# Longer texts add nothing measurable (nDCG@3 +.5 to 1 point from 1,000 to 3,000 characters).
TITLE_CHARACTERS = 300
TEXT_CHARACTERS = 3000
CHARACTER_TEXT = 700
MAX_WORDS = 128
MAX_SHINGLES = 128
# One n-gram in eight, the same ones everywhere, estimates the same cosine: nDCG@3 within .3 points of
# one in four.
CHARACTER_SAMPLE = 8
# Names weigh more. Measured on nDCG@3 against 1.0: headlines +0, sentences +2.7 points, articles +.2.
NAME_WEIGHT = 1.3
# In a newsroom of a few texts no fewer than so many tell that a word is a usual one.
USUAL_IN = 5
SHARED_SHOWN = 8
# N-grams are as common as words of four letters.
GRAM_COMMONNESS = 97

Hashes = NDArray[np.uint32]
Floats = NDArray[np.float32]

# 1 + ln n for each count n, 0 for 0. No text is longer than this many words.
_DAMPED: Floats = np.append(0, 1 + np.log(np.arange(1, TEXT_CHARACTERS, dtype=np.float32))).astype(np.float32)


@dataclass(frozen=True, slots=True, kw_only=True)
class ArticleTerms:
    """One article's words as numbers.

    ``terms`` are ``words`` distinct words, then distinct character n-grams. ``title`` and ``body`` are
    the damped counts of the words, 1 + ln n (more for names), 0 when absent, and ``characters``
    those of the n-grams. ``commonness`` are codes of terms. ``shingles`` are the smallest hashes of
    the word triples, ascending. ``length`` is title and text together, in characters, before any cut.
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


def extract_terms(title: str, text: str, language: str) -> ArticleTerms:
    """The terms of an article. ``language`` is a BCP 47 tag, ``""`` when unknown (then no stemming)."""
    text_read = text[:TEXT_CHARACTERS]
    title_words = words(title[:TITLE_CHARACTERS], language)
    all_words = title_words + words(text_read, language)
    names = proper_names(text_read, language)
    # In the order of the text: of two words with one term it is always the same that counts.
    counts = Counter(all_words)
    vocabulary = vocabulary_of(names.union(counts), language)
    term_of = vocabulary.terms.__getitem__
    numbers = [*map(term_of, all_words)]
    title_counts, body_counts = Counter(numbers[: len(title_words)]), Counter(numbers[len(title_words) :])
    codes = dict(zip(map(term_of, counts), map(vocabulary.codes.__getitem__, counts), strict=True))
    order = _most_telling(title_counts, body_counts, codes)
    emphasised = {*map(term_of, names)}
    emphasis = np.array([NAME_WEIGHT if number in emphasised else 1.0 for number in order], np.float32)
    meaning = NO_MEANING
    if base_language(language) == "en":
        meaning = meaning_of([*map(vocabulary.rows.__getitem__, counts)], [*counts.values()])
    nothing = np.zeros(0, np.uint32), np.zeros(0, np.float32)
    grams, characters = nothing if len(meaning) else _characters(all_words)
    return ArticleTerms(
        terms=np.concatenate((np.array(order, np.uint32), grams)),
        words=len(order),
        title=_damped([*map(title_counts.get, order, repeat(0))]) * emphasis,
        body=_damped([*map(body_counts.get, order, repeat(0))]) * emphasis,
        characters=characters,
        commonness=np.array([codes[number] for number in order] + [GRAM_COMMONNESS] * len(grams), np.uint8),
        meaning=meaning,
        # Three overlapping pairs of characters are four characters, far less than three words.
        shingles=_shingles(numbers, 3 if is_spaceless(title + text[:200]) else 1),
        length=len(title) + len(text),
    )


def _most_telling(title: Counter[int], body: Counter[int], codes: dict[int, int]) -> list[int]:
    """Title words, then the body's by count and rarity; at most ``MAX_WORDS``."""
    others = [number for number in body if number not in title]
    if len(title) + len(others) > MAX_WORDS:
        rarity = np.array([codes[number] for number in others])
        telling = rarity * (1 + np.log([body[number] for number in others]))
        others = [others[place] for place in np.argsort(-telling, kind="stable")[:MAX_WORDS].tolist()]
    return [*title, *others][:MAX_WORDS]


def _damped(counts: Sequence[int] | NDArray[np.int64]) -> Floats:
    damped: Floats = _DAMPED.take(counts, mode="clip")
    return damped


def _characters(all_words: list[str]) -> tuple[Hashes, Floats]:
    """The sampled n-grams (3 to 5 characters, word borders as spaces) of a text's beginning."""
    text = f" {' '.join(all_words)[:CHARACTER_TEXT]} "
    codes = np.frombuffer(text.encode("utf-32-le", "replace"), np.uint32)
    if len(codes) < 5:
        return np.zeros(0, np.uint32), np.zeros(0, np.float32)
    rolling = codes
    hashes = []
    for size in (2, 3, 4, 5):
        rolling = rolling[:-1] * np.uint32(0x01000193) ^ codes[size - 1 :] * np.uint32(0x9E3779B1)
        if size > 2:
            hashes.append(rolling ^ (rolling >> np.uint32(15)))
    found = np.concatenate(hashes) * np.uint32(0x85EBCA6B)
    found = found[found >> np.uint32(16) & np.uint32(CHARACTER_SAMPLE - 1) == 0]
    grams, counts = np.unique(found & np.uint32(TERM_SPACE - 1), return_counts=True)
    return grams.astype(np.uint32), _damped(counts)


def _shingles(numbers: list[int], step: int) -> Hashes:
    """The smallest hashes of every three terms ``step`` apart (of all of them, if there are too few)."""
    row = np.array(numbers, np.uint32)
    if len(row) <= 2 * step:
        return np.array([crc32(row.tobytes())] if numbers else [], np.uint32)
    first, second, third = row[: -2 * step], row[step:-step], row[2 * step :]
    mixed = first * np.uint32(0x9E3779B1) ^ second * np.uint32(0x85EBCA6B) ^ third * np.uint32(0xC2B2AE35)
    # np.unique takes eight times as long on so short a row.
    ascending = np.sort((mixed ^ mixed >> np.uint32(15)) * np.uint32(0x2C1B3C6D))
    distinct: Hashes = ascending[np.append(True, ascending[1:] != ascending[:-1])]
    return distinct[:MAX_SHINGLES]


def usual_stems(texts: Sequence[str], language: str) -> frozenset[str]:
    """Stems that say nothing: those in a tenth of some unrelated texts, but at least in ``USUAL_IN``."""
    held = Counter(
        root for text in texts for root in {stem(word, language) for word in words(text, language)}
    )
    least = max(USUAL_IN, len(texts) / 10)
    return frozenset(root for root, count in held.items() if count >= least)


def shared_terms(
    a_title: str,
    a_text: str,
    b_title: str,
    b_text: str,
    language: str,
    *,
    usual: frozenset[str] = frozenset(),
) -> tuple[str, ...]:
    """The words two articles share, as the first writes them, the most telling first.

    For explanations: the index keeps no readable words, so this reads the texts again. Left out are words
    that a tenth of all articles have, and ``usual``: stems, as ``usual_stems`` finds them.
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
    codes = dict(zip(weights, commonness(list(weights), base_language(language)), strict=True))
    telling = (root for root, code in codes.items() if code > CODES_FOR_A_TENTH)
    best = sorted(telling, key=lambda root: (-weights[root], root))
    return tuple(surface[root] for root in best[:SHARED_SHOWN])


def _all_words(title: str, text: str, language: str) -> list[str]:
    return words(title[:TITLE_CHARACTERS], language) + words(text[:TEXT_CHARACTERS], language)
