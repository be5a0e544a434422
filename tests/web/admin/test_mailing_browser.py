"""Editions, deliveries and subscribers in a real browser, with and without JavaScript."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from playwright.sync_api import expect

from syndicate.store.mail import delivery_store
from tests.jobs.newsletter.test_variants import SEVEN, WAITS, issue, prepared, readers
from tests.jobs.room import Room, opened_room
from tests.web.admin.conftest import AdminBrowser, AdminSite

pytestmark = pytest.mark.all
HERE = '[admin]\nenabled = true\nsecond_step = "off"\n'


@pytest.fixture
def admin_room(tmp_path: Path) -> Iterator[Room]:
    """A room with an edition that waits and three subscribers."""
    with opened_room(tmp_path) as room:
        yield prepared(room, f"{WAITS}{HERE}")


@pytest.mark.parametrize("script", [True, False])
def test_an_editor_reviews_approves_and_takes_back(
    admin_browser: AdminBrowser, admin_site: AdminSite, script: bool
) -> None:
    admin_site.now = SEVEN + timedelta(hours=1)
    number = issue(admin_site.room).edition.id
    page = admin_browser.open(f"/admin/editions/{number}", script=script)
    page.locator("textarea[name=note]").fill("Good morning from the browser.")
    page.locator('button[value^="down:"]').first.click()
    expect(page.locator("textarea[name=note]")).to_have_value("Good morning from the browser.")
    page.locator('button[value^="leave:"]').first.click()
    page.locator('button[value^="back:"]').first.click()
    expect(page.locator("ol.review-stories > li")).to_have_count(3)
    page.locator('button[value="approve"]').click()
    page.get_by_role("button", name="Approve", exact=True).click()
    page.get_by_role("button", name="Take it back").wait_for()
    assert len(readers(admin_site.room)) == 3
    page.get_by_role("button", name="Take it back").click()
    expect(page.get_by_role("status")).to_contain_text("Taken back.")
    assert (issue(admin_site.room).state, readers(admin_site.room)) == ("held", [])
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth") if script else True


def test_a_story_is_dragged_by_its_handle_and_saved(
    admin_browser: AdminBrowser, admin_site: AdminSite
) -> None:
    admin_site.now = SEVEN + timedelta(hours=1)
    path, size = f"/admin/editions/{issue(admin_site.room).edition.id}", {"width": 1280, "height": 1400}
    page = admin_browser.open(path, script=True, viewport=size)
    keys = page.eval_on_selector_all("input[name=story]", "found => found.map(one => one.value)")
    handle = page.locator(".review-handle").nth(1)
    handle.scroll_into_view_if_needed()
    start = handle.bounding_box()
    first = page.locator("ol.review-stories > li").first.bounding_box()
    assert start is not None
    assert first is not None
    page.mouse.move(start["x"] + 5, start["y"] + 5)
    page.mouse.down()
    page.mouse.move(first["x"] + 5, first["y"] + 20, steps=8)
    with page.expect_navigation():
        page.mouse.up()
    after = page.eval_on_selector_all("input[name=story]", "found => found.map(one => one.value)")
    assert after == [keys[1], keys[0], keys[2]]


@pytest.mark.parametrize("script", [True, False])
def test_one_uncertain_mail_is_sent_again(
    admin_browser: AdminBrowser, admin_site: AdminSite, script: bool
) -> None:
    room = admin_site.room
    room.services.editions.run(SEVEN + timedelta(hours=3))
    with room.store.write() as connection:
        delivery_store.mark_waiting_uncertain(connection, now=SEVEN + timedelta(hours=3))
    page = admin_browser.open("/admin/deliveries?state=uncertain", script=script)
    page.get_by_role("checkbox").first.check()
    page.get_by_role("button", name="Send again").click()
    with room.store.read() as connection:
        assert delivery_store.count_deliveries(connection) == {"pending": 1, "uncertain": 2}


@pytest.mark.parametrize("script", [True, False])
def test_a_list_with_bad_rows_is_imported(
    admin_browser: AdminBrowser, admin_site: AdminSite, tmp_path: Path, script: bool
) -> None:
    (tmp_path / "fair.csv").write_bytes(b"email,name\nzoe@post.example,Zo\xc3\xab\nann@@x,Ann\n")
    page = admin_browser.open("/admin/subscribers/import", script=script)
    page.locator("input[type=file]").set_input_files(str(tmp_path / "fair.csv"))
    page.get_by_role("button", name="Continue").click()
    expect(page.get_by_text("ann@@x").first).to_be_attached()
    page.locator("textarea[name=agreed]").fill("On a card.")
    page.locator('input[name=ask][value="no"]').check()
    page.locator('button[value="import"]').click()
    assert "1 person subscribed." in page.get_by_role("status").inner_text()
