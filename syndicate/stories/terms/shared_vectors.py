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
from itertools import accumulate, chain, filterfalse
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
_UNKNOWN = np.float32(-25)
# The CRC-32 of bytes and one more is ``_CRC_OF_BYTES[(crc ^ byte) & 0xFF] ^ crc >> 8``.
_CRC_OF_BYTES = np.array([crc32(bytes([byte])) for byte in range(256)], np.uint32)
_WORD = re.compile(r"[^\W_]+(?:['’.,:-][^\W_]+)*")

Floats = NDArray[np.float32]


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
    rows, _ = _look_up(np.array([crc32(word.encode("utf-8", "replace")) for word in marked], np.uint32))
    found = zip(words, marked, rows.tolist(), strict=True)
    known.update((word, (row,)) for word, mark, row in found if row >= 0 and len(mark) > 2)
    if unknown := [pair for pair in zip(words, marked, strict=True) if pair[0] not in known]:
        # Together: a look-up of a single word's parts takes as long as splitting the word.
        known.update(zip((word for word, _ in unknown), _split([mark for _, mark in unknown]), strict=True))
    return known


def _look_up(hashes: NDArray[np.uint32]) -> tuple[NDArray[np.int32], Floats]:
    """Return row and logarithm of the frequency of each piece; -1 and ``_UNKNOWN`` for an unknown piece."""
    table = _table()
    places = np.minimum(table.hashes.searchsorted(hashes), len(table.hashes) - 1)
    is_known = table.hashes[places] == hashes
    return np.where(is_known, table.rows[places], -1), np.where(is_known, table.scores[places], _UNKNOWN)


def _pieces(words: Sequence[str]) -> Iterator[tuple[int, int, int, float]]:
    """Return start, end, row and score of each letter of the words and of each longer known piece in them.

    Positions are those of letters in all words joined, each with a line end behind it. Starts ascend.
    """
    data = np.frombuffer("\n".join([*words, ""]).encode("utf-8", "replace"), np.uint8)
    # In UTF-8 all bytes of a letter except the first begin with the bits 10.
    begins = np.append(data & 0xC0 != 0x80, np.True_)
    letters = begins.nonzero()[0]
    borders = (data == ord("\n")).nonzero()[0]
    starts = letters[:-1]
    longest = letters[np.minimum(np.arange(len(starts)) + _LONGEST_PIECE, len(starts))]
    stops = np.minimum(borders[borders.searchsorted(starts)], longest)
    places = starts[:, None] + np.arange((stops - starts).max())
    hashed, hashes = np.zeros(len(starts), np.uint32), np.empty(places.shape, np.uint32)
    for column, byte in enumerate(data.take(places, mode="clip").T):
        hashed = _CRC_OF_BYTES[(hashed ^ byte) & 0xFF] ^ hashed >> 8
        hashes[:, column] = hashed
    ends = places + 1
    are_pieces = (ends <= stops[:, None]) & begins.take(ends, mode="clip")
    firsts, lasts = are_pieces.nonzero()[0], begins.cumsum()[ends[are_pieces]] - 1
    rows, scores = _look_up(hashes[are_pieces])
    kept = (rows >= 0) | (lasts == firsts + 1)
    columns = firsts[kept], lasts[kept], rows[kept], scores[kept]
    return zip(*map(np.ndarray.tolist, columns), strict=True)


def _split(words: Sequence[str]) -> Iterator[tuple[int, ...]]:
    """Yield the rows of each word's most probable pieces."""
    firsts = [*accumulate((len(word) + 1 for word in words), initial=0)]
    best, previous = [-np.inf] * firsts[-1], [(0, -1)] * firsts[-1]
    for first in firsts[:-1]:
        best[first] = 0.0
    for start, end, row, score in _pieces(words):
        if best[start] + score > best[end]:
            best[end], previous[end] = best[start] + score, (start, row)
    for first, word in zip(firsts[:-1], words, strict=True):
        rows, end = list[int](), len(word)
        while end:
            place, row = previous[first + end]
            start = place - first
            piece = word[start:end].lstrip(_BEGINS)
            # A letter or a digit alone tells nothing.
            if row >= 0 and (len(piece) > 1 or not piece.isascii()):
                rows.append(row)
            end = start
        yield tuple(reversed(rows))
