"""The guide of the API: its Python examples run against the API."""

import re
from pathlib import Path
from typing import Any

from tests.factories import new_article
from tests.web.api.conftest import Api, api, closed_loop, room

__all__ = ["api", "closed_loop", "room"]
GUIDE = (Path(__file__).parents[2] / "docs" / "api.md").read_text("utf-8")


def test_the_examples_of_the_guide_work(api: Api) -> None:
    examples: dict[str, Any] = {}
    for code in re.findall(r"```python\n(.*?)```", GUIDE, re.DOTALL):
        exec(code, examples)

    def post(address: str, body: dict[str, Any], key: str = "") -> Any:
        answer = api.post(address, body, **({"idempotency_key": key} if key else {}))
        assert answer.status == 201, answer.body
        return answer.json

    api.room.add(*(new_article(number) for number in range(1, 250)))
    found = list(examples["every_article"](lambda address: api.get(address).json))
    assert len({article["id"] for article in found}) == 249
    assert examples["add_article"](post)["facts"]["outcome"] == "added"
    assert examples["add_source"](post) == examples["add_source"](post)
    html = api.get("/articles?q=pier&fields=id").json
    assert html["next"] is None


def test_every_address_in_the_guide_is_in_the_description() -> None:
    from tests.web.api.description import described_api

    paths = described_api()["paths"]
    for address in re.findall(r"/api/v1(/[a-z/]+)", GUIDE):
        assert address in paths or address == "/openapi", address
