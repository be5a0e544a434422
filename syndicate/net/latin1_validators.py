"""Echoing what a server sent, byte for byte: header text of ours is latin-1 (rule F2 of polite fetching).

aiohttp writes header text as UTF-8, in which the bytes of an ETag in another encoding would come out as
others. Such validators are rare, so only their requests pay for being rewritten.
"""

import asyncio
from typing import TYPE_CHECKING, Any, cast

import aiohttp

if TYPE_CHECKING:
    from aiohttp.connector import Connection

_ECHOED = ("If-None-Match", "If-Modified-Since")


class ExactRequest(aiohttp.ClientRequest):
    """A request whose validators, latin-1 text, go out as the bytes that came in."""

    async def send(self, conn: "Connection") -> aiohttp.ClientResponse:
        """Write the request. Without a body aiohttp does so before it returns, in one piece."""
        values = [self.headers.get(name, "") for name in _ECHOED]
        protocol = conn.protocol
        if all(value.isascii() for value in values) or protocol is None or protocol.transport is None:
            return await super().send(conn)
        transport = protocol.transport
        protocol.transport = cast("asyncio.Transport", _Rewriting(transport, values))
        try:
            return await super().send(conn)
        finally:
            if protocol.transport is not None:
                protocol.transport = transport


class _Rewriting:
    """A transport that sends some UTF-8 text as latin-1."""

    def __init__(self, transport: asyncio.Transport, values: list[str]) -> None:
        self._transport = transport
        self._values = values

    def write(self, data: bytes) -> None:
        for value in self._values:
            if value:
                data = data.replace(value.encode(), value.encode("latin-1"))
        self._transport.write(data)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._transport, name)
