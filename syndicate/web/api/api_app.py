"""Application of the API under ``/api/v1``."""

from collections.abc import Callable
from datetime import UTC, datetime
from functools import cache
from typing import Any

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import FileResponse, Response
from starlette.types import ASGIApp

from syndicate.errors import SyndicateError
from syndicate.store import Store
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
from syndicate.web.api.api_gate import ApiGate, FindActor
from syndicate.web.api.api_problems import problem_of
from syndicate.web.api_description import description_file

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
    """Return the routes, which are the same for every store."""
    routes = [route for resource in RESOURCES for route in resource.routes.routes]
    app = FastAPI(
        # FastAPI builds routes a second time that `include_router` adds.
        routes=routes,
        title="syndicate",
        version="1",
        docs_url=None,
        redoc_url=None,
        openapi_url=None,
        redirect_slashes=False,
        exception_handlers=dict.fromkeys(_ERRORS, _on_error),
    )
    app.add_route("/openapi.json", lambda _: FileResponse(description_file()), include_in_schema=False)
    return app


async def _on_error(request: Request, error: Exception) -> Response:
    return problem_of(error, request.url.path)
