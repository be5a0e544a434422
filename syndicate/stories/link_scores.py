"""Related links: the score of one article as seen from another, and which links deserve a place.

Articles about the same event are welcome: on every labelled set they are what editors list.
Near-duplicates are not, and two copies of one text never both. Measured and left out: variety by
MMR (loses up to 8 points of nDCG@3) and feedback from the first results (no effect).
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from syndicate.stories.story_options import StoryOptions
from syndicate.stories.terms.fingerprint import Fingerprint
from syndicate.stories.terms.similarity import Cosines


@dataclass(frozen=True, slots=True, kw_only=True)
class ScoredLink:
    """An article compared with another. ``parts`` sum to ``score``.

    ``words``, ``characters`` and ``meaning`` are weighted cosines, ``time`` (never positive) what age takes
    away, ``hint`` what the source's own list adds. In links, ``story`` is the gain of two sources in one
    story, and ``context`` what the neighbours of the other article add or take away.
    """

    article_id: int
    score: float
    parts: Mapping[str, float]


class Match(NamedTuple):
    """An article compared with another, in the order of preference: better, fresher, later arrived."""

    score: float
    published: float
    article_id: int
    words: float
    characters: float
    meaning: float
    time: float
    hint: float
    story: float = 0.0
    context: float = 0.0

    @property
    def similarity(self) -> float:
        """Return what the texts alone say, whatever the time and the hints."""
        return self.words + self.characters + self.meaning

    def scored(self) -> ScoredLink:
        """The same for other rooms, with its parts by name."""
        parts = {
            "words": self.words,
            "characters": self.characters,
            "meaning": self.meaning,
            "time": self.time,
            "hint": self.hint,
            "story": self.story,
            "context": self.context,
        }
        return ScoredLink(
            article_id=self.article_id,
            score=self.score,
            parts={name: value for name, value in parts.items() if value},
        )


class Likeness(NamedTuple):
    """Likeness of one article to others, in their order: the weighed parts and their sum."""

    words: NDArray[np.float64]
    characters: NDArray[np.float64]
    meaning: NDArray[np.float64]
    total: NDArray[np.float64]


def weigh_cosines(cosines: Cosines, lengths: NDArray[np.float64], options: StoryOptions) -> Likeness:
    """Combine cosines as ``StoryOptions`` says. ``lengths``: how many characters count for each pair."""
    total = words = options.word_weight * cosines.words.astype(np.float64)
    characters = meaning = np.zeros(len(words))
    if cosines.characters.any():
        characters = options.character_weight * cosines.characters.astype(np.float64)
        total = total + characters
    if cosines.meaning.any():
        chance = np.where(cosines.meaning, options.meaning_by_chance(lengths), 0)
        fading = np.minimum(100 / lengths, 1) ** options.meaning_fade
        meaning = options.meaning_weight * fading * (cosines.meaning - chance)
        total = total + meaning
    if cosines.shared.any():
        chance = np.where(cosines.shared, options.shared_chance, 0)
        shared = options.shared_weight * (cosines.shared - chance)
        meaning, total = meaning + shared, total + shared
    return Likeness(words, characters, meaning, total)


def match_all(
    published: float,
    others: Sequence[tuple[int, float]],
    hints: Collection[int],
    alike: Likeness,
    options: StoryOptions,
) -> list[Match]:
    """Add ages and hints to what the texts say, as ``StoryOptions`` tells; best first.

    ``others`` are (article id, published) in the order of the similarity, ``hints`` what the source lists.
    """
    ids, dates = zip(*others, strict=True)
    words, characters, meaning, similarity = alike
    halvings = np.abs(np.array(dates) - published) / (86400 * options.time_half_life)
    time = -similarity * options.time_share * (1 - 0.5**halvings)
    score = similarity + time
    hint = [0.0] * len(ids)
    if hints:
        hint = [options.hint if item in hints else 0.0 for item in ids]
        score = score + np.array(hint)
    parts = (column.tolist() for column in (words, characters, meaning, time))
    nothing = [0.0] * len(ids)
    rows = zip(score.tolist(), dates, ids, *parts, hint, nothing, nothing, strict=True)
    return sorted(map(Match._make, rows), reverse=True)


def in_context(
    match: Match, neighbours: Sequence[tuple[float, float]], options: StoryOptions, *, same_story: bool
) -> Match:
    """Correct a match by the other article's neighbours: their scores from it and from the article."""
    surplus = sum(theirs - mine for theirs, mine in neighbours) / max(len(neighbours), 1)
    # Two articles compared in the other direction differ by 1e-8: after a restart it may have been that one.
    context = round(-options.context_share * surplus, 4)
    story = options.story_gain * match.score if same_story else 0.0
    return match._replace(score=match.score + story + context, story=story, context=context)


def heaviest_shared(a: Fingerprint, b: Fingerprint) -> float:
    """Return what the heaviest word that two articles share adds to the cosine of their words."""
    if not a.words or not b.words:
        return 0.0
    mine, best = _weights(a), 0.0
    highest = next(iter(mine.values()))
    for word, weight in _weighed_words(b):
        # The heaviest stand first: the rest cannot add more.
        if weight * highest <= best:
            break
        best = max(best, mine.get(word, 0.0) * weight)
    return best


@lru_cache(maxsize=1)
def _weights(article: Fingerprint) -> dict[int, float]:
    """Return the weight of each word; an article is compared with several others in a row."""
    return dict(_weighed_words(article))


def _weighed_words(article: Fingerprint) -> Iterator[tuple[int, float]]:
    words = memoryview(article.terms)[: 4 * article.words].cast("I")
    return zip(words, article.term_weights()[: article.words].tolist(), strict=True)
