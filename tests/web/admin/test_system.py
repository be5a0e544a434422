"""System and settings pages: what runs, what failed, and backups; no secret is shown."""

import sqlite3
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest

from syndicate.jobs.stage_log import StageRun
from syndicate.settings import Settings
from syndicate.settings.setting_rows import setting_rows
from syndicate.settings.site_settings import StoreSettings
from syndicate.store.core import quarantine
from syndicate.store.ingest import source_store
from syndicate.store.leases import leases
from tests.factories import NOW
from tests.jobs.room import BASE, Room, source
from tests.web.admin.conftest import AdminClient, AdminSite, serving_admin

ADMIN = '[admin]\nenabled = true\nsecond_step = "off"\n'


def test_the_page_shows_jobs_leases_and_tables(admin_site: AdminSite, admin_client: AdminClient):
    room = admin_site.room
    room.services.stage_log.record("ingest", StageRun(NOW, 0.8, "", {"new": 3}))
    with room.store.write() as connection:
        leases.take_lease(connection, "prune", owner="news1:4127", now=NOW, until=NOW + timedelta(minutes=5))
    page = admin_client.page("/admin/system")
    for text in ("ingest", "3 new", "prune", "process 4127 on host news1", "stage_runs", "free on the disk"):
        assert text in page, text


def test_a_failed_thing_is_tried_again_and_its_source_read_anew(
    admin_site: AdminSite, admin_client: AdminClient
):
    room = admin_site.room
    room.declare(ADMIN + source("harbour", "https://harbour.example/feed"))
    with room.store.write() as connection:
        (found,) = source_store.list_sources(connection)
        for _ in range(3):
            quarantine.record_failure(
                connection, "entry", "x1", "its date cannot be read", now=NOW, source_id=found.id
            )
        connection.exec_driver_sql("UPDATE sources SET body_hash = 'known'")
    page = admin_client.page("/admin/system")
    assert "its date cannot be read" in page
    fields = {"kind": "entry", "subject": "x1", "source_id": str(found.id)}
    assert "tries entry x1 again" in admin_client.follow(admin_client.post("/admin/system/retry", fields))
    with room.store.read() as connection:
        assert quarantine.failures(connection) == ()
        known = source_store.get_source(connection, found.id)
    assert known is not None
    assert (known[1].body_hash, known[1].next_check) == ("", NOW)
    assert admin_client.post("/admin/system/retry", fields).status == 404


def test_a_backup_is_made_and_downloaded_after_the_password(admin_room: Room, tmp_path: Path):
    admin_room.declare(ADMIN + f'[backup]\nfolder = "{tmp_path / "backups"}"\n')
    with serving_admin(admin_room, tmp_path / "feeds") as site:
        client = site.client()
        (tmp_path / "backups").mkdir()
        page = client.follow(client.post("/admin/system/backup"))
        assert "checked" in page
        (file,) = (tmp_path / "backups").iterdir()
        answer = client.post(f"/admin/system/backups/{file.name}")
        assert answer.status == 200
        (tmp_path / "copy.db").write_bytes(answer.body)
        assert client.post("/admin/system/backups/..%2Fconfig.toml").status == 404
        site.now += timedelta(hours=1)
        assert client.post(f"/admin/system/backups/{file.name}").status == 303
    with closing(sqlite3.connect(tmp_path / "copy.db")) as copy:
        assert copy.execute("SELECT count(*) FROM users").fetchone() == (1,)
    with admin_room.store.read() as connection:
        actions = connection.exec_driver_sql("SELECT action FROM audit ORDER BY id").scalars().all()
    assert {"backup.write", "backup.download"} <= set(actions)


@pytest.mark.parametrize("path", ["/admin/system", "/admin/settings"])
def test_the_mistakes_of_the_last_reload_are_shown(admin_room: Room, tmp_path: Path, path: str):
    admin_room.services.rejections = [(NOW - timedelta(hours=2), 'config.toml:3: "url": not an address')]
    with serving_admin(admin_room, tmp_path / "feeds") as site:
        page = site.client().page(path)
    assert "The configuration was not reloaded" in page
    assert "config.toml:3" in page
    assert "UTC" in page


def test_without_a_folder_there_is_no_backup(admin_client: AdminClient):
    assert admin_client.post("/admin/system/backup").status == 409


def test_settings_show_values_and_origins_and_no_secret(admin_room: Room, tmp_path: Path):
    (tmp_path / "password").write_text("hunter2hunter2", "utf-8")
    admin_room.declare(
        ADMIN + "[backup]\nkeep = 3\n",
        base=BASE + f'password_file = "{tmp_path / "password"}"\nusername = "news"\n',
    )
    with serving_admin(admin_room, tmp_path / "feeds") as site:
        page = site.client().page("/admin/settings")
        editor = site.client("editor")
        assert editor.get("/admin/settings")["location"] == "/admin/settings/health"
    assert "hunter2" not in page
    assert "[backup]" in page
    assert "line " in page
    assert "of config.toml" in page
    assert "default" in page


def test_checks_run_only_when_asked(admin_client: AdminClient):
    assert "changes nothing" in admin_client.page("/admin/settings/health")
    assert "No check is available" in admin_client.page("/admin/settings/health?run=1")


@pytest.mark.parametrize("path", ["/admin/system", "/admin/system/backups/x"])
def test_an_editor_sees_no_system(admin_site: AdminSite, path: str):
    editor = admin_site.client("editor")
    assert editor.get(path).status in (404, 405)
    assert editor.post("/admin/system/backup").status == 404


@pytest.mark.parametrize(
    "url", ["postgresql://nora:hunter22@db/news", "postgresql://db/news?user=nora&password=hunter22"]
)
def test_the_password_of_the_store_is_not_shown_wherever_it_stands(url: str):
    settings = Settings().model_copy(update={"store": StoreSettings(url=url)})
    rows = setting_rows(settings, {})
    assert "hunter22" not in str(rows)
    assert [row.value for row in rows if (row.section, row.key) == ("store", "url")] == ["set, never shown"]


def test_settings_are_shown_as_they_are_written(admin_client: AdminClient):
    page = admin_client.page("/admin/settings")
    for key, value in (("enabled", "true"), ("take_back", "1 min"), ("audit", "730 d"), ("keep", "7")):
        assert f'<th scope="row" class="mono">{key}</th><td class="mono">{value}</td>' in page, key


def test_code_in_the_sentences_of_empty_lists_is_marked(admin_client: AdminClient):
    page = admin_client.page("/admin/system")
    assert "<code>syndicate run</code> shows its jobs here." in page
    assert "`" not in page
