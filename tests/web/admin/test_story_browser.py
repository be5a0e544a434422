"""The page of a story in a browser: saved with and without scripts, narrow, and unharmed by headlines."""

from itertools import islice

import pytest

from tests.factories import NOW
from tests.jobs.payloads import payloads
from tests.jobs.room import Room
from tests.jobs.stories.test_decisions import USUAL
from tests.jobs.stories.test_story_moves import HOUR, homes, job, news
from tests.web.admin import test_story_pages
from tests.web.admin.conftest import AdminBrowser

pytestmark = pytest.mark.all
admin_room = test_story_pages.admin_room


@pytest.mark.parametrize("script", [True, False])
def test_an_editor_pins_and_renames_a_story_and_takes_it_back(
    admin_browser: AdminBrowser, admin_room: Room, script: bool
):
    page = admin_browser.open("/admin/stories", script=script, role="editor")
    page.click("tbody a >> text=Ferry crews")
    page.fill("#f-retitle", "Ferries stay in port")
    page.fill("#f-pin", "1")
    page.click("button:has-text('Save')")
    assert page.inner_text("h1") == "Ferries stay in port"
    assert "Decision" in page.inner_text("#message")
    page.click("button:has-text('Undo') >> nth=0")
    assert "Undone" in page.inner_text("#message")


def test_nothing_scrolls_sideways_and_no_headline_runs(admin_browser: AdminBrowser, admin_room: Room):
    for number, hostile in enumerate(islice(payloads(), 0, 60, 6), start=20):
        admin_room.add(news(number, (hostile[:280], f"Report {number} on Monday."), NOW), source="moor")
    job(admin_room, USUAL).run(NOW + HOUR)
    (story,) = homes(admin_room, [4])
    paths = ("/admin/articles", "/admin/stories", f"/admin/stories/{story}", "/admin/stories/decisions")
    for path in paths:
        page = admin_browser.open("/admin/stories", viewport={"width": 390, "height": 800})
        called: list[str] = []
        page.expose_function("canary", lambda *_, called=called: called.append("run"))
        page.on("dialog", lambda dialog, called=called: (called.append("dialog"), dialog.dismiss()))
        page.goto(path)
        assert page.evaluate("document.documentElement.scrollWidth") <= 390, path
        assert called == []
