"""Page that describes the API, from its OpenAPI document."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from syndicate.model.actors import SCOPES
from syndicate.web.admin.admin_request import AdminRequest, Answer, Show


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """Operation of the API with its parameters, the fields of its body, and the names of its problems."""

    method: str
    path: str
    summary: str
    scope: str
    parameters: tuple[str, ...]
    fields: tuple[str, ...]
    problems: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiView:
    """Operations by resource, and the scopes of tokens with what they allow."""

    base: str
    resources: Mapping[str, tuple[Operation, ...]]
    scopes: Mapping[str, str]


def describe_api(_: AdminRequest) -> Answer:
    """Show the operations of the API."""
    return Show("admin/api/reference.html", _view())


@lru_cache
def _view() -> ApiView:
    # FastAPI takes 0.2 s to import, which only a server with the API spends.
    from syndicate.web.api.api_app import described_api  # noqa: PLC0415

    document = described_api()
    resources: dict[str, tuple[Operation, ...]] = {}
    for path, item in document["paths"].items():
        for method, described in item.items():
            name = described["tags"][0]
            operation = _operation(method.upper(), path, described, document["components"]["schemas"])
            resources[name] = (*resources.get(name, ()), operation)
    return ApiView(base=document["servers"][0]["url"], resources=resources, scopes=SCOPES)


def _operation(method: str, path: str, described: Mapping[str, Any], schemas: Mapping[str, Any]) -> Operation:
    body = described.get("requestBody", {}).get("content", {}).get("application/json", {}).get("schema", {})
    fields = schemas.get(body.get("$ref", "").rpartition("/")[2], {}).get("properties", {})
    answers = [
        answer["content"].values() for answer in described["responses"].values() if "content" in answer
    ]
    problems = [name for media in answers for kind in media for name in kind.get("examples", {})]
    return Operation(
        method=method,
        path=path,
        summary=described["summary"],
        scope=described["x-scope"],
        parameters=tuple(parameter["name"] for parameter in described.get("parameters", ())),
        fields=tuple(fields),
        problems=tuple(problems),
    )
