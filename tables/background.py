"""Makes ``syndicate/stories/data/background.bin``: how common the usual words of each language are.

    pip download --no-deps wordfreq==3.1.1
    python -m tables.background wordfreq-3.1.1-py3-none-any.whl

The counts are those of the package wordfreq (Robyn Speer), whose data is under CC BY-SA 4.0: so is the
file made here, see the README beside it. Only hashes of stems and rounded frequencies are kept.
Needs ``msgpack`` beside what syndicate needs. The same wheel gives the same bytes.
"""

import gzip
import re
import struct
import sys
import zipfile
from collections import defaultdict
from math import exp, log10
from zlib import crc32

import msgpack

from syndicate.stories.terms.tokens import words
from syndicate.stories.terms.word_frequencies import CODES_FOR_A_TENTH, RAREST, TABLE
from syndicate.text.stemming import stem

STEMS = 4000
# Words of a news article as the index reads it, for the share of articles that have a word.
ARTICLE_WORDS = 100
_FILE = re.compile(r"wordfreq/data/(small|large)_(\w+)\.msgpack\.gz")
# wordfreq's own names where they are not BCP 47.
_RENAMED = {"sh": ("sr", "hr", "bs"), "nb": ("nb", "no")}


def frequencies(packed: bytes) -> list[tuple[str, float]]:
    """Words with their frequency: wordfreq keeps one list for each hundredth of a power of ten."""
    buckets = msgpack.unpackb(gzip.decompress(packed), raw=False)[1:]
    return [(word, 10 ** (-place / 100)) for place, bucket in enumerate(buckets) for word in bucket]


def language_table(packed: bytes, language: str) -> list[tuple[int, int]]:
    """(hash of a stem, code of its share) for the most common stems, by hash."""
    totals: dict[str, float] = defaultdict(float)
    for word, frequency in frequencies(packed):
        for part in words(word, language):
            totals[stem(part, language)] += frequency
    usual = sorted(totals.items(), key=lambda item: -item[1])[:STEMS]
    return sorted((crc32(root.encode()), code(total)) for root, total in usual)


def code(frequency: float) -> int:
    share = 1 - exp(-frequency * ARTICLE_WORDS)
    return min(RAREST, max(0, round(-CODES_FOR_A_TENTH * log10(share))))


def main() -> int:
    wheel = zipfile.ZipFile(sys.argv[1])
    found = {}
    for name in sorted(wheel.namelist(), reverse=True):
        if match := _FILE.fullmatch(name):
            found[match[2]] = name
    tables = {}
    for name, file in sorted(found.items()):
        for language in _RENAMED.get(name, (name,)):
            tables[language] = language_table(wheel.read(file), language)
    parts = [struct.pack("<H", len(tables))]
    parts += [struct.pack("<3sH", name.encode(), len(rows)) for name, rows in tables.items()]
    for rows in tables.values():
        parts.append(struct.pack(f"<{len(rows)}I", *(number for number, _ in rows)))
        parts.append(bytes(value for _, value in rows))
    TABLE.write_bytes(b"".join(parts))
    print(f"{len(tables)} languages, {TABLE.stat().st_size} bytes: {' '.join(tables)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
