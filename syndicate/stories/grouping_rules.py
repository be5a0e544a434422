"""Rules of grouping: joining a story, merging two stories, splitting a story.

All rules compare similarity with an expected value: the threshold for texts of that length and, as more is
known, the story's own coherence (the mean similarity of its articles). So the rules hold for headlines and
for long texts, whatever the scale of similarity.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from syndicate.stories.story_options import StoryOptions

MERGED = "merged"
SPLIT = "split"


@dataclass(frozen=True, slots=True, kw_only=True)
class StoryMatch:
    """Comparison of an article with a story: it joins when ``similarity`` ≥ ``threshold``.

    ``nearest`` is its similarity to article ``nearest_id``, ``mean_similarity`` that to ``n_compared``
    articles spread over the story. ``similarity`` mixes both. ``pair_threshold`` is the threshold for two
    articles; ``threshold`` is higher for an article equally near to other stories, lower for a distinct
    article.
    """

    story: int
    nearest_id: int
    nearest: float
    mean_similarity: float
    n_compared: int
    similarity: float
    threshold: float
    pair_threshold: float

    @property
    def joins(self) -> bool:
        """True when the similarity reaches the threshold."""
        return self.similarity >= self.threshold

    @property
    def strength(self) -> float:
        """Similarity in units of the threshold."""
        return self.similarity / self.threshold


@dataclass(frozen=True, slots=True, kw_only=True)
class Regrouping:
    """Articles that changed their story because an article came: a whole story, or a part of it.

    ``kind`` is ``merged`` or ``split``; a part may go into an existing story. ``article_ids`` (copies
    included) went from ``story`` to ``into``. ``similarity`` compares the two stories; it was judged by
    ``threshold``, unless an editor's ``decision`` of that number moved them.
    """

    kind: str
    story: int
    into: int
    article_ids: tuple[int, ...]
    similarity: float = 0.0
    threshold: float = 0.0
    decision: int = 0


@dataclass(slots=True)
class Coherence:
    """Mean similarity of a story's articles to each other, measured when they joined."""

    total: float = 0.0
    pairs: int = 0

    def add(self, mean_similarity: float, n_compared: int) -> None:
        """Count the similarity of a further article to some of the others."""
        self.total += mean_similarity * n_compared
        self.pairs += n_compared

    def expected(self, pair_threshold: float, options: StoryOptions) -> float:
        """Return the expected similarity within the story; the threshold stands in while little is known."""
        known = self.total + options.coherence_prior * pair_threshold
        return max(known / (self.pairs + options.coherence_prior), options.coherence_floor * pair_threshold)


def match_story(
    *,
    story: int,
    nearest: tuple[int, float],
    members: Sequence[float],
    coherence: Coherence,
    pair_threshold: float,
    rivals: float,
    options: StoryOptions,
) -> StoryMatch:
    """Compare an article with a story: with its nearest article there, and with a sample of all.

    For an outlier, similar to a single article of a large story, the nearest counts nothing. Otherwise
    stories would grow into chains with unrelated ends. ``rivals`` is the article's mean similarity to the
    nearest articles outside the story.
    """
    mean_similarity = sum(members) / len(members)
    expected = coherence.expected(pair_threshold, options)
    relative = mean_similarity * pair_threshold / expected
    others = (sum(members) - max(members)) / max(len(members) - 1, 1)
    outlier = len(members) >= options.large_story and others < options.outlier_share * expected
    close = others if outlier else nearest[1]
    return StoryMatch(
        story=story,
        nearest_id=nearest[0],
        nearest=nearest[1],
        mean_similarity=mean_similarity,
        n_compared=len(members),
        similarity=options.nearest_share * close + (1 - options.nearest_share) * relative,
        threshold=pair_threshold + options.rival_share * (rivals - options.rival_usual * pair_threshold),
        pair_threshold=pair_threshold,
    )


def best_story_match(story_matches: Iterable[StoryMatch]) -> StoryMatch | None:
    """Return the nearest story, if any; the older story wins a tie."""
    return max(story_matches, key=lambda match: (match.strength, -age_order(match.story)[1]), default=None)


def age_order(story: int) -> tuple[bool, int]:
    """Return a sort key by age. A story without a row has the negative id of an article and is younger."""
    return story < 0, abs(story)


def required_merge_share(sizes: tuple[int, int], options: StoryOptions) -> float:
    """Return the share of their coherence that two stories must have in common: less for larger stories."""
    return options.merge_share + options.merge_caution / min(sizes)


def two_parts(similarity: NDArray[np.float64]) -> tuple[list[int], list[int], float]:
    """Return the two most separate parts by average linkage, and the similarity between the parts.

    ``similarity`` is the square matrix of pairwise similarities. The third value is the mean similarity
    between the parts, as a share of the mean similarity within the parts.
    """
    groups = [[position] for position in range(len(similarity))]
    # Sums of similarity between groups: the sums of a merged group are the sums of its parts.
    sums = similarity.copy()
    while len(groups) > 2:
        sizes = np.array([len(group) for group in groups])
        below = np.tri(len(groups), k=-1, dtype=bool)
        means: NDArray[np.float64] = np.where(below, sums / np.outer(sizes, sizes), -np.inf)
        a, b = divmod(int(np.argmax(means)), len(groups))
        sums[b] += sums[a]
        sums[:, b] += sums[:, a]
        sums = np.delete(np.delete(sums, a, axis=0), a, axis=1)
        groups[b] += groups.pop(a)
    first, second = groups
    within = [_mean_within(similarity, group) for group in groups]
    across = float(similarity[np.ix_(first, second)].mean())
    return first, second, across / max((within[0] * within[1]) ** 0.5, 1e-6)


def _mean_within(similarity: NDArray[np.float64], group: Sequence[int]) -> float:
    if len(group) < 2:
        return 1.0
    block = similarity[np.ix_(group, group)]
    return float((block.sum() - np.trace(block)) / (len(group) * (len(group) - 1)))
