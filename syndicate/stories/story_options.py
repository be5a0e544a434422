"""Every number of story intelligence, each with the reason for its value.

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
    ``max_neighbours``: neighbours kept per article, with a score of ``min_neighbour_score`` or more (half the
    lowest threshold, since scores move as frequencies settle); with ``min_theme_score`` or more they count
    for a story's theme. ``docs/ranking.md`` has the formulas.

    *Candidates* bound the cost. An article is posted under ``posted_terms`` words. A new article reads the
    lists of its ``query_terms`` most promising words, each with its ``latest`` newest articles, and is
    compared exactly with the ``max_candidates`` best. Measured: nDCG@3 within .2 points of comparing with
    everything. Articles of fewer than ``min_words`` words are too short to judge.

    *Similarity* = ``word_weight`` × cosine of words + ``meaning_weight`` × cosine of meanings beyond chance
    (English) or ``character_weight`` × cosine of character n-grams (elsewhere). In word vectors the title
    counts ``title_weight`` of the body (0.3 and 1.0 are no better). Longer texts have nearer meanings by
    chance: ``chance_base + chance_slope × ln(characters / 100)`` (medians of unrelated pairs: .04 for
    headlines, .12 for sentences, .25 for paragraphs). They need meaning less: it fades with (100 ÷
    characters) to the power of ``meaning_fade``. *Score* = similarity, minus a soft decay of up to
    ``time_share`` with a half-life of ``time_half_life`` days (reference; +.5 to 1 point of nDCG@3), +
    ``hint`` when the source itself lists the other article (sufficient alone for short texts, with some
    similarity for long texts; a choice: no labelled set has such lists).

    *Links* (+2 points of nDCG@3 on sentences, +1 on articles): the ``context_size`` best neighbours of the
    other article correct the score by ``context_share``. Two sources in the same story add ``story_gain``.
    Without the heaviest shared word, ``evidence_share`` of the threshold must remain: a single shared name
    would link unrelated articles.

    Outside English, meaning is that of word pieces: ``shared_weight`` × (cosine − ``shared_chance``), with
    which English sets keep their precision and recall. *Across languages*, cosine and shared figures
    (``across_figures``) are evidence. ``across_threshold`` of evidence equals the story threshold;
    ``across_slope`` is the value of further evidence, up to ``max_across``. The ``across_nearest`` of the
    ``across_recent`` newest articles of each language are compared. (Chosen on half of
    ``benchmarks/across_languages.py``; on the other half pairs have precision .97, recall .66.)

    *Thresholds* grow with length, since long texts share words by chance: ``base + slope × ln(characters /
    100)`` between ``lowest`` (or ``story_lowest``) and ``highest`` (reference; the bases are measured: lower
    bases put single articles into unrelated stories, higher bases split stories).

    *Stories* (measured together, on all sets): the nearest ``stories_compared`` are examined. The nearest
    article counts ``nearest_share``, the mean of ``story_sample`` articles the rest, in units of the story's
    coherence. Coherence starts with ``coherence_prior`` assumed pairs at the threshold, and is
    ``coherence_floor`` of the threshold at least. From ``large_story`` articles on, the nearest counts
    nothing for an outlier: its similarity to the others is below ``outlier_share`` of the coherence. If an
    article reaches ``bridge`` of the threshold of a second story, the two are compared on ``merge_sample`` ×
    ``story_sample`` articles. They merge at ``merge_share`` of their coherence, plus ``merge_caution`` ÷ the
    smaller size. From ``split_from`` articles on, a story is examined each time it has doubled. It splits if
    two parts with ``split_least`` in four have less than ``split_share`` of the coherence in common. Articles
    of fewer than ``long`` characters are headlines, similar by chance: these need ``headline_caution`` times
    the articles, and the share is divided by it.

    *Rivals* (measured): an article equally near to several stories is near to all by chance. In addition it
    needs ``rival_share`` of its mean similarity to ``rivals`` articles of other stories, less
    ``rival_usual``.

    *Evidence* (a choice: no effect on the sets, visible to readers): without the heaviest shared word a long
    article needs ``story_evidence`` of the threshold.

    *Second look* (measured): ``second_looks`` articles of other stories follow a long article that has
    joined, if their similarity to its story is ``second_look_gain`` times that to their own.

    *Own source* (a choice: real feeds read by eye): a story of the article's own source requires up to
    ``own_caution`` more of a long article, the maximum after ``own_hours``.

    *Repeats*: an article with a title that its source has used before joins no story and is no copy of an
    article older than ``repeat_hours`` (a choice: a weather report a day, not a single one forever). Joining
    needs ``repeat_caution`` times the threshold, since the titles are equal for no reason.

    *Copies* (reference): word triples with at least this Jaccard index or containment. Articles below
    ``copy_similarity`` cannot reach either and are not compared. Texts of fewer than a hundred triples need
    up to ``copy_brevity`` times as much more, if they share fewer than ``apart_names`` names: a template
    alone gives short reports half of their triples. Of the names and figures of the smaller side
    ``copy_names`` must be in the other; for long texts, which keep their rarest, ``copy_names_of_long``.

    *Events apart*: articles without a common name or figure count as if they had no common word, if both have
    ``apart_names`` or more, or if ``template_share`` of their triples are the same. (Measured: of pairs above
    the threshold 0.3 % within the same event, 1.5 % of the others.) With that share, short reports are also
    apart if each has two figures or more, they have no common figure, and they share no name or each has
    names of its own: many languages do not mark names by capitals.
    """

    window_days: float = 7.0
    max_articles: int = 1_000_000
    related_limit: int = 5
    across_languages: bool = True
    max_neighbours: int = 12
    min_neighbour_score: float = 0.09
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
