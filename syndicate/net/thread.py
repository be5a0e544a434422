"""Fetching from an ordinary thread: one event loop in a thread of its own does all of it."""

import asyncio
import logging
import resource
import threading
from collections import deque
from collections.abc import Awaitable, Callable, Iterable, Iterator, Sequence
from concurrent.futures import CancelledError, Future, ThreadPoolExecutor
from queue import Empty, SimpleQueue
from urllib.parse import urlsplit

from syndicate.errors import PAUSE, FetchError, NotAsked
from syndicate.net.exchange import Fetched, FetchRequest, HttpOptions
from syndicate.net.places import LENT, Place, Places
from syndicate.text.privacy import hide_address
from syndicate.text.urls import origin_of

log = logging.getLogger("syndicate.net")

Outcome = tuple[FetchRequest, Fetched | FetchError]
_Fetch = Callable[[FetchRequest, Callable[[], Awaitable[None]]], Awaitable[Fetched]]
_Lane = tuple[str, deque[FetchRequest]]

# Connections that are waited for, idle ones, and the rest of the program. macOS allows 256 at first.
_OPEN_FILES = 1024
# Seconds without any answer after which one looks whether there is room for further requests.
_SILENCE = 0.5


class FetchThread:
    """A ``Client`` in a daemon thread, shared by every job of the process."""

    def __init__(self, options: HttpOptions) -> None:
        # Its library takes as long to load as many a command to run, and most commands fetch nothing.
        from syndicate.net.client import Client  # noqa: PLC0415

        _allow_open_files()
        self._options = options
        self._loop: asyncio.AbstractEventLoop
        self._client: Client = Client(options)
        self._stop: asyncio.Event
        self._gate = threading.Lock()
        self._closed = False
        ready = threading.Event()
        self._thread = threading.Thread(target=self._run, args=(ready,), name="fetch", daemon=True)
        self._thread.start()
        ready.wait()

    def fetch_each(
        self,
        requests: Iterable[FetchRequest],
        more: Callable[[], Iterable[FetchRequest]] | None = None,
    ) -> Iterator[Outcome]:
        """Each request with its answer or its error, in order of completion.

        The requests are all taken at the first step, in the calling thread. At most ``concurrency``
        bodies are in memory, the one being looked at included: a slow consumer slows the fetching.
        ``more``, called in the same thread, is asked for further requests again and again while there is
        room for them: servers that hang keep nobody waiting.
        Leaving the loop early abandons the rest. ``close()`` ends the iteration early and without an
        error; what was not fetched is still due.
        """
        batch = _Batch(self._options)
        futures = [self._start(batch, requests)]
        running, taken = 1, 0
        try:
            while running:
                if more and batch.has_room and (further := list(more())):
                    futures.append(self._start(batch, further))
                    running += 1
                try:
                    item = batch.results.get(timeout=_SILENCE if more else None)
                except Empty:
                    continue
                if item is None:
                    running -= 1
                elif isinstance(item, BaseException):
                    raise item
                else:
                    taken += isinstance(item[1], Fetched)
                    yield item
                    del item
                    if taken == batch.step:
                        self._make_room(batch, taken)
                        taken = 0
        finally:
            for future in futures:
                future.cancel()

    def fetch_one(self, request: FetchRequest) -> Fetched:
        """The answer to one request; raises ``FetchError``."""
        for _, answer in self.fetch_each([request]):
            if isinstance(answer, FetchError):
                raise answer
            return answer
        raise FetchError("nothing was fetched: the program is stopping")

    def post(self, url: str, form: Sequence[tuple[str, str]]) -> int:
        """``Client.post``, waited for. Raises ``FetchError``, also when the thread is being closed."""
        with self._gate:
            if self._closed:
                raise FetchError(f"{url} was not asked: the program is stopping")
            future = asyncio.run_coroutine_threadsafe(self._client.post(url, form), self._loop)
        try:
            return future.result()
        except CancelledError as error:
            raise FetchError(f"{url} was not asked: the program is stopping") from error

    def close(self) -> None:
        """Abandon what is under way, close every connection and wait for the thread to end."""
        with self._gate:
            if not self._closed:
                self._closed = True
                self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join()

    def _start(self, batch: "_Batch", requests: Iterable[FetchRequest]) -> "Future[None]":
        """Fetch these as well; nothing once the thread is closed."""
        lanes = batch.lanes_of(list(requests))
        with self._gate:
            if not self._closed:
                return asyncio.run_coroutine_threadsafe(batch.run(lanes, self._client.fetch), self._loop)
        batch.results.put(None)
        return Future()

    def _make_room(self, batch: "_Batch", bodies: int) -> None:
        with self._gate:
            if not self._closed:
                self._loop.call_soon_threadsafe(batch.make_room, bodies)

    def _run(self, ready: threading.Event) -> None:
        asyncio.run(self._serve(ready))

    async def _serve(self, ready: threading.Event) -> None:
        self._loop = asyncio.get_running_loop()
        self._stop = asyncio.Event()
        # Name look-ups run in threads; the default of a few is soon full of dead names.
        self._loop.set_default_executor(ThreadPoolExecutor(self._options.concurrency, "resolve"))
        async with self._client:
            ready.set()
            await self._stop.wait()
            batches = asyncio.all_tasks() - {asyncio.current_task()}
            for task in batches:
                task.cancel()
            await asyncio.gather(*batches, return_exceptions=True)


def _allow_open_files() -> None:
    """Raise the limit that we set ourselves, as far as the one that we are set allows it."""
    limit, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = _OPEN_FILES if most == resource.RLIM_INFINITY else min(_OPEN_FILES, most)
    if limit != resource.RLIM_INFINITY and limit < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, most))


class _Batch:
    """The requests of one ``fetch_each`` and the way back of their outcomes.

    Room for a body is taken before a fetch, lent while a server hangs, and given back after the consumer is
    done with the body, in steps of an eighth, since waking the loop from another thread costs as much as a
    small parse.
    """

    def __init__(self, options: HttpOptions) -> None:
        self.results: SimpleQueue[Outcome | BaseException | None] = SimpleQueue()
        self.step = max(1, options.concurrency // 8)
        self._options = options
        self._room = Places(options.concurrency)
        self._busy: dict[str, float] = {}
        self._under_way: dict[str, deque[FetchRequest]] = {}
        # Of lanes. The consumer's thread alone counts the first, the loop's alone the second: so no lock.
        self._begun = self._ended = 0

    @property
    def has_room(self) -> bool:
        """Whether fewer lanes are under way than there are places; one whose server hangs takes none."""
        return self._begun - self._ended - self._room.lent < self._options.concurrency

    def lanes_of(self, requests: list[FetchRequest]) -> list[_Lane]:
        """Called by the consumer: the lanes to ``run``."""
        lanes = _lanes(requests, self._options)
        self._begun += len(lanes)
        return lanes

    def make_room(self, bodies: int) -> None:
        """Called in the loop: the consumer has let go of so many bodies."""
        for _ in range(bodies):
            self._room.leave()

    async def run(self, lanes: list[_Lane], fetch: _Fetch) -> None:
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

    async def _answer(self, request: FetchRequest, fetch: _Fetch, place: Place) -> Fetched | FetchError:
        try:
            self._check_patience(request)
            return await fetch(request, place.answered)
        except FetchError as error:
            if error.busy and error.retry_after:
                self._busy[error.busy] = asyncio.get_running_loop().time() + error.retry_after
            return error
        except Exception as bug:
            # One stranger's answer that brings out a bug of ours must not stop the others.
            reason = f"{request.url} could not be read ({type(bug).__name__}: {bug})"
            if request.private:
                reason = hide_address(reason, request.url)
            # A traceback would tell the address that the reason hides.
            log.error(  # noqa: TRY400
                "an answer could not be handled: %s", reason, exc_info=None if request.private else bug
            )
            return FetchError(reason)

    def _check_patience(self, request: FetchRequest) -> None:
        """Raises ``NotAsked`` while the server that was asked before rests."""
        if not self._busy:
            return
        left = self._busy.get(origin_of(request.url), 0.0) - asyncio.get_running_loop().time()
        if left > 0:
            raise NotAsked(PAUSE, retry_after=left)


def _lanes(requests: list[FetchRequest], options: HttpOptions) -> list[_Lane]:
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
