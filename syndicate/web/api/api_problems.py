"""Problems of the API (RFC 9457): each name is a section of docs/api.md."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, ConfigDict, Field
from starlette.exceptions import HTTPException
from starlette.responses import Response

from syndicate.errors import (
    ActionRefused,
    ConfigError,
    FetchError,
    ParseError,
    StoreBusy,
    StoreGone,
    SyndicateError,
)

DOCUMENTED_AT = "https://github.com/syndicate-news/syndicate/blob/main/docs/api.md#"
MEDIA_TYPE = "application/problem+json"

PROBLEMS: Mapping[str, tuple[int, str]] = {
    "invalid-request": (400, "The request cannot be read"),
    "key-missing": (400, "This request needs an Idempotency-Key"),
    "wrong-cursor": (400, "The cursor is not of this list"),
    "no-token": (401, "This request needs a token"),
    "not-allowed": (403, "The token lacks a scope"),
    "not-found": (404, "There is no such object"),
    "wrong-method": (405, "The address does not take this method"),
    "changed-meanwhile": (412, "The object is no longer the object that was read"),
    "too-large": (413, "The body is too large"),
    "wrong-fields": (422, "Fields are missing or wrong"),
    "key-reused": (422, "The Idempotency-Key belongs to another request"),
    "if-match-missing": (428, "This request needs If-Match"),
    "too-many-requests": (429, "The token made too many requests"),
    "bug": (500, "The program failed"),
    "not-fetched": (502, "Another server could not be read"),
    "mail-refused": (502, "The mail server refused the mail"),
    "busy": (503, "The store is busy"),
    "refused": (409, "The state of the object does not allow this"),
    "still-running": (409, "A request with the same key is running"),
    "declared-in-config": (409, "The object is declared in config.toml"),
    "name-taken": (409, "The name is taken"),
    "not-an-api-source": (409, "The source takes no own articles"),
    "paused": (409, "The object is paused"),
    "source-known": (409, "A source reads this feed already"),
    "source-paused": (409, "The source is paused or gone"),
    "server-asked-for-pause": (409, "The server of the source asks to wait"),
    "only-your-own": (403, "An editor removes only what the editor added"),
    "already-together": (409, "The articles are in one story"),
    "nothing-stays": (409, "No article would stay in the story"),
    "no-story": (409, "The article has no story yet"),
    "not-in-force": (409, "The decision is not in force"),
    "too-old": (409, "The article is too old to be placed again"),
    "lint-error": (409, "The edition has an error"),
    "not-open": (409, "The edition is no longer open"),
    "mail-has-left": (409, "Mail has left"),
    "not-sent": (409, "The edition was not sent"),
    "unsubscribed-by-subscriber": (409, "The person left, and only the person can return"),
    "suppressed": (409, "The mailbox gets no mail"),
    "not-liftable": (409, "The suppression is not a bounce"),
    "unknown-newsletter": (422, "The list names an unknown newsletter"),
    "wrong-state": (409, "The state of the delivery does not allow this"),
    "not-paused": (409, "Sending does not rest"),
    "stale": (409, "Another editor changed the edition just now"),
    "corrected": (409, "The edition has a later revision"),
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
        if place == "body":
            yield WrongField(pointer="".join(f"/{step}" for step in steps), detail=detail)
        else:
            yield WrongField(parameter="".join(path[:1]) or place, detail=detail)
