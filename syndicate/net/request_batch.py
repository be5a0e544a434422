"""The requests of one consumer on their way through the event loop, and their outcomes on the way back.

Two threads meet here. The consumer's asks for lanes, hears whether there is room for more, and takes
``results``; all the rest happens in the loop's.
"""

import asyncio
import logging
from collections import deque
from collections.abc import Awaitable, Callable
from queue import SimpleQueue
from urllib.parse import urlsplit

from syndicate.errors import PAUSE, FetchError, NotAsked
from syndicate.net.connection_slots import LENT, ConnectionSlot, ConnectionSlots
from syndicate.net.http_types import Fetched, FetchRequest, HttpOptions
from syndicate.net.politeness import REFUSED_GAPS, next_pause
from syndicate.text.privacy import mask_address
from syndicate.text.urls import origin_of

log = logging.getLogger("syndicate.net")

Outcome = tuple[FetchRequest, Fetched | FetchError]
HostQueue = tuple[str, deque[FetchRequest]]
_Fetch = Callable[[FetchRequest, Callable[[], Awaitable[None]]], Awaitable[Fetched]]


class Batch:
    """The requests of one ``fetch_each`` and the way back of their outcomes.

    Room for a body is taken before a fetch, lent while a server hangs, and given back after the consumer is
    done with the body, in steps of an eighth, since waking the loop from another thread costs as much as a
    small parse.
    """

    def __init__(self, options: HttpOptions) -> None:
        self.results: SimpleQueue[Outcome | BaseException | None] = SimpleQueue()
        self.step = max(1, options.concurrency // 8)
        self._options = options
        self._room = ConnectionSlots(options.concurrency)
        # The end and the length of the last pause of an origin.
        self._busy: dict[str, tuple[float, float]] = {}
        self._under_way: dict[str, deque[FetchRequest]] = {}
        # Of lanes. The consumer's thread alone counts the first, the loop's alone the second: so no lock.
        self._begun = self._ended = 0

    @property
    def has_room(self) -> bool:
        """True when fewer lanes are under way than there are places; one whose server hangs takes none."""
        return self._begun - self._ended - self._room.lent < self._options.concurrency

    def lanes_of(self, requests: list[FetchRequest]) -> list[HostQueue]:
        """Called by the consumer: the lanes to ``run``."""
        lanes = _lanes(requests, self._options)
        self._begun += len(lanes)
        return lanes

    def make_room(self, bodies: int) -> None:
        """Called in the loop: the consumer has let go of so many bodies."""
        for _ in range(bodies):
            self._room.leave()

    async def run(self, lanes: list[HostQueue], fetch: _Fetch) -> None:
        """Fetch everything; then ``None`` or a bug is put into ``results``."""
        end: BaseException | None = None
        try:
            async with asyncio.TaskGroup() as group:
                for host, lane in lanes:
                    group.create_task(self._join(host, lane, fetch))
        except* Exception as bugs:  # noqa: BLE001 - handed to the consumer, which raises it
            end = bugs
        finally:
            self.results.put(end)

    async def _join(self, host: str, lane: deque[FetchRequest], fetch: _Fetch) -> None:
        """Fetch what is in a lane, or lengthen that of the same host: what it learns is for these as well."""
        try:
            if host in self._under_way:
                self._under_way[host].extend(lane)
            elif host:
                self._under_way[host] = lane
                await self._walk(lane, fetch)
                del self._under_way[host]
            else:
                await self._walk(lane, fetch)
        finally:
            self._ended += 1

    async def _walk(self, lane: deque[FetchRequest], fetch: _Fetch) -> None:
        while lane:
            await self._wait_briefly(lane[0])
            request = lane.popleft()
            place = await self._room.take()
            answer: Fetched | FetchError | None = None
            try:
                answer = await self._answer(request, fetch, place)
            finally:
                # What holds no body takes no room.
                if not isinstance(answer, Fetched):
                    place.leave()
            self.results.put((request, answer))

    async def _answer(
        self, request: FetchRequest, fetch: _Fetch, place: ConnectionSlot
    ) -> Fetched | FetchError:
        try:
            self._check_patience(request)
            return await fetch(request, place.answered)
        except FetchError as error:
            if error.busy and error.retry_after:
                self._pause(error)
            return error
        except Exception as bug:
            # One stranger's answer that brings out a bug of ours must not stop the others.
            reason = f"{request.url} could not be read ({type(bug).__name__}: {bug})"
            if request.private:
                reason = mask_address(reason, request.url)
            # A traceback would tell the address that the reason hides.
            log.error(  # noqa: TRY400
                "an answer could not be handled: %s", reason, exc_info=None if request.private else bug
            )
            return FetchError(reason)

    def _check_patience(self, request: FetchRequest) -> None:
        """Raises ``NotAsked`` while the server that was asked before rests."""
        if not self._busy:
            return
        if (left := self._pause_left(request)) > 0:
            raise NotAsked(PAUSE, retry_after=left)

    async def _wait_briefly(self, request: FetchRequest) -> None:
        """Sit out the first, short pause of an origin; a longer one is left to a later run."""
        if self._busy and 0 < (left := self._pause_left(request)) <= self._options.host_gap * REFUSED_GAPS:
            await asyncio.sleep(left)

    def _pause_left(self, request: FetchRequest) -> float:
        end, _ = self._busy.get(origin_of(request.url), (0.0, 0.0))
        return end - asyncio.get_running_loop().time()

    def _pause(self, error: FetchError) -> None:
        """Request nothing of the origin that refused until its pause ends."""
        now = asyncio.get_running_loop().time()
        end, last = self._busy.get(error.busy, (now, 0.0))
        pause = next_pause(error, last, now - end)
        self._busy[error.busy] = max(end, now + pause), pause


def _lanes(requests: list[FetchRequest], options: HttpOptions) -> list[HostQueue]:
    """Requests that follow one another: those of one host, so that it cannot hold up the others.

    Without a pause per host there is nothing to wait for: then every lane, of no host, draws from one pile.
    """
    if options.host_gap <= 0:
        pile = deque(requests)
        return [("", pile)] * min(options.concurrency * (1 + LENT), len(requests))
    hosts: dict[str, deque[FetchRequest]] = {}
    for request in requests:
        hosts.setdefault(_host(request.url), deque()).append(request)
    return list(hosts.items())


def _host(url: str) -> str:
    try:
        return urlsplit(url).hostname or ""
    except ValueError:
        return ""
