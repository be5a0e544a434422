"""Pages of sources: list, one source, add, import, rules."""

import re
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from syndicate.ingest.worker.parser_pool import ParserPool
from syndicate.jobs.admin.sources.source_lookups import articles_per_day
from syndicate.model import Entry, SourceKind
from syndicate.store import Connection, Store
from syndicate.store.ingest import added_sources, poll_store, source_store
from syndicate.store.ingest.poll_store import LastAnswer, PollRow
from tests.factories import NOW, declared
from tests.jobs.ingest.served_feeds import feed
from tests.jobs.payloads import payloads
from tests.jobs.room import BASE, Room, item, rss, source
from tests.net.scripted_server import Answer, ScriptedServer, answer
from tests.web.admin.conftest import AdminClient, AdminSite, serving_admin

ADMIN = '[admin]\nenabled = true\nsecond_step = "off"\n'
HOUR = timedelta(hours=1)
HOSTILE = "<img src=x onerror=alert(1)>\"'\u202e="


@pytest.fixture
def rooms(tmp_path: Path, store: Store, parsers: ParserPool) -> Iterator[Room]:
    """A room on both engines."""
    room = Room(tmp_path, store, parsers)
    yield room
    room.close()


@pytest.fixture
def newsroom(rooms: Room, tmp_path: Path) -> Iterator[tuple[Room, AdminSite, ScriptedServer]]:
    """A declared source "harbour" and an added source "quay", on a real server, with the admin pages."""
    page = b'<html><head><link rel="alternate" type="application/rss+xml" href="/new.xml"></head></html>'
    answers: dict[str, Answer] = {
        "/harbour": feed(item(1, "Storm"), item(2, "Calm")),
        "/quay": answer(403, b"<h1>Denied \xe2\x80\xae</h1>", Server="Edge"),
        "/page": answer(200, page, Content_Type="text/html"),
        "/new.xml": answer(200, rss(item(5, "Fresh"), item(6, "Sponsored"), title="Gazette")),
        "/empty": answer(200, b"<html>nothing", Content_Type="text/html"),
    }
    with ScriptedServer(answers) as server:
        rules = '[[rules]]\nname = "adverts"\nall = ["title:sponsored"]\ndrop = true\n'
        rooms.declare(source("harbour", server.url("/harbour")) + rules + ADMIN)
        with rooms.store.write() as connection:
            added_sources.add_source(connection, declared("quay", url=server.url("/quay")), NOW)
        with serving_admin(rooms, tmp_path / "feeds") as served:
            yield rooms, served, server
        rooms.close()


def ids(room: Room) -> dict[str, int]:
    with room.store.read() as connection:
        return {one.name: one.id for one in source_store.list_sources(connection)}


def id_of(connection: Connection, name: str) -> int:
    found = added_sources.find_source(connection, name)
    assert found
    return found.id


def finished(client: AdminClient, address: str) -> str:
    for _ in range(100):
        page = client.page(address)
        if "data-reload" not in page:
            return page
        time.sleep(0.05)
    raise AssertionError(page)


def looked(client: AdminClient, url: str) -> tuple[str, str]:
    answer = client.post("/admin/sources/add", {"url": url})
    assert answer.status == 303, answer.body.decode()
    address = answer["location"] or ""
    return address, finished(client, address)


def test_the_list_shows_trouble_first_and_counts_its_tabs(newsroom):
    room, site, _ = newsroom
    for number in range(3):
        room.ingest(NOW + number * HOUR, names=["harbour", "quay"])
    site.now = NOW + 3 * HOUR
    client = site.client()
    page = client.page("/admin/sources")
    assert page.index(">quay<") < page.index(">harbour<")
    assert "403, failed 3 times" in page
    assert re.search(r"Needs attention 1\b", page)
    assert re.search(r"Well 1\b", page)
    assert ">harbour<" not in client.page("/admin/sources?tab=attention")
    assert ">quay<" not in client.page("/admin/sources?q=HARB")
    assert ">quay<" not in client.page("/admin/sources?origin=config")
    assert "No source is like this" in client.page("/admin/sources?q=nothing")


def test_chosen_sources_are_paused_read_and_removed_and_declared_sources_are_skipped(newsroom):
    room, site, _ = newsroom
    client, number = site.client(), ids(room)
    both = [str(number["harbour"]), str(number["quay"])]
    page = client.follow(client.post("/admin/sources", {"do": "pause", "chosen": both}))
    assert "1 paused. harbour is declared in config.toml, line" in page
    page = client.follow(client.post("/admin/sources", {"do": "read", "chosen": both}))
    assert "1 read now. quay is paused: resume it first" in page
    assert client.post("/admin/sources", {"do": "pause"}).status == 422
    question = client.post("/admin/sources", {"do": "remove", "chosen": both})
    assert question.status == 200
    assert "quay" in ids(room)
    client.follow(client.post("/admin/sources", {"do": "remove", "chosen": both, "sure": "yes"}))
    assert ">quay<" not in client.page("/admin/sources")


def test_a_source_is_added_from_the_address_of_a_page_and_nothing_is_stored_before(newsroom):
    room, site, server = newsroom
    client = site.client()
    address, page = looked(client, server.url("/page"))
    assert "Gazette" in page
    assert "declared by the page" in page
    assert "dropped" in page
    assert "adverts" in page
    assert "Would begin a story of its own" in page
    assert set(ids(room)) == {"harbour", "quay"}
    taken = client.post(address, {"choice": "0", "name": "quay", "section": "coast", "weight": "1"})
    assert taken.status == 422
    assert "a source is named quay already; how about" in taken.body.decode()
    assert 'value="coast"' in taken.body.decode()
    wrong = client.post(address, {"choice": "0", "name": "Gazette", "weight": "many"})
    assert wrong.status == 422
    fields = {"choice": "0", "name": "Gazette", "section": "coast", "weight": "2", "republish": "none"}
    shown = client.follow(client.post(address, fields))
    assert "Gazette is added and will be read at once" in shown
    assert room.ingest(NOW)["Gazette"].new == 1


def test_a_page_without_a_feed_and_a_forbidden_address_say_so(newsroom):
    _, site, server = newsroom
    client = site.client()
    _, page = looked(client, server.url("/empty"))
    assert "Nothing was found" in page
    for wrong in ("", "ftp://x.example/", "https://nora:secret@harbour.example/"):
        assert client.post("/admin/sources/add", {"url": wrong}).status == 422


def test_a_search_of_another_user_or_of_an_earlier_process_is_gone(newsroom):
    _, site, server = newsroom
    address, _ = looked(site.client(), server.url("/page"))
    other = site.client("editor").get(address)
    assert other.status == 410
    assert "The search is gone" in other.body.decode()


def test_a_private_address_is_never_fetched(newsroom, tmp_path):
    room, _, server = newsroom
    room.declare(ADMIN, base=BASE.replace("allow_private = true", "allow_private = false"))
    asked = len(server.asked)
    with serving_admin(room, tmp_path / "other") as site:
        _, page = looked(site.client(), server.url("/page"))
    assert "is a private or reserved address" in page
    assert "allow_private" in page
    assert len(server.asked) == asked


def test_a_source_shows_its_polls_its_advice_and_its_last_bytes_as_text(newsroom):
    room, site, _ = newsroom
    room.ingest(names=["quay", "harbour"])
    client, number = site.client(), ids(room)
    page = client.page(f"/admin/sources/{number['quay']}")
    assert "403 usually means" in page
    assert "&lt;h1&gt;Denied [U+202E]&lt;/h1&gt;" in page
    assert "Server: Edge" in page
    assert "1 poll in four days" in page
    harbour = client.page(f"/admin/sources/{number['harbour']}")
    assert "config.toml, line" in harbour
    assert 'value="pause"' not in harbour
    read = client.page(f"/admin/sources/{number['harbour']}?bytes=read")
    assert "Storm" in read
    assert "kept" in client.page(f"/admin/sources/{number['harbour']}?bytes=rules")
    assert "Storm" in client.page(f"/admin/sources/{number['harbour']}?bytes=text")
    assert "403" in client.page(f"/admin/sources/{number['quay']}/polls")
    assert client.get("/admin/sources/99").status == 404
    assert client.get("/admin/sources/99/polls").status == 404


def test_a_source_that_fails_is_mended_by_a_new_address(newsroom):
    room, site, server = newsroom
    room.ingest(names=["quay"])
    client, number = site.client(), ids(room)["quay"]
    fields = {"name": "quay", "weight": "1.5", "section": "coast", "url": server.url("/new.xml")}
    page = client.follow(client.post(f"/admin/sources/{number}/edit", fields))
    assert "is read at its new address" in page
    assert room.ingest(NOW + HOUR)["quay"].new == 1
    page = client.page(f"/admin/sources/{number}")
    assert "2 polls in four days" in page
    assert "polls failed in 7 days" not in page, "a single failure counts from ten polls on"
    assert client.post(f"/admin/sources/{number}/edit", {"name": "", "weight": "x"}).status == 422


def test_a_test_reads_a_source_and_stores_nothing(newsroom):
    room, site, _ = newsroom
    client, number = site.client(), ids(room)["harbour"]
    answer = client.post(f"/admin/sources/{number}", {"do": "test"})
    page = finished(client, answer["location"])
    assert "Storm" in page
    assert room.articles() == {}


def test_the_answer_of_a_private_source_and_the_place_of_its_secret_are_for_admins(newsroom):
    room, site, server = newsroom
    with room.store.write() as connection:
        private = declared("vault", url=server.url("/harbour?key=s3cretkey"), private=True)
        added_sources.add_source(connection, private, NOW)
        number = id_of(connection, "vault")
        body = poll_store.packed(b"members only")
        poll_store.save_answers(connection, [LastAnswer(source_id=number, at=NOW, headers="200", body=body)])
    admin, editor = site.client().page, site.client("editor")
    assert "members only" in admin(f"/admin/sources/{number}")
    for path in (f"/admin/sources/{number}", "/admin/sources", "/admin/sources.csv", "/admin/sources/export"):
        page = editor.page(path)
        assert "members only" not in page
        assert "s3cretkey" not in page
    assert editor.get("/admin/rules?source=vault").status == 404
    fields = {"name": "vault", "weight": "1", "was-private": "true"}
    assert editor.post(f"/admin/sources/{number}/edit", fields).status == 404


def test_an_editor_removes_only_sources_of_their_own(newsroom):
    room, site, server = newsroom
    editor = site.client("editor")
    address, _ = looked(editor, server.url("/page"))
    editor.follow(editor.post(address, {"choice": "0", "name": "Gazette", "weight": "1"}))
    number = ids(room)
    own, other = str(number["Gazette"]), str(number["quay"])
    assert editor.post("/admin/sources", {"do": "remove", "chosen": other, "sure": "yes"}).status == 403
    editor.follow(editor.post("/admin/sources", {"do": "remove", "chosen": own, "sure": "yes"}))
    assert editor.post("/admin/sources/add", {"url": "https://a.example", "auth": "bearer"}).status == 404


def test_an_opml_list_is_reviewed_before_it_is_imported(newsroom):
    room, site, server = newsroom
    client = site.client()
    lines = "".join(
        f'<outline text="{name}" xmlUrl="{url}"/>'
        for name, url in (
            ("One", "https://one.example/f"),
            ("Harbour", server.url("/harbour")),
            ("Bad", "ftp:x"),
        )
    )
    document = f'<opml version="2.0"><head/><body>{lines}</body></opml>'.encode()
    answer = client.upload("/admin/sources/import", {"section": "coast"}, {"file": ("list.opml", document)})
    page = finished(client, answer["location"])
    assert "1 source added, 1 known already, 1 left out" in page
    assert "One" not in ids(room)
    assert "1 source added" in client.follow(client.post(answer["location"]))
    assert "One" in ids(room)
    bad = client.upload("/admin/sources/import", {}, {"file": ("list.opml", b"<opml>")})
    assert client.get(bad["location"]).status == 422
    assert client.post("/admin/sources/import", {}).status == 422
    assert b"one.example" in client.get("/admin/sources/export").body


def test_the_rules_are_tried_on_stored_articles_and_on_a_last_answer(newsroom):
    room, site, _ = newsroom
    client = site.client()
    assert "There is no article to try them on" in client.page("/admin/rules")
    room.ingest(names=["harbour"])
    assert "Storm" in client.page("/admin/rules")
    assert "2 articles, 0 dropped" in client.page("/admin/rules?source=harbour")
    assert client.get("/admin/rules?source=unknown").status == 422


@pytest.mark.all
def test_names_titles_and_bytes_of_strangers_stay_text_on_every_page(newsroom):
    room, site, _ = newsroom
    client = site.client()
    with room.store.write() as connection:
        numbers = []
        for index, text in enumerate([HOSTILE, "=HYPERLINK(1)", *list(payloads())[::5]]):
            payload = text.replace("\0", "")  # neither forms nor feeds hand one on
            name = f"{payload[:80]}{index}"
            hostile = declared(name, url=f"https://h{index}.example/", section=payload[:50], title=payload)
            added_sources.add_source(connection, hostile, NOW)
            number = id_of(connection, name)
            numbers.append(number)
            body = poll_store.packed(payload.encode(errors="replace"))
            headers = f"200\nServer: {payload[:200]}".replace("\0", "")
            answers = [LastAnswer(source_id=number, at=NOW, headers=headers, body=body)]
            poll_store.save_answers(connection, answers)
            poll_store.add_polls(
                connection, [PollRow(source_id=number, at=NOW, outcome="failed", status=500)]
            )
    pages = [client.page(path) for path in ("/admin/sources", "/admin/rules")]
    pages += [client.page(f"/admin/sources/{number}") for number in numbers[:8]]
    pages += [client.page(f"/admin/sources/{number}/edit") for number in numbers[:4]]
    for page in pages:
        assert "<img src=x" not in page
        assert not re.search(r"<script(?! type=\"module\" src=\"/admin)", page)
    assert "'=HYPERLINK(1)1" in client.page("/admin/sources.csv")


def test_found_articles_name_the_story_that_they_would_join(newsroom):
    room, site, server = newsroom
    strike = "Ferry crews walk out over wages in the harbour and no boat leaves before Friday"
    told = item(1, strike, description=f"{strike}, the union said. The port authority asks for talks.")
    server.answers["/harbour"] = feed(told)
    server.answers["/new.xml"] = answer(200, rss({**told, "guid": "other"}, title="Gazette"))
    room.ingest(names=["harbour"])
    room.services.stories.run(NOW)
    _, page = looked(site.client(), server.url("/page"))
    assert "Would join" in page
    assert "/admin/stories/1" in page


@pytest.mark.parametrize("path", ["sources.csv", "sources/export", "settings/audit.ndjson"])
def test_exports_ask_for_the_password_again(newsroom, path: str):
    _, site, _ = newsroom
    client = site.client()
    assert client.get(f"/admin/{path}").status == 200
    site.now += timedelta(minutes=20)
    asked = client.get(f"/admin/{path}")
    assert asked.status == 303
    assert (asked["location"] or "").startswith("/admin/confirm?next=/admin/")


def test_a_source_that_programs_fill_is_never_due(newsroom):
    room, site, _ = newsroom
    with room.store.write() as connection:
        added_sources.add_source(connection, declared("desk", url="", kind=SourceKind.API), NOW)
    page = site.client().page("/admin/sources?q=desk")
    assert "filled by programs" in page
    assert "as soon as possible" not in page
    assert "never: programs send its articles" in site.client().page(f"/admin/sources/{ids(room)['desk']}")


def test_entries_of_a_few_minutes_do_not_tell_articles_a_day():
    entries = {
        hours: Entry(guid="", url="", title="Storm", published=NOW + hours * HOUR) for hours in (0, 1, 24)
    }
    assert articles_per_day([entries[0], entries[1]]) is None
    assert articles_per_day([entries[0], entries[24]]) == 1.0
    assert articles_per_day([]) is None
