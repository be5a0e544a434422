"""Background document frequencies: the commonness of words before any article is read.

A shipped table (``data/background.bin``, made by ``tables/background.py``) has the share of articles for the
usual stems of some forty languages. So the first article of a new installation is judged sensibly, and "the"
never becomes a shared word. A word's share is a single byte, its *code*: 0 is in every article, each
``CODES_FOR_A_TENTH`` steps are ten times rarer.
"""

import struct
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from zlib import crc32

import numpy as np

from syndicate.memory import released_when_unused

TABLE = Path(__file__).parents[1] / "data" / "background.bin"
CODES_FOR_A_TENTH = 64
RAREST = 255
# The code of each stem of 1, 2, … 8 letters in a language without a table: the shorter, the more common
# (Zipf's law of abbreviation). Shares of .3, .2, .08, .03, .015, .01, .007, .005.
_BY_LENGTH = (33, 45, 70, 97, 117, 128, 138, 147)
# Words outside a table are about a third as common as its rarest word (measured: no better at a tenth).
_BELOW_THE_TABLE = CODES_FOR_A_TENTH // 2

SHARES = np.power(10.0, -np.arange(RAREST + 1) / CODES_FOR_A_TENTH).astype(np.float32)


@lru_cache(maxsize=1)
def _places() -> dict[str, tuple[int, int]]:
    """Return the position of each language's rows in the table, and their number."""
    with TABLE.open("rb") as file:
        (count,) = struct.unpack("<H", file.read(2))
        heads = list(struct.iter_unpack("<3sH", file.read(5 * count)))
    places = {}
    start = 2 + 5 * count
    for name, rows in heads:
        places[name.rstrip(b"\0").decode()] = (start, rows)
        start += 5 * rows
    return places


@released_when_unused
@lru_cache(maxsize=64)
def _codes(language: str) -> tuple[dict[int, int], int]:
    """Return the codes of a language's usual stems by their hash, and the code of all other stems."""
    if language not in _places():
        return {}, 0
    start, rows = _places()[language]
    with TABLE.open("rb") as file:
        file.seek(start)
        numbers = np.frombuffer(file.read(4 * rows), np.uint32).tolist()
        codes = file.read(rows)
    return dict(zip(numbers, codes, strict=True)), min(max(codes) + _BELOW_THE_TABLE, RAREST)


def has_table(language: str) -> bool:
    """Return whether the shipped table has the usual stems of a language, given as a primary subtag."""
    return language in _places()


def commonness(stems: Sequence[str], language: str) -> list[int]:
    """Return the codes of the stems' shares of articles. ``language`` is a primary subtag (``"en"``)."""
    codes, others = _codes(language)
    return [
        codes.get(crc32(stem.encode()), others)
        if codes and not stem.isdigit()
        else _BY_LENGTH[min(len(stem), 8) - 1]
        for stem in stems
    ]
