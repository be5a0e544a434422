"""Weight of a source, learned from the coverage of its stories by others, without clicks.

An article's *prominence* is the share of three other sources that join its story within a day; each counts
with its own weight. A source whose stories others follow has news judgement; a source that floods, sells or
follows does not. ``benchmarks/top_stories.py`` has the measurements.
"""

from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import NamedTuple

# Number of other sources for the full prominence: more shows only the size of the press.
ENOUGH_OTHERS = 3
# Prior prominence, added to a source's own and to its expected prominence: evidence for a weight of 1. It is
# that of ten average articles, and 2 at least: where prominence is rare, a single prominent article proves
# little. (Measured: 1 to 5 are alike on Google News, where ten average articles have 1.9.)
PRIOR_ARTICLES, MIN_PRIOR = 10.0, 2.0
# Bounds of the learned weight. The operator's ``weight`` has no such bounds.
MIN_WEIGHT, MAX_WEIGHT = 0.25, 4.0
# Passes that weigh sources by the weights of their followers. (Measured on half of the days: four are better
# than a single pass by .7 points of nDCG@10 now, 1 point for the next 12 hours.)
ROUNDS = 4
# The prior of a story's theme: this many near articles of weight 1.
THEME_SMOOTHING = 4.0
# (Measured on half of the days: 3 is better than 2 by .7 points of nDCG@10, and 4 hardly better than 3.)
THEME_POWER = 3
_NONE: Mapping[int, float] = MappingProxyType({})


class Record(NamedTuple):
    """Record of a source: the number of articles, and the sum of their prominence (0 to 1 each).

    ``followers`` are the shares of other sources in that prominence; each counts with its weight.
    """

    articles: int
    prominence: float
    followers: Mapping[int, float] = _NONE


def learn_weights(records: Mapping[int, Record]) -> dict[int, float]:
    """Return the learned weight of each source, by its id; the average article deserves 1.

    ``(prominence + prior) / (articles × mean + prior)``, between ¼ and 4; the prior is 10 × mean, at least 2.
    The prominence uses the followers' weights, which start at 1.
    """
    weights: dict[int, float] = {}
    articles = sum(record.articles for record in records.values())
    for _ in range(ROUNDS):
        prominence = {
            source: record.prominence
            + sum((weights.get(other, 1.0) - 1) * share for other, share in record.followers.items())
            for source, record in records.items()
        }
        mean = sum(prominence.values()) / articles if articles else 0.0
        prior = max(PRIOR_ARTICLES * mean, MIN_PRIOR)
        for source, record in records.items():
            deserved = (prominence[source] + prior) / (record.articles * mean + prior)
            weights[source] = min(max(deserved, MIN_WEIGHT), MAX_WEIGHT)
    return weights


def theme_weight(near: Iterable[tuple[float, int]]) -> float:
    """Return the factor of a story's theme: the cubed mean weight of the sources of the nearest articles.

    ``near`` holds (weight, number of articles). Four articles of weight 1 are added, so that few
    change little. 1 means ordinary, or nothing is near.
    """
    weighed = [(weight * count, count) for weight, count in near]
    total, count = sum(item for item, _ in weighed), sum(count for _, count in weighed)
    mean = (total + THEME_SMOOTHING) / (count + THEME_SMOOTHING)
    return mean**THEME_POWER
