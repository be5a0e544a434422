"""Similarity of articles: cosines of weighted terms and of meanings, for many candidates at once.

A term weighs (damped count) × (inverse document frequency). The frequencies come from the articles that count
(see ``index_entry``) and from imaginary documents (see ``word_frequencies``).
"""

from collections.abc import Sequence
from math import sqrt
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from syndicate.stories.terms.fingerprint import Fingerprint, count_terms, first_terms
from syndicate.stories.terms.vocabulary import TERM_SPACE
from syndicate.stories.terms.weighed_terms import ArticleTerms, Floats
from syndicate.stories.terms.word_frequencies import SHARES
from syndicate.stories.terms.word_vectors import LENGTH

# Number of imaginary documents beside the stored articles. Measured: with 1,000 nDCG@3 of paragraphs is .3
# points lower, of headlines the same, of long texts .1 higher.
BACKGROUND_DOCUMENTS = 500
_BACKGROUND = BACKGROUND_DOCUMENTS * SHARES + np.float32(0.5)
# Number of loaded articles counted together: all at once would need as much memory again.
_COUNTED_TOGETHER = 1000
_ARRAYS = ("meaning", "shingles", "names", "figures", "shared")


class Cosines(NamedTuple):
    """Cosines between an article and others, in their order; 0 if either has nothing to compare.

    ``meaning`` is for pairs of English articles, ``shared`` for all other pairs of languages with a table.
    """

    words: Floats
    characters: Floats
    meaning: Floats
    shared: Floats


class TermSpace:
    """Document frequencies of every term, and the weights that follow from them."""

    def __init__(self) -> None:
        self.documents = 0
        self._counts: NDArray[np.uint16] | NDArray[np.uint32] = np.zeros(TERM_SPACE, np.uint16)
        # Weight of every term in the article that is compared: a direct look-up is faster than a search.
        self._own = np.zeros(TERM_SPACE, np.float16)

    def add(self, article: Fingerprint) -> None:
        """Count the terms of an article."""
        self._expect(1)
        self._counts[article.term_numbers()] += 1

    def fill(self, packed: Sequence[bytes], headers: NDArray[Any]) -> None:
        """Count the terms of many packed articles."""
        self._expect(len(packed))
        for start in range(0, len(packed), _COUNTED_TOGETHER):
            some = slice(start, start + _COUNTED_TOGETHER)
            count_terms(self._counts, first_terms(packed[some], headers["terms"][some]))

    def remove(self, article: Fingerprint) -> None:
        """Forget the terms of an article that was added."""
        self.documents -= 1
        self._counts[article.term_numbers()] -= 1

    def _expect(self, articles: int) -> None:
        """Count articles; make room in time for a term that all of them have as two words."""
        self.documents += articles
        if 2 * self.documents > np.iinfo(self._counts.dtype).max:
            self._counts = self._counts.astype(np.uint32)

    def weigh(self, article: ArticleTerms, title_weight: float) -> Fingerprint:
        """Return an article's fingerprint; ``title_weight`` is relative to the weight of its text."""
        document_counts = self._counts[article.terms].astype(np.int32) + _BACKGROUND[article.commonness]
        rarity = np.log(np.float32(self.documents + BACKGROUND_DOCUMENTS + 1) / document_counts)
        of_words = rarity[: article.words]
        title, body = article.title * of_words, article.body * of_words
        words = _unit(_unit(title) * np.float32(title_weight) + _unit(body))
        order = np.argsort(-words, kind="stable")
        characters = _unit(article.characters * rarity[article.words :])
        return Fingerprint(
            terms=np.concatenate((article.terms[order], article.terms[article.words :])).tobytes(),
            weights=np.concatenate((words[order], characters)).astype(np.float16).tobytes(),
            words=article.words,
            length=article.length,
            **{name: getattr(article, name).tobytes() for name in _ARRAYS},
            language=article.language.encode("ascii", "replace")[:3],
        )

    def cosines(self, query: Fingerprint, others: Sequence[Fingerprint]) -> Cosines:
        """Return the cosines between an article and others."""
        terms = np.frombuffer(b"".join([other.terms for other in others]), np.uint32)
        weights = np.frombuffer(b"".join([other.weights for other in others]), np.float16)
        self._own[query.term_numbers()] = query.term_weights()
        products = np.zeros(len(terms) + 1, np.float32)
        np.multiply(weights, self._own.take(terms), out=products[:-1], dtype=np.float32)
        self._own[query.term_numbers()] = 0
        meaning = cosines_of_meanings(query.meaning, [other.meaning for other in others])
        pieces = [b"" if other.meaning and query.meaning else other.shared for other in others]
        by_pieces = cosines_of_meanings(query.shared, pieces)
        sizes = [other.words for other in others]
        if sum(sizes) == len(terms):
            # The empty row takes the zero at the end, which else might change the rounding of the last sum.
            sums = _row_sums(products, [*sizes, 0])
            return Cosines(sums[:-1], np.zeros(len(others), np.float32), meaning, by_pieces)
        sizes = [size for other in others for size in (other.words, len(other.weights) // 2 - other.words)]
        sums = _row_sums(products, sizes)
        return Cosines(sums[::2], sums[1::2], meaning, by_pieces)


def cosines_of_meanings(query: bytes, others: Sequence[bytes]) -> Floats:
    """Return the cosine of a meaning with each of the others; 0 with an empty meaning."""
    cosines = np.zeros(len(others), np.float32)
    if known := [place for place, other in enumerate(others) if query and other]:
        cosines[known] = cosines_of_rows(query, b"".join(others))
    return cosines


def cosines_of_rows(query: bytes, rows: bytes | bytearray) -> Floats:
    """Return the cosine of a meaning with each of the others, given as consecutive rows."""
    scaled = np.frombuffer(query, np.int8).astype(np.float32) / np.float32(LENGTH * LENGTH)
    cosines: Floats = np.frombuffer(rows, np.int8).astype(np.float32).reshape(-1, len(query)) @ scaled
    return cosines


def _unit(values: Floats) -> Floats:
    """Scale a vector to length 1; zeros stay zeros."""
    # Rounded to 32 bits this root equals numpy's; the direct way saves a microsecond.
    length = max(float(np.float32(sqrt(values @ values))), 1e-6)
    unit: Floats = values / np.float32(length)
    return unit


def _row_sums(values: Floats, sizes: Sequence[int]) -> Floats:
    """Return the sums of consecutive rows of these sizes; a zero must follow the last row."""
    # reduceat gives the next element for an empty row, and fails beyond the end: hence the zero.
    lengths = np.array(sizes)
    sums: Floats = np.add.reduceat(values, lengths.cumsum() - lengths)
    sums[lengths == 0] = 0
    return sums
