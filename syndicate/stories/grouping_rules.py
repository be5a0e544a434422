"""The rules of grouping: when an article joins a story, when two stories are one, when one is two.

All of them compare likeness with what is usual: the threshold for texts of that length, and, the
more of it is known, the story's own coherence (how alike its articles are to each other). So the
rules hold for headlines as for long texts, whatever scale the likeness is on.
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
    """Link of an article to a story: it joins when ``similarity`` ≥ ``threshold``.

    ``nearest`` is its similarity to article ``nearest_id``, ``mean_similarity`` that to ``n_compared``
    articles spread over the story. ``similarity`` mixes both; ``pair_threshold`` is what two articles need;
    ``threshold`` is more for an article that is as like other stories, and less for one that is like none.
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
        """True when the likeness reaches what is needed."""
        return self.similarity >= self.threshold

    @property
    def strength(self) -> float:
        """Likeness in units of what is needed."""
        return self.similarity / self.threshold


@dataclass(frozen=True, slots=True, kw_only=True)
class Regrouping:
    """Articles that changed their story because an article came: a whole story, or a part of one.

    ``kind`` is ``merged`` or ``split``; a part may go into a story that was there. ``article_ids`` (copies
    included) went from story ``story`` to ``into``, where ``similarity`` is how alike the two are and
    ``threshold`` what it was held against.
    """

    kind: str
    story: int
    into: int
    article_ids: tuple[int, ...]
    similarity: float
    threshold: float


@dataclass(slots=True)
class Coherence:
    """The likeness of a story's articles to each other, from what was measured when they joined."""

    total: float = 0.0
    pairs: int = 0

    def add(self, mean_similarity: float, n_compared: int) -> None:
        """Count the likeness of one more article to some of the others."""
        self.total += mean_similarity * n_compared
        self.pairs += n_compared

    def expected(self, pair_threshold: float, options: StoryOptions) -> float:
        """The likeness to expect within the story; the threshold stands in while little is known."""
        known = self.total + options.coherence_prior * pair_threshold
        return max(known / (self.pairs + options.coherence_prior), options.coherence_floor * pair_threshold)


def bond(
    *,
    story: int,
    nearest: tuple[int, float],
    members: Sequence[float],
    coherence: Coherence,
    pair_threshold: float,
    rivals: float,
    options: StoryOptions,
) -> StoryMatch:
    """Return what an article has in common with a story: its nearest article there, and a sample of all.

    For a stranger, who knows one article there and nobody else, the nearest counts nothing: else
    stories would grow into chains, each link like the last one and nothing like the first. ``rivals`` is
    the article's mean likeness to the nearest articles outside the story.
    """
    mean_similarity = sum(members) / len(members)
    expected = coherence.expected(pair_threshold, options)
    relative = mean_similarity * pair_threshold / expected
    others = (sum(members) - max(members)) / max(len(members) - 1, 1)
    stranger = len(members) >= options.crowd and others < options.stranger_share * expected
    close = others if stranger else nearest[1]
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


def best_bond(bonds: Iterable[StoryMatch]) -> StoryMatch | None:
    """The story to join, if any is near enough; the older one wins a tie."""
    return max(bonds, key=lambda match: (match.strength, -age_order(match.story)[1]), default=None)


def age_order(story: int) -> tuple[bool, int]:
    """Sorts stories by age. One that has no row yet carries the negative id of an article: it is younger."""
    return story < 0, abs(story)


def merge_needed(sizes: tuple[int, int], options: StoryOptions) -> float:
    """The share of their coherence that two stories must have in common: the less, the more is known."""
    return options.merge_share + options.merge_caution / min(sizes)


def two_parts(similarity: NDArray[np.float64]) -> tuple[list[int], list[int], float]:
    """The two most separate parts of some articles, by average linkage, and how alike the parts are.

    ``similarity`` is the square matrix of their likeness. The third value is the mean likeness between
    the parts, as a share of the mean likeness within them.
    """
    groups = [[position] for position in range(len(similarity))]
    # The sums of likeness between groups: those of a merged group are the sums of its parts.
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
