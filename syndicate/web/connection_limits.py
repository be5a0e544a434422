"""Limits on the number and duration of connections, which the server library lacks.

uvicorn waits for ever for the rest of a request and for a client that does not read, and takes any number of
connections. A few hundred idle connections would use up the file descriptors of the
daemon, its fetches included.
"""

import asyncio
from typing import Any

from uvicorn.protocols.http.h11_impl import H11Protocol


class BoundedHttpProtocol(H11Protocol):
    """HTTP/1.1 with a deadline for each request, from its first moment to the last byte of the answer.

    ``request_timeout`` is in seconds; between two requests uvicorn's own timeout for idle connections holds.
    ``max_connections`` is how many connections there may be; those beyond are closed at once.
    """

    def __init__(self, *, request_timeout: float, max_connections: int, **its_own: Any) -> None:
        super().__init__(**its_own)
        self._request_timeout = request_timeout
        self._max_connections = max_connections
        self._in_request = True
        self._deadline: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as its base
        """Note a new connection."""
        super().connection_made(transport)
        if len(self.connections) > self._max_connections:
            transport.abort()
            return
        self._start()

    def data_received(self, data: bytes) -> None:
        """A part of a request: the first of each starts the clock."""
        if not self._in_request:
            self._start()
        super().data_received(data)

    def on_response_complete(self) -> None:
        """The answer is written, if not read yet; what came in behind its request begins the next one."""
        super().on_response_complete()
        self._in_request = False
        if not self.cycle.response_complete or self.conn.trailing_data[0]:
            self._start()

    def connection_lost(self, exc: Exception | None) -> None:
        """The connection is gone."""
        if self._deadline is not None:
            self._deadline.cancel()
        super().connection_lost(exc)

    def _start(self) -> None:
        """A request begins, unless the client has still to read an answer: then the clock runs on."""
        self._in_request = True
        if self._deadline is not None:
            if self.transport.get_write_buffer_size():
                return
            self._deadline.cancel()
        self._deadline = self.loop.call_later(self._request_timeout, self._give_up)

    def _give_up(self) -> None:
        self._deadline = None
        if self._in_request or self.transport.get_write_buffer_size():
            self.transport.abort()
