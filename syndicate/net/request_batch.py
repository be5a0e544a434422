"""Requests of a ``fetch_each`` call and their results, between the consumer's thread and the event loop.

The consumer's thread calls ``queues_of`` and ``has_room``, and takes ``results``; the event loop calls the
other methods.
"""

import asyncio
import logging
from collections import deque
from collections.abc import Awaitable, Callable
from queue import SimpleQueue

from syndicate.errors import PAUSE, FetchError, NotAsked
from syndicate.net.connection_slots import MAX_LENT, ConnectionSlot, ConnectionSlots
from syndicate.net.http_types import Fetched, FetchRequest, HttpOptions
from syndicate.net.politeness import REFUSED_GAPS, next_pause
from syndicate.text.privacy import mask_address
from syndicate.text.urls import host_of, origin_of

log = logging.getLogger("syndicate.net")

Outcome = tuple[FetchRequest, Fetched | FetchError]
HostQueue = tuple[str, deque[FetchRequest]]
_Fetch = Callable[[FetchRequest, Callable[[], Awaitable[None]]], Awaitable[Fetched]]


class RequestBatch:
    """Requests of a ``fetch_each`` call and the queue of their results.

    A fetch takes a body slot first, lends it while the server is slow, and frees it after the consumer is
    done with the body. Slots are freed in steps of an eighth, because waking the event loop from another
    thread costs as much as parsing a small document.
    """

    def __init__(self, options: HttpOptions) -> None:
        self.results: SimpleQueue[Outcome | BaseException | None] = SimpleQueue()
        self.step = max(1, options.concurrency // 8)
        self._options = options
        self._body_slots = ConnectionSlots(options.concurrency)
        # End and length of the last pause, by origin.
        self._busy: dict[str, tuple[float, float]] = {}
        self._running: dict[str, deque[FetchRequest]] = {}
        # Numbers of host queues. Each has one writer, the consumer's thread and the event loop: no lock.
        self._begun = self._ended = 0

    @property
    def has_room(self) -> bool:
        """True when fewer host queues run than there are slots, apart from queues of slow servers."""
        return self._begun - self._ended - self._body_slots.lent < self._options.concurrency

    def queues_of(self, requests: list[FetchRequest]) -> list[HostQueue]:
        """Return the host queues to ``run``; called by the consumer."""
        queues = _host_queues(requests, self._options)
        self._begun += len(queues)
        return queues

    def free_body_slots(self, bodies: int) -> None:
        """Free the slots of bodies that the consumer has dropped; called in the event loop."""
        for _ in range(bodies):
            self._body_slots.release()

    async def run(self, queues: list[HostQueue], fetch: _Fetch) -> None:
        """Fetch everything; then put ``None``, or a bug, into ``results``."""
        end: BaseException | None = None
        try:
            async with asyncio.TaskGroup() as group:
                for host, queue in queues:
                    group.create_task(self._run_host(host, queue, fetch))
        except* Exception as bugs:  # noqa: BLE001 - handed to the consumer, which raises it
            end = bugs
        finally:
            self.results.put(end)

    async def _run_host(self, host: str, queue: deque[FetchRequest], fetch: _Fetch) -> None:
        """Run a host queue, or extend the running queue of the same host, which knows the host's pauses."""
        try:
            if host in self._running:
                self._running[host].extend(queue)
                return
            if host:
                self._running[host] = queue
            await self._run_queue(queue, fetch)
            self._running.pop(host, None)
        finally:
            self._ended += 1

    async def _run_queue(self, queue: deque[FetchRequest], fetch: _Fetch) -> None:
        while queue:
            # A first, short pause of the origin is waited for; a longer pause is left to a later run.
            if 0 < (left := self._pause_left(queue[0])) <= self._options.host_gap * REFUSED_GAPS:
                await asyncio.sleep(left)
            request = queue.popleft()
            slot = await self._body_slots.acquire()
            result: Fetched | FetchError | None = None
            try:
                result = await self._fetch(request, fetch, slot)
            finally:
                # Without a body the slot is free at once.
                if not isinstance(result, Fetched):
                    slot.release()
            self.results.put((request, result))

    async def _fetch(
        self, request: FetchRequest, fetch: _Fetch, slot: ConnectionSlot
    ) -> Fetched | FetchError:
        if (left := self._pause_left(request)) > 0:
            return NotAsked(PAUSE, retry_after=left)
        try:
            return await fetch(request, slot.on_response)
        except FetchError as error:
            if error.busy and error.retry_after:
                self._pause(error)
            return error
        except Exception as bug:
            # A response that triggers a bug must not stop the other requests.
            reason = f"{request.url} could not be read ({type(bug).__name__}: {bug})"
            if request.private:
                reason = mask_address(reason, request.url)
            # A traceback would contain the address that the reason hides.
            log.error(  # noqa: TRY400
                "a response could not be handled: %s", reason, exc_info=None if request.private else bug
            )
            return FetchError(reason)

    def _pause_left(self, request: FetchRequest) -> float:
        """Return the seconds until the end of a pause of the request's origin; 0 or less without a pause."""
        if not self._busy:
            return 0.0
        end, _ = self._busy.get(origin_of(request.url), (0.0, 0.0))
        return end - asyncio.get_running_loop().time()

    def _pause(self, error: FetchError) -> None:
        """Pause all requests to the origin that asked for a pause."""
        now = asyncio.get_running_loop().time()
        end, last = self._busy.get(error.busy, (now, 0.0))
        pause = next_pause(error, last, now - end)
        self._busy[error.busy] = max(end, now + pause), pause


def _host_queues(requests: list[FetchRequest], options: HttpOptions) -> list[HostQueue]:
    """Return a queue for each host, so that a slow host delays only its own requests.

    Without a gap between requests to a host, all queues share the same requests, and have no host.
    """
    if options.host_gap <= 0:
        shared = deque(requests)
        return [("", shared)] * min(options.concurrency * (1 + MAX_LENT), len(requests))
    queues: dict[str, deque[FetchRequest]] = {}
    for request in requests:
        queues.setdefault(host_of(request.url), deque()).append(request)
    return list(queues.items())
