"""Meaning of a text in a space that fourteen languages share: the mean of the vectors of its words' pieces.

A shipped table (``data/pieces.bin``, made by ``tables/pieces.py``) has a vector for each of 120 000 pieces of
words, so that a name or a compound is known by its parts. A report and its translation point in the same
direction after the common centre of each language's texts is subtracted.
"""

import re
import struct
import unicodedata
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from itertools import chain, filterfalse
from pathlib import Path
from typing import NamedTuple
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

from syndicate.memory import released_when_unused
from syndicate.stories.terms.tokens import is_spaceless
from syndicate.stories.terms.word_vectors import LENGTH, NO_MEANING, Meaning
from syndicate.text.language import main_language

TABLE = Path(__file__).parents[1] / "data" / "pieces.bin"
DIMENSIONS = 128
# The beginning names the subject of a report; the means of longer texts are nearer to each other by chance.
TEXT_READ = 200
# A text with fewer pieces has no meaning.
_LEAST_PIECES = 4
# Nor has a text in Latin letters whose pieces are shorter on average: codes, or wrong characters.
# Real texts have 3.2 letters or more (de, en, es of SemEval-2022 task 8), random letters 2.6 to 3.2.
_LEAST_LETTERS = 3.1
_OTHER_SCRIPTS = frozenset({"ar", "ja", "ko", "ru", "zh"})
_LONGEST_PIECE = 10
# A sentence without spaces counts as a word; each of its letters costs as much as a letter of a rare word.
_LONGEST_WORD = 40
_WORDS_KEPT = 1 << 15
# A piece that begins a word begins with this mark.
_BEGINS = "\u2581"
_UNKNOWN = -25.0
_WORD = re.compile(r"[^\W_]+(?:['’.,:-][^\W_]+)*")

Floats = NDArray[np.float32]


class _Table(NamedTuple):
    """Hashes of pieces, ascending, with row and logarithm of the frequency of each; vectors; centres."""

    hashes: NDArray[np.uint32]
    rows: NDArray[np.int32]
    scores: Floats
    vectors: NDArray[np.int8]
    centres: dict[str, Floats]


@released_when_unused
@lru_cache(maxsize=1)
def _known_words() -> dict[str, tuple[int, ...]]:
    """Return the rows of the pieces of known words, which ``rows_of`` extends."""
    return {}


@released_when_unused
@lru_cache(maxsize=1)
def _table() -> _Table:
    with TABLE.open("rb") as file:
        count, languages = struct.unpack("<IH", file.read(6))
        heads = [(file.read(2).decode(), np.fromfile(file, np.float16, DIMENSIONS)) for _ in range(languages)]
        hashes, rows = np.fromfile(file, np.uint32, count), np.fromfile(file, np.int32, count)
        scores = np.fromfile(file, np.float16, count).astype(np.float32)
        # Mapped, not read: a newsroom of one language uses a small part of the rows.
        vectors = np.asarray(np.memmap(TABLE, np.int8, "r", file.tell(), (count, DIMENSIONS)))
    return _Table(hashes, rows, scores, vectors, {name: mean.astype(np.float32) for name, mean in heads})


def shared_meaning(title: str, text: str, language: str) -> Meaning:
    """Return the direction of an article, of length ``LENGTH``; ``NO_MEANING`` without a table."""
    language = main_language(language)
    centre = _table().centres.get(language)
    if centre is None:
        return NO_MEANING
    beginning = f"{title} {text[:TEXT_READ]}"
    counts = Counter(rows_of(beginning))
    if len(counts) < _LEAST_PIECES:
        return NO_MEANING
    letters = sum(map(str.isalnum, beginning))
    if letters < _LEAST_LETTERS * counts.total() and language not in _OTHER_SCRIPTS:
        return NO_MEANING
    damped = 1 + np.log(np.fromiter(counts.values(), np.float32, len(counts)))
    vectors = _table().vectors.take(np.fromiter(counts, np.intp, len(counts)), axis=0)
    mean = (damped @ vectors.astype(np.float32)) / damped.sum() - centre
    length = float(np.sqrt(mean @ mean))
    meaning: Meaning = np.clip(np.rint(mean * (LENGTH / max(length, 1e-6))), -127, 127).astype(np.int8)
    return meaning


def rows_of(text: str) -> list[int]:
    """Return the rows of the pieces of a text, in their order."""
    words = _WORD.findall(unicodedata.normalize("NFKC", text))
    known = _known_words()
    if len(known) > _WORDS_KEPT:
        known.clear()
    if new := [*dict.fromkeys(filterfalse(known.__contains__, words))]:
        _learn_words(known, new)
    return [*chain.from_iterable(map(known.__getitem__, words))]


def learn_pieces(articles: Iterable[tuple[str, str]]) -> None:
    """Find the pieces of the words of titles and texts together: alone they take twice as long."""
    rows_of(" ".join([f"{title} {text[:TEXT_READ]}" for title, text in articles]))


def _learn_words(known: dict[str, tuple[int, ...]], words: Sequence[str]) -> None:
    """Find the pieces of words. Most words are a single piece; the others are split."""
    marked = [f"{'' if is_spaceless(word) else _BEGINS}{word}"[:_LONGEST_WORD] for word in words]
    whole = _look_up([crc32(word.encode("utf-8", "replace")) for word in marked])[0].tolist()
    looked_up = list(zip(words, marked, whole, strict=True))
    known.update((word, (row,)) for word, mark, row in looked_up if row >= 0 and len(mark) > 2)
    if unknown := [(word, mark) for word, mark, _ in looked_up if word not in known]:
        # Together: a look-up of a single word's parts takes as long as splitting the word.
        rows, scores = _look_up([*chain.from_iterable(_hashes_of_parts(mark) for _, mark in unknown)])
        scores[rows < 0] = -np.inf
        parts = zip(rows.tolist(), scores.tolist(), strict=True)
        known.update((word, _split(mark, parts)) for word, mark in unknown)


def _look_up(hashes: Sequence[int]) -> tuple[NDArray[np.int32], Floats]:
    """Return the row of each piece, -1 if unknown, and the logarithm of its frequency."""
    table, numbers = _table(), np.array(hashes, np.uint32)
    places = np.minimum(table.hashes.searchsorted(numbers), len(table.hashes) - 1)
    return np.where(table.hashes[places] == numbers, table.rows[places], np.int32(-1)), table.scores[places]


def _hashes_of_parts(word: str) -> list[int]:
    """Return the hash of every part of a word, by their beginnings, the shortest first."""
    letters, hashes = [letter.encode("utf-8", "replace") for letter in word], list[int]()
    for start in range(len(letters)):
        hashed = 0
        hashes += [hashed := crc32(letter, hashed) for letter in letters[start : start + _LONGEST_PIECE]]
    return hashes


def _split(word: str, parts: Iterator[tuple[int, float]]) -> tuple[int, ...]:
    """Return the rows of a word's most probable pieces; ``parts`` are those of ``_hashes_of_parts``."""
    size = len(word)
    best, previous = [0.0] + [-np.inf] * size, [(0, -1)] * (size + 1)
    for start in range(size):
        before = best[start]
        if before + _UNKNOWN > best[start + 1]:
            best[start + 1], previous[start + 1] = before + _UNKNOWN, (start, -1)
        for end in range(start + 1, min(start + _LONGEST_PIECE, size) + 1):
            row, score = next(parts)
            if before + score > best[end]:
                best[end], previous[end] = before + score, (start, row)
    rows = []
    while size:
        start, row = previous[size]
        piece = word[start:size].lstrip(_BEGINS)
        # A letter or a digit alone tells nothing.
        if row >= 0 and (len(piece) > 1 or not piece.isascii()):
            rows.append(row)
        size = start
    return tuple(reversed(rows))
