"""What an English text is about, beyond the words it uses: the sum of its words' vectors.

A shipped table (``data/english.bin``, made by ``tables/meaning.py``) has a vector for each of the usual
English words: "grid" and "power cut" are near each other although they share no letter. Common words
have short vectors there, so that a plain sum is a weighted mean.
"""

from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

Meaning = NDArray[np.int8]

TABLE = Path(__file__).with_name("data") / "english.bin"
DIMENSIONS = 192
NO_MEANING: Meaning = np.zeros(0, np.int8)
# The length of a text's vector in steps of an int8: components are rarely beyond a third of it.
LENGTH = 300.0
# Fewer known words than these say too little.
_LEAST_WORDS = 2


@lru_cache(maxsize=1)
def _table() -> tuple[NDArray[np.uint32], NDArray[np.int8]]:
    """Hashes of words, ascending, and their vectors; read from the file when they are used."""
    rows = TABLE.stat().st_size // (4 + DIMENSIONS)
    numbers = np.fromfile(TABLE, np.uint32, rows)
    # As a plain array: every look into a memmap makes another one.
    return numbers, np.asarray(np.memmap(TABLE, np.int8, "r", 4 * rows, (rows, DIMENSIONS)))


def row_of(word: str) -> int:
    """The row of a word's vector, or -1."""
    number = crc32(word.encode())
    numbers, _ = _table()
    row = int(numbers.searchsorted(np.uint32(number)))
    return row if row < len(numbers) and int(numbers[row]) == number else -1


def meaning_of(rows: Sequence[int], counts: Sequence[int]) -> Meaning:
    """The direction in which a text points: a vector of length ``LENGTH``, or ``NO_MEANING``."""
    if len(rows) < _LEAST_WORDS:
        return NO_MEANING
    _, vectors = _table()
    damped = 1 + np.log(np.array(counts, np.float32))
    total = damped @ vectors[list(rows)].astype(np.float32)
    length = float(np.sqrt(total @ total))
    return np.clip(np.rint(total * (LENGTH / max(length, 1e-6))), -127, 127).astype(np.int8)
