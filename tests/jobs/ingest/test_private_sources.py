"""The secret and address of a private source reach its own server only."""

import logging
from datetime import timedelta
from pathlib import Path

import pytest

from syndicate.model import Access, AccessKind, Origin
from syndicate.reports.health import read_health
from syndicate.store.ingest import added_sources, hub_store, source_store
from tests.factories import NOW, declared
from tests.jobs.room import BASE, Room, item, rss, source
from tests.net.scripted_server import ScriptedServer, answer, redirect

SECRETS = ("hunter2", "aHVudGVyMg", "s3cr3tpath", "s3cr3tquery")
AUTH = '{ type = "header", header = "X-Key", secret_file = "key" }'
NEWSLETTER = '[[newsletters]]\nname = "daily"\nschedule = "daily 07:00"\n'


def feed(url: str) -> bytes:
    """A feed that repeats its own address wherever a feed can."""
    own = f'<atom:link rel="self" href="{url}" xmlns:atom="http://www.w3.org/2005/Atom"/>'
    return rss(item(1), item(2)).replace(
        b"<link>https://harbour.example/</link>", f"<link>{url}</link>{own}".encode()
    )


@pytest.fixture
def secret_file(tmp_path: Path) -> Path:
    file = tmp_path / "key"
    file.write_text("hunter2\n")
    return file


def written(folder: Path) -> str:
    files = [path for path in folder.rglob("*") if path.is_file() and path.suffix not in (".db", ".toml")]
    files = [path for path in files if "syndicate.db" not in path.name and path.name != "key"]
    assert len(files) > 8
    return "\n".join(path.read_bytes().decode("utf-8", "replace") for path in files)


@pytest.mark.all
def test_no_output_carries_the_address_or_secret_of_a_private_source(
    room: Room, secret_file, tmp_path, caplog
):
    with ScriptedServer({}) as server, caplog.at_level(logging.DEBUG):
        url = server.url("/s3cr3tpath?user=s3cr3tquery")
        server.answers["/s3cr3tpath?user=s3cr3tquery"] = answer(200, feed(url))
        room.declare(source("Harbour", url, auth=AUTH) + NEWSLETTER, now=NOW)
        room.subscribe("ann@example.com")
        assert room.ingest()["Harbour"].new == 2
        assert server.asked[0].field("X-Key") == b"hunter2"
        room.services.stories.run(NOW)
        room.services.publish.run(NOW)
        later = NOW.replace(day=25, hour=7)
        room.services.editions.run(later)
        room.services.deliver.run(later)
    assert "Title 1" in written(tmp_path)
    assert [secret for secret in SECRETS if secret in written(tmp_path) + caplog.text] == []
    assert url not in repr(read_health(room.services, later).problems)
    opml = (tmp_path / "feeds" / "sources.opml").read_text("utf-8")
    assert "127.0.0.1" not in opml


@pytest.mark.parametrize(
    "bad",
    [
        answer(401, b"hunter2 is wrong"),
        answer(500, b"x"),
        redirect("/other?key=s3cr3tquery"),
        answer(200, b"<html><form><input type=password></form></html>"),
        answer(200, b"<rss><channel><item></rss>" * 3),
    ],
    ids=["refused", "failed", "redirected", "login", "broken"],
)
def test_no_error_or_log_tells_the_address_of_a_private_source(room: Room, secret_file, caplog, bad: bytes):
    with ScriptedServer({}) as server, caplog.at_level(logging.DEBUG):
        server.answers["/s3cr3tpath?user=s3cr3tquery"] = bad
        room.declare(source("Harbour", server.url("/s3cr3tpath?user=s3cr3tquery"), auth=AUTH))
        outcome = room.ingest()["Harbour"]
    health = read_health(room.services, NOW)
    said = f"{outcome} {caplog.text} {health.problems} {health.failures} {health.sources[0].state}"
    assert [secret for secret in SECRETS if secret in said] == []


def test_a_missing_secret_fails_its_own_source_only(room: Room, secret_file):
    with ScriptedServer({"/a": answer(200, rss(item(1))), "/b": answer(200, rss(item(2)))}) as server:
        nowhere = AUTH.replace('"key"', '"nowhere"')
        room.declare(source("Locked", server.url("/a"), auth=nowhere) + source("Open", server.url("/b")))
        outcomes = room.ingest()
        assert [asked.path for asked in server.asked] == ["/b"]
    assert "nowhere" in outcomes["Locked"].error
    assert outcomes["Open"].new == 1


def test_a_redirect_of_a_private_source_to_another_host_goes_without_the_secret(room: Room, secret_file):
    with ScriptedServer({"/b": answer(200, rss(item(1)))}) as other, ScriptedServer({}) as server:
        server.answers["/a"] = redirect(other.url("/b"), 301)
        room.declare(source("Harbour", server.url("/a"), auth=AUTH))
        assert room.ingest()["Harbour"].new == 1
        assert [asked.field("X-Key") for asked in other.asked] == [None]
        assert server.asked[0].field("X-Key") == b"hunter2"


def test_a_source_with_a_key_in_its_address_is_private_unless_the_file_says_otherwise(room: Room):
    room.declare(
        source("Key", "https://a.example/feed?token=x")
        + source("Said", "https://b.example/feed?token=x", private="false")
    )
    found = {source.name: source.private for source in room.services.sources}
    assert found == {"Key": True, "Said": False}


@pytest.mark.parametrize(("more", "hubs"), [({}, 1), ({"private": "true"}, 0)], ids=["open", "private"])
def test_no_hub_hears_of_a_private_source(room: Room, more: dict[str, str], hubs: int):
    with ScriptedServer({}) as server:
        links = f'<https://hub.example/>; rel="hub", <{server.url("/a")}>; rel="self"'
        server.answers["/a"] = answer(200, rss(item(1)), Link=links)
        base = BASE.replace("https://news.example", "https://news.example.org")
        room.declare(source("Harbour", server.url("/a"), **more), base=base)
        room.ingest()
    with room.store.read() as connection:
        assert len(hub_store.list_hub_subscriptions(connection)) == hubs


def test_a_secret_does_not_move_with_its_source(room: Room, monkeypatch):
    monkeypatch.setenv("HARBOUR_KEY", "hunter2")
    access = Access(kind=AccessKind.HEADER, header="X-Key", secret_env="HARBOUR_KEY")
    with ScriptedServer({"/new": answer(200, rss(item(1)))}) as server:
        server.answers["/a"] = redirect("/new", 301)
        with room.store.write() as connection:
            mine = declared("Mine", url=server.url("/a"), origin=Origin.STORE, access=access, private=True)
            added_sources.add_source(connection, mine, NOW)
        for day in range(5):
            room.ingest(NOW + timedelta(days=2 * day))
        problems = read_health(room.services, NOW + timedelta(days=9)).problems
    with room.store.read() as connection:
        assert [source.url for source in source_store.list_sources(connection)] == [server.url("/a")]
    assert [("has moved" in problem, "/new" in problem) for problem in problems] == [(True, False)]
