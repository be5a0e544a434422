"""Limits on the number and duration of connections, which uvicorn lacks.

uvicorn accepts any number of connections. It waits for ever for the rest of a request, and for a client that
does not read. A few hundred idle connections would use up the daemon's file descriptors.
"""

import asyncio
from typing import Any

from uvicorn.protocols.http.h11_impl import H11Protocol


class BoundedHttpProtocol(H11Protocol):
    """HTTP/1.1 with a timeout (seconds) for a request with its response, and a limit on connections."""

    def __init__(self, *, request_timeout: float, max_connections: int, **options: Any) -> None:
        super().__init__(**options)
        self._request_timeout = request_timeout
        self._max_connections = max_connections
        self._in_request = True
        self._deadline: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as its base
        """Start the timeout, or close a connection beyond the limit."""
        super().connection_made(transport)
        if len(self.connections) > self._max_connections:
            transport.abort()
            return
        self._start()

    def data_received(self, data: bytes) -> None:
        """Start the timeout with the first bytes of each request."""
        if not self._in_request:
            self._start()
        super().data_received(data)

    def on_response_complete(self) -> None:
        """End the request; bytes received after it start the next request."""
        super().on_response_complete()
        self._in_request = False
        if not self.cycle.response_complete or self.conn.trailing_data[0]:
            self._start()

    def connection_lost(self, exc: Exception | None) -> None:
        """Cancel the timeout."""
        if self._deadline is not None:
            self._deadline.cancel()
        super().connection_lost(exc)

    def _start(self) -> None:
        """Start the timeout; it goes on while the client has not read the last response."""
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
