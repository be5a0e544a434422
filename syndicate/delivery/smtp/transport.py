"""A connection that never blocks: pieces go out as the kernel takes them, bytes come in as they are there."""

import selectors
import socket
import ssl
from collections.abc import Sequence

# Replies are short; a larger buffer would be made and cut for each of them.
_CHUNK = 8192
# A whole message fits, so that one system call usually takes it.
_BUFFER = 1 << 18
# More pieces no system call takes (IOV_MAX of Linux, macOS and the BSDs).
_MOST_PIECES = 1024
_NOT_NOW = (BlockingIOError, InterruptedError, ssl.SSLWantReadError, ssl.SSLWantWriteError)


class Wire:
    """A socket, plain or TLS, with what has yet to be sent over it."""

    def __init__(self, connection: socket.socket) -> None:
        connection.settimeout(0)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _BUFFER)
        self.socket = connection
        self._encrypted = isinstance(connection, ssl.SSLSocket)
        self._left: memoryview = memoryview(b"")

    @property
    def unsent(self) -> int:
        """Return how many bytes at the end of all that was sent the kernel does not have.

        Under TLS they may be encrypted already, but a record of which a byte is missing says nothing.
        """
        return len(self._left)

    @property
    def events(self) -> int:
        """Return the events to wait for."""
        return selectors.EVENT_READ | (selectors.EVENT_WRITE if self._left else 0)

    def send(self, pieces: Sequence[bytes] = (), size: int = 0) -> None:
        """Send pieces, ``size`` bytes in all, after what still waits; ``OSError`` when that cannot be."""
        if self._left or self._encrypted:
            self._left = memoryview(bytes(self._left) + b"".join(pieces)) if pieces else self._left
            self._flush()
        elif pieces:
            if len(pieces) > _MOST_PIECES:
                pieces = (b"".join(pieces),)
            try:
                sent = self.socket.sendmsg(pieces)
            except _NOT_NOW:
                sent = 0
            except OSError:
                self._left = memoryview(b"".join(pieces))
                raise
            if sent < size:
                self._left = memoryview(b"".join(pieces))[sent:]

    def _flush(self) -> None:
        try:
            while self._left:
                self._left = self._left[self.socket.send(self._left) :]
        except _NOT_NOW:
            return

    def receive(self) -> bytes | None:
        """Return what has come in.

        ``None`` at the end of the stream, ``OSError`` when the connection is gone.
        """
        try:
            data = self.socket.recv(_CHUNK)
        except _NOT_NOW:
            return b""
        # TLS may hold more than the socket shows.
        while data and isinstance(self.socket, ssl.SSLSocket) and (pending := self.socket.pending()):
            data += self.socket.recv(pending)
        return data or None

    def close(self) -> None:
        """Close, whatever the state."""
        self.socket.close()
