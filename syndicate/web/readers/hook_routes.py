"""Callbacks of other servers: WebSub hubs (W3C WebSub sections 5.3 and 7), and mail providers.

Hubs verify a callback (GET) and push new content (POST); providers report bounces, complaints and
unsubscriptions.
"""

from dataclasses import dataclass

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from syndicate.jobs.delivery.webhook_job import SIGNED, WebhookJob
from syndicate.jobs.ingest.websub_job import WebSubJob
from syndicate.web.readers.server_pages import SECURITY_HEADERS
from syndicate.web.request_body import read_body

_HEADERS = {**SECURITY_HEADERS, "Cache-Control": "no-store"}
_MAX_CALLBACK_LENGTH = 128
# Bytes of a report whose proof is in the body, and of a report whose secret was checked before.
_MAX_SIGNED_BODY = 1_000_000
_MAX_AUTHORISED_BODY = 10_000_000


@dataclass(frozen=True, slots=True)
class ProviderHookHandler:
    """Respond on ``/hooks/{provider}``. Secrets and bodies are never logged."""

    hooks: WebhookJob

    async def respond(self, request: Request) -> Response:
        """Respond with 204 or an error; 503 without the store or a certificate makes providers repeat."""
        provider, fields = request.path_params["provider"], dict(request.headers)
        # Checked before the body is read: a wrong secret must not cost megabytes.
        status = await run_in_threadpool(self.hooks.expects, provider, fields)
        if status < 400:
            body = await read_body(request, _MAX_SIGNED_BODY if provider in SIGNED else _MAX_AUTHORISED_BODY)
            status = await run_in_threadpool(self.hooks.receive, provider, fields, body)
        challenge = {"WWW-Authenticate": 'Basic realm="webhook"'} if status == 401 else {}
        return Response(status_code=status, headers=_HEADERS | challenge)


@dataclass(frozen=True, slots=True)
class HubCallbackHandler:
    """Respond on ``/websub/{callback}``. Pushed content is stored and later parsed by a job."""

    listener: WebSubJob
    max_body_bytes: int

    async def respond(self, request: Request) -> Response:
        """Respond to a verification or a delivery; callbacks are secrets and never logged."""
        callback = request.path_params["callback"]
        if len(callback) > _MAX_CALLBACK_LENGTH or not (callback.isascii() and callback.isprintable()):
            return _plain(404)
        if request.method != "POST":
            query = dict(request.query_params)
            echo = await run_in_threadpool(self.listener.verify, callback, query)
            return _plain(404) if echo is None else _plain(200, echo)
        # Checked before the body is read: an unknown callback must not cost megabytes.
        status = await run_in_threadpool(self.listener.expects, callback)
        if status >= 400:
            return _plain(status)
        body = await read_body(request, self.max_body_bytes)
        fields = request.headers
        status = await run_in_threadpool(
            self.listener.receive,
            callback,
            fields.get("content-type", ""),
            fields.get("x-hub-signature", ""),
            body,
        )
        return _plain(status)


def _plain(status: int, text: str = "") -> Response:
    return PlainTextResponse(text, status, _HEADERS)
