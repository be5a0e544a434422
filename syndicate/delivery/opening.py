"""The standard library's SMTP client with a clock and a measure: for a connection's opening, which it does.

By itself it reads replies of any number of lines, and a server that sends a byte now and then keeps it for
ever: memory and the sender's thread would be in the hands of the server.
"""

import math
import smtplib
import socket
import time
from typing import Any

LONGEST_REPLY = 65_536
"""Bytes. A greeting with all its lines; RFC 5321 section 4.5.3.1.5 allows 512 a line."""

_CHUNK = 8192


class PlainSmtp(smtplib.SMTP):
    """An SMTP connection that is open within ``patience`` seconds, counted from its first reply, or fails."""

    def __init__(self, *where: Any, patience: float, **more: Any) -> None:
        self._patience = patience
        self._deadline: float | None = None
        super().__init__(*where, **more)

    def getreply(self) -> tuple[int, bytes]:
        """One reply of a bounded length."""
        if self._deadline is None:
            self._deadline = time.monotonic() + self._patience
        if self.sock is not None:
            if self.file is None:
                self.file = _Replies(self.sock, self._deadline)
            self.file.left = LONGEST_REPLY
        return super().getreply()

    def take_socket(self) -> socket.socket | None:
        """The open connection, which is the caller's from now on."""
        connection, self.sock = self.sock, None
        self.file = None
        return connection


class TlsSmtp(PlainSmtp, smtplib.SMTP_SSL):
    """The same under TLS from the first byte."""


class _Replies:
    """The lines of a server: ``left`` bytes of them at most, and none after ``deadline`` (monotonic)."""

    def __init__(self, connection: socket.socket, deadline: float) -> None:
        self.left = 0
        self._connection = connection
        self._deadline = deadline
        self._timeout = connection.gettimeout() or math.inf
        self._read = b""

    def readline(self, size: int) -> bytes:
        while b"\n" not in self._read[:size] and len(self._read) < size and (more := self._receive()):
            self._read += more
        end = self._read.find(b"\n", 0, size) + 1 or size
        line, self._read = self._read[:end], self._read[end:]
        self.left -= len(line)
        if self.left < 0:
            raise OSError("it answered without end")
        return line

    def close(self) -> None:
        """Do nothing: the socket belongs to another object."""

    def _receive(self) -> bytes:
        patience = self._deadline - time.monotonic()
        if patience <= 0:
            raise TimeoutError("it took too long to let us in")
        self._connection.settimeout(min(self._timeout, patience))
        return self._connection.recv(_CHUNK)
