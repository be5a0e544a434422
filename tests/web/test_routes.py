"""The table of routes: complete in the documentation, and served only where there is a job."""

import re
from pathlib import Path
from typing import Any

from starlette.applications import Starlette
from starlette.routing import Route

from syndicate.templating import Templates
from syndicate.web import WebOptions, create_app
from syndicate.web.routes import ROUTES

OPERATIONS = Path(__file__).parents[2] / "docs" / "operations.md"


def paths(folder: Path, **jobs: Any) -> list[str]:
    unused: Any = object()
    app: Starlette = create_app(WebOptions(), folder, unused, templates=Templates(), health=dict, **jobs)
    return [route.path for route in app.routes if isinstance(route, Route)]


def test_every_route_is_documented() -> None:
    rows = re.findall(
        r"^\| `(/[^`]*)` \| ([A-Z, ]+) \| (.+) \|$", OPERATIONS.read_text("utf-8"), re.MULTILINE
    )
    assert rows == [(route.path, ", ".join(route.methods), route.purpose) for route in ROUTES]


def test_a_route_is_served_where_there_is_a_job(tmp_path: Path) -> None:
    assert paths(tmp_path) == ["/unsubscribe/{token}", "/healthz", "/", "/{path:path}"]
    names = ("hub_listener", "sign_ups", "preferences", "private_feeds", "search", "review_links")
    assert paths(tmp_path, **dict.fromkeys(names, object())) == [route.path for route in ROUTES]
