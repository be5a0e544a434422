"""HTTP client of all outbound requests."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from copy import copy
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Self

import aiohttp
from aiohttp import FormData
from yarl import URL

from syndicate.errors import AnswerLost, Exchange, FetchError, ForbiddenAddress, TooLarge
from syndicate.net import response_headers
from syndicate.net.address_guard import AddressGuard
from syndicate.net.body_limit import begin_decoding, decode_body
from syndicate.net.connection_slots import ConnectionSlot, ConnectionSlots
from syndicate.net.failures import failed_connection, failed_status, refused_form
from syndicate.net.http_types import Fetched, FetchRequest, HttpOptions, SentAnswer, SentRequest
from syndicate.net.interim_response_limit import Connector
from syndicate.net.latin1_validators import Latin1Request
from syndicate.net.politeness import HostLocks
from syndicate.net.request_urls import check_url, redirect_target
from syndicate.text.hashes import hash_of
from syndicate.text.privacy import mask_address

_PERMANENT = (301, 308)
_REDIRECTS = (301, 302, 303, 307, 308)
# Redirects with the same method and body (RFC 9110 section 15.4).
_REPEATING = (307, 308)
_MAX_REASON = 1024
MAX_ERROR_BODY = 64 * 1024
"""Bytes of the body of an error that are kept for the operator."""
_ERROR_BODY_SECONDS = 2.0
MAX_ANSWER = 64 * 1024
"""Bytes of a response to ``send`` that are read."""
# Bytes. Content-Security-Policy alone exceeds aiohttp's 8 KiB on real sites.
_MAX_FIELD = 32 * 1024
_OnResponse = Callable[[], Awaitable[None]]


async def _no_wait() -> None:
    pass


class HttpClient:
    """Fetches untrusted URLs, with an address guard, a deadline, size limits and a gap per host.

    Use it inside a single event loop as ``async with HttpClient(options) as client``. The client sends no
    cookies and no referrers, and credentials only for requests with credentials. It ignores proxies of the
    environment.
    """

    def __init__(self, options: HttpOptions) -> None:
        self._options = options
        self._guard = AddressGuard(options.allow_private)
        self._host_locks = HostLocks(options.host_gap)
        self._slots = ConnectionSlots(options.concurrency)
        self._guarded: aiohttp.ClientSession
        self._trusting: aiohttp.ClientSession

    async def __aenter__(self) -> Self:
        self._guarded = self._open_session(guarded=True)
        self._trusting = self._open_session(guarded=False)
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._guarded.close()
        await self._trusting.close()

    async def fetch(self, request: FetchRequest, on_response: _OnResponse = _no_wait) -> Fetched:
        """Return the response to a conditional GET, after at most ``max_redirects`` redirects.

        The client awaits ``on_response`` before it reads the body of a good response; this wait does not
        count against the deadline. Raises ``ForbiddenAddress``, ``TooLarge`` or ``FetchError``; the error of
        a 429 or 503 has ``retry_after``. A 200 without a body is an error.
        """
        try:
            return await self._fetch(request, on_response)
        except FetchError as error:
            if not request.private:
                raise
            hidden = copy(error)
            hidden.args = (mask_address(str(error), request.url),)
        # Outside the handler: the original error, with the address, must not be the context.
        raise hidden

    async def _fetch(self, request: FetchRequest, on_response: _OnResponse) -> Fetched:
        url = check_url(request.url)
        home = url.origin()
        seen = {url}
        permanent = True
        budget = self._options.total_timeout
        loop = asyncio.get_running_loop()
        for _ in range(self._options.max_redirects + 1):
            async with self._slot(url) as slot:
                started = loop.time()
                try:
                    response = await self._exchange(
                        request, url, budget, (on_response, slot.on_response), own=permanent
                    )
                except FetchError as error:
                    spent = self._options.total_timeout - budget + loop.time() - started
                    error.exchange = replace(error.exchange, seconds=spent)
                    raise
                budget -= loop.time() - started
            if isinstance(response, _Response):
                moved = str(url) if permanent and len(seen) > 1 else ""
                spent = self._options.total_timeout - budget - response.waited
                limit = request.max_body or self._options.max_body
                return _fetched(request, url, response, moved, limit, spent)
            permanent = permanent and response.status in _PERMANENT
            url = redirect_target(url, response.location)
            if url in seen:
                raise FetchError(f"{request.url} redirects in a circle, by way of {url}; tell its owner")
            seen.add(url)
            if url.origin() != home:
                # For good: another origin must not redirect back to a URL of its choice with credentials.
                request = replace(request, credentials=None)
        raise FetchError(
            f"{request.url} redirects more than {self._options.max_redirects} times; check the URL"
        )

    async def post(self, address: str, form: Sequence[tuple[str, str]]) -> int:
        """Post a form and return the status, a 2xx.

        A 307 or 308 is followed with the same form (rule W6). Raises as ``fetch`` does; the error message
        quotes the response body.
        """
        url = check_url(address)
        for _ in range(self._options.max_redirects + 1):
            async with self._slot(url):
                response = await self._posted(url, form)
            if isinstance(response, int):
                return response
            url = redirect_target(url, response.location)
        raise FetchError(f"{address} redirects more than {self._options.max_redirects} times; check the URL")

    async def _posted(self, url: URL, form: Sequence[tuple[str, str]]) -> "int | _Redirect":
        session = self._session_for(url)
        try:
            async with (
                asyncio.timeout(self._options.total_timeout),
                session.post(url, data=FormData(form, charset="utf-8"), allow_redirects=False) as response,
            ):
                if response.status in _REPEATING:
                    return _Redirect(response.status, response.headers.get("Location", ""))
                if response.status // 100 == 2:
                    return response.status
                reason = await response.content.read(_MAX_REASON)
                asked = response.headers.get("Retry-After", "")
                wait = response_headers.retry_after(asked, datetime.now(UTC))
                raise refused_form(str(url), response.status, reason, wait)
        except (aiohttp.ClientError, OSError, ValueError) as error:
            raise failed_connection(error, str(url)) from error

    async def send(self, request: SentRequest) -> SentAnswer:
        """Send a request once and return the response, whatever its status.

        Only https addresses are allowed, except for private hosts that the operator allowed. Raises
        ``AnswerLost`` when the server may have the request, else another ``FetchError``.
        """
        try:
            return await self._send(request, check_url(request.url))
        except FetchError as error:
            hidden = copy(error)
            hidden.args = (mask_address(str(error), request.url),)
        # Outside the handler: the original error, with the address, must not be the context.
        raise hidden

    async def _send(self, request: SentRequest, url: URL) -> SentAnswer:
        if url.scheme != "https" and not self._guard.allows_http(url.host or "", url.port or 0):
            raise ForbiddenAddress(f"{url} was not asked: write an https address")
        slot = await self._slots.acquire()
        sent = False
        try:
            async with (
                asyncio.timeout(request.timeout),
                self._session_for(url).request(
                    request.method, url, headers=request.headers, data=request.body, allow_redirects=False
                ) as response,
            ):
                sent = True
                body = await _read_answer(response)
                asked = response.headers.get("Retry-After", "")
                wait = response_headers.retry_after(asked, datetime.now(UTC))
                return SentAnswer(status=response.status, body=body, retry_after=wait)
        except (aiohttp.ClientError, OSError, ValueError, FetchError) as error:
            unsent = isinstance(error, (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError))
            failed = error if isinstance(error, FetchError) else failed_connection(error, str(url))
            raise failed if unsent and not sent else AnswerLost(str(failed)) from error
        finally:
            slot.release()

    @asynccontextmanager
    async def _slot(self, url: URL) -> AsyncIterator[ConnectionSlot]:
        """Hold the lock of the host and a connection slot."""
        async with self._host_locks.acquire((url.raw_host or "").lower()):
            slot = await self._slots.acquire()
            try:
                yield slot
            finally:
                slot.release()

    def _session_for(self, url: URL) -> aiohttp.ClientSession:
        trusted = self._guard.trusts_host(url.host or "", url.port or 0)
        return self._trusting if trusted else self._guarded

    async def _exchange(
        self, request: FetchRequest, url: URL, budget: float, on_response: Sequence[_OnResponse], *, own: bool
    ) -> "_Response | _Redirect":
        """Send a request and read its response within ``budget`` seconds (``own``: see ``failed_status``)."""
        session = self._session_for(url)
        try:
            async with (
                asyncio.timeout(max(budget, 0.0)) as limit,
                session.get(url, headers=_request_fields(request), allow_redirects=False) as response,
            ):
                fields = response.headers
                if response.status in _REDIRECTS:
                    return _Redirect(response.status, fields.get("Location", ""))
                if response.status in (200, 203, 304):
                    waited = await _wait_for_slot(limit, on_response)
                if response.status in (200, 203):
                    wire = await _read_wire(response, request.max_body or self._options.max_body, url)
                elif response.status == 304:
                    wire = b""
                else:
                    wait = response_headers.retry_after(fields.get("Retry-After", ""), datetime.now(UTC))
                    gap = self._options.host_gap
                    error = failed_status(str(url), response.status, wait, own=own, gap=gap)
                    body = await _beginning(response)
                    error.exchange = Exchange(
                        status=response.status,
                        size=response.content_length or len(body),
                        fields=response.raw_headers,
                        body=body,
                    )
                    raise error
                return _Response(response.status, fields, response.raw_headers, wire, waited)
        except (aiohttp.ClientError, OSError, ValueError) as error:
            raise failed_connection(error, str(url)) from error

    def _open_session(self, *, guarded: bool) -> aiohttp.ClientSession:
        return aiohttp.ClientSession(
            connector=Connector(
                # The connection slots bound the open connections. Idle connections stay open for the
                # host's next request only: thousands of hosts would use up the file descriptors.
                limit=0,
                keepalive_timeout=self._options.host_gap + 1.0,
                socket_factory=self._guard.open_socket if guarded else None,
            ),
            auto_decompress=False,
            trust_env=False,
            cookie_jar=aiohttp.DummyCookieJar(),
            headers={"User-Agent": self._options.user_agent, "Accept-Encoding": "gzip"},
            request_class=Latin1Request,
            timeout=aiohttp.ClientTimeout(total=None, connect=self._options.connect_timeout),
            max_line_size=_MAX_FIELD,
            max_field_size=_MAX_FIELD,
        )


@dataclass(frozen=True, slots=True)
class _Redirect:
    status: int
    location: str


@dataclass(frozen=True, slots=True)
class _Response:
    """A 200, 203 or 304 as sent; ``waited`` are the seconds of waits for slots."""

    status: int
    fields: Mapping[str, str]
    raw_fields: tuple[tuple[bytes, bytes], ...]
    wire: bytes
    waited: float

    def validator(self, name: str) -> str:
        """Return a field byte for byte, as latin-1 text; ``""`` when absent."""
        if name not in self.fields:
            return ""
        lower_name = name.lower().encode()
        return next(value for key, value in self.raw_fields if key.lower() == lower_name).decode("latin-1")

    def links(self) -> tuple[str, ...]:
        if "Link" not in self.fields:
            return ()
        return tuple(value.decode("latin-1") for key, value in self.raw_fields if key.lower() == b"link")


def _request_fields(request: FetchRequest) -> dict[str, str]:
    fields = {"Accept": request.accept}
    if request.user_agent:
        fields["User-Agent"] = request.user_agent
    if request.credentials is not None:
        fields[request.credentials.name] = request.credentials.value
    if etag := response_headers.sendable(request.etag):
        fields["If-None-Match"] = etag
    if last_modified := response_headers.sendable(request.last_modified):
        fields["If-Modified-Since"] = last_modified
    return fields


async def _wait_for_slot(limit: asyncio.Timeout, on_response: Sequence[_OnResponse]) -> float:
    """Wait for the slots of the body and return the seconds; the deadline moves by the wait."""
    loop = asyncio.get_running_loop()
    started = loop.time()
    left = (limit.when() or started) - started
    limit.reschedule(None)
    for wait in on_response:
        await wait()
    limit.reschedule(loop.time() + left)
    return loop.time() - started


async def _beginning(response: aiohttp.ClientResponse) -> bytes:
    """Return the first bytes of the body of an error, decompressed if they are gzip."""
    try:
        async with asyncio.timeout(_ERROR_BODY_SECONDS):
            wire = await response.content.read(MAX_ERROR_BODY)
    except (aiohttp.ClientError, OSError):
        return b""
    return begin_decoding(wire, response.headers.get("Content-Encoding", ""), MAX_ERROR_BODY)


async def _read_wire(response: aiohttp.ClientResponse, limit: int, url: URL) -> bytes:
    """Return the body as sent, still compressed; raises ``TooLarge`` as soon as possible."""
    parts: list[bytes] = []
    size = response.content_length or 0
    if size <= limit:
        size = 0
        async for part in response.content.iter_any():
            parts.append(part)
            size += len(part)
            if size > limit:
                break
    if size > limit:
        raise TooLarge(f"{url} is larger than the limit of {limit:,} bytes; not read")
    return parts[0] if len(parts) == 1 else b"".join(parts)


async def _read_answer(response: aiohttp.ClientResponse) -> bytes:
    """Return the first 64 kB of a response, decompressed; empty if that fails."""
    wire = b""
    async for part in response.content.iter_any():
        wire += part
        if len(wire) >= MAX_ANSWER:
            break
    with suppress(FetchError):
        return decode_body(wire, response.headers.get("Content-Encoding", ""), MAX_ANSWER, str(response.url))
    return b""


def _fetched(
    request: FetchRequest, url: URL, response: _Response, moved: str, limit: int, seconds: float
) -> Fetched:
    """Return the response for the caller, decompressed only when the bytes on the wire are new."""
    fresh = response.status != 304
    wire_hash = hash_of(response.wire) if fresh else request.known_hash
    unchanged = not fresh or wire_hash == request.known_hash
    fields = response.fields
    coding = fields.get("Content-Encoding", "")
    body = b"" if unchanged else decode_body(response.wire, coding, limit, str(url))
    if not unchanged and not body:
        raise FetchError(
            f"{url} answered {response.status} without a body; try again later", status=response.status
        )
    content_type, charset = response_headers.media_type(fields.get("Content-Type", ""))
    freshness = fields.get("Cache-Control", ""), fields.get("Expires", "")
    return Fetched(
        request=request,
        url=str(url),
        status=response.status,
        unchanged=unchanged,
        body=body,
        wire_hash=wire_hash,
        etag=response.validator("ETag") or ("" if fresh else request.etag),
        last_modified=response.validator("Last-Modified") or ("" if fresh else request.last_modified),
        content_type=content_type,
        charset=charset,
        permanent_url=moved,
        links=response.links(),
        exchange=Exchange(
            status=response.status, seconds=seconds, size=len(response.wire), fields=response.raw_fields
        ),
        max_age=response_headers.max_age(*freshness, datetime.now(UTC)),
    )
