"""Articles that share rare words with a new article: a capped inverted index.

Every article is posted under its most telling words; each word keeps its newest articles only. A query reads
the lists of an article's rarest words, so its cost does not depend on the number of articles (reference: 25
to 223 microseconds from 10,000 to 1,000,000 articles).
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from syndicate.stories.story_options import StoryOptions
from syndicate.stories.terms.fingerprint import Fingerprint, count_terms, first_terms
from syndicate.stories.terms.vocabulary import TERM_SPACE

# Terms are sorted in parts of this many bits: numpy sorts 16-bit numbers by radix.
_PART_BITS = 16


class Postings:
    """Newest articles of every word."""

    def __init__(self, options: StoryOptions) -> None:
        self._options = options
        self._lists: dict[int, list[int]] = {}
        # The lists that ``fill`` made, in a single array; a list moves to ``_lists`` at its first use.
        self._filled = np.zeros(0, np.int64)
        self._starts: NDArray[np.int32] | None = None

    def fill(self, ids: Sequence[int], packed: Sequence[bytes], headers: NDArray[Any]) -> None:
        """Post many packed articles in their order; the result equals repeated ``add``."""
        if not ids or self._lists or self._starts is not None:
            for article_id, data in zip(ids, packed, strict=True):
                self.add(article_id, Fingerprint.unpack(data))
            return
        words = headers["words"]
        sizes = np.minimum(words, self._options.posted_terms) * (words >= self._options.min_words)
        numbers = first_terms(packed, sizes)
        places = np.repeat(np.arange(len(ids), dtype=np.uint32), sizes)
        known = np.array(ids, np.int64)
        self._starts = starts = np.zeros(TERM_SPACE + 1, np.int32)
        count_terms(starts[1:], numbers)
        np.cumsum(starts, out=starts)
        self._filled = np.empty(len(numbers), np.int64)
        # Part by part: each fits the processor's cache, which halves the time.
        parts = (numbers >> np.uint32(_PART_BITS)).astype(np.uint8)
        for part in range(TERM_SPACE >> _PART_BITS):
            in_part = np.flatnonzero(parts == part)
            order = np.argsort(numbers[in_part].astype(np.uint16), kind="stable")
            start, end = starts[part << _PART_BITS], starts[(part + 1) << _PART_BITS]
            self._filled[start:end] = known[places[in_part[order]]]

    def add(self, article_id: int, terms: Fingerprint) -> None:
        """Post an article under its most telling words."""
        for number in self._posted(terms):
            posted = self._lists.get(number) or self._list(number)
            if posted is None:
                self._lists[number] = [article_id]
                continue
            posted.append(article_id)
            if len(posted) > 2 * self._options.latest:
                del posted[: -self._options.latest]

    def remove(self, article_id: int, terms: Fingerprint) -> None:
        """Remove an article from every list that still has it."""
        for number in self._posted(terms):
            posted = self._lists.get(number) or self._list(number)
            if posted and article_id in posted:
                posted.remove(article_id)
                if not posted and self._starts is None:
                    del self._lists[number]

    def candidates(self, terms: Fingerprint) -> list[int]:
        """Return the articles that share the heaviest words, the most promising first.

        The result is empty for an article of fewer than ``min_words`` words: too short to judge.
        """
        if terms.words < self._options.min_words:
            return []
        promise: dict[int, float] = {}
        read, lists, latest = 0, self._lists, self._options.latest
        # A shared word is expected to weigh as much in the other article.
        promises = np.square(terms.term_weights()[: terms.words], dtype=np.float32).tolist()
        for number, weight in zip(terms.term_numbers()[: terms.words].tolist(), promises, strict=True):
            posted = lists.get(number) or self._list(number)
            if not posted:
                continue
            for article_id in posted[-latest:]:
                if article_id in promise:
                    promise[article_id] += weight
                else:
                    promise[article_id] = weight
            read += 1
            if read == self._options.query_terms:
                break
        return _best(promise, self._options.max_candidates)

    def _posted(self, terms: Fingerprint) -> list[int]:
        """Return the words under which an article is posted."""
        size = min(terms.words, self._options.posted_terms) if terms.words >= self._options.min_words else 0
        numbers: list[int] = terms.term_numbers()[:size].tolist()
        return numbers

    def _list(self, number: int) -> list[int] | None:
        """Return the list of a word, unpacked at its first use after filling; ``None`` without articles."""
        posted = self._lists.get(number)
        if posted is None and self._starts is not None:
            start, end = self._starts.item(number), self._starts.item(number + 1)
            if start < end:
                kept = _length(end - start, self._options.latest)
                posted = self._lists[number] = self._filled[end - kept : end].tolist()
        return posted


def _length(added: int, latest: int) -> int:
    """Return the length of a list after ``added`` entries: above twice ``latest`` it is cut to ``latest``."""
    over = added - 2 * latest - 1
    return added if over < 0 else latest + over % (latest + 1)


def _best(promise: dict[int, float], limit: int) -> list[int]:
    """Return the most promising articles, of equals the latest. Sorting bare numbers first is faster."""
    least = sorted(promise.values(), reverse=True)[limit - 1] if len(promise) > limit else 0.0
    ranked = [(value, article_id) for article_id, value in promise.items() if value >= least]
    return [article_id for _, article_id in sorted(ranked, reverse=True)[:limit]]
