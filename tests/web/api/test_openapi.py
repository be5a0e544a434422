"""Description of the API: valid and checked in; ``test_generated_requests`` shows that it is true."""

import json
from pathlib import Path

import pytest
from fastapi.routing import APIRoute
from openapi_spec_validator import OpenAPIV31SpecValidator

from syndicate.model.actors import SCOPES
from syndicate.web.api.api_app import RESOURCES, _application
from syndicate.web.api.api_problems import PROBLEMS
from tests.web.api.conftest import Api
from tests.web.api.description import described_api

DOCS = Path(__file__).parents[3] / "docs"


def test_the_description_is_checked_in() -> None:
    """Write it again with ``python -m tests.web.api.test_openapi``."""
    assert json.loads((DOCS / "openapi.json").read_text("utf-8")) == described_api()


def test_the_description_is_valid_openapi() -> None:
    assert described_api()["openapi"].startswith("3.1")
    OpenAPIV31SpecValidator(described_api()).validate()


@pytest.mark.all
def test_the_api_serves_its_description(api: Api) -> None:
    assert api.get("/openapi.json").json == described_api()


def test_fastapi_keeps_no_validator_of_answers_and_no_second_set_of_routes() -> None:
    # Together they took 13 MB of a daemon.
    routes = [route for route in _application().routes if isinstance(route, APIRoute)]
    assert len(routes) == sum(len(resource.routes.routes) for resource in RESOURCES)
    assert not any(route.response_fields or route.response_field for route in routes)


def test_every_operation_states_scope_problems_and_purpose() -> None:
    for path, item in described_api()["paths"].items():
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


if __name__ == "__main__":
    (DOCS / "openapi.json").write_text(json.dumps(described_api(), indent=1, sort_keys=True) + "\n", "utf-8")
