"""Routes of the API: each states its scope, its problems and its kind of answer."""

from collections.abc import Callable
from typing import Any

from fastapi import APIRouter
from pydantic import BaseModel

from syndicate.web.api.api_call import PageOfItems, Result, Shown
from syndicate.web.api.api_problems import DOCUMENTED_AT, MEDIA_TYPE, PROBLEMS, Problem

Endpoint = Callable[..., Any]
Decorator = Callable[[Endpoint], Endpoint]
_ALWAYS = ("no-token", "not-allowed", "invalid-request", "wrong-fields", "too-many-requests", "busy")
_FIELDS = {"name": "fields", "in": "query", "description": "Names of the fields to return, by commas"}
_KEY = {"name": "Idempotency-Key", "in": "header", "description": "At most 200 characters; kept for 24 hours"}
_MATCH = {"name": "If-Match", "in": "header", "description": "ETag of the object as it was read"}
_DRY_RUN: dict[str, Any] = {"name": "dry_run", "in": "query", "description": "`true` changes nothing"}


class Resource(APIRouter):
    """Router of one kind of object: its routes need the scopes ``name:read``, ``name:write`` or another."""

    def __init__(self, name: str) -> None:
        super().__init__(tags=[name])

    def read(self, path: str, model: type[Shown], *, scope: str = "", public: bool = False) -> Decorator:
        """Return the decorator of a route that returns an object."""
        problems = ("not-found",) if "{" in path else ()
        return self._route("GET", path, scope, model, problems, public=public, parameters=[_FIELDS])

    def page(self, path: str, model: type[Shown], *, scope: str = "", public: bool = False) -> Decorator:
        """Return the decorator of a route that returns a page of objects."""
        problems = ("wrong-cursor", *(("not-found",) if "{" in path else ()))
        page = PageOfItems[model]  # type: ignore[valid-type]  # it is a class
        return self._route("GET", path, scope, page, problems, public=public, parameters=[_FIELDS])

    def write(
        self,
        method: str,
        path: str,
        *problems: str,
        scope: str = "",
        status: int = 200,
        key_required: bool = False,
        answer: type[BaseModel] = Result,
        body: str = "",
    ) -> Decorator:
        """Return the decorator of a route that changes something: PATCH and DELETE need ``If-Match``.

        ``body`` is the media type of a body that is not JSON.
        """
        parameters = [_DRY_RUN]
        more = ["too-large", *(("not-found",) if "{" in path else ()), *problems]
        if method in ("POST", "PUT"):
            parameters.append({**_KEY, "required": key_required})
            more += ["key-reused", "still-running", *(("key-missing",) if key_required else ())]
        if "if-match-missing" in problems:
            parameters.append({**_MATCH, "required": True})
        return self._route(
            method,
            path,
            scope,
            answer,
            tuple(more),
            status=status,
            parameters=parameters,
            key=key_required,
            body=body,
        )

    def _route(
        self,
        method: str,
        path: str,
        scope: str,
        model: type[BaseModel],
        problems: tuple[str, ...],
        *,
        status: int = 200,
        public: bool = False,
        parameters: list[dict[str, Any]],
        key: bool = False,
        body: str = "",
    ) -> Decorator:
        scope = scope or f"{self.tags[0]}:{'read' if method == 'GET' else 'write'}"
        shown = [{"schema": {"type": "string"}, "required": False, **parameter} for parameter in parameters]
        extra: dict[str, Any] = {
            "x-scope": scope,
            "x-public": public,
            "x-key-required": key,
            "parameters": shown,
        }
        if body:
            extra["requestBody"] = {"required": True, "content": {body: {"schema": {"type": "string"}}}}
        extra["security"] = [{"token": [scope]}, *([{}] if public else [])]

        def decorate(endpoint: Endpoint) -> Endpoint:
            self.add_api_route(
                path,
                endpoint,
                methods=[method],
                status_code=status,
                response_model=None,
                openapi_extra=extra,
                operation_id=endpoint.__name__,
                summary=(endpoint.__doc__ or "").partition("\n")[0].rstrip("."),
                responses={status: {"model": model}, **_responses((*_ALWAYS, *problems))},
            )
            return endpoint

        return decorate


MATCHED = ("if-match-missing", "changed-meanwhile")
"""Problems of a route that needs ``If-Match``."""


def problem_examples() -> dict[str, dict[str, Any]]:
    """Return an example of each problem, for the description."""
    return {
        name: {
            "value": {
                "type": DOCUMENTED_AT + name,
                "title": title,
                "status": status,
                "detail": f"{title}.",
                "instance": "/api/v1/articles",
            }
        }
        for name, (status, title) in PROBLEMS.items()
    }


def _responses(names: tuple[str, ...]) -> dict[int | str, dict[str, Any]]:
    """Return the answers for problems by status."""
    responses: dict[int | str, dict[str, Any]] = {}
    for name in names:
        status, title = PROBLEMS[name]
        content: dict[str, Any] = {MEDIA_TYPE: {"examples": {}}}
        answer = responses.setdefault(status, {"model": Problem, "description": title, "content": content})
        answer["content"][MEDIA_TYPE]["examples"][name] = {"$ref": f"#/components/examples/{name}"}
    return responses
