"""Application of the API under ``/api/v1``, and its description (OpenAPI 3.1)."""

from collections.abc import Callable
from copy import deepcopy
from datetime import UTC, datetime
from functools import cache
from typing import Any

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.types import ASGIApp

from syndicate.errors import SyndicateError
from syndicate.model.actors import SCOPES
from syndicate.store import Store
from syndicate.store.events.event_log import EVENTS
from syndicate.web.api import (
    article_resource,
    channel_resource,
    decision_resource,
    delivery_resource,
    edition_resource,
    newsletter_resource,
    source_resource,
    story_resource,
    subscriber_resource,
    system_resource,
    webhook_resource,
)
from syndicate.web.api.api_call import ApiOptions
from syndicate.web.api.api_gate import BASE, ApiGate, FindActor
from syndicate.web.api.api_problems import problem_of
from syndicate.web.api.api_router import problem_examples

RESOURCES = (
    article_resource,
    story_resource,
    decision_resource,
    source_resource,
    channel_resource,
    newsletter_resource,
    edition_resource,
    delivery_resource,
    subscriber_resource,
    webhook_resource,
    system_resource,
)


_ERRORS = (RequestValidationError, HTTPException, SyndicateError, Exception)


def create_api(
    jobs: Any,
    store: Store,
    find_actor: FindActor,
    options: ApiOptions,
    *,
    clock: Callable[[], datetime] = lambda: datetime.now(UTC),
) -> ASGIApp:
    """Return the application for all addresses below ``/api``; ``jobs`` are those of the admin."""
    state = {"jobs": jobs, "store": store, "options": options, "clock": clock}
    return ApiGate(_application(), find_actor, clock, state, options.is_public)


@cache
def _application() -> FastAPI:
    """Return the routes, which are the same for every store; building them takes half a second."""
    app = FastAPI(
        title="syndicate",
        version="1",
        docs_url=None,
        redoc_url=None,
        openapi_url=None,
        redirect_slashes=False,
        exception_handlers=dict.fromkeys(_ERRORS, _on_error),
    )
    for resource in RESOURCES:
        app.include_router(resource.routes)
    app.add_route("/openapi.json", lambda _: JSONResponse(described_api()), include_in_schema=False)
    return app


async def _on_error(request: Request, error: Exception) -> Response:
    return problem_of(error, request.url.path)


@cache
def described_api() -> dict[str, Any]:
    """Return the OpenAPI document of the API, made once."""
    # A copy: two first requests at once would change one document.
    document = deepcopy(_application().openapi())
    document["servers"] = [{"url": BASE}]
    document["info"]["description"] = (
        "Guide and problems: docs/api.md. Ids are texts, times are UTC (RFC 3339)."
    )
    document["components"]["examples"] = problem_examples()
    schemes = document["components"].setdefault("securitySchemes", {})
    schemes["token"] = {
        "type": "http",
        "scheme": "bearer",
        "description": "Token of a user. Scopes:\n"
        + "".join(f"- `{name}`: {does}\n" for name, does in SCOPES.items()),
    }
    for path in document["paths"].values():
        for operation in path.values():
            # FastAPI describes its own form of wrong fields.
            for status, answer in operation["responses"].items():
                if status.isdecimal() and int(status) >= 400:
                    answer["content"].pop("application/json", None)
                    for media in answer["content"].values():
                        media["schema"] = {"$ref": "#/components/schemas/Problem"}
    document["webhooks"] = {name: _webhook(name) for name in EVENTS}
    for name in ("HTTPValidationError", "ValidationError"):
        document["components"]["schemas"].pop(name, None)
    return document


def _webhook(name: str) -> dict[str, Any]:
    """Return the description of the request that tells an endpoint of an event."""
    body = {
        "type": "object",
        "required": ["id", "type", "created", "data"],
        "properties": {
            "id": {"type": "string"},
            "type": {"const": name},
            "created": {"type": "string", "format": "date-time"},
            "sequence": {"type": "integer"},
            "data": {"type": "object"},
        },
    }
    names = ("webhook-id", "webhook-timestamp", "webhook-signature")
    headers = [
        {"name": name, "in": "header", "required": True, "schema": {"type": "string"}} for name in names
    ]
    return {
        "post": {
            "summary": EVENTS[name],
            "operationId": f"on_{name.replace('.', '_')}",
            "parameters": headers,
            "requestBody": {"content": {"application/json": {"schema": body}}},
            "responses": {"2XX": {"description": "Done"}, "410": {"description": "Turns the endpoint off"}},
        }
    }
