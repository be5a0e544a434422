"""Page that describes the API, from its OpenAPI document."""

import json
from collections.abc import Mapping
from typing import Any

from syndicate.groups import grouped
from syndicate.model.actors import SCOPES
from syndicate.web.admin.admin_request import AdminRequest, Answer, Show
from syndicate.web.api_description import description_file

_METHODS = ("get", "post", "put", "patch", "delete")


def describe_api(_: AdminRequest) -> Answer:
    """Show the operations of the API by resource, and the scopes of tokens with what they allow."""
    document = json.loads(description_file().read_bytes())
    schemas = document["components"]["schemas"]
    resources = grouped(
        (item[method]["tags"][0], _operation(method.upper(), path, item[method], schemas))
        for path, item in document["paths"].items()
        for method in sorted(item, key=_METHODS.index)
    )
    base, ordered = document["servers"][0]["url"], dict(sorted(resources.items()))
    return Show("admin/api/reference.html", {"base": base, "resources": ordered, "scopes": SCOPES})


def _operation(
    method: str, path: str, described: Mapping[str, Any], schemas: Mapping[str, Any]
) -> dict[str, object]:
    """Return an operation with the names of its parameters, fields and problems."""
    body = described.get("requestBody", {}).get("content", {}).get("application/json", {}).get("schema", {})
    fields = schemas.get(body.get("$ref", "").rpartition("/")[2], {}).get("properties", {})
    # The answers of a status are shared by operations with the same problems, and have their names.
    shared = [answer.get("$ref", "").rpartition("/")[2] for answer in described["responses"].values()]
    problems = [name for names in shared if names for name in names.split(".")]
    facts = {"method": method, "path": path, "summary": described["summary"], "scope": described["x-scope"]}
    parameters = [parameter["name"] for parameter in described.get("parameters", ())]
    return {**facts, "parameters": parameters, "fields": [*fields], "problems": problems}
