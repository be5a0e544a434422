"""Compare articles of an index by the similarity of their texts."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from syndicate.stories.across_languages import compare_across
from syndicate.stories.index_entry import IndexEntry
from syndicate.stories.link_scores import Match, Similarities, match_all, weigh_cosines
from syndicate.stories.story_options import StoryOptions
from syndicate.stories.terms.similarity import TermSpace


@dataclass(frozen=True, slots=True)
class Comparison:
    """Vocabulary and articles of an index, shared by the index and its stories.

    A separate value avoids a reference cycle, so a dropped index is freed at once.
    """

    entries: Mapping[int, IndexEntry]
    space: TermSpace
    options: StoryOptions

    def similarities_to(self, entry: IndexEntry, others: Sequence[IndexEntry]) -> Similarities:
        """Compare an article with others; the result has their order."""
        query, terms = entry.terms, [other.terms for other in others]
        cosines = self.space.cosines(query, terms)
        lengths = np.sqrt(entry.size * np.array([other.size for other in others]))
        similarities = weigh_cosines(cosines, lengths, self.options)
        return compare_across(query, terms, similarities, cosines.shared, self.options)

    def matches(
        self, entry: IndexEntry, article_ids: Sequence[int], hints: Collection[int] = ()
    ) -> list[Match]:
        """Return others as matches of an article, best first; ``hints`` are its further reading."""
        if not article_ids:
            return []
        others = [self.entries[article_id] for article_id in article_ids]
        rows = [(other.article_id, other.published) for other in others]
        return match_all(entry.published, rows, hints, self.similarities_to(entry, others), self.options)

    def similarity(self, entry: IndexEntry, article_ids: Sequence[int]) -> dict[int, float]:
        """Return the similarity of an article to each of the others, by id."""
        if not article_ids:
            return {}
        similarities = self.similarities_to(entry, [self.entries[article_id] for article_id in article_ids])
        return dict(zip(article_ids, similarities.total.tolist(), strict=True))
