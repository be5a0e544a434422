"""The table of routes: complete in the documentation, and served only where there is a job."""

import re
from pathlib import Path
from typing import Any

from starlette.applications import Starlette
from starlette.routing import Route

from syndicate.publish.about.site_documents import robots_txt
from syndicate.publish.publish_options import PublishOptions
from syndicate.templating import Templates
from syndicate.web import WebOptions
from syndicate.web.readers.routes import ROUTES
from tests.web_app import create_app

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


def test_no_crawler_may_read_an_address_with_a_token() -> None:
    rules = robots_txt(PublishOptions(site_url="https://news.example", title="News")).decode()
    paths = [route.path for route in ROUTES if not route.path.startswith("/embed/")]
    private = {path.partition("{")[0] for path in paths if re.search(r"/\{(?!path)", path)}
    assert private <= set(re.findall(r"^Disallow: (.+)$", rules, re.MULTILINE))


def test_a_route_is_served_where_there_is_a_job(tmp_path: Path) -> None:
    assert paths(tmp_path) == ["/unsubscribe/{token}", "/healthz", "/readyz", "/", "/{path:path}"]
    names = (
        *("hub_listener", "sign_ups", "preferences", "private_feeds", "search", "review_links", "webhooks"),
        *("metrics", "embeds"),
    )
    assert paths(tmp_path, **dict.fromkeys(names, object())) == [route.path for route in ROUTES]
