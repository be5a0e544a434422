"""Reading from an untrusted socket within a length and a deadline."""

import io
import math
import socket
import time


class AnswerTooLong(OSError):
    """The other end sent more bytes than allowed."""


class BoundedStream(io.RawIOBase):
    """Stream of a socket, for at most ``left`` more bytes until ``deadline`` of the monotonic clock.

    A read waits at most ``step`` seconds. It raises ``TimeoutError`` and ``AnswerTooLong``. The caller owns
    the socket.
    """

    def __init__(
        self, connection: socket.socket, *, left: int = 0, deadline: float = 0.0, step: float = math.inf
    ) -> None:
        super().__init__()
        self.left, self.deadline = left, deadline
        self._connection, self._step = connection, step

    def readable(self) -> bool:
        """Return true."""
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        """Read the bytes that have arrived; return 0 at the end of the connection."""
        wait = min(self._step, self.deadline - time.monotonic())
        if wait <= 0:
            raise TimeoutError("it took too long")
        self._connection.settimeout(wait)
        count = self._connection.recv_into(buffer)
        self.left -= count
        if self.left < 0:
            raise AnswerTooLong("it answered without end")
        return count
