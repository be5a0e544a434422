"""Cache of the written items, so that a feed with a single new item writes a single item."""

from collections import OrderedDict
from threading import Lock
from typing import NamedTuple

from syndicate.memory import register

# A fragment belongs to an article's uid, to its full or its short form, with or without related stories.
Key = tuple[str, bool, bool]


class _CachedFragments(NamedTuple):
    inputs: tuple[object, ...]
    fragments: tuple[bytes, ...]


class FragmentCache:
    """Fragments by key, each valid only for equal inputs.

    At most ``limit`` bytes of fragments and input texts are kept (an article of 3 kB takes about 15 kB as RSS
    and Atom together); the least recently used go first. Thread-safe.
    """

    def __init__(self, limit: int = 16 * 1024 * 1024) -> None:
        self._limit = limit
        self._bytes = 0
        self._by_key: OrderedDict[Key, _CachedFragments] = OrderedDict()
        self._used = False
        self._lock = Lock()
        register(self)

    def get(self, key: Key, inputs: tuple[object, ...]) -> tuple[bytes, ...] | None:
        """Return the fragments of ``key`` if its inputs are unchanged, else ``None``."""
        with self._lock:
            self._used = True
            cached = self._by_key.get(key)
            if cached is None or cached.inputs != inputs:
                return None
            self._by_key.move_to_end(key)
            return cached.fragments

    def put(self, key: Key, inputs: tuple[object, ...], fragments: tuple[bytes, ...]) -> None:
        """Replace the fragments of ``key``, and drop the least recently used beyond the limit."""
        added = _CachedFragments(inputs, fragments)
        with self._lock:
            self._used = True
            replaced = self._by_key.pop(key, None)
            self._bytes += _size(added) - (_size(replaced) if replaced else 0)
            self._by_key[key] = added
            while self._bytes > self._limit:
                self._bytes -= _size(self._by_key.popitem(last=False)[1])

    def release_unused(self) -> bool:
        """Drop all fragments if none was used since the last call."""
        with self._lock:
            unused, self._used = bool(self._by_key) and not self._used, False
            if unused:
                self._by_key.clear()
                self._bytes = 0
            return unused


def _size(cached: _CachedFragments) -> int:
    texts = (value for value in cached.inputs if isinstance(value, str))
    return sum(map(len, cached.fragments)) + sum(map(len, texts))
