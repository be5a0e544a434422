"""Look-up of words in the tables, once for each word, for all new words of a text at once.

A daemon meets the same words all day. A look-up takes about 4 µs for a single word, 1 µs per word in a batch
and 40 ns for a known word, since the values of a known text come out of arrays.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from functools import lru_cache
from itertools import filterfalse
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

from syndicate.memory import released_when_unused
from syndicate.stories.terms.word_frequencies import commonness
from syndicate.stories.terms.word_vectors import rows_of
from syndicate.text.stemming import stems

TERM_SPACE = 1 << 20
# Maximum number of known words, of all languages together; beyond it all are dropped.
MAX_KNOWN_WORDS = 1 << 16

Places = NDArray[np.intp]


class Vocabulary:
    """Words of a language, each with its position in some arrays.

    ``positions`` has the known words. ``terms`` are 20 bits of a hash of the stem, equal for every form of a
    word. ``first_places`` is the position of the first word with the term, ``codes`` the commonness. ``rows``
    are rows in the table of meanings, -1 for a word without a meaning, such as every word outside English.
    """

    def __init__(self) -> None:
        self.terms = np.zeros(MAX_KNOWN_WORDS, np.uint32)
        self.first_places = np.zeros(MAX_KNOWN_WORDS, np.intp)
        self.codes = np.zeros(MAX_KNOWN_WORDS, np.uint8)
        self.rows = np.zeros(MAX_KNOWN_WORDS, np.int32)
        self.positions: dict[str, int] = {}
        self._first: dict[int, int] = {}

    def __len__(self) -> int:
        return len(self.positions)

    def places(self, words: Sequence[str]) -> Places:
        """Return the position of each word. Raises ``KeyError`` for an unknown word."""
        return np.fromiter(map(self.positions.__getitem__, words), np.intp, len(words))

    def learn(self, words: Sequence[str], language: str) -> None:
        """Look up distinct unknown words."""
        roots = stems(words, language)
        terms = [crc32(root.encode()) & (TERM_SPACE - 1) for root in roots]
        places = range(len(self), len(self) + len(words))
        new = slice(places.start, places.stop)
        self.terms[new] = terms
        self.first_places[new] = [*map(self._first.setdefault, terms, places)]
        self.codes[new] = commonness(roots, language)
        self.rows[new] = rows_of(words) if language == "en" else -1
        self.positions.update(zip(words, places, strict=True))


@released_when_unused
@lru_cache(maxsize=1)
def _vocabularies() -> defaultdict[str, Vocabulary]:
    """Return the vocabularies by language, which ``learn_together`` extends."""
    return defaultdict(Vocabulary)


def learn_together(words: Iterable[str], language: str) -> bool:
    """Look up the unknown words of several texts at once; return false without room for them."""
    known = _vocabularies()
    new = [*dict.fromkeys(filterfalse(known[language].positions.__contains__, words))]
    has_room = sum(map(len, known.values())) + len(new) <= MAX_KNOWN_WORDS
    if new and has_room:
        known[language].learn(new, language)
    return has_room


def look_up(words: Sequence[str], language: str) -> tuple[Vocabulary, Places]:
    """Return a vocabulary with these words, and their positions. ``language`` is a primary subtag or ""."""
    known = _vocabularies()
    try:
        return known[language], known[language].places(words)
    except KeyError:
        if not learn_together(words, language):
            known.clear()
            known[language].learn([*set(words)], language)
    return known[language], known[language].places(words)
