"""Parsing in processes that may die: strangers' bytes crash, hang or fill a worker, never the program.

A worker is a fresh interpreter (spawned: a forked one would inherit locks and connections),
reached over a socket pair. The caller waits with a deadline; a worker that misses it, breaks off or
runs out of memory is killed, the next call starts another, and the caller gets ``ParserDied``.
"""

import contextlib
import errno
import io
import pickle
import queue
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from typing import Any, BinaryIO

from syndicate.errors import ParseError, ParserClosed, ParserDied
from syndicate.ingest import parser_worker
from syndicate.ingest.readers import Document
from syndicate.model import ParsedSource

START_LIMIT = 60.0
"""Seconds a worker may take to import its libraries, on a machine busy with other things."""

MAX_ANSWER = 256 << 20
"""Bytes. What is in a document of the largest size is a few times as much when it is clean."""

_CODE = (
    "import sys; sys.path[:] = {path!r}; from syndicate.ingest.parser_worker import main; main({arguments})"
)
_ANSWER_CLASSES = frozenset(
    {
        ("syndicate.model.articles", "ParsedSource"),
        ("syndicate.model.articles", "Entry"),
        ("syndicate.model.articles", "Enclosure"),
        ("syndicate.model.articles", "Image"),
        ("syndicate.model.articles", "FeedLink"),
        ("syndicate.model.articles", "SitemapPart"),
        ("datetime", "datetime"),
        ("datetime", "timezone"),
        ("datetime", "timedelta"),
    }
)


class ParserPool:
    """A few worker processes that parse feeds, sitemaps and pages, shared by many threads.

    ``time_limit`` is in seconds of wall time for one document, ``memory_limit`` in bytes of address
    space for one worker. Workers start when they are first needed.
    """

    def __init__(self, workers: int = 2, *, time_limit: float = 20.0, memory_limit: int = 1 << 30) -> None:
        self._time_limit = time_limit
        self._memory_limit = memory_limit
        # Last in, first out: with little to do, one warm worker does it all.
        self._idle: queue.LifoQueue[_Worker | None] = queue.LifoQueue()
        for _ in range(workers):
            self._idle.put(None)
        self._lock = threading.Lock()
        self._alive: set[_Worker] = set()
        self._closed = False

    def parse(
        self,
        body: bytes,
        *,
        url: str,
        content_type: str,
        charset: str,
        known: frozenset[str],
        kind: Document = Document.FEED,
        **more: object,
    ) -> ParsedSource:
        """Return what ``readers.reader_of(kind)`` finds, in a worker; waits for a free one.

        May be called from many threads at once. ``more`` is what only that reader takes. Raises
        ``ParseError`` as the reader does, and ``ParserDied`` when the worker crashed, took too long or ran
        out of memory, or when the pool is closed.
        """
        request = {
            "body": body,
            "url": url,
            "content_type": content_type,
            "charset": charset,
            "known": known,
            "kind": kind,
            **more,
        }
        try:
            (parsed,) = self.parse_each([request])
        except ParserDied as error:
            raise type(error)(f"{url}: {error}") from error
        if isinstance(parsed, ParseError):
            raise parsed
        return parsed

    def parse_each(self, requests: Sequence[Mapping[str, Any]]) -> list[ParsedSource | ParseError]:
        """Several documents on one way to a worker and back, which costs as much as reading a short one.

        Each request holds the arguments of ``parse``. The error stands in the place of a document that was
        refused. Raises ``ParserDied`` when the worker did not survive all of them, in the time for one.
        """
        worker = self._idle.get()
        try:
            worker = worker or self._start()
            return worker.parse(requests, self._time_limit)
        except ParserDied as error:
            if worker:
                self._drop(worker)
            worker = None
            if self._closed:
                raise ParserClosed("the parser was closed") from error
            raise
        finally:
            if worker and self._closed:
                self._drop(worker)
                worker = None
            self._idle.put(worker)

    def close(self) -> None:
        """Kill every worker, busy or not, and refuse further work."""
        with self._lock:
            self._closed = True
            for worker in self._alive:
                worker.kill()
        # Busy workers belong to their threads, which see them end and clear up.
        idle = []
        with contextlib.suppress(queue.Empty):
            while True:
                idle.append(self._idle.get_nowait())
        for worker_or_none in idle:
            if worker_or_none:
                self._drop(worker_or_none)
            self._idle.put(None)

    def __enter__(self) -> "ParserPool":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _start(self) -> "_Worker":
        with self._lock:
            if self._closed:
                raise ParserDied("the parser was closed")
            worker = _Worker(self._time_limit, self._memory_limit)
            self._alive.add(worker)
        try:
            worker.wait_until_ready()
        except ParserDied:
            self._drop(worker)
            raise
        return worker

    def _drop(self, worker: "_Worker") -> None:
        with self._lock:
            self._alive.discard(worker)
        worker.stop()


class _Worker:
    """One process and our end of its socket."""

    def __init__(self, time_limit: float, memory_limit: int) -> None:
        self._connection, theirs = socket.socketpair()
        arguments = f"{theirs.fileno()}, {time_limit!r}, {memory_limit!r}"
        with theirs:
            self._process = subprocess.Popen(  # noqa: S603 - our own interpreter and our own code
                [sys.executable, "-c", _CODE.format(path=sys.path, arguments=arguments)],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                pass_fds=(theirs.fileno(),),
                start_new_session=True,
            )
        self._incoming = Incoming(self._connection)
        self._answers = io.BufferedReader(self._incoming, parser_worker.BUFFER)

    def wait_until_ready(self) -> None:
        self._exchange(None, START_LIMIT)

    def parse(
        self, requests: Sequence[Mapping[str, Any]], time_limit: float
    ) -> list[ParsedSource | ParseError]:
        answers = self._exchange(requests, time_limit)
        found = [_parsed(kind, value) for kind, value in answers]
        if len(found) != len(requests):
            raise ParserDied(f"the parser gave {len(found)} answers to {len(requests)} questions")
        return found

    def _exchange(
        self, requests: Sequence[Mapping[str, Any]] | None, time_limit: float
    ) -> list[tuple[str, Any]]:
        deadline = time.monotonic() + time_limit
        try:
            self._connection.settimeout(time_limit)
            if requests is not None:
                parser_worker.send(self._connection, requests)
            self._incoming.expect(MAX_ANSWER, deadline)
            return read_answers(self._answers)
        except TimeoutError as error:
            raise ParserDied(f"the parser took longer than {time_limit:g} seconds and was stopped") from error
        except (OSError, EOFError) as error:
            raise ParserDied(f"the parser {self._death()}") from error

    def _death(self) -> str:
        try:
            code = self._process.wait(5)
        except subprocess.TimeoutExpired:
            return "closed its connection"
        return f"was ended by {signal.Signals(-code).name}" if code < 0 else f"ended with exit code {code}"

    def kill(self) -> None:
        self._process.kill()

    def stop(self) -> None:
        self._process.kill()
        self._process.wait()
        self._connection.close()


def _parsed(kind: str, value: Any) -> ParsedSource | ParseError:
    if kind == "parsed" and isinstance(value, ParsedSource):
        return value
    if kind == "refused":
        return ParseError(str(value))
    if kind == "memory":
        raise ParserDied("the parser ran out of memory")
    raise ParserDied(f"the parser failed: {value}")


class Incoming(io.RawIOBase):
    """Stream of a socket: at most so many bytes of one message, until a time of the monotonic clock.

    Reading raises ``EOFError`` when the other end closed, ``TimeoutError`` after the deadline, and
    ``OSError`` when there is more.
    """

    def __init__(self, connection: socket.socket) -> None:
        super().__init__()
        self._connection = connection

    def expect(self, most: int, deadline: float) -> None:
        """Begin to wait for the next message."""
        self._left, self._deadline = most, deadline

    def readable(self) -> bool:
        """Return whether it can be read: always."""
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        """Return what has come, at least one byte."""
        self._connection.settimeout(max(0.001, self._deadline - time.monotonic()))
        count = self._connection.recv_into(buffer)
        self._left -= count
        if not count:
            raise EOFError
        if self._left < 0:
            raise OSError(errno.EMSGSIZE, "a message that is too long")
        return count


def read_answers(source: BinaryIO) -> list[tuple[str, Any]]:
    """Return a worker's answer for each document; a hostile document may control the worker.

    Raises what reading raises, and ``ParserDied`` for anything but what a worker of ours has to say.
    """
    try:
        return [(str(kind), value) for kind, value in _AnswerReader(source).load()]
    except (OSError, EOFError):
        raise
    except Exception as error:
        raise ParserDied(f"the parser gave a strange answer: {type(error).__name__}: {error}") from error


class _AnswerReader(pickle.Unpickler):
    def find_class(self, module: str, name: str) -> Any:
        if (module, name) not in _ANSWER_CLASSES:
            raise pickle.UnpicklingError(f"{module}.{name}")
        return super().find_class(module, name)
