"""How alike articles are: cosines of weighted terms, for many candidates in one go.

A term weighs (damped count) × (inverse document frequency). The frequencies are those of the
articles the index holds, plus a background of imaginary documents in which a word is the more
common the shorter it is (Zipf's law of abbreviation); so the very first article is already judged
sensibly, and a restart that loads the same articles has the same frequencies.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from syndicate.stories.terms import TERM_SPACE, ArticleTerms

Floats = NDArray[np.float32]

# The background: its size in documents, and the share of them that holds a stem of 1, 2, … 8 letters.
# Round figures; sizes from 20 to 1,000 were compared, more is never worse (stories: BCubed +1 to +6 points).
BACKGROUND_DOCUMENTS = 1000
_BACKGROUND = BACKGROUND_DOCUMENTS * np.array([0.3, 0.2, 0.08, 0.03, 0.015, 0.01, 0.007, 0.005], np.float32)


class TermSpace:
    """Document frequencies of every term, and the cosines that follow from them."""

    def __init__(self) -> None:
        self.documents = 0
        self._counts = np.zeros(TERM_SPACE, np.int32)
        self._query = np.zeros(TERM_SPACE, np.float32)

    def add(self, articles: Sequence[ArticleTerms]) -> None:
        """Count the terms of these articles."""
        self.documents += len(articles)
        if len(articles) == 1:
            self._counts[articles[0].terms] += 1
        elif articles:
            terms = np.concatenate([article.terms for article in articles])
            self._counts += np.bincount(terms, minlength=TERM_SPACE).astype(np.int32)

    def remove(self, article: ArticleTerms) -> None:
        """Forget the terms of an article that was added."""
        self.documents -= 1
        self._counts[article.terms] -= 1

    def rarity(self, terms: NDArray[np.uint32]) -> Floats:
        """The inverse document frequency of terms: ln(documents / documents with the term)."""
        held = self._counts[terms] + _BACKGROUND[terms & 7]
        rarity: Floats = np.log(
            np.float32(self.documents + BACKGROUND_DOCUMENTS + 1) / (held + np.float32(0.5)), dtype=np.float32
        )
        return rarity

    def cosines(
        self, query: ArticleTerms, others: Sequence[ArticleTerms], title_weight: float
    ) -> tuple[Floats, Floats]:
        """Cosines of words and of characters between one article and others, in their order."""
        terms, weights, starts = self._weighted([query, *others], title_weight)
        mine = starts[2]
        self._query[terms[:mine]] = weights[:mine]
        products = weights * self._query[terms]
        self._query[terms[:mine]] = 0
        sums = _row_sums(products, starts)
        return sums[2::2], sums[3::2]

    def promise(self, article: ArticleTerms, title_weight: float) -> Floats:
        """What each word of an article can be expected to add to a cosine, if the other has it too."""
        terms, weights, _ = self._weighted([article], title_weight)
        return weights[: article.words] * self.rarity(terms[: article.words])

    def _weighted(
        self, articles: list[ArticleTerms], title_weight: float
    ) -> tuple[NDArray[np.uint32], Floats, NDArray[np.int64]]:
        """The unit vectors of articles, end to end: two rows each (words, characters)."""
        terms = np.concatenate([article.terms for article in articles])
        title = np.concatenate([article.title for article in articles])
        body = np.concatenate([article.body for article in articles])
        sizes = [size for article in articles for size in (article.words, len(article.terms) - article.words)]
        starts = np.zeros(len(sizes) + 1, np.int64)
        np.cumsum(sizes, out=starts[1:])
        rarity = self.rarity(terms)
        weights = _unit(title * rarity, starts, title_weight) + _unit(body * rarity, starts, 1.0)
        return terms, _unit(weights, starts, 1.0), starts


def _unit(values: Floats, starts: NDArray[np.int64], length: float) -> Floats:
    """Each row scaled to ``length``; rows of zeros stay zeros."""
    norms = np.sqrt(_row_sums(values * values, starts))
    factors = np.float32(length) / np.maximum(norms, np.float32(1e-6))
    return values * np.repeat(factors, np.diff(starts))


def _row_sums(values: Floats, starts: NDArray[np.int64]) -> Floats:
    # reduceat gives the next element for an empty row, and fails beyond the end: pad, then blank.
    sums = np.add.reduceat(np.append(values, np.float32(0)), starts[:-1])
    sums[starts[1:] == starts[:-1]] = 0
    return sums
