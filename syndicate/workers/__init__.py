"""Worker processes for untrusted documents and templates, which may crash or fill a worker only.

A worker is a fresh interpreter (spawned: a forked process would inherit locks and connections), reached over
a socket pair. A worker that misses the caller's deadline, closes its socket or runs out of memory is killed.
The caller gets ``WorkerDied``, and the next call starts another worker.
"""

import contextlib
import io
import pickle
import queue
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Sequence
from typing import Any, BinaryIO

from syndicate.memory import register
from syndicate.sockets import AnswerTooLong, BoundedStream
from syndicate.workers import process

START_LIMIT = 60.0
"""Seconds that a worker may take to import its libraries, on a busy machine."""

_CODE = "import sys; sys.path[:] = {path!r}; from syndicate.workers.process import main; main({arguments})"

Answers = list[tuple[str, Any]]


class WorkerDied(Exception):
    """The worker crashed, took too long, ran out of memory or sent an invalid answer.

    ``ingest.worker.parser_pool`` turns it into ``ParserDied``, ``workers.rendering`` into ``RenderError``.
    """


class WorkerTimeout(WorkerDied):
    """The worker missed the deadline and was killed."""


class WorkerClosed(WorkerDied):
    """The pool was closed."""


class WorkerPool:
    """Pool of worker processes, shared by many threads; a worker starts when it is first needed.

    A worker calls the function ``answer`` of ``module`` for each request. ``time_limit`` is in seconds of
    processor time, ``memory_limit`` in bytes of address space. Answers have at most ``max_answer`` bytes and
    contain only ``classes`` (module and name).
    """

    def __init__(
        self,
        module: str,
        workers: int,
        *,
        time_limit: float,
        memory_limit: int,
        max_answer: int,
        classes: frozenset[tuple[str, str]] = frozenset(),
    ) -> None:
        self._arguments = f"{module!r}, {{}}, {time_limit!r}, {memory_limit!r}"
        self._max_answer, self._classes = max_answer, classes
        # Last in, first out: a single warm worker serves a low load.
        self._idle: queue.LifoQueue[_Worker | None] = queue.LifoQueue()
        for _ in range(workers):
            self._idle.put(None)
        self._lock = threading.Lock()
        self._alive: set[_Worker] = set()
        self._closed = False
        register(self)

    def exchange(self, requests: Sequence[object], time_limit: float) -> Answers:
        """Send requests to a free worker and return its answers; raises ``WorkerDied``.

        Waits for a free worker, then at most ``time_limit`` seconds.
        """
        worker, is_sound = self._idle.get(), False
        try:
            worker = worker or self._start()
            answers = worker.exchange(requests, time_limit)
            is_sound = not answers or answers[-1][0] != "memory"
        except WorkerDied as error:
            if self._closed:
                raise WorkerClosed("was closed") from error
            raise
        else:
            return answers
        finally:
            if worker and (self._closed or not is_sound):
                self._drop(worker)
                worker = None
            self._idle.put(worker)

    def close(self) -> None:
        """Kill every worker, busy or not, and refuse further work."""
        with self._lock:
            self._closed = True
            for worker in self._alive:
                worker.kill()
        # Threads with a busy worker see its end and drop it.
        self._end_idle(lambda _: True)

    def release_unused(self) -> bool:
        """End the workers that were not used since the last call; return whether there were any."""
        return self._end_idle(lambda worker: not worker.used)

    def _end_idle(self, ends: "Callable[[_Worker], bool]") -> bool:
        idle = []
        with contextlib.suppress(queue.Empty):
            while True:
                idle.append(self._idle.get_nowait())
        ended = {worker for worker in idle if worker and ends(worker)}
        for worker in ended:
            self._drop(worker)
        # A warm worker lies above the empty places.
        kept = [worker for worker in reversed(idle) if worker and worker not in ended]
        for worker in kept:
            worker.used = False
        for place in [None] * (len(idle) - len(kept)) + kept:
            self._idle.put(place)
        return bool(ended)

    def _start(self) -> "_Worker":
        with self._lock:
            if self._closed:
                raise WorkerClosed("was closed")
            worker = _Worker(self._arguments, self._max_answer, self._classes)
            self._alive.add(worker)
        try:
            worker.exchange(None, START_LIMIT)
        except WorkerDied:
            self._drop(worker)
            raise
        return worker

    def _drop(self, worker: "_Worker") -> None:
        with self._lock:
            self._alive.discard(worker)
        worker.stop()


class _Worker:
    """Worker process and the parent's end of its socket."""

    def __init__(self, arguments: str, max_answer: int, classes: frozenset[tuple[str, str]]) -> None:
        self._max_answer, self._classes = max_answer, classes
        self.used = True
        self._connection, child_end = socket.socketpair()
        code = _CODE.format(path=sys.path, arguments=arguments.format(child_end.fileno()))
        with child_end:
            self._process = subprocess.Popen(  # noqa: S603 - this interpreter and this program's code
                [sys.executable, "-c", code],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                pass_fds=(child_end.fileno(),),
                start_new_session=True,
            )
        self._incoming = Incoming(self._connection)
        self._answers = io.BufferedReader(self._incoming, process.BUFFER)

    def exchange(self, requests: Sequence[object] | None, time_limit: float) -> Answers:
        self.used = True
        deadline = time.monotonic() + time_limit
        try:
            self._connection.settimeout(time_limit)
            if requests is not None:
                process.send(self._connection, requests)
            self._incoming.left, self._incoming.deadline = self._max_answer, deadline
            return read_answers(self._answers, self._classes)
        except TimeoutError as error:
            raise WorkerTimeout(f"took longer than {time_limit:g} seconds and was stopped") from error
        except (OSError, EOFError) as error:
            too_long = isinstance(error, AnswerTooLong)
            raise WorkerDied("sent an answer that is too long" if too_long else self._death()) from error

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


class Incoming(BoundedStream):
    """Stream of a worker's answers. Reading raises ``EOFError`` when the worker closed its end."""

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        """Read the bytes that have arrived; waits for the first byte."""
        if not (count := super().readinto(buffer)):
            raise EOFError
        return count


def read_answers(source: BinaryIO, classes: frozenset[tuple[str, str]]) -> Answers:
    """Return a worker's answers; a hostile document may control the worker.

    Raises the errors of reading, and ``WorkerDied`` for an invalid answer or other classes than ``classes``.
    """
    try:
        return [(str(kind), value) for kind, value in _AnswerReader(source, classes).load()]
    except (OSError, EOFError):
        raise
    except Exception as error:
        raise WorkerDied(f"sent an invalid answer: {type(error).__name__}: {error}") from error


class _AnswerReader(pickle.Unpickler):
    def __init__(self, source: BinaryIO, classes: frozenset[tuple[str, str]]) -> None:
        super().__init__(source)
        self._classes = classes

    def find_class(self, module: str, name: str) -> Any:
        if (module, name) not in self._classes:
            raise pickle.UnpicklingError(f"{module}.{name}")
        return super().find_class(module, name)
