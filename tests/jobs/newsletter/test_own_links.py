"""Which links and pictures of ours lint calls dead: what no file and no page of the web server answers."""

from pathlib import Path

import pytest

from syndicate.jobs.newsletter.renderer import doubtful_links
from syndicate.newsletter.lint.mail_page import MailPage
from syndicate.published_files import PublishedFiles
from syndicate.services.mail_services import web_routes
from syndicate.templating import Templates
from syndicate.web import WebOptions
from tests.jobs.room import Room, source
from tests.jobs.test_doctor import DAILY
from tests.web_app import create_app

OURS = "https://news.example"
LATER = {"site/newsletters/daily/now.html", "site/newsletters/daily/index.html"}


def looked_at(folder: Path, path: str, *, picture: bool = False) -> str:
    html = f'<img alt="" src="{OURS}{path}">' if picture else f'<a href="{OURS}{path}">x</a>'
    routes = ("", "unsubscribe", "subscribe")
    found = doubtful_links(MailPage(html), OURS, PublishedFiles(folder), routes=routes, later=LATER)
    return "dead" if found.dead else "unknown" if found.unknown else "there"


@pytest.mark.parametrize(
    ("path", "said"),
    [
        ("/", "there"),
        ("/site/", "there"),
        ("/site", "there"),
        ("/site/a%20b.html?x=1", "there"),
        ("/news.rss", "there"),
        ("/subscribe", "there"),
        ("/unsubscribe/token", "there"),
        ("/site/newsletters/daily/", "there"),
        ("/site/newsletters/daily/now.html", "there"),
        ("/site/newsletters/daily/never.html", "dead"),
        ("/site/newsletters/weekly/", "dead"),
        ("/site/sport/", "dead"),
        ("/site/picture.jpg", "dead"),
        ("/other.rss", "dead"),
        ("/preferences/token", "unknown"),
        ("/imprint", "unknown"),
    ],
)
def test_M7_an_address_of_ours_is_looked_for_among_files_folders_and_routes(
    tmp_path: Path, path: str, said: str
) -> None:
    for name in ("site/index.html", "site/a b.html", "news.rss"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("x")
    assert looked_at(tmp_path, path) == said


def test_M7_a_picture_of_ours_that_is_not_there_is_dead(tmp_path: Path) -> None:
    assert looked_at(tmp_path, "/site/logo.png", picture=True) == "dead"
    (tmp_path / "site").mkdir()
    (tmp_path / "site/logo.png").write_text("x")
    assert looked_at(tmp_path, "/site/logo.png", picture=True) == "there"


@pytest.mark.parametrize(
    "more",
    [
        "",
        "[sign_up]\nenabled = true\n",
        '[webhooks]\nbrevo_token = "0123456789abcdef"\n',
        '[web]\nlisten = ""\n',
    ],
)
def test_the_known_routes_are_those_of_the_web_server(room: Room, more: str) -> None:
    room.declare(source("harbour", "https://harbour.example/feed") + DAILY + more)
    services = room.services
    known = web_routes(services.settings)
    if not services.settings.web.listen:
        assert known == {""}
        return
    app = create_app(
        WebOptions(),
        room.folder,
        services.unsubscribe,
        templates=Templates(),
        health=dict,
        hub_listener=services.websub,
        webhooks=services.webhooks,
        sign_ups=services.sign_ups,
        preferences=services.preferences,
        private_feeds=services.private_feeds,
        review_links=services.review_links,
    )
    paths = {route.path.lstrip("/").partition("/")[0] for route in app.routes}  # type: ignore[attr-defined]
    assert paths - {"{path:path}"} == known
