"""Meaning of an English text, beyond its wording: the sum of its words' vectors.

A shipped table (``data/english.bin``, made by ``tables/meaning.py``) has a vector for each of the usual
English words: "grid" and "power cut" are near each other although they share no letter. Common words have
short vectors there, so that a plain sum is a weighted mean.
"""

from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

from syndicate.memory import released_when_unused

Meaning = NDArray[np.int8]

TABLE = Path(__file__).parents[1] / "data" / "english.bin"
DIMENSIONS = 192
NO_MEANING: Meaning = np.zeros(0, np.int8)
# The length of a text's vector in int8 steps: components are rarely beyond a third of it.
LENGTH = 300.0
# A text with fewer known words has no meaning.
_LEAST_WORDS = 2


@released_when_unused
@lru_cache(maxsize=1)
def _table() -> tuple[NDArray[np.uint32], NDArray[np.int8]]:
    """Return the hashes of words, ascending, and their vectors, which are read from the file at their use."""
    rows = TABLE.stat().st_size // (4 + DIMENSIONS)
    numbers = np.fromfile(TABLE, np.uint32, rows)
    # As a plain array: every access to a memmap makes another memmap.
    return numbers, np.asarray(np.memmap(TABLE, np.int8, "r", 4 * rows, (rows, DIMENSIONS)))


def rows_of(words: Sequence[str]) -> list[int]:
    """Return the row of each word's vector, -1 for a word without a vector."""
    numbers, _ = _table()
    hashes = np.array([crc32(word.encode()) for word in words], np.uint32)
    rows = np.minimum(numbers.searchsorted(hashes), len(numbers) - 1)
    return np.where(numbers[rows] == hashes, rows, -1).tolist()  # type: ignore[no-any-return]


def meaning_of(rows: NDArray[np.int32], counts: NDArray[np.intp]) -> Meaning:
    """Return the direction of a text: a vector of length ``LENGTH``, or ``NO_MEANING``.

    ``rows`` are the rows of its distinct words, from ``rows_of``; ``counts`` is the frequency of each.
    """
    known = rows >= 0
    if np.count_nonzero(known) < _LEAST_WORDS:
        return NO_MEANING
    _, vectors = _table()
    damped = 1 + np.log(counts[known].astype(np.float32))
    return direction(damped @ vectors.take(rows[known], axis=0).astype(np.float32))


def shares_of_meaning(rows: Sequence[int]) -> NDArray[np.float32]:
    """Return the share of each word's meaning that the first word explains: the square of their cosine.

    It is 1 for the first word, and 0 for a word of opposite meaning or without a vector (a row of -1).
    """
    vectors = _table()[1].take(rows, axis=0).astype(np.float32)
    squares = np.maximum(np.einsum("ij,ij->i", vectors, vectors), 1)
    shares: NDArray[np.float32] = np.maximum(vectors @ vectors[0], 0) ** 2 / (squares[0] * squares)
    shares *= np.minimum(rows, rows[0]) >= 0
    shares[0] = 1
    return shares


def direction(total: NDArray[np.float32]) -> Meaning:
    """Return a vector scaled to ``LENGTH``, in whole steps."""
    scaled = np.rint(total * (LENGTH / max(float(np.sqrt(total @ total)), 1e-6)))
    meaning: Meaning = np.minimum(np.maximum(scaled, -127), 127).astype(np.int8)
    return meaning
