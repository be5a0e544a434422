"""An SMTP server that answers exactly what a test says, on loopback."""

import math
import socket
import ssl
import threading
from collections.abc import Mapping
from contextlib import suppress
from types import TracebackType
from typing import BinaryIO, Self

DROP = b"<drop>"
SILENCE = b"<silence>"
DROP_AFTER = b"<drop after>"
HOLD = b"<hold>"

PIPELINING = {"EHLO": b"250-test\r\n250-PIPELINING\r\n250 8BITMIME\r\n"}

_GREETING = b"220 test ready\r\n"
_DEFAULTS: Mapping[str, bytes] = {
    "CONNECT": _GREETING,
    "EHLO": b"250-test\r\n250 8BITMIME\r\n",
    "HELO": b"250 test\r\n",
    "MAIL": b"250 ok\r\n",
    "RCPT": b"250 ok\r\n",
    "DATA": b"354 go on\r\n",
    "BODY": b"250 taken\r\n",
    "RSET": b"250 ok\r\n",
    "QUIT": b"221 bye\r\n",
}


class ScriptedSmtp:
    """``replies`` overrides the answer to a command, for each connection in turn; the last one repeats.

    ``BODY`` is the answer to the final dot. A tuple holds the answers of one connection in order, the last
    one repeating. An answer may be ``DROP`` (close), ``SILENCE`` (say nothing more), begin with ``HOLD``
    (answer the rest once ``release`` is set), or end in ``DROP_AFTER`` (answer, then close). ``commands`` and
    ``bodies`` hold what came in, ``accepted`` the bodies that were answered with 250. A body longer than
    ``limit`` bytes makes the server close in its middle. ``once`` overrides the first answer to a command,
    whichever connection sends it.
    """

    def __init__(
        self,
        *replies: Mapping[str, bytes | tuple[bytes, ...]],
        context: ssl.SSLContext | None = None,
        limit: float = math.inf,
        once: Mapping[str, bytes] | None = None,
    ) -> None:
        self._scripts = replies or ({},)
        self._context = context
        self._limit = limit
        self._once = dict(once or {})
        self.commands: list[str] = []
        self.bodies: list[bytes] = []
        self.accepted: list[bytes] = []
        self.connections = 0
        self.left = 0
        self.held = threading.Semaphore(0)
        self.release = threading.Event()
        self._changed = threading.Condition()
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=100)
        self.port: int = self._listener.getsockname()[1]
        self._open: set[socket.socket] = set()
        self._threads = [threading.Thread(target=self._serve)]

    def __enter__(self) -> Self:
        self._threads[0].start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._threads[0].join()
        self._listener.close()
        for connection in list(self._open):
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join()

    def wait_for(self, accepted: int) -> None:
        """Wait until so many bodies were accepted."""
        with self._changed:
            assert self._changed.wait_for(lambda: len(self.accepted) >= accepted, 60)

    def wait_until_left(self, count: int) -> None:
        """Wait until the server has closed so many connections."""
        with self._changed:
            assert self._changed.wait_for(lambda: self.left >= count, 60)

    def wait_until_held(self, count: int = 1) -> None:
        """Wait until so many more answers are held."""
        for _ in range(count):
            assert self.held.acquire(timeout=60)

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            replies = _Replies(self._scripts[min(self.connections, len(self._scripts) - 1)], self._once)
            self.connections += 1
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._open.add(connection)
            thread = threading.Thread(target=self._talk, args=(connection, replies))
            self._threads.append(thread)
            thread.start()

    def _talk(self, connection: socket.socket, replies: "_Replies") -> None:
        with connection, suppress(OSError):
            self._converse(connection, replies)
        self._open.discard(connection)
        with self._changed:
            self.left += 1
            self._changed.notify_all()

    def _converse(self, plain: socket.socket, replies: "_Replies") -> None:
        connection = self._context.wrap_socket(plain, server_side=True) if self._context else plain
        with connection, connection.makefile("rb") as lines:
            if not self._answer(connection, replies.next("CONNECT")):
                return
            while line := lines.readline():
                verb = line.split(None, 1)[0].upper().decode("latin-1") if line.strip() else ""
                self.commands.append(line.decode("latin-1").strip())
                reply = replies.next(verb)
                if not self._answer(connection, reply) or verb == "QUIT":
                    return
                taken = verb == "DATA" and b"354 " in reply and self._take(lines, replies)
                if taken and not self._answer(connection, taken):
                    return

    def _take(self, lines: BinaryIO, replies: "_Replies") -> bytes:
        """Keep a body and return the answer to it; ``b""`` when the connection ended before its end."""
        body: list[bytes] = []
        size = 0
        while (line := lines.readline()) and (size := size + len(line)) <= self._limit:
            if line == b".\r\n":
                whole, reply = b"".join(body), replies.next("BODY")
                self.bodies.append(whole)
                if reply.removeprefix(HOLD).startswith(b"250 "):
                    with self._changed:
                        self.accepted.append(whole)
                        self._changed.notify_all()
                return reply
            body.append(line)
        return DROP if line else b""

    def _answer(self, connection: socket.socket, reply: bytes) -> bool:
        if reply == SILENCE:
            # The client gives up first; then this read ends.
            while connection.recv(65536):
                pass
            return False
        if reply == DROP:
            return False
        if reply.startswith(HOLD):
            self.held.release()
            assert self.release.wait(60)
            reply = reply.removeprefix(HOLD)
        connection.sendall(reply.removesuffix(DROP_AFTER))
        return not reply.endswith(DROP_AFTER)


class _Replies:
    """What one connection answers; ``once`` is shared by all connections."""

    def __init__(self, changes: Mapping[str, bytes | tuple[bytes, ...]], once: dict[str, bytes]) -> None:
        self._once = once
        self._left = {
            verb: list(reply) if isinstance(reply, tuple) else [reply]
            for verb, reply in {**_DEFAULTS, **changes}.items()
        }

    def next(self, verb: str) -> bytes:
        if reply := self._once.pop(verb, None):
            return reply
        left = self._left.get(verb, [b"500 what?\r\n"])
        return left.pop(0) if len(left) > 1 else left[0]
