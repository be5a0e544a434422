"""Gate before the API: size of bodies, the token of a request, and headers for public reads."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from fastapi import HTTPException
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from syndicate.audience.networks import network_of
from syndicate.errors import ActionRefused, NotFound, SyndicateError
from syndicate.model.actors import Actor
from syndicate.web.api.api_problems import problem_of

FindActor = Callable[[str, datetime, str], Actor]
"""Returns the actor of a token at a time from a network; raises ``ActionRefused`` 401 or 429."""

BASE = "/api/v1"
MAX_BODY = 1_000_000
"""Bytes of a body; a list of sources or subscribers may have more."""
_LARGE = {"/sources/opml": 5_000_000, "/subscribers/imports": 20_000_000}


@dataclass
class ApiGate:
    """Refuses a request before its body is read. A public read has no actor; the route decides about it.

    ``state`` becomes the state of each request.
    """

    app: ASGIApp
    find_actor: FindActor
    clock: Callable[[], datetime]
    state: dict[str, Any]
    is_public: bool

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request below the base address."""
        if scope["type"] != "http":
            return
        scope = {**scope, "root_path": BASE, "state": self.state}
        if self.is_public:
            send = _for_every_origin(send)
        try:
            if not scope["path"].startswith(f"{BASE}/"):
                raise NotFound(f"The API is at {BASE}/.")
            limit = self._limit(scope)
            scope["syndicate.actor"] = await self._actor(scope)
            await self.app(scope, _bounded(receive, limit), send)
        except SyndicateError as error:
            await problem_of(error, scope["path"])(scope, receive, send)

    def _limit(self, scope: Scope) -> int:
        """Return the size limit of the body. Raises ``ActionRefused`` for a longer or unreadable request."""
        if "\0" in scope["path"] or b"%00" in scope["query_string"]:
            raise ActionRefused("invalid-request", "The address has a NUL.", status=400)
        limit = next((size for end, size in _LARGE.items() if scope["path"].endswith(end)), MAX_BODY)
        length = Headers(scope=scope).get("content-length", "")
        if length.isdecimal() and (len(length) > 12 or int(length) > limit):
            raise ActionRefused("too-large", f"A body has at most {limit:,} bytes.", status=413)
        return limit

    async def _actor(self, scope: Scope) -> Actor | None:
        kind, _, token = Headers(scope=scope).get("authorization", "").partition(" ")
        if kind.lower() != "bearer" or not token:
            if scope["method"] in ("GET", "HEAD"):
                return None
            raise ActionRefused("no-token", "Send Authorization: Bearer with a token.", status=401)
        host = scope["client"][0] if scope["client"] else ""
        return await run_in_threadpool(self.find_actor, token.strip(), self.clock(), network_of(host))


def _bounded(receive: Receive, limit: int) -> Receive:
    """Return ``receive`` that raises ``HTTPException`` 413 for more than ``limit`` bytes."""
    size = 0

    async def bounded() -> Message:
        nonlocal size
        message = await receive()
        size += len(message.get("body", b""))
        if size > limit:
            # FastAPI takes any other exception for an unreadable body.
            raise HTTPException(413)
        return message

    return bounded


def _for_every_origin(send: Send) -> Send:
    """Return ``send`` that lets programs of any website read the answer; no cookie reaches the API."""

    async def send_with_header(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            headers["Access-Control-Allow-Origin"] = "*"
            headers["Access-Control-Expose-Headers"] = "ETag, Link"
        await send(message)

    return send_with_header
