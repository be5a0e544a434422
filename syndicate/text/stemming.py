"""Stems of words by Snowball, and the scripts that are written without spaces."""

import re
import threading
from collections.abc import Sequence

import Stemmer

from syndicate.text.language import main_language
from syndicate.text.tables import table_of

STEMMERS = {tag: algorithm for algorithm, tags in table_of(__name__).items() for tag in tags.split()}
"""Snowball algorithms by BCP 47 primary language."""

_SPACELESS_CLASS = (
    "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af\uf900-\ufaff"
    "\U00020000-\U0003134f"
)
SPACELESS = re.compile(f"([{_SPACELESS_CLASS}]+)")


class _Stemmers(threading.local):
    """Stemmers of a thread by algorithm: threads must not share a stemmer."""

    def __init__(self) -> None:
        self.by_algorithm: dict[str, Stemmer.Stemmer] = {}


_stemmers = _Stemmers()


def stem(word: str, language: str) -> str:
    """Return the word's stem. A word in another script than its language's is returned unchanged."""
    return stems([word], language)[0]


def stems(words: Sequence[str], language: str) -> list[str]:
    """Return the stem of each word; a batch takes half the time of single calls."""
    algorithm = STEMMERS.get(main_language(language))
    if algorithm is None:
        return list(words)
    stemmers = _stemmers.by_algorithm
    if algorithm not in stemmers:
        stemmers[algorithm] = Stemmer.Stemmer(algorithm, 0)
    # Some algorithms take a very short word for an ending.
    return [
        root if root and (word.isascii() or not SPACELESS.match(word)) else word
        for word, root in zip(words, stemmers[algorithm].stemWords(words), strict=True)
    ]
