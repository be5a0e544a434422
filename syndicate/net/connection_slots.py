"""Connection slots: a request that waits for a slow server lends its slot to another.

A fetch takes two. Room for a body (``batch``) bounds the memory: each caller has so many, and one is kept
until he has let go of the body. A place among all exchanges that are under way (``client``) bounds the
connections, and is left when the exchange ends.
"""

import asyncio
from collections import deque

PATIENCE = 2.0
"""Seconds. Most servers have begun to answer by then; those that hang take a minute."""
LENT = 3
"""So many times as many as there are places may be lent: each is one more open connection."""


class ConnectionSlots:
    """``count`` places. ``lent`` is how many were lent by requests that wait for an answer.

    Whoever comes back goes first, and his place may be lent again while he waits: else all places could be
    held by those who wait for him, since he may hold the turn at a host for which they are in line.
    """

    def __init__(self, count: int) -> None:
        self.lent = 0
        self._most_lent = LENT * count
        self._free = count
        self._coming: deque[asyncio.Future[None]] = deque()
        self._returning: deque[asyncio.Future[None]] = deque()

    async def take(self) -> "ConnectionSlot":
        """Wait for a place and have it."""
        await self._wait(self._coming)
        return ConnectionSlot(self)

    async def reacquire(self) -> None:
        """Wait for a place instead of the lent place."""
        self.lent -= 1
        try:
            await self._wait(self._returning)
        except asyncio.CancelledError:
            self.lent += 1
            raise

    def release_while_waiting(self) -> bool:
        """Lend a place to another request; return false while too many are lent."""
        if self.lent >= self._most_lent:
            return False
        self.lent += 1
        self._release()
        return True

    def leave(self, *, is_lent: bool = False) -> None:
        """Give a place back for good."""
        if is_lent:
            self.lent -= 1
        else:
            self._release()

    async def _wait(self, line: deque[asyncio.Future[None]]) -> None:
        # While somebody waits, nothing is free.
        if self._free:
            self._free -= 1
            return
        turn = asyncio.get_running_loop().create_future()
        line.append(turn)
        try:
            await turn
        except asyncio.CancelledError:
            if not turn.cancelled():
                self._release()
            raise

    def _release(self) -> None:
        for line in (self._returning, self._coming):
            while line:
                turn = line.popleft()
                if not turn.cancelled():
                    turn.set_result(None)
                    return
        self._free += 1


class ConnectionSlot:
    """Place of one request, which leaves it with ``leave`` or keeps it, once ``answered`` has returned."""

    def __init__(self, places: ConnectionSlots) -> None:
        self._places = places
        self._is_lent = False
        self._timer = asyncio.get_running_loop().call_later(PATIENCE, self._lend)

    def _lend(self) -> None:
        self._is_lent = self._places.release_while_waiting()
        if not self._is_lent:
            self._timer = asyncio.get_running_loop().call_later(PATIENCE, self._lend)

    async def answered(self) -> None:
        """Take a place again when an answer begins, if this request has lent its own."""
        self._timer.cancel()
        if self._is_lent:
            await self._places.reacquire()
            self._is_lent = False

    def leave(self) -> None:
        """Nothing more is to come."""
        self._timer.cancel()
        self._places.leave(is_lent=self._is_lent)
