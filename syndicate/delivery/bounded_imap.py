"""``imaplib`` with a deadline and a size limit for each response.

By itself ``imaplib`` keeps responses of any length, and waits for ever for a server that sends single bytes.
"""

import imaplib
import io
import socket
import ssl
import time
from types import TracebackType

from syndicate.sockets import AnswerTooLong, BoundedStream

MAX_RESPONSE_BYTES = 16 * 1024 * 1024
"""Size of the ids of a million messages. ``imaplib`` itself gives up at lines of a million bytes."""


class BoundedImap(imaplib.IMAP4):
    """IMAP connection under TLS with limits on size and time (``timeout`` per read)."""

    def __init__(
        self, host: str, port: int, *, context: ssl.SSLContext, timeout: float, total_timeout: float
    ) -> None:
        self._context = context
        self._step = timeout
        self._deadline = time.monotonic() + total_timeout
        super().__init__(host, port)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            super().__exit__(kind, error, trace)
        finally:
            self.shutdown()

    def open(self, host: str = "", port: int = 993, timeout: float | None = None) -> None:
        """Connect under TLS."""
        plain = socket.create_connection((host, port), timeout or self._step)
        self.sock = self._context.wrap_socket(plain, server_hostname=host)
        self._stream = BoundedStream(
            self.sock, left=MAX_RESPONSE_BYTES, deadline=self._deadline, step=self._step
        )
        self._responses = io.BufferedReader(self._stream)

    def shutdown(self) -> None:
        """Close the connection."""
        self.sock.close()

    def allow(self, size: int) -> None:
        """Let the server send ``size`` bytes from now on; before, the limit is ``MAX_RESPONSE_BYTES``."""
        self._stream.left = size

    def read(self, size: int) -> bytes:
        """Read ``size`` bytes, or fewer at the end of the connection."""
        # Checked before the buffer is allocated.
        if size > self._stream.left:
            raise AnswerTooLong("it answered without end")
        return self._responses.read(size)

    def readline(self) -> bytes:
        """Read a line with its end, or the remaining bytes at the end of the connection."""
        return self._responses.readline()
