"""Limits on the number and duration of connections, which uvicorn lacks.

uvicorn accepts any number of connections. It waits for ever for the rest of a request, and for a client that
does not read. A few hundred idle connections would use up the daemon's file descriptors.
"""

import asyncio
from collections.abc import Callable
from ipaddress import ip_network
from typing import Any, Generic, TypeVar

from uvicorn.protocols.http.h11_impl import H11Protocol

from syndicate.audience.networks import UNKNOWN, network_of

# Part of all connections that a public network may have; private networks have proxies.
_NETWORK_SHARE = 5

Connection = TypeVar("Connection")


class ConnectionTable(Generic[Connection]):
    """Open connections by their clients' networks; idle clients give way to new clients.

    A connection beyond the ``limit`` takes the place of the longest idle connection of the network that has
    most connections. A public network has a fifth of the limit.
    """

    def __init__(self, limit: int, is_idle: Callable[[Connection], bool]) -> None:
        self._limit = limit
        self._is_idle = is_idle
        self._networks: dict[str, dict[Connection, None]] = {}

    def add(self, connection: Connection, network: str) -> Connection | None:
        """Add a connection, and return the connection to close: the new connection if no other is idle."""
        neighbours = self._networks.setdefault(network, {})
        neighbours[connection] = None
        crowds = [neighbours]
        is_public = network != UNKNOWN and ip_network(network).is_global
        if len(neighbours) <= self._limit // _NETWORK_SHARE or not is_public:
            if sum(map(len, self._networks.values())) <= self._limit:
                return None
            crowds = sorted(self._networks.values(), key=len, reverse=True)
        idle = (other for crowd in crowds for other in crowd if other != connection and self._is_idle(other))
        return next(idle, connection)

    def remove(self, connection: Connection, network: str) -> None:
        """Forget a closed connection."""
        neighbours = self._networks.get(network, {})
        neighbours.pop(connection, None)
        if not neighbours:
            self._networks.pop(network, None)

    def touch(self, connection: Connection, network: str) -> None:
        """Note that a connection has just become idle."""
        neighbours = self._networks.get(network, {})
        if connection in neighbours:
            neighbours[connection] = neighbours.pop(connection)


class BoundedHttpProtocol(H11Protocol):
    """HTTP/1.1 with a timeout (seconds) for a request with its response, and a limit on connections."""

    def __init__(
        self, *, request_timeout: float, table: "ConnectionTable[BoundedHttpProtocol]", **options: Any
    ) -> None:
        super().__init__(**options)
        self._request_timeout = request_timeout
        self._table = table
        self._network = UNKNOWN
        self._in_request = True
        self._timeout_at = 0.0
        self._timer: asyncio.TimerHandle | None = None

    @property
    def is_idle(self) -> bool:
        """Return whether the server waits for the head of a request."""
        waits = self.cycle is None or self.cycle.response_complete
        return waits and not self.transport.get_write_buffer_size()

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as its base
        """Start the timeout, and close an idle connection, or this connection, beyond the limit."""
        super().connection_made(transport)
        self._network = network_of(self.client[0] if self.client else "")
        self._start()
        if displaced := self._table.add(self, self._network):
            displaced.close_idle()

    def close_idle(self) -> None:
        """Close the connection, which makes room at once."""
        self._table.remove(self, self._network)
        self.transport.abort()

    def data_received(self, data: bytes) -> None:
        """Start the timeout with the first bytes of each request."""
        if not self._in_request:
            self._start()
        super().data_received(data)

    def on_response_complete(self) -> None:
        """End the request; bytes received after it start the next request."""
        super().on_response_complete()
        self._table.touch(self, self._network)
        self._in_request = False
        if not self.cycle.response_complete or self.conn.trailing_data[0]:
            self._start()

    def connection_lost(self, exc: Exception | None) -> None:
        """Cancel the timeout."""
        self._table.remove(self, self._network)
        if self._timer is not None:
            self._timer.cancel()
        super().connection_lost(exc)

    def _start(self) -> None:
        """Start the timeout; it goes on while the client has not read the last response.

        A running timer is not replaced but checks the time when it ends: timers cost more than clocks.
        """
        self._in_request = True
        if self._timer is not None and self.transport.get_write_buffer_size():
            return
        self._timeout_at = self.loop.time() + self._request_timeout
        if self._timer is None:
            self._timer = self.loop.call_at(self._timeout_at, self._check_timeout)

    def _check_timeout(self) -> None:
        self._timer = None
        if not self._in_request and not self.transport.get_write_buffer_size():
            return
        if self.loop.time() < self._timeout_at:
            self._timer = self.loop.call_at(self._timeout_at, self._check_timeout)
        else:
            self.transport.abort()
