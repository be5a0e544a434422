"""Fetching from ordinary threads: an event loop in a thread of its own runs all requests."""

import asyncio
import threading
from collections.abc import Callable, Coroutine, Iterable, Iterator, Sequence
from concurrent.futures import CancelledError, Future, ThreadPoolExecutor, wait
from queue import Empty
from typing import Any, TypeVar

from syndicate.errors import AnswerLost, FetchError, FetchStopped
from syndicate.net.http_types import Fetched, FetchRequest, HttpOptions, SentAnswer, SentRequest
from syndicate.net.request_batch import Outcome, RequestBatch
from syndicate.operating_system import allow_open_files

T = TypeVar("T")
# For waiting and idle connections and the other files of the program. The default soft limit of macOS is 256.
_OPEN_FILES = 1024
# Seconds without a result after which the consumer checks for a stop and for further requests.
_POLL_INTERVAL = 0.5


class FetchThread:
    """A ``HttpClient`` in a daemon thread, shared by all jobs of the process."""

    def __init__(self, options: HttpOptions) -> None:
        # aiohttp takes as long to import as many a command to run, and most commands fetch nothing.
        from syndicate.net.client import HttpClient  # noqa: PLC0415

        allow_open_files(_OPEN_FILES)
        self._options = options
        self._loop: asyncio.AbstractEventLoop
        self._client: HttpClient = HttpClient(options)
        self._stop: asyncio.Event
        self._lock = threading.Lock()
        self._closed = False
        ready = threading.Event()
        self._thread = threading.Thread(
            target=lambda: asyncio.run(self._serve(ready)), name="fetch", daemon=True
        )
        self._thread.start()
        ready.wait()

    def fetch_each(
        self,
        requests: Iterable[FetchRequest],
        more: Callable[[], Iterable[FetchRequest]] | None = None,
        *,
        should_stop: Callable[[], bool] = lambda: False,
    ) -> Iterator[Outcome]:
        """Yield each request with its response or error, in order of completion.

        The first step takes all requests, in the calling thread. At most ``concurrency`` bodies are in
        memory, with the body that the consumer uses: a slow consumer slows down the fetching. While there is
        room, the iteration calls ``more`` in the same thread for further requests, so that slow servers delay
        no other request. Leaving the loop early abandons the open requests. ``should_stop`` and ``close()``
        end the iteration early without an error.
        """
        batch = RequestBatch(self._options)
        futures = [self._start(batch, requests)]
        running, bodies = 1, 0
        try:
            while running and not should_stop():
                if more and batch.has_room and (further := list(more())):
                    futures.append(self._start(batch, further))
                    running += 1
                try:
                    result = batch.results.get(timeout=_POLL_INTERVAL)
                except Empty:
                    continue
                if result is None:
                    running -= 1
                elif isinstance(result, BaseException):
                    raise result
                else:
                    bodies += isinstance(result[1], Fetched)
                    yield result
                    del result
                    if bodies == batch.step:
                        with self._lock:
                            if not self._closed:
                                self._loop.call_soon_threadsafe(batch.free_body_slots, bodies)
                        bodies = 0
        finally:
            for future in futures:
                future.cancel()

    def fetch_one(self, request: FetchRequest, *, should_stop: Callable[[], bool] = lambda: False) -> Fetched:
        """Return the response to a request; raises ``FetchError``, and ``FetchStopped`` on a stop."""
        for _, response in self.fetch_each([request], should_stop=should_stop):
            if isinstance(response, FetchError):
                raise response
            return response
        raise FetchStopped("nothing was fetched: the program is stopping")

    def post(
        self, url: str, form: Sequence[tuple[str, str]], *, should_stop: Callable[[], bool] = lambda: False
    ) -> int:
        """Post a form and return the response status, as ``HttpClient.post`` does. Raises ``FetchError``.

        Raises ``FetchStopped`` when ``should_stop`` returns true or the thread is being closed.
        """
        try:
            return self._call(self._client.post(url, form), should_stop)
        except CancelledError as error:
            raise FetchStopped(f"{url} was not asked: the program is stopping") from error

    def send(self, request: SentRequest, *, should_stop: Callable[[], bool] = lambda: False) -> SentAnswer:
        """Send a request once, as ``HttpClient.send`` does; a stop during the request loses its answer."""
        try:
            return self._call(self._client.send(request), should_stop)
        except CancelledError as error:
            raise AnswerLost("the program stopped before the answer came") from error

    def _call(self, work: Coroutine[Any, Any, T], should_stop: Callable[[], bool]) -> T:
        with self._lock:
            if self._closed or should_stop():
                work.close()
                raise FetchStopped("the server was not asked: the program is stopping")
            future = asyncio.run_coroutine_threadsafe(work, self._loop)
        while not wait((future,), timeout=_POLL_INTERVAL).done:
            if should_stop():
                future.cancel()
        return future.result()

    def close(self) -> None:
        """Abandon open requests, close every connection and wait for the thread to end."""
        with self._lock:
            if not self._closed:
                self._closed = True
                self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join()

    def _start(self, batch: RequestBatch, requests: Iterable[FetchRequest]) -> "Future[None]":
        """Start fetching the requests; a closed thread fetches nothing."""
        queues = batch.queues_of(list(requests))
        with self._lock:
            if not self._closed:
                return asyncio.run_coroutine_threadsafe(batch.run(queues, self._client.fetch), self._loop)
        batch.results.put(None)
        return Future()

    async def _serve(self, ready: threading.Event) -> None:
        self._loop = asyncio.get_running_loop()
        self._stop = asyncio.Event()
        # Name look-ups run in threads; dead names would soon fill the few default threads.
        self._loop.set_default_executor(ThreadPoolExecutor(self._options.concurrency, "resolve"))
        async with self._client:
            ready.set()
            await self._stop.wait()
            batches = asyncio.all_tasks() - {asyncio.current_task()}
            for task in batches:
                task.cancel()
            await asyncio.gather(*batches, return_exceptions=True)
