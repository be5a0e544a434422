"""Invented news for ``benchmarks/story_cost.py``: words as often as in real text, events that come and go."""

import random
import re
from bisect import bisect
from collections import Counter
from dataclasses import dataclass
from datetime import datetime
from itertools import accumulate
from pydoc_data import topics

from syndicate.stories import Fingerprint

SYLLABLES = [first + vowel for first in "bdfgklmnprstvz" for vowel in "aeiou"]
INVENTED_WORDS = 40_000
# Of ten articles so many tell an event; an event is told by up to a dozen.
TELLING, REPORTS = 0.7, 6


@dataclass(frozen=True, slots=True)
class Report:
    """One article before it is read."""

    title: str
    text: str
    language: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PackedArticle:
    """One article as a store has it."""

    article_id: int
    source_id: int
    published: datetime
    title: str
    terms: Fingerprint


@dataclass(slots=True)
class Event:
    """An event: the words that every report on it has."""

    words: list[str]
    language: str
    left: int


class Wire:
    """Writes articles, the same ones for the same seed."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)
        invented = [
            "".join(self._random.choices(SYLLABLES, k=self._random.randint(2, 4)))
            for _ in range(INVENTED_WORDS)
        ]
        usual = Counter(re.findall("[a-z]{2,}", " ".join(topics.topics.values()).lower()))
        english = [word for word, _ in usual.most_common()]
        self._words = {"en": english + invented, "de": invented}
        self._ranks = {
            name: list(accumulate(1 / (rank + 3) for rank in range(len(words))))
            for name, words in self._words.items()
        }
        self._running: list[Event] = []

    def report(self) -> Report:
        """The next article, lone or about one of the events that are running."""
        if self._random.random() > TELLING:
            return self._write(self._event())
        if len(self._running) < 40 or self._random.random() < 1 / REPORTS:
            self._running.append(self._event())
        event = self._random.choice(self._running)
        event.left -= 1
        if not event.left:
            self._running.remove(event)
        return self._write(event)

    def _event(self) -> Event:
        language = "en" if self._random.random() < 0.67 else "de"
        names = ["".join(self._random.choices(SYLLABLES, k=4)).title() for _ in range(4)]
        return Event(names + self._draw(language, 14), language, self._random.randint(1, 2 * REPORTS - 1))

    def _write(self, event: Event) -> Report:
        told = self._random.sample(event.words, 10)
        words = (
            told
            + self._random.choices(told, k=8)
            + self._draw(event.language, self._random.choice((20, 60, 120)))
        )
        self._random.shuffle(words)
        title = told[:4] + self._draw(event.language, 4)
        return Report(" ".join(title), " ".join(words), event.language)

    def _draw(self, language: str, count: int) -> list[str]:
        ranks, words = self._ranks[language], self._words[language]
        return [
            words[min(bisect(ranks, self._random.random() * ranks[-1]), len(words) - 1)] for _ in range(count)
        ]
