"""Body of a request: strict JSON, and the types of its fields.

A program that sends something other than it means hears so: a key that occurs twice, ``"yes"`` for true or a
number for a time is a mistake, not a guess.
"""

import json
import re
from collections.abc import Callable, Coroutine
from functools import cached_property
from typing import Annotated, Any

from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute
from pydantic import AfterValidator, AwareDatetime, BaseModel, BeforeValidator, ConfigDict, Field, Strict
from starlette.requests import Request
from starlette.responses import Response

MAX_ID = 2**63 - 1
# A NUL that JSON writes as an escape: PostgreSQL stores none.
_NUL = re.compile(r"(?<!\\)(?:\\\\)*\\u0000")
_RFC_3339 = re.compile(r"\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d")
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")


def _utf8(value: str) -> str:
    try:
        value.encode()
    except UnicodeEncodeError:
        raise ValueError("the text has half of a surrogate pair") from None
    return value


def _one_line(value: str) -> str:
    if _CONTROL.search(value):
        raise ValueError("an address has no line ends and no other control characters")
    return value


def _as_id(value: object) -> str:
    if isinstance(value, bool) or not isinstance(value, str | int):
        raise ValueError("write an id as a text")  # noqa: TRY004 - a mistake of the request
    return str(value)


def _written_time(value: object) -> object:
    if not isinstance(value, str) or not _RFC_3339.match(value):
        raise ValueError("write a time with its zone (RFC 3339), such as 2026-12-07T08:00:00Z")
    return value


Id = Annotated[str, BeforeValidator(_as_id)]
RowId = Annotated[int, Field(ge=1, le=MAX_ID)]
Line = Annotated[str, Field(max_length=1_000), AfterValidator(_utf8)]
Address = Annotated[Line, AfterValidator(_one_line)]
Prose = Annotated[str, Field(max_length=400_000), AfterValidator(_utf8)]
Flag = Annotated[bool, Strict()]
Whole = Annotated[int, Strict()]
Number = Annotated[float, Strict()]
Time = Annotated[AwareDatetime, BeforeValidator(_written_time)]


class Given(BaseModel):
    """Body of a request: unknown fields are mistakes."""

    model_config = ConfigDict(extra="forbid", allow_inf_nan=False)

    def given(self) -> dict[str, Any]:
        """Return the fields that the request has."""
        return self.model_dump(exclude_unset=True)


class ApiRoute(APIRoute):
    """Route that knows its query parameters, and whose JSON bodies are read by ``read_json``."""

    @cached_property
    def query_parameters(self) -> frozenset[str]:
        """Names of the query parameters that the operation has."""

        def names(dependant: Dependant) -> set[str]:
            own = {parameter.alias for parameter in dependant.query_params}
            return own.union(*map(names, dependant.dependencies))

        described = [
            each["name"] for each in (self.openapi_extra or {})["parameters"] if each["in"] == "query"
        ]
        return frozenset(names(self.dependant).union(described))

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Return the handler of requests."""
        handler = super().get_route_handler()

        async def handle(request: Request) -> Response:
            return await handler(_StrictJsonRequest(request.scope, request.receive))

        return handle


class _StrictJsonRequest(Request):
    async def json(self) -> Any:
        """Return the value of the body."""
        return read_json(await self.body())


def read_json(body: bytes) -> Any:
    """Return the value of a JSON text in UTF-8 (RFC 8259 section 8.1).

    Raises ``JSONDecodeError`` for other encodings, a NUL, a key that occurs twice, and NaN or Infinity.
    """
    try:
        text = body.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise json.JSONDecodeError("it is not UTF-8", "", error.start) from None
    if found := _NUL.search(text):
        raise json.JSONDecodeError("it has a NUL", text, found.start())

    def as_object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        value = dict(pairs)
        if len(value) < len(pairs):
            twice = next(key for index, (key, _) in enumerate(pairs) if key in dict(pairs[:index]))
            raise json.JSONDecodeError(f"the key {twice!r} occurs twice", text, text.find(json.dumps(twice)))
        return value

    def refuse(name: str) -> None:
        raise json.JSONDecodeError(f"{name} is not JSON", text, text.find(name))

    try:
        return json.loads(text, object_pairs_hook=as_object, parse_constant=refuse)
    except RecursionError:
        raise json.JSONDecodeError("it is nested too deeply", text, 0) from None
    except ValueError as error:
        if isinstance(error, json.JSONDecodeError):
            raise
        # Python reads no number of more than 4 300 digits.
        raise json.JSONDecodeError("a number has too many digits", text, 0) from None
