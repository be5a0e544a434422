"""The overview says first whether a person is needed, and its numbers are those of the rows."""

from datetime import timedelta
from pathlib import Path

import pytest

from syndicate.jobs.stage_log import StageRun
from syndicate.store.ingest import poll_store
from syndicate.store.ingest.poll_store import PollRow
from syndicate.store.output import feed_read_store
from syndicate.store.output.feed_read_store import FeedReads
from tests.factories import NOW, new_article
from tests.jobs.room import Room, source
from tests.web.admin.conftest import AdminClient, AdminSite, serving_admin

DAILY = (
    source("harbour", "https://harbour.example/feed")
    + """
[[newsletters]]
name = "daily"
title = "The daily"
schedule = "daily 07:00"
"""
)
FEED = """
[[sources]]
name = "Wire"
url = "https://wire.example/feed"
"""


def test_a_new_installation_is_told_to_add_a_source(admin_client: AdminClient):
    page = admin_client.page("/admin/")
    assert "Nothing needs attention" in page
    assert "There are no sources yet" in page
    assert "shows its stages here" in page


def test_a_failing_source_is_the_first_thing_on_the_page_and_in_the_menu(
    admin_site: AdminSite, admin_client: AdminClient
):
    _fail(admin_site, times=7)
    page = admin_client.page("/admin/")
    assert "1 item needs attention" in page
    assert "Source Wire failed 7 times" in page
    assert "403 Forbidden" in page
    assert 'class="count bad"' in page
    assert "Wire: 14 days" in page
    with admin_site.room.store.write() as connection:
        poll_store.add_polls(
            connection, [PollRow(source_id=1, at=NOW, outcome="failed", status=403, ms=2_140)]
        )
    assert '<td class="number" data-label="Answers in">2.1 s</td>' in admin_client.page("/admin/")


def _fail(admin_site: AdminSite, times: int) -> None:
    room = admin_site.room
    room.declare(f"[admin]\nenabled = true\n{FEED}")
    with room.store.write() as connection:
        connection.exec_driver_sql(f"UPDATE sources SET failures = {times}, error = '403 Forbidden'")


@pytest.mark.parametrize("hostile", ["<script>alert(1)</script>", '"><img src=x onerror=alert(1)>'])
def test_errors_of_other_servers_are_text(admin_site: AdminSite, admin_client: AdminClient, hostile: str):
    _fail(admin_site, times=3)
    with admin_site.room.store.write() as connection:
        connection.exec_driver_sql("UPDATE sources SET error = ?, name = ?", (hostile, hostile))
    page = admin_client.page("/admin/")
    assert hostile not in page
    assert "alert(1)" in page


def test_the_page_says_that_nothing_runs_since_the_last_stage(
    admin_site: AdminSite, admin_client: AdminClient
):
    stages = admin_site.room.services.stage_log
    stages.record("ingest", StageRun(NOW - timedelta(hours=3), 0.8, "", {"sources": 3, "new": 11}))
    page = admin_client.page("/admin/")
    assert "Nothing runs: the last stage ran 3 h ago. Start <code>syndicate run</code>" in page
    assert "Nothing needs attention" not in page
    assert "11 new, 3 sources" in page
    stages.record("stories", StageRun(NOW, 0.1, "no disk", {}))
    page = admin_client.page("/admin/")
    assert "Nothing runs" not in page
    assert "no disk" in page


def test_an_editor_sees_the_overview(admin_site: AdminSite):
    assert "Nothing needs attention" in admin_site.client("editor").page("/admin/")


def test_the_figures_count_articles_and_subscribers(admin_room: Room, tmp_path: Path):
    admin_room.declare('[admin]\nenabled = true\nsecond_step = "off"\n' + DAILY)
    admin_room.add(*(new_article(number, first_seen=NOW - timedelta(hours=2)) for number in range(3)))
    admin_room.subscribe("jo@example.org", "kim@example.org")
    with admin_room.store.write() as connection:
        reads = {FeedReads("news", NOW.replace(hour=0, minute=0), "Miniflux"): 1200}
        feed_read_store.save_reads(connection, reads)
    with serving_admin(admin_room, tmp_path / "feeds") as site:
        page = site.client().page("/admin/")
    assert "3 articles in 24 hours from 1 source" in page
    assert "2 confirmed subscriptions" in page
    assert "Feed readers, at least" in page
    assert "as their programs say; 1 channel" in page
    assert "<bdi>The daily</bdi>" in page
    assert 'href="/admin/newsletters/daily"' in page
    assert "style=" not in page
