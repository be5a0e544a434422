"""The standard library's SMTP client with a clock and a measure: for a connection's opening, which it does.

By itself it reads replies of any number of lines, and a server that sends a byte now and then keeps it for
ever: memory and the sender's thread would be in the hands of the server.
"""

import io
import math
import smtplib
import socket
import time
from typing import Any

from syndicate.sockets import BoundedStream

LONGEST_REPLY = 65_536
"""Bytes. A greeting with all its lines; RFC 5321 section 4.5.3.1.5 allows 512 a line."""


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
                step = self.sock.gettimeout() or math.inf
                self._replies = BoundedStream(self.sock, deadline=self._deadline, step=step)
                self.file = io.BufferedReader(self._replies)
            self._replies.left = LONGEST_REPLY
        return super().getreply()

    def take_socket(self) -> socket.socket | None:
        """The open connection, which is the caller's from now on."""
        connection, self.sock = self.sock, None
        self.file = None
        return connection


class TlsSmtp(PlainSmtp, smtplib.SMTP_SSL):
    """The same under TLS from the first byte."""
