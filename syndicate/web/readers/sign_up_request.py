"""Sign-up request of a form or a program: its values, its problems, and answers as JSON.

A JSON request is read as the form it stands for, so both meet the same checks.
"""

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from syndicate.audience.fields import SubscriberField, given_values, read_values
from syndicate.audience.mailbox_address import normalise_address
from syndicate.errors import InvalidAddress
from syndicate.text.plain import clean_line
from syndicate.text.urls import absolute_url, origin_of
from syndicate.web.request_body import MAX_FORM_BYTES, read_body, read_fields

MAX_ADDRESS_LENGTH = 320
MAX_SOURCE_LENGTH = 80
JSON_HEADERS = {"X-Content-Type-Options": "nosniff", "Cache-Control": "no-store", "Vary": "Origin, Accept"}
_JSON = "application/json"
# Name of a hidden field that only programs fill in.
_TRAP = "website"
RETRY_AFTER = {429: {"Retry-After": "3600"}, 503: {"Retry-After": "60"}}
_CORS = {
    "Access-Control-Allow-Methods": "GET, POST",
    "Access-Control-Allow-Headers": "Accept, Content-Type",
    "Access-Control-Expose-Headers": "Retry-After",
    "Access-Control-Max-Age": "3600",
}

SignUpProblem = tuple[str, str, str]
"""Name of the wrong member of the JSON, code of the problem, and details or ``""``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SignUpRequest:
    """Values of a request.

    ``next_url`` is the page to show afterwards, ``work`` a proof of work. ``trap`` is true for programs that
    fill in every field.
    """

    newsletters: Collection[str]
    address: str
    agreed: bool
    fields: Mapping[str, str]
    source: str
    next_url: str
    work: str
    trap: bool

    def checked(self, declared: Sequence[SubscriberField]) -> tuple[dict[str, str], list[SignUpProblem]]:
        """Return the canonical values of fields, and all problems of consent, address and fields."""
        found = [] if self.agreed else [("agree", "agree", "")]
        try:
            normalise_address(self.address[: MAX_ADDRESS_LENGTH + 1])
        except InvalidAddress:
            found.append(("email", "address", ""))
        values, wrong = read_values(declared, self.fields)
        return values, found + [(f"fields.{name}", "field", error) for name, error in wrong.items()]


async def read_sign_up(request: Request, site: str, fields: Sequence[SubscriberField]) -> SignUpRequest:
    """Read a link, a form or a JSON object; ``site`` is the site's own origin.

    Raises ``HTTPException`` 400 for other JSON, 413 if it is too long.
    """
    form: Mapping[str, Sequence[str]]
    if request.method != "POST":
        form = {name: request.query_params.getlist(name) for name in ("newsletter", "source", "next")}
    elif _is_json(request):
        form = _form_of(await read_body(request, MAX_FORM_BYTES))
    else:
        form = await read_fields(request)
    first = {name: values[0].strip() for name, values in form.items() if values}
    # Without a source, the page of another site that has the form or the link.
    referrer = origin_of(request.headers.get("referer", "")) or origin_of(request.headers.get("origin", ""))
    source = first.get("source") or (referrer if referrer != site else "")
    return SignUpRequest(
        newsletters=form.get("newsletter", ()),
        address=first.get("address", ""),
        agreed=first.get("agree") == "yes",
        fields=given_values(fields, form),
        source=clean_line(source, MAX_SOURCE_LENGTH),
        next_url=absolute_url("", first.get("next", "")),
        work=first.get("work", ""),
        trap=bool(first.get(_TRAP)),
    )


def wants_json(request: Request) -> bool:
    """Return whether the client is a program that gets JSON."""
    return _is_json(request) or _JSON in request.headers.get("accept", "").lower()


def with_cors(response: Response, request: Request, origins: Collection[str]) -> Response:
    """Let scripts on pages of ``origins`` send this request and read its response, without credentials."""
    origin = request.headers.get("origin", "")
    if origin in origins:
        response.headers.update({**_CORS, "Access-Control-Allow-Origin": origin})
    return response


def json_problem(status: int, errors: Sequence[Mapping[str, str]] = ()) -> Response:
    """Return problem details (RFC 9457), with an error for each wrong member."""
    content = {"type": "about:blank", "title": HTTPStatus(status).phrase, "status": status, "errors": errors}
    headers = JSON_HEADERS | RETRY_AFTER.get(status, {})
    return JSONResponse(content, status, headers, "application/problem+json")


def _is_json(request: Request) -> bool:
    return request.headers.get("content-type", "").partition(";")[0].strip().lower() == _JSON


def _form_of(body: bytes) -> dict[str, list[str]]:
    """Return the form that a JSON object stands for; its sender has shown the text of consent."""
    try:
        given = json.loads(body)
        named = {f"field.{name}": value for name, value in given.get("fields", {}).items()}
        named |= {name: given.get(name, "") for name in ("source", "work", _TRAP)}
        form = {name: [_text(value)] for name, value in named.items()}
        form |= {"address": [_text(given.get("email", ""))], "agree": ["yes"]}
        return form | {"newsletter": [_text(name) for name in given.get("newsletters", [])]}
    except (ValueError, AttributeError, TypeError, RecursionError) as error:
        raise HTTPException(400) from error


def _text(value: object) -> str:
    """Return a JSON value as a form would send it; raises ``TypeError`` for null, a list or an object."""
    if not isinstance(value, str | int | float):
        raise TypeError
    return str(value)
