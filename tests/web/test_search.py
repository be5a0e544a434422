"""Search over HTTP: a page in the site's frame, feeds, suggestions, OpenSearch, and bounds on the load."""

import json
import threading
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from syndicate.publish.search.search_query import SearchQuery
from syndicate.publish.search.search_results import SearchPage
from syndicate.templating import Templates
from syndicate.web import WebOptions
from syndicate.web.readers import search_routes
from tests.factories import NOW, new_article, place
from tests.jobs.room import SITE, Room, opened_room, source
from tests.web.conftest import Site, serving
from tests.web_app import create_app


@pytest.fixture
def served(room: Room, tmp_path: Path) -> Iterator[Site]:
    """A running server with the search of a room."""
    with serving(app_of(room.services.search, tmp_path), tmp_path) as site:
        yield site


@pytest.fixture
def room(tmp_path: Path) -> Iterator[Room]:
    """A newsroom with two stories."""
    folder = tmp_path / "room"
    folder.mkdir()
    with opened_room(folder) as room:
        room.declare(source("harbour", "https://harbour.example/feed"))
        for number, title in enumerate(("<b>Flood</b> & rain", "Ferry wins"), 1):
            (article_id,) = room.add(new_article(number, title=title, published=NOW))
            with room.store.write() as connection:
                place(connection, article_id)
        yield room


def app_of(search: Any, folder: Path) -> Any:
    unused: Any = object()
    return create_app(WebOptions(), folder, unused, templates=Templates(), health=dict, search=search)


def test_the_page_is_in_the_frame_of_the_site_and_shared_caches_may_keep_it_a_minute(served: Site) -> None:
    answer = served.get("/search?q=flood")
    page = answer.body.decode()
    assert (answer.status, answer["Content-Type"]) == (200, "text/html; charset=utf-8")
    assert (answer["Cache-Control"], answer["X-Robots-Tag"]) == ("public, max-age=60", "noindex")
    assert "&lt;b&gt;<mark>Flood</mark>&lt;/b&gt; &amp; rain" in page
    assert 'href="site/assets/site.css"' in page
    assert "<strong>1 article in 1 story</strong>" in page
    assert "Ferry" not in page
    assert " style=" not in page


@pytest.mark.parametrize(
    "query", ["", "?q=", "?q=%FF%00%ED%A0%80", "?q=%22%27()*:^-", "?q=a&page=-1&from=x", "?q=nothing+here"]
)
def test_every_address_has_a_page(served: Site, query: str) -> None:
    assert served.get(f"/search{query}").status == 200


def test_a_search_has_feeds_with_their_types(served: Site) -> None:
    for suffix, kind in (("rss", "rss+xml"), ("atom", "atom+xml"), ("json", "feed+json")):
        answer = served.get(f"/search.{suffix}?q=flood")
        assert answer.status == 200
        assert kind in (answer["Content-Type"] or "")
        assert answer["Access-Control-Allow-Origin"] == "*"
        assert b"rain" in answer.body


def test_a_channel_of_the_name_search_keeps_its_addresses(served: Site) -> None:
    served.put("search.rss", b"<rss/>")
    assert served.get("/search.rss").body == b"<rss/>"
    assert served.get("/search.rss?q=flood").body != b"<rss/>"
    assert served.get("/search.html").status == 404


def test_suggestions_are_json(served: Site) -> None:
    answer = json.loads(served.get("/search/suggest?q=flo").body)
    assert answer["q"] == "flo"
    assert [(each["kind"], each["text"]) for each in answer["suggestions"]] == [
        ("story", "<b>Flood</b> & rain")
    ]


def test_pages_have_a_field_and_a_missing_page_has_a_second(served: Site, room: Room) -> None:
    page = served.get("/nowhere").body.decode()
    assert page.count('role="search"') == 2
    assert 'rel="search"' in page
    assert served.get("/elsewhere").body.decode() == page
    assert room.services.publish_options.search


def test_browsers_learn_the_search_from_its_description(served: Site) -> None:
    answer = served.get("/opensearch.xml")
    assert answer["Content-Type"] == "application/opensearchdescription+xml"
    root = ET.fromstring(answer.body)
    space = "{http://a9.com/-/spec/opensearch/1.1/}"
    urls = {url.get("type"): url.get("template") for url in root.findall(f"{space}Url")}
    assert urls["text/html"] == f"{SITE}/search?q={{searchTerms}}"
    assert len(root.findtext(f"{space}ShortName") or "") <= 16


@dataclass
class Stuck:
    """Search that answers when it may."""

    go: threading.Event = field(default_factory=threading.Event)
    started: threading.Semaphore = field(default_factory=lambda: threading.Semaphore(0))

    def page(self, query: SearchQuery, _: datetime) -> SearchPage:
        self.started.release()
        self.go.wait()
        return SearchPage(canonical="", query=query)


def test_too_many_searches_at_a_time_wait_and_then_get_503(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(search_routes, "_SEARCHES", 1)
    monkeypatch.setattr(search_routes, "_WAITING", 0)
    stuck = Stuck()
    statuses: list[int] = []
    with serving(app_of(stuck, tmp_path), tmp_path) as site:
        first = threading.Thread(target=lambda: statuses.append(site.get("/search?q=a").status))
        first.start()
        try:
            assert stuck.started.acquire(timeout=60)
            assert site.get("/search?q=b").status == 503
            assert site.get("/healthz").status == 200
        finally:
            stuck.go.set()
            first.join()
    assert statuses == [200]
