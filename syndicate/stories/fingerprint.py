"""What the index keeps of an article, and the store: weighed terms, meaning, shingles.

The weights are frozen when the article is placed. A later article is compared with what the words
meant then, which is cheap, and a restart finds exactly the index that was left.
"""

import struct
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from syndicate.stories.meaning import Meaning
from syndicate.stories.terms import Hashes

_HEADER = struct.Struct("<BBHHHI")
_VERSION = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Fingerprint:
    """One article, ready to be compared.

    ``terms`` are its words, the heaviest first, then (from position ``words``) its character n-grams;
    the ``weights`` of either part are a unit vector. ``meaning`` is empty when the language has none.
    """

    terms: Hashes
    weights: NDArray[np.float16]
    words: int
    meaning: Meaning
    shingles: Hashes
    length: int

    def pack(self) -> bytes:
        """A compact form for the store: 6 bytes a term. Little-endian, with a version."""
        sizes = len(self.meaning), len(self.terms), self.words, len(self.shingles), self.length
        arrays = self.terms, self.shingles, self.weights, self.meaning
        return _HEADER.pack(_VERSION, *sizes) + b"".join(array.tobytes() for array in arrays)

    @classmethod
    def unpack(cls, data: bytes) -> "Fingerprint":
        """Read what ``pack`` wrote; the arrays share the memory of ``data``.

        Raises ``ValueError`` for another version or a wrong size: the article has to be placed again.
        """
        if len(data) < _HEADER.size or data[0] != _VERSION:
            raise ValueError("these article terms were written by another version")
        _, dimensions, count, word_count, shingle_count, length = _HEADER.unpack_from(data)
        shingles = _HEADER.size + 4 * count
        weights = shingles + 4 * shingle_count
        meaning = weights + 2 * count
        if len(data) != meaning + dimensions:
            raise ValueError("these article terms are damaged")
        return cls(
            terms=np.frombuffer(data, np.uint32, count, _HEADER.size),
            weights=np.frombuffer(data, np.float16, count, weights),
            words=word_count,
            meaning=np.frombuffer(data, np.int8, dimensions, meaning),
            shingles=np.frombuffer(data, np.uint32, shingle_count, shingles),
            length=length,
        )
