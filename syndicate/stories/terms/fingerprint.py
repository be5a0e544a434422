"""Fingerprint of an article for index and store: weighted terms, meaning, shingles.

The weights are frozen when the article is placed. Later comparisons use these old weights, which is fast, and
a restart restores exactly the same index.
"""

import struct
from collections.abc import Sequence
from itertools import accumulate, pairwise
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from syndicate.stories.terms.weighed_terms import Hashes

_HEADER = struct.Struct("<BBHHHIBBB3s")
_HEADERS = np.dtype(
    [
        ("version", "u1"),
        ("dimensions", "u1"),
        ("terms", "<u2"),
        ("words", "<u2"),
        ("shingles", "<u2"),
        ("length", "<u4"),
        ("names", "u1"),
        ("figures", "u1"),
        ("shared", "u1"),
        ("language", "S3"),
    ]
)
_VERSION = 4
_COUNTED_TOGETHER = 1 << 16


class Fingerprint(NamedTuple):
    """Article ready to be compared.

    ``terms`` (32 bits each) are its words, the heaviest first, then (from position ``words``) its character
    n-grams; the ``weights`` (16-bit floats) of either part are a unit vector. ``meaning`` (8 bits each) is
    the meaning of an English text, ``shared`` the meaning in the space of all languages with a table; either
    may be empty. ``names`` are proper names and figures that tell its event from similar events, ``figures``
    the title's figures. ``language`` is a primary subtag of up to three letters. All are bytes of
    little-endian arrays: bytes of forty articles are joined twelve times as fast as arrays, and need less
    memory.
    """

    terms: bytes
    weights: bytes
    words: int
    meaning: bytes
    shingles: bytes
    length: int
    names: bytes = b""
    figures: bytes = b""
    shared: bytes = b""
    language: bytes = b""

    def term_numbers(self) -> Hashes:
        """Return the terms as numbers."""
        return np.frombuffer(self.terms, np.uint32)

    def word_numbers(self) -> memoryview:
        """Return the terms of the words as numbers."""
        return memoryview(self.terms)[: 4 * self.words].cast("I")

    def term_weights(self) -> NDArray[np.float16]:
        """Return the weights as numbers."""
        return np.frombuffer(self.weights, np.float16)

    def pack(self) -> bytes:
        """Return a compact form for the store: 6 bytes a term, with a version."""
        terms, weights, words, meaning, shingles, length, names, figures, shared, language = self
        counts = len(terms) // 4, words, len(shingles) // 4, length, len(names) // 4, len(figures) // 4
        header = _HEADER.pack(_VERSION, len(meaning), *counts, len(shared), language)
        return b"".join((header, terms, shingles, weights, meaning, names, figures, shared))

    @classmethod
    def unpack(cls, data: bytes) -> "Fingerprint":
        """Read the result of ``pack``; ``ValueError`` for another version or size: place it again."""
        if len(data) < _HEADER.size or data[0] != _VERSION:
            raise ValueError("these article terms were written by another version")
        _, dimensions, count, words, *sizes, language = _HEADER.unpack_from(data)
        shingles, length, names, figures, shared = sizes
        parts = 4 * count, 4 * shingles, 2 * count, dimensions, 4 * names, 4 * figures, shared
        ends = [*accumulate(parts, initial=_HEADER.size)]
        if len(data) != ends[-1]:
            raise ValueError("these article terms are damaged")
        terms, runs, weights, meaning, named, title, pieces = (data[a:b] for a, b in pairwise(ends))
        return cls(terms, weights, words, meaning, runs, length, named, title, pieces, language.rstrip(b"\0"))

    @classmethod
    def unpack_known(cls, data: bytes | None) -> "Fingerprint | None":
        """Read the result of ``pack``; return ``None`` for missing terms or terms of another version."""
        try:
            return cls.unpack(data or b"")
        except ValueError:
            return None


def differ_in_language(a: Fingerprint, b: Fingerprint) -> bool:
    """Return whether two articles are known to be in different languages."""
    return a.language != b.language and bool(a.language and b.language)


def read_headers(packed: Sequence[bytes]) -> tuple[NDArray[Any], NDArray[np.bool_]]:
    """Return the headers of packed articles as columns, such as ``terms``, ``words`` and ``length``.

    The second array is false for articles that ``Fingerprint.unpack`` cannot read.
    """
    beginnings = [data[: _HEADER.size].ljust(_HEADER.size, b"\0") for data in packed]
    headers = np.frombuffer(b"".join(beginnings), _HEADERS)
    sizes = np.fromiter(map(len, packed), np.int64, len(packed)) - _HEADER.size
    sizes -= headers["dimensions"].astype(np.int64) + headers["shared"]
    fours = headers["shingles"].astype(np.int64) + headers["names"] + headers["figures"]
    whole = sizes == 6 * headers["terms"].astype(np.int64) + 4 * fours
    return headers, whole & (headers["version"] == _VERSION)


def first_terms(packed: Sequence[bytes], counts: NDArray[Any]) -> Hashes:
    """Return the first ``counts`` terms of each packed article, in the order of the articles."""
    start = _HEADER.size
    ends = (start + 4 * counts.astype(np.int64)).tolist()
    parts = [data[start:end] for data, end in zip(packed, ends, strict=True)]
    return np.frombuffer(b"".join(parts), np.uint32)


def count_terms(counts: NDArray[Any], terms: Hashes) -> None:
    """Count terms in place, in parts: ``bincount`` of all takes thrice as long, and much memory."""
    for start in range(0, len(terms), _COUNTED_TOGETHER):
        np.add.at(counts, terms[start : start + _COUNTED_TOGETHER].astype(np.intp), counts.dtype.type(1))
