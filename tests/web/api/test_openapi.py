"""Description of the API: valid, checked in, and true, as generated requests show."""

import json
from pathlib import Path
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, settings
from openapi_spec_validator import OpenAPIV31SpecValidator

from syndicate.model.actors import SCOPES
from syndicate.web.api.api_app import described_api
from syndicate.web.api.api_problems import PROBLEMS
from tests.factories import new_article
from tests.web.api.conftest import ALL, Api, Reply

DOCS = Path(__file__).parents[3] / "docs"
DOCUMENT = described_api()
SCHEMA = schemathesis.openapi.from_dict(DOCUMENT)


def test_the_description_is_checked_in() -> None:
    """Write it again with ``python -m tests.web.api.test_openapi``."""
    assert json.loads((DOCS / "openapi.json").read_text("utf-8")) == DOCUMENT


def test_the_description_is_valid_openapi() -> None:
    assert DOCUMENT["openapi"].startswith("3.1")
    OpenAPIV31SpecValidator(DOCUMENT).validate()


def test_the_api_serves_its_description(api: Api) -> None:
    assert api.get("/openapi.json").json == DOCUMENT


def test_every_operation_states_scope_problems_and_purpose() -> None:
    for path, item in DOCUMENT["paths"].items():
        for method, operation in item.items():
            assert operation["x-scope"] in SCOPES, path
            assert {"token": [operation["x-scope"]]} in operation["security"], path
            assert operation["summary"], path
            assert {"401", "403", "429", "503"} <= operation["responses"].keys(), path
            assert ("{" in path) <= ("404" in operation["responses"]), path
            if method in ("patch", "delete") and "412" in operation["responses"]:
                assert any(p["name"] == "If-Match" and p["required"] for p in operation["parameters"]), path


def test_every_problem_has_a_section_in_the_guide() -> None:
    guide = (DOCS / "api.md").read_text("utf-8")
    for name, (status, _) in PROBLEMS.items():
        assert f"### {name}\n" in guide, name
        section = guide.partition(f"### {name}\n")[2].partition("\n### ")[0]
        assert f"**{status}**" in section, name


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
    assert str(answer.status) in declared or answer.status in (304, 308, 404, 405)
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


if __name__ == "__main__":
    (DOCS / "openapi.json").write_text(json.dumps(DOCUMENT, indent=1, sort_keys=True) + "\n", "utf-8")
