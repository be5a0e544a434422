"""Socket that never blocks, with a buffer for the bytes that the kernel has not taken."""

import selectors
import socket
import ssl
from collections.abc import Sequence

# Replies are short, and each read allocates its whole buffer.
_READ_BYTES = 8192
# A whole message fits, so that one system call usually sends it.
_SEND_BUFFER_BYTES = 1 << 18
# IOV_MAX of Linux, macOS and the BSDs.
_MAX_PIECES = 1024
_WOULD_BLOCK = (BlockingIOError, InterruptedError, ssl.SSLWantReadError, ssl.SSLWantWriteError)


class SmtpTransport:
    """Plain or TLS socket with its unsent bytes."""

    def __init__(self, connection: socket.socket) -> None:
        connection.settimeout(0)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _SEND_BUFFER_BYTES)
        self.socket = connection
        self._encrypted = isinstance(connection, ssl.SSLSocket)
        self._unsent: memoryview = memoryview(b"")

    @property
    def unsent(self) -> int:
        """Return the number of bytes that the kernel has not taken."""
        return len(self._unsent)

    @property
    def events(self) -> int:
        """Return the selector events to wait for."""
        return selectors.EVENT_READ | (selectors.EVENT_WRITE if self._unsent else 0)

    def send(self, pieces: Sequence[bytes] = (), size: int = 0) -> None:
        """Send pieces of ``size`` bytes in all, after the unsent bytes. Raises ``OSError``."""
        if self._unsent or self._encrypted:
            self._unsent = memoryview(bytes(self._unsent) + b"".join(pieces)) if pieces else self._unsent
            self._flush()
        elif pieces:
            if len(pieces) > _MAX_PIECES:
                pieces = (b"".join(pieces),)
            try:
                sent = self.socket.sendmsg(pieces)
            except _WOULD_BLOCK:
                sent = 0
            except OSError:
                self._unsent = memoryview(b"".join(pieces))
                raise
            if sent < size:
                self._unsent = memoryview(b"".join(pieces))[sent:]

    def _flush(self) -> None:
        try:
            while self._unsent:
                self._unsent = self._unsent[self.socket.send(self._unsent) :]
        except _WOULD_BLOCK:
            return

    def receive(self) -> bytes | None:
        """Return received bytes, ``None`` at the end of the stream. Raises ``OSError``."""
        try:
            data = self.socket.recv(_READ_BYTES)
        except _WOULD_BLOCK:
            return b""
        # The TLS layer may have decrypted more than the socket reports.
        while data and isinstance(self.socket, ssl.SSLSocket) and (pending := self.socket.pending()):
            data += self.socket.recv(pending)
        return data or None

    def close(self) -> None:
        """Close the socket."""
        self.socket.close()
