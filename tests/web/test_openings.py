"""Counting openings: only people's, only where it was asked for, and nothing about who they are."""

from pathlib import Path

import pytest

from syndicate.jobs.audience.unsubscribe_job import UnsubscribeJob
from syndicate.store import Store
from syndicate.templating import Templates
from syndicate.web import WebOptions
from syndicate.web.readers.negotiation import is_opening
from tests.web.conftest import Site, serving
from tests.web_app import create_app

PERSON = {"sec-fetch-user": "?1", "sec-fetch-dest": "document", "sec-fetch-mode": "navigate"}


@pytest.mark.parametrize(
    ("method", "fields", "counts"),
    [
        ("GET", PERSON, True),
        ("HEAD", PERSON, False),
        ("GET", {}, False),
        ("GET", PERSON | {"sec-fetch-user": "?0"}, False),
        ("GET", PERSON | {"sec-fetch-dest": "iframe"}, False),
        ("GET", PERSON | {"sec-purpose": "prefetch"}, False),
        ("GET", PERSON | {"sec-gpc": "1"}, False),
        ("GET", PERSON | {"dnt": "1"}, False),
        ("GET", PERSON | {"dnt": "0"}, True),
    ],
)
def test_only_a_person_who_does_not_mind_counts(method: str, fields: dict[str, str], counts: bool) -> None:
    assert is_opening(method, fields) is counts


def test_the_server_tells_the_path_of_what_was_opened_and_nothing_else(
    tmp_path: Path, sqlite_store: Store
) -> None:
    on_article_opened: list[str] = []
    unsubscribe = UnsubscribeJob(store=sqlite_store)
    app = create_app(
        WebOptions(),
        tmp_path,
        unsubscribe,
        templates=Templates(),
        health=dict,
        on_article_opened=on_article_opened.append,
    )
    browser = {name.replace("-", "_"): value for name, value in PERSON.items()}
    with serving(app, tmp_path) as site:
        site.put("site/articles/one.html", b"one")
        answer = site.get("/site/articles/one.html?from=mail", **browser, Cookie="a=b")
        again = site.get("/site/articles/one.html", **browser, If_None_Match=answer["ETag"] or "")
        statuses = [answer.status, again.status, site.get("/site/articles/none.html", **browser).status]
        robot = site.get("/site/articles/one.html")
    assert statuses == [200, 304, 404]
    assert (robot.status, answer["Set-Cookie"]) == (200, None)
    assert on_article_opened == ["site/articles/one.html"] * 2


def test_without_the_setting_nothing_is_told(site: Site) -> None:
    site.put("site/articles/one.html", b"one")
    assert site.get("/site/articles/one.html", Sec_Fetch_User="?1", Sec_Fetch_Dest="document").status == 200
