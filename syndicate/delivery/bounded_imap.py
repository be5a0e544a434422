"""The standard library's IMAP client with a deadline and a length for each answer.

By itself it keeps answers of any length, and waits for ever for a server that sends a byte now and then.
"""

import imaplib
import io
import socket
import ssl
import time
from types import TracebackType

from syndicate.sockets import AnswerTooLong, BoundedStream

LONGEST_ANSWER = 16 * 1024 * 1024
"""Bytes: the numbers of a million messages. The standard library gives up a line at a million bytes."""


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
        self._stream = BoundedStream(self.sock, left=LONGEST_ANSWER, deadline=self._deadline, step=self._step)
        self._answers = io.BufferedReader(self._stream)

    def shutdown(self) -> None:
        """Close the connection."""
        self.sock.close()

    def allow(self, size: int) -> None:
        """From now on the server may send so many bytes; before the first call that is ``LONGEST_ANSWER``."""
        self._stream.left = size

    def read(self, size: int) -> bytes:
        """Just as many bytes, or fewer at the end of the connection."""
        # Before memory is taken for them.
        if size > self._stream.left:
            raise AnswerTooLong("it answered without end")
        return self._answers.read(size)

    def readline(self) -> bytes:
        """One line with its end, or what there is at the end of the connection."""
        return self._answers.readline()
