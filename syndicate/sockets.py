"""Reading from a socket whose other end is not trusted: within a length and a deadline."""

import io
import math
import socket
import time


class AnswerTooLong(OSError):
    """The other end sent more than it may."""


class BoundedStream(io.RawIOBase):
    """Stream of a socket: at most ``left`` more bytes, until ``deadline`` of the monotonic clock.

    ``step`` is the most seconds to wait for each piece. Reading raises ``TimeoutError`` when a wait is over,
    and ``AnswerTooLong``. The socket belongs to the caller.
    """

    def __init__(
        self, connection: socket.socket, *, left: int = 0, deadline: float = 0.0, step: float = math.inf
    ) -> None:
        super().__init__()
        self.left, self.deadline = left, deadline
        self._connection, self._step = connection, step

    def readable(self) -> bool:
        """Return whether it can be read: always."""
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        """Take what has come, at least one byte; return 0 at the end of the connection."""
        wait = min(self._step, self.deadline - time.monotonic())
        if wait <= 0:
            raise TimeoutError("it took too long")
        self._connection.settimeout(wait)
        count = self._connection.recv_into(buffer)
        self.left -= count
        if self.left < 0:
            raise AnswerTooLong("it answered without end")
        return count
