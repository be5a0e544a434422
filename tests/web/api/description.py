"""OpenAPI document of the API, from its routes: ``python -m tests.web.api.test_openapi`` writes it.

The program ships the document and never makes it: see ``syndicate/web/api_description.py``.
"""

from functools import cache
from typing import Any

from fastapi import FastAPI, Response
from fastapi.responses import JSONResponse
from fastapi.routing import APIRoute

from syndicate.model.actors import SCOPES
from syndicate.store.events.event_log import EVENTS
from syndicate.web.api.api_app import RESOURCES
from syndicate.web.api.api_call import PageOfItems
from syndicate.web.api.api_gate import BASE
from syndicate.web.api.api_problems import DOCUMENTED_AT, MEDIA_TYPE, PROBLEMS, Problem
from syndicate.web.api.api_router import Answers


@cache
def described_api() -> dict[str, Any]:
    """Return the OpenAPI document, made once."""
    app = FastAPI(title="syndicate", version="1")
    for resource in RESOURCES:
        for route in resource.routes.routes:
            assert isinstance(route, APIRoute)
            _describe(app, route, resource.routes.answers[route.name])
    document = app.openapi()
    document["servers"] = [{"url": BASE}]
    document["info"]["description"] = (
        "Guide and problems: docs/api.md. Ids are texts, times are UTC (RFC 3339)."
    )
    document["components"]["examples"] = {name: {"value": _example(name)} for name in PROBLEMS}
    document["components"].setdefault("securitySchemes", {})["token"] = {
        "type": "http",
        "scheme": "bearer",
        "description": "Token of a user. Scopes:\n"
        + "".join(f"- `{name}`: {does}\n" for name, does in SCOPES.items()),
    }
    shared = document["components"]["responses"] = {}
    for path in document["paths"].values():
        for operation in path.values():
            for status, answer in operation["responses"].items():
                if status.isdecimal() and int(status) >= 400:
                    # FastAPI describes its own form of wrong fields.
                    media = answer["content"][MEDIA_TYPE]
                    media["schema"] = {"$ref": "#/components/schemas/Problem"}
                    name = ".".join(media["examples"])
                    shared[name] = answer | {"content": {MEDIA_TYPE: media}}
                    operation["responses"][status] = {"$ref": f"#/components/responses/{name}"}
    document["webhooks"] = {name: _webhook(name) for name in EVENTS}
    for name in ("HTTPValidationError", "ValidationError"):
        document["components"]["schemas"].pop(name, None)
    return document


def _describe(app: FastAPI, route: APIRoute, answers: Answers) -> None:
    """Add a route with its answers to an application that only describes."""
    model: Any = PageOfItems[answers.model] if answers.is_page else answers.model  # type: ignore[name-defined]
    text = {"schema": {"type": "string"}}
    answer = {"content": dict.fromkeys(answers.media, text)} if answers.media else {"model": model}
    app.add_api_route(
        route.path,
        route.endpoint,
        methods=[*(route.methods or ())],
        status_code=route.status_code,
        tags=route.tags,
        summary=route.summary,
        operation_id=route.operation_id,
        openapi_extra=route.openapi_extra,
        response_model=None,
        responses={route.status_code or 200: answer, **_problems(answers.problems)},
        response_class=Response if answers.media else JSONResponse,
    )


def _problems(names: tuple[str, ...]) -> dict[int | str, dict[str, Any]]:
    """Return the answers for problems by status."""
    responses: dict[int | str, dict[str, Any]] = {}
    for name in names:
        status, title = PROBLEMS[name]
        content: dict[str, Any] = {MEDIA_TYPE: {"examples": {}}}
        answer = responses.setdefault(status, {"model": Problem, "description": title, "content": content})
        answer["content"][MEDIA_TYPE]["examples"][name] = {"$ref": f"#/components/examples/{name}"}
    return responses


def _example(name: str) -> dict[str, Any]:
    """Return an example of a problem."""
    status, title = PROBLEMS[name]
    return {
        "type": DOCUMENTED_AT + name,
        "title": title,
        "status": status,
        "detail": f"{title}.",
        "instance": "/api/v1/articles",
    }


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
