"""Validators sent back byte for byte: header text is latin-1 (rule F2).

aiohttp writes header text as UTF-8, which would change the bytes of an ETag in another encoding. Such
validators are rare, so only their requests are rewritten.
"""

import asyncio
from typing import TYPE_CHECKING, Any, cast

import aiohttp

if TYPE_CHECKING:
    from aiohttp.connector import Connection

_VALIDATORS = ("If-None-Match", "If-Modified-Since")


class Latin1Request(aiohttp.ClientRequest):
    """Request whose validators, latin-1 text, are sent as the bytes that the server sent."""

    async def send(self, conn: "Connection") -> aiohttp.ClientResponse:
        """Write the request. Without a body, aiohttp writes it in a single piece before it returns."""
        values = [self.headers.get(name, "") for name in _VALIDATORS]
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
    """Transport that sends the validators as latin-1 instead of UTF-8."""

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
