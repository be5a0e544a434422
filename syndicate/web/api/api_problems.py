"""Problems of the API (RFC 9457): each name is a section of docs/api.md."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, ConfigDict, Field
from starlette.exceptions import HTTPException
from starlette.responses import Response

from syndicate import DOCUMENTATION
from syndicate.errors import (
    ActionRefused,
    ConfigError,
    FetchError,
    ParseError,
    StoreBusy,
    StoreGone,
    SyndicateError,
)
from syndicate.text.tables import table_of

DOCUMENTED_AT = f"{DOCUMENTATION}/api.md#"
MEDIA_TYPE = "application/problem+json"

PROBLEMS: Mapping[str, tuple[int, str]] = {
    name: (int(status), title)
    for status, titles in table_of(__name__).items()
    for name, title in titles.items()
}
"""Status and title of each problem."""
_BY_STATUS = {
    400: "invalid-request",
    401: "no-token",
    404: "not-found",
    405: "wrong-method",
    413: "too-large",
}


class WrongField(BaseModel):
    """Wrong field of a body (``pointer``, RFC 6901), or wrong parameter of the address."""

    pointer: str | None = None
    parameter: str | None = None
    detail: str


class Problem(BaseModel):
    """Answer to a request that failed (RFC 9457). Further members depend on the type."""

    model_config = ConfigDict(extra="allow")

    type: str = Field(examples=[f"{DOCUMENTED_AT}not-found"])
    title: str
    status: int
    detail: str
    instance: str
    errors: list[WrongField] | None = None


def problem_response(
    name: str,
    detail: str,
    path: str,
    *,
    errors: Sequence[WrongField] = (),
    facts: Mapping[str, Any] | None = None,
    headers: Mapping[str, str] | None = None,
    status: int = 0,
) -> Response:
    """Return the answer for a problem; a name outside of the table has the status of its error."""
    known, title = PROBLEMS.get(name, (status, detail))
    told = {"title": title, "status": known, "detail": detail, "instance": path, **dict(facts or {})}
    problem = Problem(type=DOCUMENTED_AT + name, errors=list(errors) or None, **told)
    body = problem.model_dump_json(exclude_none=True)
    return Response(body, known, {"Cache-Control": "no-store", **(headers or {})}, MEDIA_TYPE)


def problem_of(error: Exception, path: str) -> Response:
    """Return the answer for an exception; an unknown exception is a bug, whose text stays in the log."""
    if isinstance(error, RequestValidationError):
        if unread := [found for found in error.errors() if found["type"] == "json_invalid"]:
            place, reason = unread[0]["loc"][-1], unread[0]["ctx"]["error"]
            detail = f"The body is not JSON: {reason}, at character {place}."
            return problem_response("invalid-request", detail, path)
        return problem_response("wrong-fields", "Fields are missing or wrong.", path, errors=[*_wrong(error)])
    if isinstance(error, ActionRefused):
        wrong = [WrongField(pointer=f"/{name}", detail=text) for name, text in error.fields.items()]
        return problem_response(
            error.problem, str(error), path, errors=wrong, facts=error.facts, status=error.status,
            headers=_headers(error),
        )  # fmt: skip
    if isinstance(error, HTTPException):
        name = _BY_STATUS.get(error.status_code, "invalid-request")
        return problem_response(name, PROBLEMS[name][1] + ".", path, headers=error.headers)
    if isinstance(error, StoreBusy | StoreGone):
        return problem_response("busy", "The store is busy. Try again.", path, headers={"Retry-After": "5"})
    if isinstance(error, FetchError):
        return problem_response("not-fetched", str(error), path)
    if isinstance(error, ConfigError | ParseError):
        return problem_response("wrong-fields", str(error), path)
    if isinstance(error, SyndicateError):
        return problem_response("refused", str(error), path)
    return problem_response("bug", "The program failed; its log says why.", path)


def _headers(error: ActionRefused) -> dict[str, str]:
    wait = error.facts.get("retry_after")
    return (
        {"Retry-After": str(wait)} if wait else {"WWW-Authenticate": "Bearer"} if error.status == 401 else {}
    )


def _wrong(error: RequestValidationError) -> Iterator[WrongField]:
    for found in error.errors():
        place, *path = map(str, found["loc"])
        steps = [step.replace("~", "~0").replace("/", "~1") for step in path]
        detail = str(found["msg"]).removeprefix("Value error, ")
        if not path and found["type"] == "model_attributes_type":
            detail = "Send a JSON object, with Content-Type: application/json."
        if place == "body":
            yield WrongField(pointer="".join(f"/{step}" for step in steps), detail=detail)
        else:
            yield WrongField(parameter="".join(path[:1]) or place, detail=detail)
