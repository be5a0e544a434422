"""The standard library's SMTP client with a clock and a measure: for a connection's opening, which it does.

By itself it reads replies of any number of lines, and a server that sends a byte now and then keeps it for
ever: memory and the sender's thread would be in the hands of whoever answers.
"""

import smtplib
import socket
import threading
from contextlib import suppress
from typing import Any

LONGEST_REPLY = 65_536
"""Bytes. A greeting with all its lines; RFC 5321 section 4.5.3.1.5 allows 512 a line."""


class PlainSmtp(smtplib.SMTP):
    """An SMTP connection that is open within ``patience`` seconds, or closed."""

    def __init__(self, *where: Any, patience: float, **more: Any) -> None:
        self._clock = threading.Timer(patience, self._give_up)
        self._clock.daemon = True
        super().__init__(*where, **more)

    def getreply(self) -> tuple[int, bytes]:
        """One reply of a bounded length."""
        if not self._clock.is_alive() and not self._clock.finished.is_set():
            self._clock.start()
        if self.sock is not None:
            if self.file is None:
                self.file = _Replies(self.sock.makefile("rb"))
            self.file.left = LONGEST_REPLY
        return super().getreply()

    def take_socket(self) -> socket.socket | None:
        """The open connection, which is the caller's from now on."""
        self._clock.cancel()
        connection, self.sock = self.sock, None
        if self.file is not None:
            self.file.close()
        self.file = None
        return connection

    def close(self) -> None:
        """Close, whatever the state."""
        self._clock.cancel()
        super().close()

    def _give_up(self) -> None:
        connection = self.sock
        if connection is not None:
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)


class TlsSmtp(PlainSmtp, smtplib.SMTP_SSL):
    """The same under TLS from the first byte."""


class _Replies:
    """The lines of a server, ``left`` bytes of them at most."""

    def __init__(self, file: Any) -> None:
        self.left = 0
        self._file = file

    def readline(self, size: int) -> bytes:
        line: bytes = self._file.readline(size)
        self.left -= len(line)
        if self.left < 0:
            raise OSError("it answered without end")
        return line

    def close(self) -> None:
        self._file.close()
