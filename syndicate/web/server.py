"""The web server: uvicorn inside the caller's event loop, stopped by the caller."""

import contextlib
import logging
import socket
from collections.abc import Callable, Iterator
from functools import partial

import uvicorn
from starlette.types import ASGIApp

from syndicate.errors import SyndicateError
from syndicate.web.connection_limits import BoundedHttpProtocol

_BACKLOG = 1024
REQUEST_TIMEOUT = 60.0
"""Seconds for one request and its answer. Pages and packed feeds are small."""
MAX_CONNECTIONS = 500
"""Well below the 1024 file descriptors that a process usually has, with room for everything else it does."""


class WebServer:
    """Serves one application on one address. The port is taken when the object is made.

    Port ``0`` means any free one; ``port`` says which it became. ``request_timeout`` is in seconds, for one
    request and its answer; connections beyond ``max_connections`` are closed. Raises ``SyndicateError`` when
    the address cannot be had.
    """

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
        # Requests that are no HTTP are strangers' affair; our own errors are still told.
        logging.getLogger("uvicorn.error").setLevel(logging.ERROR)
        self._server = _Server(
            uvicorn.Config(
                app,
                http=partial(
                    BoundedHttpProtocol, request_timeout=request_timeout, max_connections=max_connections
                ),  # type: ignore[arg-type]  # it is called
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
        """Return where a browser on this machine finds it."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"http://{host}:{self.port}"

    async def serve(self, ready: Callable[[], object] = lambda: None) -> None:
        """Serve until ``stop``; ``ready`` is called once connections are answered."""
        self._server.ready = ready
        await self._server.serve(sockets=[self._socket])

    def stop(self) -> None:
        """Finish what is being answered, at most five seconds, and return from ``serve``.

        May be called from any thread and from signal handlers, also before ``serve``.
        """
        self._server.should_exit = True


class _Server(uvicorn.Server):
    """uvicorn without its own signal handlers: SIGTERM belongs to the daemon."""

    ready: Callable[[], object]

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets=sockets)
        self.ready()


def parse_listen(listen: str) -> tuple[str, int]:
    """Host and port of ``host:port``, as ``[web] listen`` has it; an IPv6 address is in brackets."""
    host, _, port = listen.rpartition(":")
    return host.strip("[]"), int(port)


def check_listen(listen: str) -> None:
    """Raise ``SyndicateError`` when a server could not listen there at this moment."""
    _listen(*parse_listen(listen)).close()


def _listen(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # asyncio turns Nagle's delay (40 ms an answer) off only where the protocol is named.
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
