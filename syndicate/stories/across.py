"""Reports of one event in different languages: candidates by meaning, and how alike two such reports are.

Words cannot be compared across languages. The meaning in the shared space can (see ``pieces``), and so can
figures, which are written alike everywhere. The result is on the scale of the likeness within a language,
so that stories and links need no rule of their own.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from syndicate.stories.duplicates import figures_of
from syndicate.stories.fingerprint import Fingerprint, differ_in_language
from syndicate.stories.options import StoryOptions
from syndicate.stories.pieces import DIMENSIONS
from syndicate.stories.related import Likeness
from syndicate.stories.terms import Floats
from syndicate.stories.vectors import cosines_of_meanings

# With many languages, candidates of other languages are still fewer than those that share words.
_MOST_CANDIDATES = 12


class RecentMeanings:
    """Meanings of the newest articles of every language with a table, to find those of other languages."""

    def __init__(self, options: StoryOptions) -> None:
        self._options = options
        self._languages: dict[bytes, dict[int, bytes]] = {}

    def add(self, article_id: int, terms: Fingerprint) -> None:
        """Remember an article that has a meaning in the shared space."""
        if terms.shared and self._options.across_languages:
            known = self._languages.setdefault(terms.language, {})
            known[article_id] = terms.shared
            if len(known) > self._options.across_recent:
                del known[next(iter(known))]

    def fill(self, ids: Sequence[int], packed: Sequence[bytes], headers: NDArray[Any]) -> None:
        """Remember the newest of many packed articles, as ``add`` would one by one."""
        known = np.where(headers["shared"] > 0, headers["language"], b"")
        for language in filter(None, np.unique(known).tolist() if self._options.across_languages else ()):
            places = np.flatnonzero(known == language)[-self._options.across_recent :].tolist()
            meanings = {ids[place]: packed[place][-DIMENSIONS:] for place in places}
            self._languages.setdefault(language, {}).update(meanings)

    def remove(self, article_id: int, terms: Fingerprint) -> None:
        """Forget an article."""
        self._languages.get(terms.language, {}).pop(article_id, None)

    def nearest(self, terms: Fingerprint) -> list[int]:
        """Return the articles of other languages that are nearest in meaning, a few of each language."""
        nearest: list[tuple[float, int]] = []
        for language, known in self._languages.items():
            if terms.shared and known and language != terms.language:
                cosines = cosines_of_meanings(terms.shared, [*known.values()])
                best = np.argsort(-cosines, kind="stable")[: self._options.across_nearest]
                ids = [*known]
                nearest += [(-float(cosines[place]), ids[place]) for place in best.tolist()]
        return [article_id for _, article_id in sorted(nearest)[:_MOST_CANDIDATES]]


def compare_across(
    query: Fingerprint, others: Sequence[Fingerprint], alike: Likeness, shared: Floats, options: StoryOptions
) -> Likeness:
    """Return the likeness, with that to articles of other languages as ``StoryOptions`` says.

    ``shared`` are the cosines in the shared space. Articles of languages without a table keep the likeness of
    their words, as long as stories may have several languages.
    """
    foreign = [place for place, other in enumerate(others) if differ_in_language(query, other)]
    columns = [*map(np.copy, alike)] if foreign else alike
    for place in foreign:
        other = others[place]
        if (query.shared and other.shared) or not options.across_languages:
            evidence = float(shared[place]) + options.across_figures * _agreement(query, other)
            likeness = options.across(evidence, (query.length * other.length) ** 0.5)
            for column, value in zip(columns, (0.0, 0.0, likeness, likeness), strict=True):
                column[place] = value
    return Likeness(*columns)


def _agreement(a: Fingerprint, b: Fingerprint) -> int:
    """Return how many figures two articles have in common, at most 2; -1 if both have some and share none."""
    mine, theirs = figures_of(a), figures_of(b)
    return min(len(mine & theirs), 2) - bool(mine and theirs and mine.isdisjoint(theirs))
