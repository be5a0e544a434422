"""SMTP connection: its socket, its protocol and its timeouts."""

import selectors
import time
from collections.abc import Sequence
from dataclasses import dataclass

from syndicate.delivery.smtp.bounded_smtp import SmtpOptions
from syndicate.delivery.smtp.protocol import SmtpProtocol
from syndicate.delivery.smtp.transport import SmtpTransport


@dataclass(eq=False)
class SmtpSession:
    """Protocol and transport of a connection; its times are in monotonic seconds."""

    _transport: SmtpTransport
    protocol: SmtpProtocol
    _selector: selectors.BaseSelector
    _options: SmtpOptions
    requested_at: float = 0.0
    deadline: float = 0.0

    def __post_init__(self) -> None:
        self._watched = self._transport.events
        self._selector.register(self._transport.socket, self._watched, self)

    def transfer(self, events: int) -> None:
        """Read, then write: a reply may say why the server is about to close the connection."""
        if events & selectors.EVENT_READ:
            self.receive()
        if events & selectors.EVENT_WRITE and self.protocol.lost is None:
            self._send()

    def receive(self) -> None:
        """Read from the server, and send the output that needs no commit."""
        protocol = self.protocol
        try:
            data = self._transport.receive()
        except OSError as error:
            self.connection_lost(f"broke the connection ({error.strerror or error})")
            return
        if data is None:
            self.connection_lost("closed the connection")
        elif data:
            judging = protocol.awaits_verdict
            if protocol.feed(data):
                self.flush()
            elif judging and not protocol.awaits_verdict:
                self._start_timeout(self._options.timeout)

    def flush(self) -> None:
        """Send the protocol's output and start the timeout for its reply."""
        out, size = self.protocol.outgoing()
        if out:
            options = self._options
            self._start_timeout(options.final_timeout if self.protocol.awaits_verdict else options.timeout)
            self._send(out, size)

    def is_slow(self, since: float) -> bool:
        """Return whether the server has owed a reply since before ``since`` (monotonic seconds)."""
        return self.requested_at < since and self.protocol.awaits_reply

    def connection_lost(self, why: str) -> None:
        """Tell the protocol of the loss, and the number of bytes that the kernel had not taken."""
        self.protocol.connection_lost(why, unsent=self._transport.unsent)

    def close(self) -> None:
        """Close the connection."""
        # The selector has dropped a socket that closed by itself.
        if self._transport.socket.fileno() >= 0:
            self._selector.unregister(self._transport.socket)
        self._transport.close()

    def _start_timeout(self, seconds: float) -> None:
        self.requested_at = time.monotonic()
        self.deadline = self.requested_at + seconds

    def _send(self, out: Sequence[bytes] = (), size: int = 0) -> None:
        try:
            self._transport.send(out, size)
        except OSError as error:
            self.connection_lost(f"broke the connection ({error.strerror or error})")
            return
        events = self._transport.events
        if events != self._watched:
            self._selector.modify(self._transport.socket, events, self)
            self._watched = events
