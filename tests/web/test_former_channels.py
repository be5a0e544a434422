"""Documents of removed channels are gone; those of renamed channels have moved for good."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from syndicate.jobs.audience.unsubscribe_job import UnsubscribeJob
from syndicate.templating import Templates
from syndicate.web import WebOptions
from tests.web.conftest import serving
from tests.web_app import create_app


@pytest.fixture
def site(tmp_path: Path, sqlite_store: Any) -> Iterator[Any]:
    (tmp_path / "gone.rss").write_bytes(b"<rss/>")
    (tmp_path / "tags").mkdir()
    (tmp_path / "tags" / "gone.rss").write_bytes(b"<rss/>")
    options = WebOptions(
        hub_url="https://hub.example/",
        site_url="https://news.example/base",
        former_channels=lambda: {"gone": "", "old": "new"},
    )
    unsubscribe = UnsubscribeJob(store=sqlite_store)
    app = create_app(options, tmp_path, unsubscribe, templates=Templates(), health=dict)
    with serving(app, tmp_path) as served:
        yield served


@pytest.mark.parametrize("document", [".rss", ".atom", ".json", "/archive/3.rss", "/sources.opml"])
def test_a_removed_channel_is_gone_and_a_renamed_one_leads_to_its_new_name(site: Any, document: str) -> None:
    assert site.get(f"/gone{document}").status == 410
    moved = site.get(f"/old{document}")
    assert (moved.status, moved["Location"]) == (301, f"https://news.example/base/new{document}")


def test_the_page_of_a_removed_channel_says_its_status_as_that_of_a_missing_page_does(site: Any) -> None:
    for path, status in (("/gone.rss", 410), ("/missing.html", 404)):
        assert f'<p class="kicker hot">Error {status}</p>'.encode() in site.get(path).body


def test_other_files_of_such_a_name_are_served(site: Any) -> None:
    assert site.get("/tags/gone.rss").status == 200
    assert site.get("/gone.html").status == 404


def test_feeds_that_no_hub_hears_of_do_not_name_one(site: Any) -> None:
    assert site.get("/tags/gone.rss")["Link"] is None
