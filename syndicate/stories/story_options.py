"""Every number of story intelligence. ``docs/ranking.md`` has the formulas that use them.

The same configuration serves every language and length of text. "Measured" means ``benchmarks/stories.py``;
"reference" the published comparison that the values started from.
"""

from dataclasses import dataclass
from math import log

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True, kw_only=True)
class StoryOptions:
    """Thresholds of copies, of stories and of related links.

    ``window_days``: articles further apart are never in the same story, nor copies (reference).
    ``max_articles``: the newest articles in memory, whatever the window; each takes 3 kB (measured).
    ``related_limit``: links shown. ``across_languages``: stories may contain reports in several languages.
    ``max_neighbours``: neighbours kept per article, with a score of ``min_neighbour_score`` or more, far
    below the lowest threshold, since context may raise them (.6 points of nDCG@3 on paragraphs more than with
    0.09). With ``min_theme_score`` or more they count for a story's theme.

    *Candidates*, from ``query_terms``, bound the cost. Measured: nDCG@3 within .2 points of comparing with
    everything. Articles of fewer than ``min_words`` words are too short to judge.

    *Similarity*, from ``title_weight``: title weights of 0.3 and 1.0 are no better. Meaning by chance follows
    the medians of unrelated pairs: .04 for headlines, .12 for sentences, .25 for paragraphs. The decay of the
    score with age adds .5 to 1 point of nDCG@3 (reference). ``hint`` is sufficient alone for short texts, and
    with some similarity for long texts (a choice: no labelled set has such lists). The numbers across
    languages are chosen on half of ``benchmarks/across_languages.py``.

    *Links*, from ``context_share``, add 2 points of nDCG@3 on sentences and 1 on articles.

    *Stories*, from ``related_base``, are measured together, on all sets. With lower bases single articles
    join unrelated stories; higher bases split stories. ``second_looks``, ``rivals`` and the three numbers of
    age are measured; ``story_evidence`` has no effect on the sets, but on readers; ``own_caution`` is a
    choice, from real feeds read by eye. ``repeat_hours`` is a choice too: a weather report a day, not a
    single report forever.

    *Copies*, from ``copy_similarity`` (reference): articles below it reach neither index and are not
    compared. A template alone gives short reports half of their triples, so fewer than a hundred triples need
    up to ``copy_brevity`` times as much more, unless the texts share ``apart_names`` names. Long texts keep
    only their rarest names, hence ``copy_names_of_long``. Of pairs above the threshold, ``template_share``
    separates 0.3 % within the same event and 1.5 % of the others (measured).
    """

    window_days: float = 7.0
    max_articles: int = 1_000_000
    related_limit: int = 5
    across_languages: bool = True
    max_neighbours: int = 12
    min_neighbour_score: float = 0.05
    min_theme_score: float = 0.12

    query_terms: int = 16
    latest: int = 64
    max_candidates: int = 40
    posted_terms: int = 24
    min_words: int = 3

    title_weight: float = 0.6
    word_weight: float = 0.8
    character_weight: float = 0.15
    meaning_weight: float = 0.25
    meaning_fade: float = 0.6
    shared_weight: float = 0.25
    shared_chance: float = 0.4
    across_figures: float = 0.1
    across_threshold: float = 0.7
    across_slope: float = 4.0
    max_across: float = 1.6
    across_nearest: int = 3
    across_recent: int = 4096
    chance_base: float = 0.1
    chance_slope: float = 0.09
    time_share: float = 0.2
    time_half_life: float = 1.0
    hint: float = 0.3

    context_share: float = 0.3
    context_size: int = 2
    story_gain: float = 0.2
    evidence_share: float = 0.55

    related_base: float = 0.27
    story_base: float = 0.21
    story_lowest: float = 0.15
    slope: float = 0.05
    lowest: float = 0.18
    highest: float = 0.40
    nearest_share: float = 0.5
    stories_compared: int = 4
    story_sample: int = 12
    coherence_prior: float = 3.0
    coherence_floor: float = 0.4
    large_story: int = 5
    outlier_share: float = 0.2
    bridge: float = 0.8
    merge_sample: int = 6
    merge_share: float = 0.8
    merge_caution: float = 0.3
    split_from: int = 4
    split_least: int = 1
    split_share: float = 0.45
    headline_caution: int = 2
    long: int = 120
    rivals: int = 3
    rival_share: float = 0.2
    rival_usual: float = 0.5
    second_looks: int = 2
    second_look_gain: float = 1.2
    story_evidence: float = 0.6
    story_fresh: float = 1.1
    story_aged: float = 0.8
    story_half_life: float = 3.0
    own_caution: float = 0.5
    own_hours: float = 24.0
    repeat_hours: float = 24.0
    repeat_caution: float = 1.5

    copy_similarity: float = 0.35
    copy_jaccard: float = 0.5
    copy_containment: float = 0.8
    copy_brevity: float = 0.5
    copy_names: float = 0.6
    copy_names_of_long: float = 0.3
    apart_names: int = 3
    template_share: float = 0.4

    def related_threshold(self, length: float) -> float:
        """Return the minimum score of a shown link, for texts of ``length`` characters."""
        return self._threshold(self.related_base, self.lowest, length)

    def story_threshold(self, length: float) -> float:
        """Return the minimum score with which an article of ``length`` characters joins a story."""
        return self._threshold(self.story_base, self.story_lowest, length)

    def age_factor(self, days: float, length: float) -> float:
        """Return the factor of the similarity to an article that is so many ``days`` older or newer."""
        aged = self.story_aged + (self.story_fresh - self.story_aged) * 0.5 ** (days / self.story_half_life)
        return aged if length >= self.long else 1.0

    def meaning_by_chance(self, lengths: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the expected cosine of meanings of unrelated texts of ``lengths`` characters."""
        return np.maximum(self.chance_base + self.chance_slope * np.log(np.maximum(lengths, 1) / 100), 0)

    def across(self, evidence: float, length: float) -> float:
        """Return the similarity of two articles in different languages."""
        relative = 1 + self.across_slope * (evidence - self.across_threshold)
        known = self.across_languages * min(max(relative, 0.0), self.max_across)
        return known * self.story_threshold(length)

    def _threshold(self, base: float, lowest: float, length: float) -> float:
        return min(max(base + self.slope * log(max(length, 1.0) / 100), lowest), self.highest)
