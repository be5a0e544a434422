"""Fetching from an ordinary thread: one event loop in a thread of its own does all of it."""

import asyncio
import resource
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import CancelledError, Future, ThreadPoolExecutor, wait
from queue import Empty

from syndicate.errors import FetchError, FetchStopped
from syndicate.net.http_types import Fetched, FetchRequest, HttpOptions
from syndicate.net.request_batch import Batch, Outcome

# Connections that are waited for, idle ones, and the rest of the program. macOS allows 256 at first.
_OPEN_FILES = 1024
# Seconds without any answer after which one looks whether to stop, and whether more may be asked for.
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
        *,
        should_stop: Callable[[], bool] = lambda: False,
    ) -> Iterator[Outcome]:
        """Each request with its answer or its error, in order of completion.

        The requests are all taken at the first step, in the calling thread. At most ``concurrency``
        bodies are in memory, the one being looked at included: a slow consumer slows the fetching.
        ``more``, called in the same thread, is asked for further requests again and again while there is
        room for them: servers that hang delay no other request.
        Leaving the loop early abandons the rest. ``should_stop``, asked as often, and ``close()`` end the
        iteration early and without an error; what was not fetched is still due.
        """
        batch = Batch(self._options)
        futures = [self._start(batch, requests)]
        running, taken = 1, 0
        try:
            while running and not should_stop():
                if more and batch.has_room and (further := list(more())):
                    futures.append(self._start(batch, further))
                    running += 1
                try:
                    item = batch.results.get(timeout=_SILENCE)
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

    def fetch_one(self, request: FetchRequest, *, should_stop: Callable[[], bool] = lambda: False) -> Fetched:
        """The answer to one request; raises ``FetchError``, among them ``FetchStopped``."""
        for _, answer in self.fetch_each([request], should_stop=should_stop):
            if isinstance(answer, FetchError):
                raise answer
            return answer
        raise FetchStopped("nothing was fetched: the program is stopping")

    def post(
        self, url: str, form: Sequence[tuple[str, str]], *, should_stop: Callable[[], bool] = lambda: False
    ) -> int:
        """Wait for ``Client.post``. Raises ``FetchError``.

        Raises ``FetchStopped`` when ``should_stop`` returns true or the thread is being closed.
        """
        with self._gate:
            if self._closed or should_stop():
                raise FetchStopped(f"{url} was not asked: the program is stopping")
            future = asyncio.run_coroutine_threadsafe(self._client.post(url, form), self._loop)
        while not wait((future,), timeout=_SILENCE).done:
            if should_stop():
                future.cancel()
        try:
            return future.result()
        except CancelledError as error:
            raise FetchStopped(f"{url} was not asked: the program is stopping") from error

    def close(self) -> None:
        """Abandon what is under way, close every connection and wait for the thread to end."""
        with self._gate:
            if not self._closed:
                self._closed = True
                self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join()

    def _start(self, batch: Batch, requests: Iterable[FetchRequest]) -> "Future[None]":
        """Fetch these as well; nothing once the thread is closed."""
        lanes = batch.lanes_of(list(requests))
        with self._gate:
            if not self._closed:
                return asyncio.run_coroutine_threadsafe(batch.run(lanes, self._client.fetch), self._loop)
        batch.results.put(None)
        return Future()

    def _make_room(self, batch: Batch, bodies: int) -> None:
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
    """Raise the soft limit of open files as far as the hard limit allows."""
    limit, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = _OPEN_FILES if most == resource.RLIM_INFINITY else min(_OPEN_FILES, most)
    if limit != resource.RLIM_INFINITY and limit < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, most))
