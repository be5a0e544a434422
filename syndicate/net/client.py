"""The one HTTP client for everything outbound."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime
from types import TracebackType
from typing import Self

import aiohttp
from aiohttp import FormData
from yarl import URL

from syndicate.errors import FetchError, TooLarge
from syndicate.net import response_headers
from syndicate.net.address_guard import AddressGuard
from syndicate.net.body_limit import decode_body, hash_wire
from syndicate.net.connection_slots import ConnectionSlot, ConnectionSlots
from syndicate.net.failures import failed_connection, failed_status, refused_form
from syndicate.net.http_types import Fetched, FetchRequest, HttpOptions
from syndicate.net.interim_response_limit import Connector
from syndicate.net.latin1_validators import ExactRequest
from syndicate.net.politeness import HostLocks
from syndicate.net.request_urls import check_url, redirect_target
from syndicate.text.privacy import mask_address

_PERMANENT = (301, 308)
_REDIRECTS = (301, 302, 303, 307, 308)
# Those that ask for the same method and body again (RFC 9110 section 15.4).
_REPEATING = (307, 308)
_LONGEST_REASON = 1024
# Content-Security-Policy alone passes aiohttp's 8 KiB on real sites.
_LONGEST_FIELD = 32 * 1024
_Answered = Callable[[], Awaitable[None]]


async def _at_once() -> None:
    pass


class Client:
    """Fetches URLs of strangers: guarded addresses, one deadline, size limits, politeness per host.

    Use it inside one event loop as ``async with Client(options) as client``. Cookies and referrers are
    never sent, credentials only where a request says so; proxies of the environment are ignored.
    """

    def __init__(self, options: HttpOptions) -> None:
        self._options = options
        self._guard = AddressGuard(options.allow_private)
        self._turns = HostLocks(options.host_gap)
        self._places = ConnectionSlots(options.concurrency)
        self._guarded: aiohttp.ClientSession
        self._trusting: aiohttp.ClientSession

    async def __aenter__(self) -> Self:
        self._guarded = self._open_session(guarded=True)
        self._trusting = self._open_session(guarded=False)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def close(self) -> None:
        """Close every connection."""
        await self._guarded.close()
        await self._trusting.close()

    async def fetch(self, request: FetchRequest, answered: _Answered = _at_once) -> Fetched:
        """The answer to a conditional GET, after at most ``max_redirects`` redirects.

        ``answered`` is awaited before the body of a good answer is read, and costs it none of its time.
        Raises ``ForbiddenAddress``, ``TooLarge`` or ``FetchError``; a 429 or 503 carries
        ``retry_after``. An empty 200 is an error: there is nothing in it to read.
        """
        try:
            return await self._fetch(request, answered)
        except FetchError as error:
            if not request.private:
                raise
            text = mask_address(str(error), request.url)
            hidden = type(error)(
                text,
                status=error.status,
                retry_after=error.retry_after,
                gone=error.gone,
                busy=error.busy,
                busy_for=error.busy_for,
            )
        # Outside the handler: a traceback of the hidden error must not tell the other one.
        raise hidden

    async def _fetch(self, request: FetchRequest, answered: _Answered) -> Fetched:
        url = check_url(request.url)
        home = url.origin()
        seen = {url}
        permanent = True
        budget = self._options.total_timeout
        loop = asyncio.get_running_loop()
        for _ in range(self._options.max_redirects + 1):
            async with self._turn(url) as place:
                started = loop.time()
                answer = await self._exchange(request, url, budget, (answered, place.answered), own=permanent)
                budget -= loop.time() - started
            if isinstance(answer, _Answer):
                moved = str(url) if permanent and len(seen) > 1 else ""
                return _read_answer(request, url, answer, moved, request.max_body or self._options.max_body)
            permanent = permanent and answer.status in _PERMANENT
            url = redirect_target(url, answer.location)
            if url in seen:
                raise FetchError(f"{request.url} redirects in a circle, by way of {url}; tell its owner")
            seen.add(url)
            if url.origin() != home:
                # For good: whoever we were sent to must not send us back with a request of their choice.
                request = replace(request, credentials=None)
        raise FetchError(
            f"{request.url} redirects more than {self._options.max_redirects} times; check the URL"
        )

    async def post(self, address: str, form: Sequence[tuple[str, str]]) -> int:
        """Post a form and return the status, a 2xx.

        A 307 or 308 is followed with the same form (rule W6). Raises as ``fetch`` does; the message of a
        refusal quotes what the server says about it.
        """
        url = check_url(address)
        for _ in range(self._options.max_redirects + 1):
            async with self._turn(url):
                answer = await self._posted(url, form)
            if isinstance(answer, int):
                return answer
            url = redirect_target(url, answer.location)
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
                said = await response.content.read(_LONGEST_REASON)
                wait = response_headers.retry_after(
                    response.headers.get("Retry-After", ""), datetime.now(UTC)
                )
                raise refused_form(str(url), response.status, said, wait)
        except (aiohttp.ClientError, OSError, ValueError) as error:
            raise failed_connection(error, str(url)) from error

    @asynccontextmanager
    async def _turn(self, url: URL) -> AsyncIterator[ConnectionSlot]:
        """The turn at a host, and a place among all that is under way."""
        async with self._turns.turn((url.raw_host or "").lower()):
            place = await self._places.take()
            try:
                yield place
            finally:
                place.leave()

    def _session_for(self, url: URL) -> aiohttp.ClientSession:
        trusted = self._guard.trusts_host(url.host or "", url.port or 0)
        return self._trusting if trusted else self._guarded

    async def _exchange(
        self, request: FetchRequest, url: URL, budget: float, answered: Sequence[_Answered], *, own: bool
    ) -> "_Answer | _Redirect":
        """One request and its answer, all of it within ``budget`` seconds; see ``failed_status``."""
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
                    await _wait_for_place(limit, answered)
                if response.status in (200, 203):
                    wire = await _read_wire(response, request.max_body or self._options.max_body, url)
                elif response.status == 304:
                    wire = b""
                else:
                    wait = response_headers.retry_after(fields.get("Retry-After", ""), datetime.now(UTC))
                    gap = self._options.host_gap
                    raise failed_status(str(url), response.status, wait, own=own, gap=gap)
                return _Answer(response.status, fields, response.raw_headers, wire)
        except (aiohttp.ClientError, OSError, ValueError) as error:
            raise failed_connection(error, str(url)) from error

    def _open_session(self, *, guarded: bool) -> aiohttp.ClientSession:
        return aiohttp.ClientSession(
            connector=Connector(
                # Our own slots bound what is under way. Idle connections wait for the host's next turn
                # only: thousands of hosts would use up the file descriptors.
                limit=0,
                keepalive_timeout=self._options.host_gap + 1.0,
                socket_factory=self._guard.open_socket if guarded else None,
            ),
            auto_decompress=False,
            trust_env=False,
            cookie_jar=aiohttp.DummyCookieJar(),
            headers={"User-Agent": self._options.user_agent, "Accept-Encoding": "gzip"},
            request_class=ExactRequest,
            timeout=aiohttp.ClientTimeout(total=None, connect=self._options.connect_timeout),
            max_line_size=_LONGEST_FIELD,
            max_field_size=_LONGEST_FIELD,
        )


class _Redirect:
    __slots__ = ("location", "status")

    def __init__(self, status: int, location: str) -> None:
        self.status = status
        self.location = location


class _Answer:
    """A 200, 203 or 304 as it came over the wire."""

    __slots__ = ("fields", "raw_fields", "status", "wire")

    def __init__(
        self, status: int, fields: Mapping[str, str], raw_fields: tuple[tuple[bytes, bytes], ...], wire: bytes
    ) -> None:
        self.status = status
        self.fields = fields
        self.raw_fields = raw_fields
        self.wire = wire

    def validator(self, name: str) -> str:
        """A field byte for byte, as latin-1 text; ``""`` when absent."""
        if name not in self.fields:
            return ""
        wanted = name.lower().encode()
        return next(value for key, value in self.raw_fields if key.lower() == wanted).decode("latin-1")

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


async def _wait_for_place(limit: asyncio.Timeout, answered: Sequence[_Answered]) -> None:
    """Wait until there is room for the body, while the time for the exchange stands still."""
    loop = asyncio.get_running_loop()
    left = (limit.when() or loop.time()) - loop.time()
    limit.reschedule(None)
    for wait in answered:
        await wait()
    limit.reschedule(loop.time() + left)


async def _read_wire(response: aiohttp.ClientResponse, limit: int, url: URL) -> bytes:
    """The body as sent, still compressed; raises ``TooLarge`` as soon as it is known."""
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


def _read_answer(request: FetchRequest, url: URL, answer: _Answer, moved: str, limit: int) -> Fetched:
    """Return what the caller gets: decompressed only when the bytes on the wire are new."""
    fresh = answer.status != 304
    wire_hash = hash_wire(answer.wire) if fresh else request.known_hash
    unchanged = not fresh or wire_hash == request.known_hash
    fields = answer.fields
    body = b"" if unchanged else decode_body(answer.wire, fields.get("Content-Encoding", ""), limit, str(url))
    if not unchanged and not body:
        raise FetchError(
            f"{url} answered {answer.status} without a body; try again later", status=answer.status
        )
    content_type, charset = response_headers.media_type(fields.get("Content-Type", ""))
    return Fetched(
        request=request,
        url=str(url),
        status=answer.status,
        unchanged=unchanged,
        body=body,
        wire_hash=wire_hash,
        etag=answer.validator("ETag") or ("" if fresh else request.etag),
        last_modified=answer.validator("Last-Modified") or ("" if fresh else request.last_modified),
        content_type=content_type,
        charset=charset,
        permanent_url=moved,
        links=answer.links(),
        max_age=response_headers.max_age(
            fields.get("Cache-Control", ""), fields.get("Expires", ""), datetime.now(UTC)
        ),
    )
