"""Webhooks of mail providers: bounces, complaints and unsubscriptions that they report."""

from dataclasses import dataclass

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from syndicate.jobs.delivery.webhook_job import SIGNED, WebhookJob
from syndicate.web.readers.server_pages import SECURITY_HEADERS
from syndicate.web.request_body import read_body

_MAX_BODY = 1_000_000
_MAX_AUTHORISED_BODY = 10_000_000
_HEADERS = {**SECURITY_HEADERS, "Cache-Control": "no-store"}


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
            body = await read_body(request, _MAX_BODY if provider in SIGNED else _MAX_AUTHORISED_BODY)
            status = await run_in_threadpool(self.hooks.receive, provider, fields, body)
        challenge = {"WWW-Authenticate": 'Basic realm="webhook"'} if status == 401 else {}
        return Response(status_code=status, headers=_HEADERS | challenge)
