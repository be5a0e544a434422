"""Add, fail and mend a source in a browser, with and without JavaScript."""

from contextlib import closing
from datetime import timedelta
from typing import Any

import pytest

from tests.factories import NOW
from tests.jobs.ingest.served_feeds import feed
from tests.jobs.room import item
from tests.net.scripted_server import answer
from tests.web.admin.conftest import AdminBrowser
from tests.web.admin.test_source_pages import ids, newsroom, rooms

__all__ = ["newsroom", "rooms"]
pytestmark = pytest.mark.all
HOUR = timedelta(hours=1)


@pytest.mark.parametrize("script", [True, False])
def test_a_source_is_added_fails_and_is_mended(newsroom, browser: Any, script: bool):
    room, site, server = newsroom
    with closing(AdminBrowser(site, browser)) as chrome:
        page = chrome.open("/admin/sources/add", script=script)
        page.fill("[name=url]", server.url("/page"))
        page.click("text=Look for feeds")
        page.wait_for_selector("text=How to read it")
        page.fill("[name=section]", "coast")
        page.click("text=Add and read it now")
        assert "Gazette is added" in page.inner_text("#message")
        assert room.ingest(NOW)["Gazette"].new == 1
        server.answers["/new.xml"] = answer(404, b"gone")
        server.answers["/newer.xml"] = feed(item(7, "Newer"))
        for number in range(1, 4):
            room.ingest(NOW + number * HOUR, names=["Gazette"])
        site.now = NOW + 4 * HOUR
        page.goto("/admin/sources?tab=attention")
        page.click("th a:has-text('Gazette')")
        assert "404, failed 3 times" in page.inner_text("main")
        page.click("a:has-text('Edit or move')")
        page.fill("[name=url]", server.url("/newer.xml"))
        page.click("button:has-text('Save')")
        assert room.ingest(NOW + 4 * HOUR)["Gazette"].new == 1
        page.goto(f"/admin/sources/{ids(room)['Gazette']}?bytes=read")
        assert "Newer" in page.inner_text("main")


def test_nothing_of_strangers_runs_on_any_page_of_sources(newsroom, browser: Any):
    room, site, server = newsroom
    hostile = "<img src=x onerror=canary(1)><script>canary(1)</script>"
    server.answers["/quay"] = answer(500, hostile.encode(), Server="<script>canary(1)</script>")
    server.answers["/harbour"] = feed(item(1, hostile.replace("<", "&lt;")), item(2, hostile))
    for number in range(3):
        room.ingest(NOW + number * HOUR, names=["quay", "harbour"])
    with closing(AdminBrowser(site, browser)) as chrome:
        page = chrome.open("/admin/sources")
        ran: list[object] = []
        problems: list[object] = []
        page.expose_function("canary", lambda value: ran.append(value))  # noqa: PLW0108 - Playwright marks it
        page.on("pageerror", lambda error: problems.append(error))  # noqa: PLW0108 - Playwright marks it
        numbers = ids(room)
        paths = [f"/{numbers['harbour']}?bytes={view}" for view in ("", "read", "rules", "text")]
        for path in ("", f"/{numbers['quay']}", *paths):
            page.goto(f"/admin/sources{path}")
        page.goto("/admin/rules")
    assert (ran, problems) == ([], [])
