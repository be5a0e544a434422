"""Connection slots: a request that waits for a slow server lends its slot to another.

A fetch takes two slots. A slot for the body (``request_batch``) bounds the memory of each consumer and is
kept until the consumer has dropped the body. A slot of the client bounds the open connections and is freed
when the exchange ends.
"""

import asyncio
from collections import deque

LEND_AFTER = 2.0
"""Seconds. Most servers respond sooner; a server that hangs takes a minute."""
MAX_LENT = 3
"""Lent slots per slot: each is one more open connection."""


class ConnectionSlots:
    """``count`` slots. ``lent`` is the number of slots lent by requests that wait for a response.

    Requests reclaiming a slot have priority and may lend it again while waiting. Otherwise requests queued on
    the same host lock would deadlock.
    """

    def __init__(self, count: int) -> None:
        self.lent = 0
        self._max_lent = MAX_LENT * count
        self._free = count
        self._acquiring: deque[asyncio.Future[None]] = deque()
        self._reacquiring: deque[asyncio.Future[None]] = deque()

    async def acquire(self) -> "ConnectionSlot":
        """Wait for a free slot and return it."""
        await self._wait(self._acquiring)
        return ConnectionSlot(self)

    async def reacquire(self) -> None:
        """Wait for a free slot in place of the lent slot."""
        self.lent -= 1
        try:
            await self._wait(self._reacquiring)
        except asyncio.CancelledError:
            self.lent += 1
            raise

    def release_while_waiting(self) -> bool:
        """Lend a slot to another request; return false while too many are lent."""
        if self.lent >= self._max_lent:
            return False
        self.lent += 1
        self._free_slot()
        return True

    def release(self, *, is_lent: bool = False) -> None:
        """Free a slot for good."""
        if is_lent:
            self.lent -= 1
        else:
            self._free_slot()

    async def _wait(self, waiting: deque[asyncio.Future[None]]) -> None:
        # While a request waits, no slot is free.
        if self._free:
            self._free -= 1
            return
        freed = asyncio.get_running_loop().create_future()
        waiting.append(freed)
        try:
            await freed
        except asyncio.CancelledError:
            if not freed.cancelled():
                self._free_slot()
            raise

    def _free_slot(self) -> None:
        for waiting in (self._reacquiring, self._acquiring):
            while waiting:
                freed = waiting.popleft()
                if not freed.cancelled():
                    freed.set_result(None)
                    return
        self._free += 1


class ConnectionSlot:
    """Slot of a request, lent after ``LEND_AFTER`` seconds until the response begins."""

    def __init__(self, slots: ConnectionSlots) -> None:
        self._slots = slots
        self._is_lent = False
        self._timer = asyncio.get_running_loop().call_later(LEND_AFTER, self._lend)

    def _lend(self) -> None:
        self._is_lent = self._slots.release_while_waiting()
        if not self._is_lent:
            self._timer = asyncio.get_running_loop().call_later(LEND_AFTER, self._lend)

    async def on_response(self) -> None:
        """Reacquire a slot, if this slot is lent, before the body is read."""
        self._timer.cancel()
        if self._is_lent:
            await self._slots.reacquire()
            self._is_lent = False

    def release(self) -> None:
        """Free the slot for good."""
        self._timer.cancel()
        self._slots.release(is_lent=self._is_lent)
