"""Reports of the same event in different languages: candidates by meaning, and their similarity.

Words cannot be compared across languages. Meanings in the shared space can (see ``shared_vectors``), and so
can figures, which are written alike everywhere. The result has the scale of the similarity within a language,
so that stories and links need no separate rules.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from syndicate.stories.duplicates import figures_of
from syndicate.stories.link_scores import Similarities
from syndicate.stories.story_options import StoryOptions
from syndicate.stories.terms.fingerprint import Fingerprint, differ_in_language
from syndicate.stories.terms.shared_vectors import DIMENSIONS
from syndicate.stories.terms.similarity import cosines_of_rows
from syndicate.stories.terms.weighed_terms import Floats

# With many languages, candidates of other languages are still fewer than candidates by words.
_MOST_CANDIDATES = 12


class RecentMeanings:
    """Meanings of the newest articles of every language with a table, to find articles in other languages."""

    def __init__(self, options: StoryOptions) -> None:
        self._options = options
        # Ids and meanings of each language in order of arrival.
        self._languages: dict[bytes, tuple[list[int], bytearray]] = {}

    def add(self, article_id: int, terms: Fingerprint) -> None:
        """Remember an article that has a meaning in the shared space."""
        if terms.shared and self._options.across_languages:
            self._append(terms.language, [article_id], terms.shared)

    def fill(self, ids: Sequence[int], packed: Sequence[bytes], headers: NDArray[Any]) -> None:
        """Remember the newest of many packed articles; the result equals repeated ``add``."""
        known = np.where(headers["shared"] > 0, headers["language"], b"")
        # ``np.unique`` would import the masked arrays, which takes 25 ms.
        for language in sorted({*known.tolist()} - {b""} if self._options.across_languages else ()):
            places = np.flatnonzero(known == language)[-self._options.across_recent :].tolist()
            meanings = b"".join(packed[place][-DIMENSIONS:] for place in places)
            self._append(language, [ids[place] for place in places], meanings)

    def _append(self, language: bytes, article_ids: Sequence[int], meanings: bytes) -> None:
        ids, rows = self._languages.setdefault(language, ([], bytearray()))
        ids += article_ids
        rows += meanings
        over = len(ids) - self._options.across_recent
        if over > 0:
            del ids[:over], rows[: over * DIMENSIONS]

    def remove(self, article_id: int, terms: Fingerprint) -> None:
        """Forget an article."""
        ids, rows = self._languages.get(terms.language, ([], bytearray()))
        if article_id in ids:
            place = ids.index(article_id)
            del ids[place], rows[place * DIMENSIONS : (place + 1) * DIMENSIONS]

    def nearest(self, terms: Fingerprint) -> list[int]:
        """Return the nearest articles of other languages by meaning, a few of each language."""
        nearest: list[tuple[float, int]] = []
        for language, (ids, rows) in self._languages.items():
            if terms.shared and ids and language != terms.language:
                cosines = cosines_of_rows(terms.shared, rows)
                count = min(self._options.across_nearest, len(ids))
                least = np.partition(cosines, -count)[-count]
                best = np.flatnonzero(cosines >= least).tolist()
                best_places = sorted((-float(cosines[place]), place) for place in best)[:count]
                nearest += [(cosine, ids[place]) for cosine, place in best_places]
        return [article_id for _, article_id in sorted(nearest)[:_MOST_CANDIDATES]]


def compare_across(
    query: Fingerprint,
    others: Sequence[Fingerprint],
    similarities: Similarities,
    shared: Floats,
    options: StoryOptions,
) -> Similarities:
    """Return the similarities, recomputed for articles in other languages as ``StoryOptions`` states.

    ``shared`` are the cosines in the shared space. Articles in languages without a table keep the similarity
    of their words, if stories may have several languages.
    """
    foreign = [place for place, other in enumerate(others) if differ_in_language(query, other)]
    columns = [*map(np.copy, similarities)] if foreign else similarities
    mine = figures_of(query) if foreign else frozenset()
    for place in foreign:
        other = others[place]
        if (query.shared and other.shared) or not options.across_languages:
            # Common figures, at most 2; -1 if both articles have figures and share none.
            theirs = figures_of(other)
            agreement = min(len(mine & theirs), 2) - bool(mine and theirs and mine.isdisjoint(theirs))
            evidence = float(shared[place]) + options.across_figures * agreement
            similarity = options.across(evidence, (query.length * other.length) ** 0.5)
            for column, value in zip(columns, (0.0, 0.0, similarity, similarity), strict=True):
                column[place] = value
    return Similarities(*columns)
