"""Compare articles of an index: how alike their texts are."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from syndicate.stories.across_languages import compare_across
from syndicate.stories.index_entry import IndexEntry
from syndicate.stories.link_scores import Likeness, Match, match_all, weigh_cosines
from syndicate.stories.story_options import StoryOptions
from syndicate.stories.terms.similarity import TermSpace


@dataclass(frozen=True, slots=True)
class Comparison:
    """The words of an index and the articles in it; shared by the index and its stories.

    A value of its own, so that neither refers to the other: an index that is dropped is freed at once.
    """

    held: Mapping[int, IndexEntry]
    space: TermSpace
    options: StoryOptions

    def alike(self, held: IndexEntry, others: Sequence[IndexEntry]) -> Likeness:
        """Compare one article with others, in their order."""
        query, terms = held.terms, [other.terms for other in others]
        cosines = self.space.cosines(query, terms)
        lengths = np.sqrt(held.size * np.array([other.size for other in others]))
        alike = weigh_cosines(cosines, lengths, self.options)
        return compare_across(query, terms, alike, cosines.shared, self.options)

    def matches(
        self, held: IndexEntry, article_ids: Sequence[int], hints: Collection[int] = ()
    ) -> list[Match]:
        """Return others as matches of one article, which lists ``hints`` as further reading, best first."""
        if not article_ids:
            return []
        others = [self.held[article_id] for article_id in article_ids]
        rows = [(other.article_id, other.published) for other in others]
        return match_all(held.published, rows, hints, self.alike(held, others), self.options)

    def similarity(self, held: IndexEntry, article_ids: Sequence[int]) -> dict[int, float]:
        """Return how alike one article is to each of others."""
        if not article_ids:
            return {}
        alike = self.alike(held, [self.held[article_id] for article_id in article_ids])
        return dict(zip(article_ids, alike.total.tolist(), strict=True))
