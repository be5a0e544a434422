"""Options of SMTP, and ``smtplib`` with a deadline and a size limit for the replies while it connects.

By itself ``smtplib`` reads any number of lines, and waits for ever for a server that sends single bytes.
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

MAX_REPLY_BYTES = 65_536
"""Size limit of a reply with all its lines; RFC 5321 section 4.5.3.1.5 allows 512 bytes a line."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SmtpOptions:
    """Options of the mail server. ``domain`` is the name in EHLO, never the host's name.

    ``connections`` is the maximum of open connections. As many again may have waited ``slow`` seconds for a
    reply. ``timeout`` (seconds) bounds every step but the reply to the body, which has ``final_timeout``.
    RFC 5321 section 4.5.3.2.6 asks for ten minutes; with less, mail on slow servers becomes uncertain.
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
    def server_name(self) -> str:
        """Return the name of the server in errors."""
        return f"The mail server {self.host}:{self.port}"

    @property
    def redact(self) -> Redactor:
        """Return a function that removes the password from the server's replies."""
        return Redactor(self.username, self.password)


class BoundedSMTP(smtplib.SMTP):
    """SMTP connection that must be open ``total_timeout`` seconds after its first reply."""

    def __init__(self, *address: Any, total_timeout: float, **options: Any) -> None:
        self._total_timeout = total_timeout
        self._deadline: float | None = None
        super().__init__(*address, **options)

    def getreply(self) -> tuple[int, bytes]:
        """Read a reply of a bounded length."""
        if self._deadline is None:
            self._deadline = time.monotonic() + self._total_timeout
        if self.sock is not None:
            if self.file is None:
                step = self.sock.gettimeout() or math.inf
                self._replies = BoundedStream(self.sock, deadline=self._deadline, step=step)
                self.file = io.BufferedReader(self._replies)
            self._replies.left = MAX_REPLY_BYTES
        return super().getreply()

    def detach_socket(self) -> socket.socket | None:
        """Hand over the open socket to the caller."""
        connection, self.sock = self.sock, None
        self.file = None
        return connection


class BoundedTlsSMTP(BoundedSMTP, smtplib.SMTP_SSL):
    """SMTP connection under TLS from the first byte."""
