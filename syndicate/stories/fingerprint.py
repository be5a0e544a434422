"""What the index keeps of an article, and the store: weighed terms, meaning, shingles.

The weights are frozen when the article is placed. A later article is compared with what the words
meant then, which is cheap, and a restart finds exactly the index that was left.
"""

import struct
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from syndicate.stories.terms import Hashes

_HEADER = struct.Struct("<BBHHHI")
_VERSION = 2


class Fingerprint(NamedTuple):
    """One article, ready to be compared.

    ``terms`` (32 bits each) are its words, the heaviest first, then (from position ``words``) its character
    n-grams; the ``weights`` (16-bit floats) of either part are a unit vector. ``meaning`` (8 bits each) is
    empty when the language has none. All are bytes of arrays, little-endian: those of forty articles are
    joined twelve times as fast as arrays are, and need less memory.
    """

    terms: bytes
    weights: bytes
    words: int
    meaning: bytes
    shingles: bytes
    length: int

    def term_numbers(self) -> Hashes:
        """The terms as numbers."""
        return np.frombuffer(self.terms, np.uint32)

    def term_weights(self) -> NDArray[np.float16]:
        """The weights as numbers."""
        return np.frombuffer(self.weights, np.float16)

    def pack(self) -> bytes:
        """A compact form for the store: 6 bytes a term, with a version."""
        terms, weights, words, meaning, shingles, length = self
        header = _HEADER.pack(_VERSION, len(meaning), len(terms) // 4, words, len(shingles) // 4, length)
        return b"".join((header, terms, shingles, weights, meaning))

    @classmethod
    def unpack(cls, data: bytes) -> "Fingerprint":
        """Read what ``pack`` wrote.

        Raises ``ValueError`` for another version or a wrong size: the article has to be placed again.
        """
        if len(data) < _HEADER.size or data[0] != _VERSION:
            raise ValueError("these article terms were written by another version")
        _, dimensions, count, words, shingle_count, length = _HEADER.unpack_from(data)
        shingles = _HEADER.size + 4 * count
        weights = shingles + 4 * shingle_count
        meaning = weights + 2 * count
        if len(data) != meaning + dimensions:
            raise ValueError("these article terms are damaged")
        terms = data[_HEADER.size : shingles]
        return cls(terms, data[weights:meaning], words, data[meaning:], data[shingles:weights], length)
