"""Addresses that operators type, and that pages of strangers name: none leads into the private network."""

import socket
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from threading import Event
from typing import Any

import pytest

from syndicate.errors import SyndicateError
from syndicate.ingest.worker.parser_pool import ParserPool
from syndicate.model.actors import Change, command_actor
from syndicate.store.core import quarantine
from syndicate.store.events import webhook_store
from syndicate.store.events.event_log import add_event
from tests.factories import NOW
from tests.jobs.room import BASE, Room, opened_room, source
from tests.net.scripted_server import ScriptedServer, answer, redirect
from tests.web.admin.conftest import AdminClient, serving_admin

pytestmark = pytest.mark.all

ADMIN = '[admin]\nenabled = true\nsecond_step = "off"\n'
SPELLINGS = (
    "127.0.0.1", "localhost", "LOCALHOST.", "127.1", "2130706433", "0x7f000001", "0x7f.1", "017700000001",
    "0177.0.0.1", "0.0.0.0", "0", "[::1]", "[::]", "[::ffff:127.0.0.1]", "[::ffff:7f00:1]",
    "[0:0:0:0:0:0:0:1]", "[::127.0.0.1]", "[64:ff9b::7f00:1]", "[2002:7f00:1::]", "127.0.0.1.",
    "127\u30020\u30020\u30021", "\u2460\u2461\u2466.\u24ea.\u24ea.\u2460", "rebind.example",
)  # fmt: skip


@pytest.fixture(scope="module")
def parsers() -> Iterator[ParserPool]:
    with ParserPool() as pool:
        yield pool


@pytest.fixture
def rebinding(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Let a name that was checked before resolve to loopback, as the resolver of a stranger may."""
    really, asked = socket.getaddrinfo, list[str]()

    def getaddrinfo(host: Any, port: Any, *args: Any, **kwargs: Any) -> Any:
        name = host.decode() if isinstance(host, bytes) else str(host)
        if name.rstrip(".") != "rebind.example":
            return really(host, port, *args, **kwargs)
        asked.append(name)
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", port))]

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
    return asked


@pytest.fixture
def inside() -> Iterator[ScriptedServer]:
    """Server of the private network, which nothing may reach."""
    with ScriptedServer(
        {path: answer(200, b"inner treasure") for path in ("/feed", "/page", "/hook")}
    ) as server:
        yield server


def declare(room: Room, *allowed: ScriptedServer, more: str = "") -> None:
    ports = ", ".join(f'"127.0.0.1:{server.port}"' for server in allowed)
    room.declare(ADMIN + more, base=BASE.replace("allow_private = true", f"allow_private = [{ports}]"))


def looked(client: AdminClient, path: str, fields: dict[str, str]) -> str:
    """Return the page of a look-up when it has ended, or the page that refused to begin it."""
    started = client.post(path, fields)
    if started.status != 303:
        return started.body.decode()
    end = time.monotonic() + 60
    while True:
        page = client.get(started["location"] or "").body.decode()
        if "data-reload" not in page or time.monotonic() > end:
            return page
        Event().wait(0.02)


def test_no_spelling_of_a_private_address_is_looked_at(
    tmp_path: Path, parsers: ParserPool, inside: ScriptedServer, rebinding: list[str]
) -> None:
    with opened_room(tmp_path, parsers) as room:
        declare(room)
        with serving_admin(room, tmp_path / "feeds") as site:
            client = site.client()
            for host in SPELLINGS:
                url = inside.url("/page", host=host)
                assert "inner treasure" not in looked(client, "/admin/sources/add", {"url": url}), host
                assert "inner treasure" not in looked(client, "/admin/sources/import", {"url": url}), host
    assert inside.connections == 0
    assert rebinding


def test_no_page_or_redirect_of_a_stranger_leads_inside(
    tmp_path: Path, parsers: ParserPool, inside: ScriptedServer, rebinding: list[str]
) -> None:
    targets = [inside.url("/feed", host=host) for host in SPELLINGS]
    with ScriptedServer({}) as outside, opened_room(tmp_path, parsers) as room:
        declare(room, outside)
        links = "".join(f'<link rel=alternate type=application/rss+xml href="{url}">' for url in targets)
        outside.answers["/links"] = answer(200, f"<html>{links}".encode(), Content_Type="text/html")
        refresh = f"<html><meta http-equiv=refresh content='0;url={targets[0]}'>".encode()
        outside.answers["/refresh"] = answer(200, refresh, Content_Type="text/html")
        outlines = "".join(f'<outline text="x" xmlUrl="{url}"/>' for url in targets)
        entity = f'<!DOCTYPE r [<!ENTITY x SYSTEM "{targets[0]}">]><rss><channel>&x;</channel></rss>'
        outside.answers["/entity"] = answer(200, entity.encode(), Content_Type="application/rss+xml")
        for number, url in enumerate(targets[:-1]):
            outside.answers[f"/to{number}"] = redirect(quoted(url))
        outside.answers["/list"] = answer(200, f"<opml><body>{outlines}</body></opml>".encode())
        with serving_admin(room, tmp_path / "feeds") as site:
            client = site.client()
            for path in (
                "/links",
                "/refresh",
                "/entity",
                *(f"/to{n}" for n in range(0, len(targets) - 1, 3)),
            ):
                found = looked(client, "/admin/sources/add", {"url": outside.url(path)})
                assert "inner treasure" not in found, path
        assert outside.connections > 0
    assert inside.connections == 0


def quoted(url: str) -> str:
    return url.encode("ascii", "xmlcharrefreplace").decode()


def test_sources_webhooks_and_alerts_never_connect_inside(
    tmp_path: Path, parsers: ParserPool, inside: ScriptedServer, rebinding: list[str]
) -> None:
    hosts = enumerate(("127.0.0.1", "localhost", "[::ffff:127.0.0.1]", "rebind.example"))
    sources = "".join(source(f"s{number}", inside.url("/feed", host=host)) for number, host in hosts)
    alerts = f'[alerts]\nwebhook = "{inside.url("/hook")}"\n'
    with opened_room(tmp_path, parsers) as room:
        declare(room, more=sources + alerts)
        room.ingest()
        change, admin = Change(actor=command_actor("root"), now=NOW), room.services.admin
        for host in SPELLINGS:
            url = inside.url("/hook", host=host)
            for given in (url, url.replace("http:", "https:")):
                with suppress(SyndicateError):
                    admin.webhooks.add(change, address=given, events=["story.created"])
        with room.store.write() as connection:
            add_event(connection, "story.created", "story/1", {}, NOW)
            quarantine.record_failure(connection, "edition", "daily", "broken", now=NOW)
        room.services.webhook_sending.run(NOW)
        room.services.alerts.run(NOW)
        with room.store.read() as connection:
            rows = [
                row
                for endpoint in webhook_store.list_endpoints(connection)
                for row in webhook_store.list_webhook_deliveries(connection, endpoint.id)
            ]
    assert rows
    assert all(row["state"] != "sent" for row in rows)
    assert inside.connections == 0


def test_a_webhook_does_not_follow_a_redirect_inside(
    tmp_path: Path, inside: ScriptedServer, rebinding: list[str]
) -> None:
    with (
        ScriptedServer({"/hook": redirect(inside.url("/hook"), 307)}) as outside,
        opened_room(tmp_path) as room,
    ):
        declare(room, outside)
        change = Change(actor=command_actor("root"), now=NOW)
        room.services.admin.webhooks.add(change, address=outside.url("/hook"), events=["story.created"])
        with room.store.write() as connection:
            add_event(connection, "story.created", "story/1", {}, NOW)
        room.services.webhook_sending.run(NOW)
        assert outside.connections == 1
    assert inside.connections == 0
