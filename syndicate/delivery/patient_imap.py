"""The standard library's IMAP client with a clock and a measure.

By itself it keeps whatever a server sends, of any length, and waits for ever for one that sends a byte now
and then: memory and the reader's thread would be in the hands of the server.
"""

import imaplib
import socket
import ssl
import time
from types import TracebackType

LONGEST_ANSWER = 16 * 1024 * 1024
"""Bytes: the numbers of a million messages. The standard library gives up a line at a million bytes."""

_CHUNK = 65_536


class PatientImap(imaplib.IMAP4):
    """An IMAP connection under TLS that ends after ``patience`` seconds, or when it is sent too much.

    ``timeout`` is how many seconds each step of an answer may take.
    """

    def __init__(
        self, host: str, port: int, *, context: ssl.SSLContext, timeout: float, patience: float
    ) -> None:
        self._context = context
        self._step = timeout
        self._deadline = time.monotonic() + patience
        self._left = LONGEST_ANSWER
        self._held = bytearray()
        super().__init__(host, port)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            super().__exit__(kind, error, trace)
        finally:
            self.shutdown()

    def open(self, host: str = "", port: int = 993, timeout: float | None = None) -> None:
        """Connect; each step may take as long as was said when the object was made."""
        plain = socket.create_connection((host, port), timeout or self._step)
        self.sock = self._context.wrap_socket(plain, server_hostname=host)

    def shutdown(self) -> None:
        """Close the connection."""
        self.sock.close()

    def allow(self, size: int) -> None:
        """From now on the server may send so many bytes; before the first call that is ``LONGEST_ANSWER``."""
        self._left = size

    def read(self, size: int) -> bytes:
        """Just as many bytes, or fewer at the end of the connection."""
        self._spend(size)
        while len(self._held) < size and self._receive():
            pass
        return self._take(size)

    def readline(self) -> bytes:
        """One line with its end, or what there is at the end of the connection."""
        looked_at = 0
        while (end := self._held.find(b"\n", looked_at)) < 0:
            looked_at = len(self._held)
            if looked_at > self._left or not self._receive():
                end = looked_at - 1
                break
        self._spend(end + 1)
        return self._take(end + 1)

    def _spend(self, size: int) -> None:
        self._left -= size
        if self._left < 0:
            raise OSError("it answered without end")

    def _take(self, size: int) -> bytes:
        taken = bytes(self._held[:size])
        del self._held[:size]
        return taken

    def _receive(self) -> bool:
        """Wait for more; false at the end of the connection."""
        patience = self._deadline - time.monotonic()
        if patience <= 0:
            raise TimeoutError("it took too long")
        self.sock.settimeout(min(self._step, patience))
        more = self.sock.recv(_CHUNK)
        self._held += more
        return bool(more)
