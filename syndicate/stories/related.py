"""Related links: the score of one article as seen from another, and which links deserve a place.

Articles about the same event are welcome: on every labelled set they are what editors list.
Near-duplicates are not, and two copies of one text never both. Measured and left out: variety by
MMR (loses up to 8 points of nDCG@3) and feedback from the first results (no effect).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from syndicate.stories.options import StoryOptions


@dataclass(frozen=True, slots=True, kw_only=True)
class Scored:
    """An article compared with another. ``parts`` sum to ``score``.

    ``words`` and ``characters`` are weighted cosines, ``time`` (never positive) what age takes
    away, ``hint`` what the source's own list adds.
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
    time: float
    hint: float

    @property
    def likeness(self) -> float:
        """What the texts alone say, whatever the time and the hints."""
        return self.words + self.characters

    def scored(self) -> Scored:
        """The same for other rooms, with its parts by name."""
        parts = {"words": self.words, "characters": self.characters, "time": self.time, "hint": self.hint}
        return Scored(
            article_id=self.article_id,
            score=self.score,
            parts={name: value for name, value in parts.items() if value},
        )


def match_all(
    published: float,
    others: Sequence[tuple[int, float, bool]],
    words: NDArray[np.float32],
    characters: NDArray[np.float32],
    options: StoryOptions,
) -> list[Match]:
    """Combine cosines, ages and hints as ``StoryOptions`` says; best first.

    ``others`` are (article id, published, listed by the source) in the order of the cosines.
    """
    ids = [article_id for article_id, _, _ in others]
    dates = np.array([date for _, date, _ in others])
    hint = options.hint * np.array([float(hinted) for _, _, hinted in others])
    word_part = options.word_weight * words.astype(np.float64)
    character_part = options.character_weight * characters.astype(np.float64)
    halvings = np.abs(dates - published) / (86400 * options.time_half_life)
    time = -(word_part + character_part) * options.time_share * (1 - 0.5**halvings)
    score = word_part + character_part + time + hint
    rows = zip(
        *(column.tolist() for column in (score, dates)),
        ids,
        *(column.tolist() for column in (word_part, character_part, time, hint)),
        strict=True,
    )
    return sorted(map(Match._make, rows), reverse=True)
