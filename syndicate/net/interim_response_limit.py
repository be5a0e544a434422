"""Limit of interim responses (1xx) before a response.

Any number of interim responses may come before the final response (RFC 9110 section 15.2), and aiohttp reads
all of them. An endless run would keep the fetch thread busy up to the deadline and delay all other requests.
"""

from functools import partial
from typing import Any

import aiohttp
from aiohttp.client_proto import ResponseHandler
from aiohttp.http import HttpProcessingError, RawResponseMessage
from aiohttp.streams import StreamReader

# Real servers send one or two: 100 Continue, 103 Early Hints.
MAX_INTERIM = 20
# Of all header fields together. Early Hints repeat the Link fields of the final response: some kilobytes.
MAX_INTERIM_BYTES = 64 * 1024


class Connector(aiohttp.TCPConnector):
    """Connector whose connections take few and small interim responses before a response.

    More interim responses fail the request as invalid HTTP. A single read from the socket (256 KiB) may
    go beyond the limit.
    """

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        handler: type[ResponseHandler] = _Handler
        # Private in aiohttp; a test fails when it changes.
        self._factory = partial(handler, loop=self._loop)


class _Handler(ResponseHandler):
    """Counts the interim responses before each response, and closes the connection beyond the limit."""

    _interim = 0
    _interim_bytes = 0

    def feed_data(self, data: tuple[RawResponseMessage, StreamReader], size: int = 0) -> None:
        message, _ = data
        if self.exception() is not None:
            return
        if message.code >= 200:
            self._interim = self._interim_bytes = 0
        else:
            self._interim += 1
            self._interim_bytes += sum(len(name) + len(value) for name, value in message.raw_headers)
            if self._interim > MAX_INTERIM or self._interim_bytes > MAX_INTERIM_BYTES:
                self.set_exception(HttpProcessingError(message="too many interim responses"))
                if self.transport is not None:
                    self.transport.close()
                return
        super().feed_data(data, size)
