"""Servers that announce an answer and never give it.

Any number of interim responses (1xx) may come before an answer (RFC 9110 section 15.2), and aiohttp reads
them as long as they come: an endless run of them would keep the fetching thread busy up to the deadline,
at the cost of every other fetch.
"""

from functools import partial
from typing import Any

import aiohttp
from aiohttp.client_proto import ResponseHandler
from aiohttp.http import HttpProcessingError, RawResponseMessage
from aiohttp.streams import StreamReader

# Real servers send one or two: 100 Continue, 103 Early Hints.
MOST_INTERIM = 20
# Of all their fields together. Early Hints repeat the Link fields of the answer: some kilobytes.
MOST_INTERIM_BYTES = 64 * 1024


class Connector(aiohttp.TCPConnector):
    """Opens connections on which few and small interim responses come before an answer.

    More of them are an error of that one request: "not HTTP as we know it". What is read beyond the
    bound is one piece as it came from the socket (256 KiB).
    """

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        handler: type[ResponseHandler] = _Handler
        # aiohttp has no public place for it; a test notices if it goes.
        self._factory = partial(handler, loop=self._loop)


class _Handler(ResponseHandler):
    """Counts the interim responses before each answer, and hangs up when they are too much."""

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
            if self._interim > MOST_INTERIM or self._interim_bytes > MOST_INTERIM_BYTES:
                self.set_exception(HttpProcessingError(message="too many interim responses before an answer"))
                if self.transport is not None:
                    self.transport.close()
                return
        super().feed_data(data, size)
