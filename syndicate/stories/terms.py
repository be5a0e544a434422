"""What the index remembers of an article's words: hashed terms, nothing readable.

A term is 22 bits of a hash, and its lowest three bits are the length of the stem, so that the
number itself says how common the word is likely to be (see ``vectors``). An article keeps three
things: its *words*, with separate counts for title and body; a sample of its *characters* (n-grams
of three to five, for languages whose words change shape); and its *shingles* (runs of three words,
or of eight characters where words are not separated), which recognise copies.
"""

import struct
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from math import log
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

from syndicate.stories.tokens import is_spaceless, proper_names, stem, words

TERM_SPACE = 1 << 22
# Longer texts add nothing measurable (nDCG@3 +.5 to 1 point from 1,000 to 3,000 characters).
TITLE_CHARACTERS = 300
TEXT_CHARACTERS = 3000
CHARACTER_TEXT = 700
MAX_WORDS = 128
MAX_SHINGLES = 128
# One n-gram in eight, the same ones everywhere, estimates the same cosine: nDCG@3 within .3 points of
# one in four.
CHARACTER_SAMPLE = 8
COUNT_SCALE = 32
# Names weigh more. Measured on nDCG@3 against 1.0: headlines +0, sentences +2.7 points, articles +.2.
NAME_WEIGHT = 1.3
# In a newsroom of a few texts no fewer than so many tell that a word is a usual one.
USUAL_IN = 5
# N-grams are as common as words of four letters.
_GRAM_CLASS = 3

_HEADER = struct.Struct("<BHHHI")
_VERSION = 1

Hashes = NDArray[np.uint32]
Counts = NDArray[np.uint8]


@dataclass(frozen=True, slots=True, kw_only=True)
class ArticleTerms:
    """One article's words as numbers.

    ``terms`` are distinct words, the most telling first, then (from position ``words``) distinct
    character n-grams. ``title`` and ``body`` are their damped counts, ``COUNT_SCALE × (1 + ln n)``
    (more for names), 0 when absent. ``shingles`` are the smallest hashes of the word triples, ascending.
    ``length`` is title and text together, in characters, before anything was cut.
    """

    terms: Hashes
    title: Counts
    body: Counts
    words: int
    shingles: Hashes
    length: int

    def pack(self) -> bytes:
        """A compact form for the store: about 6 bytes a term. Little-endian, with a version."""
        header = _HEADER.pack(_VERSION, len(self.terms), self.words, len(self.shingles), self.length)
        return b"".join(
            (header, self.terms.tobytes(), self.shingles.tobytes(), self.title.tobytes(), self.body.tobytes())
        )

    @classmethod
    def unpack(cls, data: bytes) -> "ArticleTerms":
        """Read what ``pack`` wrote; the arrays share the memory of ``data``.

        Raises ``ValueError`` for another version or a wrong size: extract the terms again.
        """
        if len(data) < _HEADER.size or data[0] != _VERSION:
            raise ValueError("these article terms were written by another version")
        _, count, word_count, shingle_count, length = _HEADER.unpack_from(data)
        start = _HEADER.size
        shingles = start + 4 * count
        title = shingles + 4 * shingle_count
        if len(data) != title + 2 * count:
            raise ValueError("these article terms are damaged")
        return cls(
            terms=np.frombuffer(data, np.uint32, count, start),
            title=np.frombuffer(data, np.uint8, count, title),
            body=np.frombuffer(data, np.uint8, count, title + count),
            words=word_count,
            shingles=np.frombuffer(data, np.uint32, shingle_count, shingles),
            length=length,
        )


def extract_terms(title: str, text: str, language: str) -> ArticleTerms:
    """The terms of an article. ``language`` is a BCP 47 tag, ``""`` when unknown (then no stemming)."""
    title_words = words(title[:TITLE_CHARACTERS], language)
    text_words = words(text[:TEXT_CHARACTERS], language)
    title_terms = [term(word, language) for word in title_words]
    text_terms = [term(word, language) for word in text_words]
    title_counts, body_counts = Counter(title_terms), Counter(text_terms)
    order = _most_telling(title_counts, body_counts)
    names = {term(word, language) for word in proper_names(text[:TEXT_CHARACTERS], language)}
    emphasis = np.array([NAME_WEIGHT if number in names else 1.0 for number in order])
    grams, gram_counts = _characters([*title_words, *text_words])
    nothing = np.zeros(len(grams), np.uint8)
    return ArticleTerms(
        terms=np.concatenate((np.array(order, np.uint32), grams)),
        title=np.concatenate((_damped([title_counts[number] for number in order], emphasis), nothing)),
        body=np.concatenate(
            (_damped([body_counts[number] for number in order], emphasis), _damped(gram_counts, 1.0))
        ),
        words=len(order),
        # Three overlapping pairs of characters are four characters, far less than three words.
        shingles=_shingles(title_terms + text_terms, 3 if is_spaceless(title + text[:200]) else 1),
        length=len(title) + len(text),
    )


@lru_cache(maxsize=1 << 16)
def term(word: str, language: str) -> int:
    """The number of a word: the same for every form that shares its stem."""
    root = stem(word, language)
    return (crc32(root.encode()) & (TERM_SPACE - 8)) | min(len(root), 8) - 1


def _most_telling(title: Counter[int], body: Counter[int]) -> list[int]:
    """Title words first, then the body's by count and length of stem; at most ``MAX_WORDS``."""
    ranked = sorted(body.items(), key=lambda item: -item[1] * (1 + (item[0] & 7)))
    first = sorted(title, key=lambda number: -(number & 7))
    return (first + [number for number, _ in ranked if number not in title])[:MAX_WORDS]


def _damped(counts: list[int] | NDArray[np.int64], emphasis: NDArray[np.float64] | float) -> Counts:
    scaled = COUNT_SCALE * emphasis * (1 + np.log(np.maximum(counts, 1)))
    return np.where(np.asarray(counts) > 0, np.minimum(scaled, 255), 0).astype(np.uint8)


def _characters(all_words: list[str]) -> tuple[Hashes, NDArray[np.int64]]:
    """The sampled n-grams (3 to 5 characters, word borders as spaces) of a text's beginning."""
    text = f" {' '.join(all_words)[:CHARACTER_TEXT]} "
    codes = np.frombuffer(text.encode("utf-32-le", "replace"), np.uint32)
    if len(codes) < 5:
        return np.zeros(0, np.uint32), np.zeros(0, np.int64)
    rolling = codes
    hashes = []
    for size in (2, 3, 4, 5):
        rolling = rolling[:-1] * np.uint32(0x01000193) ^ codes[size - 1 :] * np.uint32(0x9E3779B1)
        if size > 2:
            hashes.append(rolling ^ (rolling >> np.uint32(15)))
    found = np.concatenate(hashes) * np.uint32(0x85EBCA6B)
    found = found[found >> np.uint32(16) & np.uint32(CHARACTER_SAMPLE - 1) == 0] >> np.uint32(18)
    grams, counts = np.unique(found << np.uint32(3) | np.uint32(_GRAM_CLASS), return_counts=True)
    return grams.astype(np.uint32), counts


def _shingles(numbers: list[int], step: int) -> Hashes:
    """The smallest hashes of every three terms ``step`` apart (of all of them, if there are too few)."""
    row = np.array(numbers, np.uint32)
    if len(row) <= 2 * step:
        return np.array([crc32(row.tobytes())] if numbers else [], np.uint32)
    first, second, third = row[: -2 * step], row[step:-step], row[2 * step :]
    mixed = first * np.uint32(0x9E3779B1) ^ second * np.uint32(0x85EBCA6B) ^ third * np.uint32(0xC2B2AE35)
    return np.unique((mixed ^ mixed >> np.uint32(15)) * np.uint32(0x2C1B3C6D))[:MAX_SHINGLES]


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
    limit: int = 8,
) -> tuple[str, ...]:
    """The words two articles share, as the first writes them, the most telling first.

    For explanations: the index keeps no readable words, so this reads the texts again. ``usual`` are
    stems to leave out, as ``usual_stems`` finds them.
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
    best = sorted(weights, key=lambda root: (-weights[root], root))
    return tuple(surface[root] for root in best[:limit])


def _all_words(title: str, text: str, language: str) -> list[str]:
    return words(title[:TITLE_CHARACTERS], language) + words(text[:TEXT_CHARACTERS], language)
