import asyncio
import gzip
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import delete
from starlette.types import Message

from syndicate.cli.operate.serving import log_setup_address, mounted_apps, web_servers
from syndicate.store import open_store, schema
from syndicate.store.access import user_store
from syndicate.web.admin.admin_app import ASSETS
from syndicate.web.admin.admin_routes import ADMIN_ROUTES
from tests.empty_stores import write_empty_store
from tests.jobs.room import Room
from tests.web.admin.conftest import AdminClient, AdminSite, serving_admin


def test_a_signed_in_user_sees_the_menu_and_the_own_name(admin_client: AdminClient):
    page = admin_client.page("/admin/")
    assert "nora@news.example" in page
    assert 'aria-current="page"' in page


def test_every_page_forbids_frames_scripts_and_caches(admin_client: AdminClient, admin_site: AdminSite):
    for answer in (admin_client.get("/admin/"), admin_site.stranger().get("/admin/sign-in")):
        policy = answer["content-security-policy"] or ""
        assert "frame-ancestors 'none'" in policy
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy
        assert answer["cache-control"] == "no-store"
        assert answer["cross-origin-opener-policy"] == "same-origin"
        assert answer["access-control-allow-origin"] is None


@pytest.mark.all
def test_every_page_and_empty_form_opens(admin_client: AdminClient):
    paths = [r.path for r in ADMIN_ROUTES if "GET" in r.methods and "{" not in r.path]
    assert len(paths) > 20
    failed = {
        path: answer.status for path in paths if (answer := admin_client.get(f"/admin{path}")).status >= 500
    }
    assert not failed


def test_a_stranger_is_sent_to_the_sign_in_with_the_way_back(admin_site: AdminSite):
    admin_site.add_user()
    answer = admin_site.stranger().get("/admin/?list=one")
    assert answer.status == 303
    assert (answer["location"] or "").startswith("/admin/sign-in?")


def test_another_host_gets_no_page(admin_client: AdminClient):
    assert admin_client.get("/admin/", Host="evil.example").status == 421


def test_assets_are_kept_for_ever_under_an_address_of_their_contents(admin_client: AdminClient):
    page = admin_client.page("/admin/")
    address = page.partition('<link rel="stylesheet" href="')[2].partition('"')[0]
    answer = admin_client.get(address)
    assert answer.status == 200
    assert "immutable" in (answer["cache-control"] or "")


def test_the_scripts_have_at_most_8_kib_and_the_overview_30_as_gzip(
    admin_client: AdminClient, admin_site: AdminSite
):
    scripts = [admin_site.room.services.templates.read(f"admin/{name}") for name in ASSETS if "js" in name]
    assert len(scripts) == 3
    assert sum(len(gzip.compress(script)) for script in scripts) <= 8 * 1024
    assert len(gzip.compress(admin_client.page("/admin/").encode())) <= 30 * 1024


def test_a_form_without_the_token_or_from_another_site_is_refused(admin_client: AdminClient):
    assert admin_client.post("/admin/sign-out", {"csrf": "x"}).status == 403
    assert admin_client.post("/admin/sign-out", Sec_Fetch_Site="cross-site").status == 403
    assert admin_client.page("/admin/")


def test_sign_out_ends_the_session(admin_client: AdminClient):
    assert admin_client.post("/admin/sign-out").status == 303
    assert admin_client.get("/admin/").status == 303


def test_with_an_address_of_their_own_the_pages_are_not_beside_the_site(admin_room: Room):
    listen = 'listen = "127.0.0.1:0"'
    admin_room.declare(f"[web]\n{listen}\n[admin]\nenabled = true\n{listen}\n")
    servers = web_servers(admin_room.services, lambda: {"ok": True})
    assert len(servers) == 2
    for server in servers:
        server._socket.close()
    admin_room.declare(f"[web]\n{listen}\n")
    (server,) = web_servers(admin_room.services, lambda: {"ok": True})
    server._socket.close()


def test_a_start_without_users_logs_where_to_add_one_and_composes_no_page(
    admin_room: Room, caplog: pytest.LogCaptureFixture
):
    caplog.set_level("INFO")
    admin_room.declare('[web]\nlisten = "127.0.0.1:0"\n[admin]\nenabled = true\n')
    servers = web_servers(admin_room.services, lambda: {"ok": True})
    with admin_room.store.write() as connection:
        connection.execute(delete(schema.users))
    vars(admin_room.services).pop("admin", None)
    log_setup_address(admin_room.services, servers)
    assert "no users yet" in caplog.text
    assert "admin" not in vars(admin_room.services)
    servers[0]._socket.close()


def test_the_first_request_reads_the_overview_beside_itself(admin_room: Room):
    admin_room.declare("[admin]\nenabled = true\n")
    app = mounted_apps(admin_room.services)["admin"]
    sent: list[Message] = []

    async def receive() -> Message:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Message) -> None:
        sent.append(message)

    scope: dict[str, Any] = {"type": "http", "method": "GET", "path": "/admin/sign-in", "scheme": "http"}
    scope |= {"query_string": b"", "headers": [(b"host", b"127.0.0.1")]}
    scope |= {"client": ("127.0.0.1", 4000), "server": ("127.0.0.1", 80)}

    async def ask() -> None:
        await app(scope, receive, send)

    assert admin_room.services.admin.source_list._looked_at == 0
    asyncio.run(ask())  # waits for its threads
    assert sent[0]["status"] < 500
    assert admin_room.services.admin.source_list._looked_at > 0


def test_a_form_that_meets_a_busy_store_comes_back_to_be_sent_again(tmp_path: Path):
    store = open_store(write_empty_store(tmp_path), busy_timeout=0)
    room = Room(tmp_path, store, None)
    room.declare('[admin]\nenabled = true\nsecond_step = "off"\n')
    with serving_admin(room, tmp_path / "feeds") as site:
        client = site.client()
        with closing(sqlite3.connect(tmp_path / "syndicate.db", isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            answer = client.post("/admin/account", {"name": "Nora Ellery"})
            other.execute("ROLLBACK")
        assert answer.status == 503
        assert answer["retry-after"]
        assert 'value="Nora Ellery"' in answer.body.decode()
        assert client.post("/admin/account", {"name": "Nora Ellery"}).status == 303
        with store.read() as connection:
            assert [user.name for user in user_store.list_users(connection)] == ["Nora Ellery"]
    room.close()
    store.dispose()
