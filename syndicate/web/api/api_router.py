"""Routes of the API: each states its scope, its problems and its kind of answer."""

from collections.abc import Callable
from typing import Any, NamedTuple

from fastapi import APIRouter
from pydantic import BaseModel

from syndicate.web.api.api_body import ApiRoute
from syndicate.web.api.api_call import Result, Shown

Endpoint = Callable[..., Any]
Decorator = Callable[[Endpoint], Endpoint]
_ALWAYS = ("no-token", "not-allowed", "invalid-request", "wrong-fields", "too-many-requests", "busy")
_FIELDS = {"name": "fields", "in": "query", "description": "Names of the fields to return, by commas"}
_KEY = {"name": "Idempotency-Key", "in": "header", "description": "At most 200 characters; kept for 24 hours"}
_MATCH = {"name": "If-Match", "in": "header", "description": "ETag of the object as it was read"}
_DRY_RUN: dict[str, Any] = {
    "name": "dry_run",
    "in": "query",
    "description": "`true` changes nothing",
    "schema": {"type": "boolean", "default": False},
}


class Answers(NamedTuple):
    """Answers of a route: the model of an object or an item, or types of a document; names of problems."""

    model: type[BaseModel]
    is_page: bool
    problems: tuple[str, ...] = ()
    media: tuple[str, ...] = ()


class Resource(APIRouter):
    """Router of one kind of object: its routes need the scopes ``name:read``, ``name:write`` or another.

    ``answers`` has the answers of each operation, from which the description is written. FastAPI does
    not know them, because it would keep a validator for each answer of each route: 6 MB.
    """

    def __init__(self, name: str) -> None:
        super().__init__(tags=[name], route_class=ApiRoute)
        self.answers: dict[str, Answers] = {}

    def read(self, path: str, model: type[Shown], *, scope: str = "", public: bool = False) -> Decorator:
        """Return the decorator of a route that returns an object."""
        return self._route("GET", path, scope, Answers(model, False), [_FIELDS], public=public)

    def document(self, path: str, *media: str) -> Decorator:
        """Return the decorator of a route that returns a document of one of these media types."""
        return self._route("GET", path, "", Answers(Shown, False, media=media), [])

    def page(self, path: str, model: type[Shown], *, scope: str = "", public: bool = False) -> Decorator:
        """Return the decorator of a route that returns a page of objects."""
        answers = Answers(model, True, ("wrong-cursor",))
        return self._route("GET", path, scope, answers, [_FIELDS], public=public)

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
        more = ["too-large", *problems]
        if method in ("POST", "PUT"):
            parameters.append({**_KEY, "required": key_required})
            more += ["key-reused", "still-running", *(("key-missing",) if key_required else ())]
        if "if-match-missing" in problems:
            parameters.append({**_MATCH, "required": True})
        answers = Answers(answer, False, tuple(more))
        return self._route(
            method, path, scope, answers, parameters, status=status, key_required=key_required, body=body
        )

    def _route(
        self,
        method: str,
        path: str,
        scope: str,
        answers: Answers,
        parameters: list[dict[str, Any]],
        *,
        status: int = 200,
        public: bool = False,
        key_required: bool = False,
        body: str = "",
    ) -> Decorator:
        scope = scope or f"{self.tags[0]}:{'read' if method == 'GET' else 'write'}"
        extra: dict[str, Any] = {
            "x-scope": scope,
            "x-public": public,
            "x-key-required": key_required,
            "parameters": [
                {"schema": {"type": "string"}, "required": False, **parameter} for parameter in parameters
            ],
            "security": [{"token": [scope]}, *([{}] if public else [])],
        }
        if body:
            extra["requestBody"] = {"required": True, "content": {body: {"schema": {"type": "string"}}}}

        def decorate(endpoint: Endpoint) -> Endpoint:
            missing = ("not-found",) if "{" in path else ()
            problems = (*_ALWAYS, *missing, *answers.problems)
            self.answers[endpoint.__name__] = answers._replace(problems=problems)
            self.add_api_route(
                path,
                endpoint,
                methods=[method],
                status_code=status,
                response_model=None,
                openapi_extra=extra,
                operation_id=endpoint.__name__,
                summary=(endpoint.__doc__ or "").partition("\n")[0].rstrip("."),
            )
            return endpoint

        return decorate


MATCHED = ("if-match-missing", "changed-meanwhile")
"""Problems of a route that needs ``If-Match``."""
