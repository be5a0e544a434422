"""Memory that a long-running process returns to the system: unused caches, idle workers, free heap."""

from __future__ import annotations

import ctypes
import gc
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Protocol, TypeVar
from weakref import WeakSet

if TYPE_CHECKING:
    from functools import _lru_cache_wrapper

Cached = TypeVar("Cached", bound="_lru_cache_wrapper[Any]")

RELEASE_EVERY = 120.0
"""Seconds between two calls of ``release_unused`` in a process that runs for long."""
_M_ARENA_MAX = -8
_ARENAS = 2
"""Each arena keeps its peak. By default every thread of the daemon may have its own (321 MiB, not 406)."""


class Releasing(Protocol):
    """Owner of memory that can be built again at its next use."""

    def release_unused(self) -> bool:
        """Release memory that was not used since the last call; return whether there was any."""


class _Cache:
    """Cache of a function, cleared as a whole."""

    def __init__(self, function: _lru_cache_wrapper[Any]) -> None:
        self.function, self._uses = function, 0

    def release_unused(self) -> bool:
        hits, misses, _, size = self.function.cache_info()
        unused = size > 0 and hits + misses == self._uses
        if unused:
            self.function.cache_clear()
        self._uses = 0 if unused else hits + misses
        return unused


_caches: list[_Cache] = []
_owners: WeakSet[Releasing] = WeakSet()


def released_when_unused(function: Cached) -> Cached:
    """Let ``release_unused`` clear the cache of a function: for large tables that are cheap to read again."""
    _caches.append(_Cache(function))
    return function


def register(owner: Releasing) -> None:
    """Let ``release_unused`` call an object for as long as it lives."""
    _owners.add(owner)


def release_unused() -> None:
    """Release memory that was not used since the last call, and return free pages to the system."""
    released = sum(item.release_unused() for item in (*_caches, *_owners))
    # A full collection visits every article in the window, so mostly young cycles only.
    _collect(2 if released else 1)


def release_tables() -> None:
    """Clear the caches of ``released_when_unused``, so that other work finds their memory free.

    Small objects return no memory to the system once others lie between them.
    """
    for cache in _caches:
        cache.function.cache_clear()


def _collect(generation: int) -> None:
    gc.collect(generation)
    with suppress(OSError, AttributeError):
        ctypes.CDLL(None).malloc_trim(0)


def collect_frozen() -> None:
    """Free unused objects, frozen objects included, and return free pages to the system."""
    gc.unfreeze()
    _collect(2)


def limit_arenas() -> None:
    """Let all threads share a few arenas of glibc's allocator; other C libraries have no such setting."""
    with suppress(OSError, AttributeError):
        ctypes.CDLL(None).mallopt(_M_ARENA_MAX, _ARENAS)
