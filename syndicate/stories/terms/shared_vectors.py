"""Meaning of a text in a space that fourteen languages share: the mean of the vectors of its words' pieces.

A shipped table (``data/pieces.bin``, made by ``tables/pieces.py``) has a vector for each of 120 000 pieces of
words, so that a name or a compound is known by its parts. A report and its translation point in the same
direction after the common centre of each language's texts is subtracted.
"""

import re
import struct
import unicodedata
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from itertools import chain, filterfalse, islice
from pathlib import Path
from typing import NamedTuple
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

from syndicate.memory import released_when_unused
from syndicate.stories.terms.tokens import is_spaceless
from syndicate.stories.terms.word_vectors import NO_MEANING, Meaning, direction

TABLE = Path(__file__).parents[1] / "data" / "pieces.bin"
DIMENSIONS = 128
# The beginning names the subject of a report; the means of longer texts are nearer to each other by chance.
TEXT_READ = 200
# A text with fewer pieces has no meaning.
_LEAST_PIECES = 4
# Nor has a text in Latin letters whose pieces are shorter on average: codes, or wrong characters.
# Real texts have 3.2 letters or more (de, en, es of SemEval-2022 task 8), random letters 2.6 to 3.2.
_LEAST_LETTERS = 3.1
_OTHER_SCRIPTS = frozenset({"ar", "ja", "ko", "ru", "zh"})
_LONGEST_PIECE = 10
# A sentence without spaces counts as a word; each of its letters costs as much as a letter of a rare word.
_LONGEST_WORD = 40
_WORDS_KEPT = 1 << 15
# A piece that begins a word begins with this mark.
_BEGINS = "\u2581"
_UNKNOWN = -25.0
_WORD = re.compile(r"[^\W_]+(?:['’.,:-][^\W_]+)*")

Floats = NDArray[np.float32]
Places = NDArray[np.intp]


class _Table(NamedTuple):
    """Hashes of pieces, ascending, with row and logarithm of the frequency of each; vectors; centres."""

    hashes: NDArray[np.uint32]
    rows: NDArray[np.int32]
    scores: Floats
    vectors: NDArray[np.int8]
    centres: dict[str, Floats]


@released_when_unused
@lru_cache(maxsize=1)
def _known_words() -> dict[str, tuple[int, ...]]:
    """Return the rows of the pieces of known words, which ``_learned`` extends."""
    return {}


@released_when_unused
@lru_cache(maxsize=1)
def _table() -> _Table:
    with TABLE.open("rb") as file:
        count, languages = struct.unpack("<IH", file.read(6))
        heads = [(file.read(2).decode(), np.fromfile(file, np.float16, DIMENSIONS)) for _ in range(languages)]
        hashes, rows = np.fromfile(file, np.uint32, count), np.fromfile(file, np.int32, count)
        scores = np.fromfile(file, np.float16, count).astype(np.float32)
        # Mapped, not read: a newsroom of one language uses a small part of the rows.
        vectors = np.asarray(np.memmap(TABLE, np.int8, "r", file.tell(), (count, DIMENSIONS)))
    return _Table(hashes, rows, scores, vectors, {name: mean.astype(np.float32) for name, mean in heads})


def shared_meanings(articles: Sequence[tuple[str, str, str]]) -> list[Meaning]:
    """Return the direction of articles (title, text, primary subtag); ``NO_MEANING`` without a table."""
    centres = [_table().centres.get(language) for _, _, language in articles]
    starts = [f"{title} {text[:TEXT_READ]}" for title, text, _ in articles]
    rows = rows_of("" if centre is None else start for start, centre in zip(starts, centres, strict=True))
    return [
        _meaning(some, centre)
        if language in _OTHER_SCRIPTS or sum(map(str.isalnum, start)) >= _LEAST_LETTERS * len(some)
        else NO_MEANING
        for (_, _, language), start, some, centre in zip(articles, starts, rows, centres, strict=True)
    ]


def _meaning(rows: Sequence[int], centre: Floats | None) -> Meaning:
    counts = Counter(rows)
    if centre is None or len(counts) < _LEAST_PIECES:
        return NO_MEANING
    damped = 1 + np.log(np.fromiter(counts.values(), np.float32, len(counts)))
    vectors = _table().vectors.take(np.fromiter(counts, np.intp, len(counts)), axis=0)
    return direction((damped @ vectors.astype(np.float32)) / damped.sum() - centre)


def rows_of(texts: Iterable[str]) -> list[list[int]]:
    """Return the rows of the pieces of each text, in their order."""
    read = [_WORD.findall(unicodedata.normalize("NFKC", text)) for text in texts]
    known = _learned(chain.from_iterable(read))
    return [[*chain.from_iterable(map(known.__getitem__, words))] for words in read]


def _learned(read: Iterable[str]) -> Mapping[str, tuple[int, ...]]:
    """Return the rows of the pieces of known words. Most are a single piece; the others are split."""
    known = _known_words()
    if len(known) > _WORDS_KEPT:
        known.clear()
    if not (words := [*dict.fromkeys(filterfalse(known.__contains__, read))]):
        return known
    marked = [f"{'' if is_spaceless(word) else _BEGINS}{word}"[:_LONGEST_WORD] for word in words]
    places, rows, _ = _look_up([crc32(word.encode("utf-8", "replace")) for word in marked])
    found = zip(places.tolist(), rows.tolist(), strict=True)
    known.update((words[place], (row,)) for place, row in found if len(marked[place]) > 2)
    if unknown := [pair for pair in zip(words, marked, strict=True) if pair[0] not in known]:
        # Together: a look-up of a single word's parts takes as long as splitting the word.
        parts = _known_parts([mark for _, mark in unknown])
        known.update((word, _split(mark, parts)) for word, mark in unknown)
    return known


def _look_up(hashes: Sequence[int]) -> tuple[Places, NDArray[np.int32], Floats]:
    """Return the positions of the known pieces, with row and logarithm of the frequency of each."""
    table, numbers = _table(), np.array(hashes, np.uint32)
    found = np.minimum(table.hashes.searchsorted(numbers), len(table.hashes) - 1)
    places = (table.hashes[found] == numbers).nonzero()[0]
    return places, table.rows[found[places]], table.scores[found[places]]


def _known_parts(words: Iterable[str]) -> Iterator[list[tuple[int, int, float]]]:
    """Yield, for each letter of the words in turn, size, row and score of the pieces that it begins."""
    hashes, ends = list[int](), [0]
    for word in words:
        letters = [letter.encode("utf-8", "replace") for letter in word]
        for start in range(len(letters)):
            hashed = 0
            hashes += [hashed := crc32(letter, hashed) for letter in letters[start : start + _LONGEST_PIECE]]
            ends.append(len(hashes))
    places, *found = _look_up(hashes)
    firsts = np.array(ends)
    starts = firsts.searchsorted(places, "right") - 1
    begun: list[list[tuple[int, int, float]]] = [[] for _ in ends[1:]]
    sizes = places - firsts[starts] + 1
    for start, *piece in zip(*map(np.ndarray.tolist, (starts, sizes, *found)), strict=True):
        begun[start].append(piece)
    yield from begun


def _split(word: str, parts: Iterator[list[tuple[int, int, float]]]) -> tuple[int, ...]:
    """Return the rows of a word's most probable pieces; ``parts`` come from ``_known_parts``."""
    size = len(word)
    best, previous = [0.0] + [-np.inf] * size, [(0, -1)] * (size + 1)
    for start, pieces in enumerate(islice(parts, size)):
        before = best[start]
        if before + _UNKNOWN > best[start + 1]:
            best[start + 1], previous[start + 1] = before + _UNKNOWN, (start, -1)
        for letters, row, score in pieces:
            if before + score > best[start + letters]:
                best[start + letters], previous[start + letters] = before + score, (start, row)
    rows = []
    while size:
        start, row = previous[size]
        piece = word[start:size].lstrip(_BEGINS)
        # A letter or a digit alone tells nothing.
        if row >= 0 and (len(piece) > 1 or not piece.isascii()):
            rows.append(row)
        size = start
    return tuple(reversed(rows))
