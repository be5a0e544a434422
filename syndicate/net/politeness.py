"""Locks for a single request at a time to a host, with a gap between two requests (rule F13)."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from syndicate.errors import FetchError


@dataclass(slots=True)
class _HostLock:
    """Lock of a host, with the number of holders and waiters, and the time of the next start."""

    lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    users: int = 0
    next_start: float = 0.0


REFUSED_GAPS = 3.0
"""Host gaps that other URLs of an origin wait after one of its URLs answered 429."""


def next_pause(error: FetchError, last: float, since_end: float) -> float:
    """Return the seconds for which other URLs of the origin that sent ``error`` are not requested.

    ``last`` is the previous pause of that origin, ``since_end`` the seconds since it ended, negative while it
    runs. A refusal within ``last`` seconds of that end triples the pause; a 503 sets its whole Retry-After.
    """
    longer = last * 3.0 if since_end <= last else 0.0
    return min(max(error.busy_for, longer), error.retry_after or 0.0)


class HostLocks:
    """Locks by host, first come first served.

    ``gap`` is the number of seconds between the starts of two requests to a host; with 0 no request waits.
    """

    def __init__(self, gap: float) -> None:
        self._gap = gap
        self._locks: dict[str, _HostLock] = {}

    def __len__(self) -> int:
        return len(self._locks)

    @asynccontextmanager
    async def acquire(self, host: str) -> AsyncIterator[None]:
        """Wait for the lock of a host and the gap after its last request; hold the lock."""
        if self._gap <= 0:
            yield
            return
        loop = asyncio.get_running_loop()
        host_lock = self._locks.setdefault(host, _HostLock())
        host_lock.users += 1
        try:
            async with host_lock.lock:
                await asyncio.sleep(max(host_lock.next_start - loop.time(), 0.0))
                host_lock.next_start = loop.time() + self._gap
                yield
        finally:
            host_lock.users -= 1
            loop.call_later(self._gap, self._forget, host, host_lock)

    def _forget(self, host: str, host_lock: _HostLock) -> None:
        """Drop the lock of a host without users after the gap."""
        over = host_lock.next_start <= asyncio.get_running_loop().time()
        if over and not host_lock.users and self._locks.get(host) is host_lock:
            del self._locks[host]
