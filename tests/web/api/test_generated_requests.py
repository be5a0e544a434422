"""Requests generated from the description of the API: the API answers each as described."""

import json
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, settings

from syndicate.web.api.api_problems import PROBLEMS
from tests.factories import new_article
from tests.web.api.conftest import ALL, Api, Reply
from tests.web.api.description import described_api

# Each operation gets hundreds of requests, and pytest needs many seconds to collect them.
pytestmark = pytest.mark.all

DOCUMENT = described_api()
SCHEMA = schemathesis.openapi.from_dict(DOCUMENT)
GENERATED = settings(
    max_examples=8,
    derandomize=True,
    deadline=None,
    database=None,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
)
READ = [scope for scope in sorted(ALL) if scope.endswith(":read")]


@pytest.fixture
def reader(api: Api) -> Api:
    return api.with_token(*READ)


def test_requests_are_generated_for_every_operation() -> None:
    operations: list[Any] = [found.ok() for found in SCHEMA.get_all_operations()]  # type: ignore[union-attr]
    generated = {(operation.method.lower(), operation.path) for operation in operations}
    assert generated == {(method, path) for path, item in DOCUMENT["paths"].items() for method in item}


def send(case: Any, api: Api) -> Reply:
    """Send a generated request with the token of the API; check that the document has the answer."""
    serialised = case.as_transport_kwargs(base_url="http://api")
    headers = {str(name): str(value) for name, value in (serialised.get("headers") or {}).items()}
    ours = ("authorization", "user-agent", "content-length")
    headers = {name: value for name, value in headers.items() if name.lower() not in ours}
    body = serialised.get("data")
    if serialised.get("json") is not None:
        body = json.dumps(serialised["json"]).encode()
    query = "&".join(f"{name}={value}" for name, value in (case.query or {}).items())
    path = case.formatted_path + (f"?{query}" if query else "")
    sent = body if isinstance(body, bytes) else str(body).encode() if body else None
    named = {name.replace("-", "_"): value for name, value in headers.items()}
    answer = api.ask(case.method, path, sent, **named)
    assert answer.status < 500, (case.method, path, answer.body)
    declared = case.operation.definition.raw["responses"]
    is_another_method = case.method.upper() != case.operation.method.upper()
    assert str(answer.status) in declared or (is_another_method and answer.status == 405), (
        case.method,
        path,
        answer.status,
        answer.body,
    )
    if answer.status >= 400:
        assert answer.problem in PROBLEMS
    return answer


@SCHEMA.parametrize()
@GENERATED
def test_no_generated_request_is_an_error_of_the_server(case: Any, api: Api) -> None:
    if not api.get("/articles?limit=1").json["items"]:
        api.room.add(new_article(1))
    send(case, api)


@SCHEMA.parametrize()
@GENERATED
def test_a_read_only_token_reads_and_changes_nothing(case: Any, reader: Api) -> None:
    scope = case.operation.definition.raw["x-scope"]
    answer = send(case, reader)
    if scope not in READ:
        assert answer.status not in (200, 201, 202), "a read-only token wrote"
