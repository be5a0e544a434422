"""Cache of the written items, so that a feed with a single new item writes a single item."""

from collections import OrderedDict
from typing import NamedTuple

# A fragment belongs to an article's uid, to its full or its short form, with or without related stories.
Key = tuple[str, bool, bool]


class _CachedFragments(NamedTuple):
    inputs: tuple[object, ...]
    fragments: tuple[bytes, ...]


class FragmentCache:
    """Fragments by key, each valid only for equal inputs.

    At most ``limit`` bytes of fragments are kept (an article of 3 kB takes about 9 kB as RSS and Atom
    together, besides its input text); the least recently used go first. Not thread-safe.
    """

    def __init__(self, limit: int = 32 * 1024 * 1024) -> None:
        self._limit = limit
        self._bytes = 0
        self._by_key: OrderedDict[Key, _CachedFragments] = OrderedDict()

    def get(self, key: Key, inputs: tuple[object, ...]) -> tuple[bytes, ...] | None:
        """Return the fragments of ``key`` if its inputs are unchanged, else ``None``."""
        cached = self._by_key.get(key)
        if cached is None or cached.inputs != inputs:
            return None
        self._by_key.move_to_end(key)
        return cached.fragments

    def put(self, key: Key, inputs: tuple[object, ...], fragments: tuple[bytes, ...]) -> None:
        """Replace the fragments of ``key``, and drop the least recently used beyond the limit."""
        replaced = self._by_key.pop(key, None)
        if replaced:
            self._bytes -= _size(replaced)
        self._by_key[key] = added = _CachedFragments(inputs, fragments)
        self._bytes += _size(added)
        while self._bytes > self._limit:
            self._bytes -= _size(self._by_key.popitem(last=False)[1])


def _size(cached: _CachedFragments) -> int:
    return sum(map(len, cached.fragments))
