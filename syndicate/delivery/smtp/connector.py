"""Opening of connections, each in a thread of its own: greeting, TLS and login may take their time."""

import logging
import queue
import socket
import threading
import time
from collections.abc import Callable
from contextlib import suppress

from syndicate.delivery.smtp.protocol import Features
from syndicate.errors import MailError, TransportDown

log = logging.getLogger("syndicate.delivery")

Connection = tuple[socket.socket, Features]


class Opener:
    """Opens connections with ``connect``; ``wakeup`` becomes readable when a result is there."""

    def __init__(self, connect: Callable[[], Connection], place: str) -> None:
        self.wakeup, self._waker = socket.socketpair()
        self._connect = connect
        self._place = place
        self._results: queue.SimpleQueue[tuple[float, Connection | MailError]] = queue.SimpleQueue()
        self._started: list[float] = []
        self._finished = False

    @property
    def pending(self) -> int:
        """Return how many connections are being opened."""
        return len(self._started)

    def pending_since(self, at: float) -> int:
        """Return how many of them began before a moment of the monotonic clock."""
        return sum(started < at for started in self._started)

    def start(self) -> None:
        """Begin to open one more connection."""
        started = time.monotonic()
        self._started.append(started)
        threading.Thread(target=self._open, args=(started,), daemon=True).start()

    def results(self) -> list[Connection | MailError]:
        """Return the connections that were opened since the last call, and the errors of the others."""
        found: list[Connection | MailError] = []
        with suppress(queue.Empty):
            while True:
                started, result = self._results.get_nowait()
                self._started.remove(started)
                found.append(result)
        return found

    def close(self) -> None:
        """Close what was opened and not asked for, now or when it is open."""
        self._finished = True
        self._close_unused()
        self.wakeup.close()
        self._waker.close()

    def _open(self, started: float) -> None:
        result: Connection | MailError
        try:
            result = self._connect()
        except MailError as error:
            result = error
        except Exception as bug:
            # A thread that ended without a result would be waited for for ever.
            log.exception("a connection could not be opened")
            result = TransportDown(f"{self._place} cannot be used ({type(bug).__name__}: {bug})")
        self._results.put((started, result))
        with suppress(OSError):
            self._waker.send(b"!")
        if self._finished:
            self._close_unused()

    def _close_unused(self) -> None:
        with suppress(queue.Empty):
            while True:
                _, result = self._results.get_nowait()
                if not isinstance(result, MailError):
                    result[0].close()
