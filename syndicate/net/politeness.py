"""One request at a time to a host, and a pause between two (polite-fetching rule F13)."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from syndicate.errors import FetchError


@dataclass(slots=True)
class _Line:
    """Queue of one host: a lock for the turn, the number of holders and waiters, the next start."""

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
    """Hands out turns per host: requests wait in line, first come first served.

    ``gap`` is the number of seconds between the starts of two turns of one host; with ``0`` no
    request waits.
    """

    def __init__(self, gap: float) -> None:
        self._gap = gap
        self._lines: dict[str, _Line] = {}

    def __len__(self) -> int:
        return len(self._lines)

    @asynccontextmanager
    async def turn(self, host: str) -> AsyncIterator[None]:
        """Wait for this host's turn and hold it."""
        if self._gap <= 0:
            yield
            return
        loop = asyncio.get_running_loop()
        line = self._lines.setdefault(host, _Line())
        line.users += 1
        try:
            async with line.lock:
                await asyncio.sleep(max(line.next_start - loop.time(), 0.0))
                line.next_start = loop.time() + self._gap
                yield
        finally:
            line.users -= 1
            loop.call_later(self._gap, self._forget, host, line)

    def _forget(self, host: str, line: _Line) -> None:
        """Drop a host without users whose pause is over."""
        over = line.next_start <= asyncio.get_running_loop().time()
        if over and not line.users and self._lines.get(host) is line:
            del self._lines[host]
