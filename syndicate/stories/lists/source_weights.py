"""Weight of a source, learned from the coverage of its stories by others, without clicks.

An article's *prominence* is the share of three other sources that begin to tell its story within a day after
it; each counts with its own weight. A source whose stories the others take up knows what matters; one that
floods, sells or follows does not. ``benchmarks/top_stories.py`` has the measurements.
"""

from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import NamedTuple

# As many other sources make a story as prominent as it gets: more says how busy the press is.
ENOUGH_OTHERS = 3
# Prominence added to a source's own and to that expected of its articles: evidence for a weight of 1.
# At least that of ten average articles, and 2: where hardly anything is taken up, one article that was proves
# little. (Measured: 1 to 5 are alike on Google News, where ten average articles have 1.9.)
PRIOR_ARTICLES, LEAST_PRIOR = 10.0, 2.0
# No source is silenced or deafening, whatever was learned. The operator's ``weight`` has no such bounds.
LEAST, MOST = 0.25, 4.0
# Passes in which sources are weighed by the weights of their followers. (Measured on half of the days: four
# are better than one by .7 points of nDCG@10 now, 1 point for the next 12 hours.)
ROUNDS = 4
# A story's theme weighs as much as this many related articles of weight 1.
THEME_SMOOTHING = 4.0
# (Measured on half of the days: 1.5 to 3 are alike, and better than 1 by half a point of nDCG@10.)
THEME_POWER = 2
_NONE: Mapping[int, float] = MappingProxyType({})


class Record(NamedTuple):
    """Record of a source: the number of articles, and the sum of their prominence (0 to 1 each).

    ``followers`` are the shares of other sources in that prominence; they count with the weight of each.
    """

    articles: int
    prominence: float
    followers: Mapping[int, float] = _NONE


def learn_weights(records: Mapping[int, Record]) -> dict[int, float]:
    """Return the learned weight of each source, by its id; 1 is what the average article deserves.

    ``(prominence + prior) / (articles × mean + prior)``, between ¼ and 4; the prior is 10 × mean, at least 2.
    The prominence is that from the followers' weights, which are 1 at first.
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
        prior = max(PRIOR_ARTICLES * mean, LEAST_PRIOR)
        weights = {
            source: min(max((prominence[source] + prior) / (record.articles * mean + prior), LEAST), MOST)
            for source, record in records.items()
        }
    return weights


def theme_weight(related: Iterable[tuple[float, int]]) -> float:
    """Return what a story's theme is worth: the squared mean weight of the sources of its related stories.

    ``related`` holds (weight, how many articles); four articles of weight 1 are added, so that few
    links say little. 1 means ordinary, or nothing is related.
    """
    weighed = [(weight * count, count) for weight, count in related]
    total, count = sum(item for item, _ in weighed), sum(count for _, count in weighed)
    mean = (total + THEME_SMOOTHING) / (count + THEME_SMOOTHING)
    return mean**THEME_POWER
