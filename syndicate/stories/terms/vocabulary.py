"""Look-up of words in the tables, once for each word, for all new words of a text at once.

A daemon meets the same words all day. A word takes about 4 µs to look up alone, and 1 µs among others; one
that is known takes 40 ns, and what is known of a whole text comes out of arrays.
"""

from collections.abc import Sequence
from itertools import filterfalse
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

from syndicate.stories.terms.tokens import stems
from syndicate.stories.terms.word_frequencies import commonness
from syndicate.stories.terms.word_vectors import rows_of
from syndicate.text.language import main_language

TERM_SPACE = 1 << 20
MOST_WORDS = 1 << 16
"""So many words are remembered, of all languages together; then it begins anew."""

Places = NDArray[np.intp]


class Vocabulary:
    """Words of one language, each at its place in some arrays.

    ``terms`` are 20 bits of a hash of the stem, the same for every form that shares it, ``alike`` the place
    of the first word that has the term, ``codes`` those of the commonness, ``rows`` those in the table of
    meanings, -1 for a word without one, as every word of another language than English.
    """

    def __init__(self) -> None:
        self.terms = np.zeros(MOST_WORDS, np.uint32)
        self.alike = np.zeros(MOST_WORDS, np.intp)
        self.codes = np.zeros(MOST_WORDS, np.uint8)
        self.rows = np.zeros(MOST_WORDS, np.int32)
        self._places: dict[str, int] = {}
        self._first: dict[int, int] = {}

    def __len__(self) -> int:
        return len(self._places)

    def places(self, words: Sequence[str]) -> Places:
        """The place of each word. Raises ``KeyError`` if one is not known."""
        return np.fromiter(map(self._places.__getitem__, words), np.intp, len(words))

    def unknown(self, words: Sequence[str]) -> list[str]:
        """The words that were not learnt yet, each once."""
        return [*dict.fromkeys(filterfalse(self._places.__contains__, words))]

    def learn(self, words: Sequence[str], language: str) -> None:
        """Look up distinct words that are not known yet."""
        roots = stems(words, language)
        terms = [crc32(root.encode()) & (TERM_SPACE - 1) for root in roots]
        places = range(len(self), len(self) + len(words))
        new = slice(places.start, places.stop)
        self.terms[new] = terms
        self.alike[new] = [*map(self._first.setdefault, terms, places)]
        self.codes[new] = commonness(roots, language)
        self.rows[new] = rows_of(words) if language == "en" else -1
        self._places.update(zip(words, places, strict=True))


_known: dict[str, Vocabulary] = {}


def look_up(words: Sequence[str], language: str) -> tuple[Vocabulary, Places]:
    """Return what is known of these words (and of others), and where.

    ``language`` is a BCP 47 tag, or ``""``.
    """
    base = main_language(language)
    vocabulary = _known.get(base) or _known.setdefault(base, Vocabulary())
    try:
        return vocabulary, vocabulary.places(words)
    except KeyError:
        new = vocabulary.unknown(words)
    if sum(map(len, _known.values())) + len(new) > MOST_WORDS:
        _known.clear()
        vocabulary, new = _known.setdefault(base, Vocabulary()), [*set(words)]
    vocabulary.learn(new, base)
    return vocabulary, vocabulary.places(words)
