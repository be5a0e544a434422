"""Related links: the score of an article as seen from another, and the choice of shown links.

Articles about the same event are welcome: on every labelled set editors list these. Near-duplicates are not,
and two copies of a text never both. Measured and left out: variety by MMR (loses up to 8 points of nDCG@3)
and feedback from the first results (no effect).
"""

from collections.abc import Callable, Collection, Container, Iterator, Sequence
from functools import lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from syndicate.model import ScoredLink
from syndicate.stories.story_options import StoryOptions
from syndicate.stories.terms.fingerprint import Fingerprint
from syndicate.stories.terms.similarity import Cosines
from syndicate.stories.terms.word_vectors import shares_of_meaning

# Further shared words weigh next to nothing.
_SUBJECT_WORDS = 6


class Match(NamedTuple):
    """Article compared with another, in the order of preference: better, fresher, later arrived."""

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
        """Similarity of the texts alone, without time and hints."""
        return self.words + self.characters + self.meaning

    def scored(self) -> ScoredLink:
        """Return the match as a link with named parts."""
        parts = {name: value for name, value in zip(self._fields[3:], self[3:], strict=True) if value}
        return ScoredLink(article_id=self.article_id, score=self.score, parts=parts)


class Similarities(NamedTuple):
    """Similarities of an article to others, in their order: the weighted parts and their sum."""

    words: NDArray[np.float64]
    characters: NDArray[np.float64]
    meaning: NDArray[np.float64]
    total: NDArray[np.float64]


def weigh_cosines(cosines: Cosines, lengths: NDArray[np.float64], options: StoryOptions) -> Similarities:
    """Combine cosines as ``StoryOptions`` states. ``lengths`` are the pairs' lengths in characters."""
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
    return Similarities(words, characters, meaning, total)


def match_all(
    published: float,
    others: Sequence[tuple[int, float]],
    hints: Collection[int],
    similarities: Similarities,
    options: StoryOptions,
) -> list[Match]:
    """Add ages and hints to the similarities, as ``StoryOptions`` states; best first.

    ``others`` are (article id, published) in the order of the similarities; ``hints`` the further reading.
    """
    ids, dates = zip(*others, strict=True)
    words, characters, meaning, similarity = similarities
    halvings = np.abs(np.array(dates) - published) / (86400 * options.time_half_life)
    time = -similarity * options.time_share * (1 - 0.5**halvings)
    hint = [options.hint if item in hints else 0.0 for item in ids]
    score = similarity + time + np.array(hint)
    parts = (column.tolist() for column in (words, characters, meaning, time))
    nothing = [0.0] * len(ids)
    rows = zip(score.tolist(), dates, ids, *parts, hint, nothing, nothing, strict=True)
    return sorted(map(Match._make, rows), reverse=True)


def in_context(
    match: Match, neighbours: Sequence[tuple[float, float]], options: StoryOptions, *, same_story: bool
) -> Match:
    """Correct a match by the other article's neighbours: (score from the other, score from the article)."""
    surplus = sum(theirs - mine for theirs, mine in neighbours) / max(len(neighbours), 1)
    # Rounded: the two directions of a comparison differ by 1e-8, and a restart may change the direction.
    context = round(-options.context_share * surplus, 4)
    story = options.story_gain * match.score if same_story else 0.0
    return match._replace(score=match.score + story + context, story=story, context=context)


def heaviest_shared(a: Fingerprint, b: Fingerprint, among: Container[int] | None = None) -> float:
    """Return the largest part of a single shared word in the cosine of words; ``among`` limits the words."""
    if not a.words or not b.words:
        return 0.0
    mine, best = _weights(a), 0.0
    highest = next(iter(mine.values()))
    for word, weight in _weighed_words(b):
        # The heaviest stand first: later words cannot add more.
        if weight * highest <= best:
            break
        if among is None or word in among:
            best = max(best, mine.get(word, 0.0) * weight)
    return best


def heaviest_subject(a: Fingerprint, b: Fingerprint, rows_of: Callable[[Sequence[int]], list[int]]) -> float:
    """Return the part in the cosine of words of the heaviest shared word and of words of similar meaning.

    Of another shared word the share of its meaning counts that the heaviest explains: most of "Ghanaian"
    beside "Ghana", less of "medal" beside "Olympics". ``rows_of`` returns the rows of words of ``a`` in the
    table of meanings.
    """
    mine = _weights(a)
    shared = [(mine[word] * weight, word) for word, weight in _weighed_words(b) if word in mine]
    if not shared:
        return 0.0
    parts, words = zip(*sorted(shared, reverse=True)[:_SUBJECT_WORDS], strict=True)
    return float(shares_of_meaning(rows_of(words)) @ parts)


@lru_cache(maxsize=1)
def _weights(article: Fingerprint) -> dict[int, float]:
    """Return the weight of each word; cached because an article is compared with several others in a row."""
    return dict(_weighed_words(article))


def _weighed_words(article: Fingerprint) -> Iterator[tuple[int, float]]:
    return zip(article.word_numbers(), article.term_weights()[: article.words].tolist(), strict=True)
