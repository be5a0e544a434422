"""Remembers what was written for each item, so that a feed with one new item writes one item."""

from collections import OrderedDict
from typing import NamedTuple

# A fragment belongs to an article's uid, to its full or its short form, with or without related stories.
Key = tuple[str, bool, bool]


class _Remembered(NamedTuple):
    made_of: tuple[object, ...]
    fragments: tuple[bytes, ...]


class FragmentCache:
    """Fragments by key, each valid only for exactly what it was made of.

    At most ``limit`` bytes of fragments are kept (an article of 3 kB takes about 9 kB as RSS and Atom
    together, and the text it was made of is kept as well); those not used for longest go first.
    Not safe to share between threads.
    """

    def __init__(self, limit: int = 32 * 1024 * 1024) -> None:
        self._limit = limit
        self._kept = 0
        self._by_key: OrderedDict[Key, _Remembered] = OrderedDict()

    def get(self, key: Key, made_of: tuple[object, ...]) -> tuple[bytes, ...] | None:
        """The fragments written for ``key`` when it was made of the same; ``None`` when it was not."""
        remembered = self._by_key.get(key)
        if remembered is None or remembered.made_of != made_of:
            return None
        self._by_key.move_to_end(key)
        return remembered.fragments

    def put(self, key: Key, made_of: tuple[object, ...], fragments: tuple[bytes, ...]) -> None:
        """Remember fragments in place of what ``key`` had, and forget the least used beyond the limit."""
        replaced = self._by_key.pop(key, None)
        if replaced:
            self._kept -= _size(replaced)
        self._by_key[key] = added = _Remembered(made_of, fragments)
        self._kept += _size(added)
        while self._kept > self._limit:
            self._kept -= _size(self._by_key.popitem(last=False)[1])


def _size(remembered: _Remembered) -> int:
    return sum(map(len, remembered.fragments))
