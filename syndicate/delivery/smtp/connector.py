"""Opening of connections, each in its own thread, because greeting, TLS and login block."""

import logging
import queue
import socket
import threading
import time
from collections.abc import Callable
from contextlib import suppress

from syndicate.delivery.smtp.protocol import SmtpFeatures
from syndicate.errors import MailError, TransportDown

log = logging.getLogger("syndicate.delivery")

Connection = tuple[socket.socket, SmtpFeatures]


class SmtpConnector:
    """Open connections with ``connect``; the socket ``wakeup`` becomes readable when a result is there."""

    def __init__(self, connect: Callable[[], Connection], server_name: str) -> None:
        self.wakeup, self._waker = socket.socketpair()
        self._connect = connect
        self._server_name = server_name
        self._results: queue.SimpleQueue[tuple[float, Connection | MailError]] = queue.SimpleQueue()
        self._started: list[float] = []
        self._closed = False

    @property
    def pending(self) -> int:
        """Return the number of connections that are being opened."""
        return len(self._started)

    def pending_since(self, at: float) -> int:
        """Return the number of connections whose opening started before ``at`` (monotonic seconds)."""
        return sum(started < at for started in self._started)

    def start(self) -> None:
        """Open another connection."""
        started = time.monotonic()
        self._started.append(started)
        threading.Thread(target=self._open, args=(started,), daemon=True).start()

    def results(self) -> list[Connection | MailError]:
        """Return the connections and errors since the last call."""
        results: list[Connection | MailError] = []
        with suppress(queue.Empty):
            while True:
                started, result = self._results.get_nowait()
                self._started.remove(started)
                results.append(result)
        return results

    def close(self) -> None:
        """Close the connections that the caller has not taken, now or once they are open."""
        self._closed = True
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
            # Without a result the caller would wait for ever for this thread.
            log.exception("a connection could not be opened")
            result = TransportDown(f"{self._server_name} cannot be used ({type(bug).__name__}: {bug})")
        self._results.put((started, result))
        with suppress(OSError):
            self._waker.send(b"!")
        if self._closed:
            self._close_unused()

    def _close_unused(self) -> None:
        with suppress(queue.Empty):
            while True:
                _, result = self._results.get_nowait()
                if not isinstance(result, MailError):
                    result[0].close()
