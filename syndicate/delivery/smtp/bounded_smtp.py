"""Options of SMTP, and the standard library's client with a deadline and a length for each reply.

The client opens a connection. By itself it reads replies of any number of lines, and waits for ever for a
server that sends a byte now and then.
"""

import io
import math
import smtplib
import socket
import time
from dataclasses import dataclass, field
from typing import Any, Literal

from syndicate.delivery.redaction import Redactor
from syndicate.sockets import BoundedStream

LONGEST_REPLY = 65_536
"""Bytes. A greeting with all its lines; RFC 5321 section 4.5.3.1.5 allows 512 a line."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SmtpOptions:
    """Submission of mail. ``domain`` is the name in EHLO, never the host's name.

    ``connections`` at most are open at once, not counting as many again that have waited for ``slow`` seconds
    for a reply. ``timeout`` (seconds) bounds every step but the last; ``final_timeout`` the reply to the
    body, for which RFC 5321 section 4.5.3.2.6 asks ten minutes: a shorter one makes slow servers look
    uncertain.
    """

    host: str
    port: int = 587
    tls: Literal["starttls", "tls", "none"] = "starttls"
    username: str = ""
    password: str = field(default="", repr=False)
    domain: str = "localhost"
    connections: int = 1
    timeout: float = 60.0
    final_timeout: float = 600.0
    slow: float = 5.0

    @property
    def place(self) -> str:
        """The server as messages name it."""
        return f"The mail server {self.host}:{self.port}"

    @property
    def redact(self) -> Redactor:
        """Return what removes the password from the server's words."""
        return Redactor(self.username, self.password)


class BoundedSMTP(smtplib.SMTP):
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


class BoundedTlsSMTP(BoundedSMTP, smtplib.SMTP_SSL):
    """The same under TLS from the first byte."""
