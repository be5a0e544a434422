"""The table of routes: complete in the documentation, and served only where there is a job."""

import re
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from starlette.routing import Route

from syndicate.templating import Templates
from syndicate.web import WebOptions, create_app
from syndicate.web.routes import RouteContext, list_routes
from tests.web.conftest import Reader

OPERATIONS = Path(__file__).parents[2] / "docs" / "operations.md"


def test_every_route_is_documented() -> None:
    rows = re.findall(
        r"^\| `(/[^`]*)` \| ([A-Z, ]+) \| (.+) \|$", OPERATIONS.read_text("utf-8"), re.MULTILINE
    )
    job: Any = SimpleNamespace()
    jobs = dict.fromkeys(("hub_listener", "sign_ups", "preferences", "private_feeds", "desk"), job)
    files: Any = SimpleNamespace(respond=dict)
    context = RouteContext(
        options=WebOptions(), pages=job, files=files, unsubscriber=job, health=dict, **jobs
    )
    routes = list_routes(context)
    assert all(route.handler for route in routes)
    table = [(route.path, ", ".join(route.methods), route.purpose) for route in routes]
    assert rows == table


def test_routes_without_a_job_are_not_served(running_site: tuple[object, Reader], tmp_path: Path) -> None:
    _, reader = running_site
    unsubscribe = reader.room.services.unsubscribe
    app = create_app(WebOptions(), tmp_path, unsubscribe, templates=Templates(), health=dict)
    paths = [route.path for route in app.routes if isinstance(route, Route)]
    assert paths == ["/unsubscribe/{token}", "/healthz", "/", "/{path:path}"]
