"""Page that describes the API, from its OpenAPI document."""

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from syndicate.model.actors import SCOPES
from syndicate.web.admin.admin_request import AdminRequest, Answer, Show


def describe_api(_: AdminRequest) -> Answer:
    """Show the operations of the API."""
    return Show("admin/api/reference.html", _view())


@lru_cache
def _view() -> dict[str, object]:
    """Return the operations by resource, and the scopes of tokens with what they allow."""
    # FastAPI takes 0.2 s to import, which only a server with the API spends.
    from syndicate.web.api.api_app import described_api  # noqa: PLC0415

    document = described_api()
    resources: dict[str, list[dict[str, object]]] = {}
    for path, item in document["paths"].items():
        for method, described in item.items():
            name = described["tags"][0]
            operation = _operation(method.upper(), path, described, document["components"]["schemas"])
            resources.setdefault(name, []).append(operation)
    return {"base": document["servers"][0]["url"], "resources": resources, "scopes": SCOPES}


def _operation(
    method: str, path: str, described: Mapping[str, Any], schemas: Mapping[str, Any]
) -> dict[str, object]:
    """Return an operation with the names of its parameters, fields and problems."""
    body = described.get("requestBody", {}).get("content", {}).get("application/json", {}).get("schema", {})
    fields = schemas.get(body.get("$ref", "").rpartition("/")[2], {}).get("properties", {})
    answers = [
        answer["content"].values() for answer in described["responses"].values() if "content" in answer
    ]
    problems = [name for media in answers for kind in media for name in kind.get("examples", {})]
    facts = {"method": method, "path": path, "summary": described["summary"], "scope": described["x-scope"]}
    parameters = [parameter["name"] for parameter in described.get("parameters", ())]
    return {**facts, "parameters": parameters, "fields": [*fields], "problems": problems}
