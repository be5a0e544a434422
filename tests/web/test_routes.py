"""The table of routes: complete in the documentation, and served only where there is a job."""

import re
from pathlib import Path

from starlette.routing import Route

from syndicate.templating import Templates
from syndicate.web import WebOptions, create_app
from syndicate.web.routes import ROUTES
from tests.web.conftest import Reader

OPERATIONS = Path(__file__).parents[2] / "docs" / "operations.md"


def test_every_route_is_documented() -> None:
    rows = re.findall(
        r"^\| `(/[^`]*)` \| ([A-Z, ]+) \| (.+) \|$", OPERATIONS.read_text("utf-8"), re.MULTILINE
    )
    table = [(route.path, ", ".join(route.methods), route.purpose) for route in ROUTES]
    assert rows == table


def test_routes_without_a_job_are_not_served(running_site: tuple[object, Reader], tmp_path: Path) -> None:
    _, reader = running_site
    unsubscribe = reader.room.services.unsubscribe
    app = create_app(WebOptions(), tmp_path, unsubscribe, templates=Templates(), health=dict)
    paths = [route.path for route in app.routes if isinstance(route, Route)]
    assert paths == ["/unsubscribe/{token}", "/healthz", "/", "/{path:path}"]
