"""Sources that move, and archives that reappear: shown, without new articles."""

from collections.abc import Iterable, Iterator
from dataclasses import asdict
from datetime import timedelta

import pytest
from sqlalchemy import update

from syndicate.ingest.poll_schedule import confirmed_url, status_message
from syndicate.model import Access, AccessKind, Origin
from syndicate.store import schema
from syndicate.store.core import old_rows
from syndicate.store.ingest import source_store
from syndicate.store.ingest.source_store import SourceReport
from tests.factories import NOW
from tests.jobs.room import Room, item, rss, source
from tests.net.scripted_server import ScriptedServer, answer, redirect

DAY = timedelta(hours=27)


def feed(*items: dict[str, str]) -> bytes:
    return answer(200, rss(*items), Content_Type="application/rss+xml", ETag=f'"{len(rss(*items))}"')


@pytest.fixture
def server(rooms: Room) -> Iterator[ScriptedServer]:
    """Serve the source "harbour" with the answers of the test."""
    with ScriptedServer({}) as server:
        rooms.declare(source("harbour", server.url("/harbour")))
        yield server
        rooms.close()


def serve(server: ScriptedServer, *answers: bytes) -> None:
    server.answers["/harbour"] = list[bytes](answers)


def report(room: Room) -> SourceReport:
    with room.store.read() as connection:
        (found,) = source_store.report_sources(connection, week_ago=NOW)
    return found


def renamed(number: int, **more: str) -> dict[str, str]:
    return item(number) | {"guid": f"other-{number}", "link": f"https://quay.example/p/{number}"} | more


@pytest.mark.all
def test_a_whole_archive_under_new_ids_and_addresses_is_not_new(rooms: Room, server: ScriptedServer) -> None:
    old = [item(number) for number in range(1, 401)]
    new = [renamed(number) for number in range(401)]
    serve(server, feed(*old), feed(*new), feed(*new, renamed(401)))
    assert rooms.ingest()["harbour"].new == 400
    before = {article.uid for article in rooms.articles().values()}
    again = rooms.ingest(NOW + DAY)["harbour"]
    assert (again.new, again.changed) == (1, 400)
    found = rooms.articles()
    assert before < {article.uid for article in found.values()}
    assert found["Title 7"].url == "https://quay.example/p/7"
    last = rooms.ingest(NOW + 2 * DAY)["harbour"]
    assert (last.new, last.changed) == (1, 0)


@pytest.mark.all
def test_a_whole_archive_with_todays_dates_is_not_new_either(rooms: Room, server: ScriptedServer) -> None:
    today = item(0)["pubDate"]
    serve(
        server,
        feed(*(item(number) for number in range(1, 100))),
        feed(*(renamed(number, pubDate=today) for number in range(1, 100))),
    )
    rooms.ingest()
    again = rooms.ingest(NOW + DAY)["harbour"]
    assert (again.new, again.changed) == (0, 99)


def test_pruned_articles_of_an_archive_with_todays_dates_stay_away(
    rooms: Room, server: ScriptedServer
) -> None:
    today = item(0)["pubDate"]
    new = [renamed(number, pubDate=today) for number in range(1, 100)]
    serve(server, feed(*(item(number) for number in range(1, 100))), feed(*new), feed(*new, renamed(200)))
    rooms.ingest()
    with rooms.store.write() as connection:
        before = NOW - timedelta(hours=9)
        connection.execute(update(schema.articles).values(first_seen=before - timedelta(days=1)))
        assert len(old_rows.prune_articles(connection, before=before, now=NOW, limit=999)) == 90
    again = rooms.ingest(NOW + DAY)["harbour"]
    assert (again.new, again.changed) == (0, 9)
    last = rooms.ingest(NOW + 2 * DAY)["harbour"]
    assert (last.new, last.changed) == (1, 0)


@pytest.mark.all
def test_an_archive_with_other_ids_and_a_name_behind_every_title_is_not_new(
    rooms: Room, server: ScriptedServer
) -> None:
    new = [renamed(number, title=f"Title {number} | The Quay") for number in range(1, 100)]
    serve(server, feed(*(item(number) for number in range(1, 100))), feed(*new))
    rooms.ingest()
    again = rooms.ingest(NOW + DAY)["harbour"]
    assert (again.new, again.changed) == (0, 99)
    assert "Title 7 | The Quay" in rooms.articles()


def test_an_archive_of_which_we_had_the_latest_part_brings_only_the_rest(
    rooms: Room, server: ScriptedServer
) -> None:
    today = item(0)["pubDate"]
    new = [renamed(number, pubDate=today) for number in range(1, 200)]
    serve(server, feed(*(item(number) for number in range(1, 40))), feed(*new))
    rooms.ingest()
    again = rooms.ingest(NOW + DAY)["harbour"]
    assert (again.new, again.changed) == (160, 39)


def test_two_reports_of_one_title_and_moment_in_one_feed_stay_two(
    rooms: Room, server: ScriptedServer
) -> None:
    twin = item(1) | {"guid": "twin", "link": "https://harbour.example/twin"}
    serve(server, feed(item(1)), feed(item(1), twin))
    rooms.ingest()
    assert rooms.ingest(NOW + DAY)["harbour"].new == 1


def test_F8_a_source_read_from_another_site_is_shown_from_the_first_time(
    rooms: Room, server: ScriptedServer
) -> None:
    server.answers["/there"] = feed(item(1))
    serve(server, redirect(server.url("/there", host="localhost"), 302))
    assert "another site, localhost" in rooms.ingest()["harbour"].warning
    assert report(rooms).state.read_from == "localhost"


@pytest.mark.parametrize("same", ["bytes", "items", "validators"])
def test_F8_a_source_that_moves_and_comes_home_without_news_is_shown_and_then_no_longer(
    rooms: Room, server: ScriptedServer, same: str
) -> None:
    here = feed(item(1))
    there = {
        "bytes": here,
        "items": answer(200, rss(item(1)) + b"<!-- built at noon -->", Content_Type="application/rss+xml"),
        "validators": answer(304),
    }[same]
    server.answers["/there"] = there
    serve(server, here, redirect(server.url("/there", host="localhost"), 302), here)
    rooms.ingest()
    assert report(rooms).state.read_from == ""
    rooms.ingest(NOW + DAY)
    assert report(rooms).state.read_from == "localhost"
    rooms.ingest(NOW + 2 * DAY)
    assert report(rooms).state.read_from == ""
    assert set(rooms.articles()) == {"Title 1"}


def test_F8_a_move_is_shown_beside_what_else_is_wrong(rooms: Room, server: ScriptedServer) -> None:
    bad = answer(200, rss(item(1)) + b"<junk/>", Content_Type="application/rss+xml")
    server.answers["/there"] = bad
    serve(server, bad, redirect(server.url("/there", host="localhost"), 302), bad)
    seen = []
    for day in range(3):
        rooms.ingest(NOW + day * DAY)
        seen.append(status_message(report(rooms).state.warning, report(rooms).state.read_from))
    assert seen[0] == seen[2] == "something follows the end of the document"
    assert seen[1].startswith(seen[0] + " It is read from another site")


@pytest.mark.parametrize(
    ("origin", "host", "followed"),
    [
        (Origin.STORE, "127.0.0.1", True),
        (Origin.STORE, "localhost", False),
        (Origin.CONFIG, "localhost", False),
    ],
    ids=["same-site", "another-domain", "another-domain-in-the-file"],
)
def test_F8_a_patient_permanent_redirect_replaces_the_address_only_inside_one_site(
    rooms: Room, server: ScriptedServer, origin: Origin, host: str, followed: bool
) -> None:
    there = server.url("/there", host=host)
    server.answers["/there"] = feed(item(1))
    serve(server, redirect(there, 301))
    with rooms.store.write() as connection:
        connection.execute(update(schema.sources).values(origin=origin.value))
    addresses = []
    for day in range(3):
        rooms.ingest(NOW + day * DAY)
        addresses.append(report(rooms).source.url)
    old = server.url("/harbour")
    assert addresses == [old, old, there if followed else old]
    assert report(rooms).state.permanent_seen == (0 if followed else 3)
    assert set(rooms.articles()) == {"Title 1"}
    rooms.ingest(NOW + 4 * DAY)
    assert server.asked[-2].path == ("/there" if followed else "/harbour")


def paths_of_days(room: Room, server: ScriptedServer, days: Iterable[int]) -> list[str]:
    """Poll once a day; return the paths that the server was asked for."""
    before = len(server.asked)
    for day in days:
        room.ingest(NOW + day * DAY)
    return [request.path for request in server.asked[before:]]


@pytest.mark.parametrize("status", [301, 308])
def test_F8_a_permanent_redirect_of_a_configured_source_is_remembered_beside_its_address(
    rooms: Room, server: ScriptedServer, status: int
) -> None:
    there = server.url("/there")
    serve(server, redirect(there, status))
    server.answers["/there"] = feed(item(1))
    assert paths_of_days(rooms, server, range(3)) == ["/harbour", "/there"] * 3
    found = report(rooms)
    assert (found.source.url, found.state.moved_to) == (server.url("/harbour"), there)
    assert confirmed_url(found.state) == there
    assert paths_of_days(rooms, server, range(3, 6)) == ["/there"] * 3
    # A restart forgets nothing; another address in the file does.
    rooms.declare(source("harbour", server.url("/harbour")), now=NOW + 6 * DAY)
    assert paths_of_days(rooms, server, [6]) == ["/there"]
    server.answers["/quay"] = feed(item(2))
    rooms.declare(source("harbour", server.url("/quay")), now=NOW + 7 * DAY)
    assert paths_of_days(rooms, server, [7]) == ["/quay"]
    assert report(rooms).state.moved_to == ""


@pytest.mark.parametrize("status", [404, 410])
def test_F8_a_remembered_address_that_no_longer_works_gives_way_to_the_configured_one(
    rooms: Room, server: ScriptedServer, status: int
) -> None:
    serve(server, *[redirect(server.url("/there"), 301)] * 3, feed(item(2)))
    server.answers["/there"] = [*[feed(item(1))] * 3, answer(status, b"")]
    paths_of_days(rooms, server, range(3))
    failing = 1 if status == 410 else 3
    assert paths_of_days(rooms, server, range(3, 4 + failing)) == ["/there"] * failing + ["/harbour"]
    found = report(rooms)
    assert (found.state.moved_to, found.state.gone, found.state.failures) == ("", False, 0)
    assert set(rooms.articles()) == {"Title 1", "Title 2"}


def test_F8_a_secret_is_not_sent_to_a_remembered_address_of_another_origin(
    rooms: Room, server: ScriptedServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HARBOUR_SECRET", "s3cret")
    access = Access(kind=AccessKind.BEARER, secret_env="HARBOUR_SECRET")
    rooms.ingest(names=[])
    with rooms.store.write() as connection:
        connection.execute(update(schema.sources).values(access_json=asdict(access)))
    with ScriptedServer({"/there": feed(item(1))}) as other:
        serve(server, redirect(other.url("/there"), 301))
        paths_of_days(rooms, server, range(4))
        assert report(rooms).state.moved_to == ""
        assert not any(request.field("Authorization") for request in other.asked)
