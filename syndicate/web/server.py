"""Web server: uvicorn in the caller's event loop, stopped by the caller."""

import contextlib
import logging
import socket
from collections.abc import Callable, Iterator
from functools import partial

import uvicorn
from starlette.types import ASGIApp

from syndicate.errors import SyndicateError
from syndicate.web.connection_limits import BoundedHttpProtocol, ConnectionTable

_BACKLOG = 1024
REQUEST_TIMEOUT = 60.0
"""Seconds for a request and its response. Pages and compressed feeds are small."""
MAX_CONNECTIONS = 500
"""Half of the 1024 file descriptors that a process usually has, which the daemon's other jobs need too."""


class WebServer:
    """Server of an application; binds its address at once (port ``0``: any). Raises ``SyndicateError``."""

    def __init__(
        self,
        app: ASGIApp,
        host: str,
        port: int,
        *,
        request_timeout: float = REQUEST_TIMEOUT,
        max_connections: int = MAX_CONNECTIONS,
    ) -> None:
        self._socket = _listen(host, port)
        self.host = host
        self.port: int = self._socket.getsockname()[1]
        # The access log would hold unsubscribe tokens; access_log=False only takes its handlers away.
        logging.getLogger("uvicorn.access").disabled = True
        # Without warnings about malformed requests; errors are still logged.
        logging.getLogger("uvicorn.error").setLevel(logging.ERROR)
        table = ConnectionTable[BoundedHttpProtocol](max_connections, lambda connection: connection.is_idle)
        self._server = _Server(
            uvicorn.Config(
                app,
                http=partial(BoundedHttpProtocol, request_timeout=request_timeout, table=table),  # type: ignore[arg-type]  # it is called
                access_log=False,
                log_config=None,
                lifespan="off",
                ws="none",
                server_header=False,
                proxy_headers=False,
                backlog=_BACKLOG,
                timeout_graceful_shutdown=5,
            )
        )

    @property
    def url(self) -> str:
        """Return the server's URL on this machine."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"http://{host}:{self.port}"

    async def serve(self, ready: Callable[[], object] = lambda: None) -> None:
        """Serve until ``stop``; ``ready`` is called once the server accepts connections."""
        self._server.ready = ready
        await self._server.serve(sockets=[self._socket])

    def stop(self) -> None:
        """Finish open responses within five seconds and end ``serve``. Safe to call from any thread."""
        self._server.should_exit = True


class _Server(uvicorn.Server):
    """uvicorn without its signal handlers: the daemon handles SIGTERM."""

    ready: Callable[[], object]

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets=sockets)
        self.ready()


def parse_listen(listen: str) -> tuple[str, int]:
    """Split ``host:port`` of ``[web] listen``; an IPv6 address is in brackets."""
    host, _, port = listen.rpartition(":")
    return host.strip("[]"), int(port)


def check_listen(listen: str) -> None:
    """Raise ``SyndicateError`` if no server can listen on that address now."""
    _listen(*parse_listen(listen)).close()


def _listen(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # asyncio disables Nagle's algorithm (40 ms a response) only if the socket names its protocol.
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, port))
        listener.listen(_BACKLOG)
    except (OSError, OverflowError) as error:
        listener.close()
        reason = getattr(error, "strerror", None) or error
        raise SyndicateError(
            f"the web server cannot listen on {host}:{port} ({reason}); "
            "stop what uses that address, or change [web] listen"
        ) from error
    return listener
