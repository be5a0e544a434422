"""Polite fetching over whole runs: stored states, times of the next poll, restarts."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from syndicate import __version__
from syndicate.model import SourceState
from syndicate.store.ingest import source_store
from tests.factories import NOW
from tests.jobs.room import BASE, Room, item, rss, source
from tests.net.scripted_server import Answer, ScriptedServer, answer

# A site that hubs can reach.
REACHABLE = BASE.replace("https://news.example", "https://news.org") + '[web]\nlisten = "127.0.0.1:0"\n'
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)


def feed(*items: dict[str, str], inside: bytes = b"", **fields: str) -> bytes:
    body = rss(*items).replace(b"<description>x", inside + b"<description>x", 1)
    return answer(200, body, Content_Type="application/rss+xml", **fields)


@pytest.fixture
def server(room: Room) -> Iterator[ScriptedServer]:
    """Serve the source "harbour" with the answers of the test. The least interval is ten minutes."""
    with ScriptedServer({}) as server:
        room.declare(source("harbour", server.url("/harbour")))
        yield server
        room.close()


def serve(server: ScriptedServer, *answers: bytes) -> None:
    script: Answer = list(answers)
    server.answers["/harbour"] = script


def state(room: Room) -> SourceState:
    with room.store.read() as connection:
        (report,) = source_store.report_sources(connection, week_ago=NOW)
    return report.state


def wait_after(room: Room, since: datetime = NOW) -> timedelta:
    after = state(room).next_check
    assert after
    return after - since


def test_F5_a_restart_asks_nobody_early(room: Room, server: ScriptedServer) -> None:
    serve(server, feed(item(1), ETag='"1"'), answer(304))
    room.ingest()
    for minutes in range(10):
        room.declare(source("harbour", server.url("/harbour")), now=NOW + minutes * MINUTE)
        assert room.ingest(NOW + minutes * MINUTE) == {}
    assert len(server.asked) == 1
    assert set(room.ingest(NOW + 12 * MINUTE)) == {"harbour"}


def test_F5_even_by_name_a_source_is_left_alone_while_its_server_asks_for_a_pause(
    room: Room, server: ScriptedServer
) -> None:
    serve(server, answer(429, b"", Retry_After="7200"), feed(item(1), ETag='"1"'))
    room.ingest(names=["harbour"])
    assert room.ingest(NOW + HOUR, names=["harbour"]) == {}
    assert room.ingest(NOW + HOUR) == {}
    assert len(server.asked) == 1
    assert room.ingest(NOW + 2 * HOUR, names=["harbour"])["harbour"].new == 1
    assert state(room).not_before is None
    assert set(room.ingest(NOW + 2 * HOUR + MINUTE, names=["harbour"])) == {"harbour"}


def test_F6_the_whole_server_is_left_alone_when_one_of_its_feeds_asks_for_it(room: Room) -> None:
    paths = ("a", "b", "c")
    with ScriptedServer({f"/{path}": feed(item(1), ETag='"1"') for path in paths}) as server:
        server.answers["/a"] = [answer(503, b"", Retry_After="7200"), feed(item(1))]
        declared = "".join(source(path, server.url(f"/{path}")) for path in paths)
        # With a pause between two requests they come one after the other.
        room.declare(declared, base=BASE.replace("host_gap = 0", "host_gap = 0.001"))
        first = room.ingest()
        assert [asked.path for asked in server.asked] == ["/a"]
        assert first["a"].error
        assert ("Retry-After" in first["b"].warning, first["b"].error) == (True, "")
        with room.store.read() as connection:
            states = {
                report.source.name: report.state
                for report in source_store.report_sources(connection, week_ago=NOW)
            }
        assert [states[path].failures for path in paths] == [1, 0, 0]
        assert room.ingest(NOW + HOUR, names=paths) == {}
        assert room.ingest(NOW + HOUR) == {}
        later = room.ingest(NOW + 3 * HOUR)
        assert {name: outcome.new for name, outcome in later.items()} == dict.fromkeys(paths, 1)
        room.close()


def test_F6_one_feed_that_answers_429_keeps_its_own_pause_and_the_others_a_short_one(room: Room) -> None:
    paths = ("a", "b", "c", "d")
    refused = answer(429, b"", Retry_After="7200")
    with ScriptedServer({f"/{path}": feed(item(1), ETag='"1"') for path in paths}) as server:
        server.answers["/a"], server.answers["/c"] = refused, refused
        declared = "".join(source(path, server.url(f"/{path}")) for path in paths)
        room.declare(declared, base=BASE.replace("host_gap = 0", "host_gap = 0.1"))
        first = room.ingest()
        assert [first["a"].error != "", first["b"].new, first["c"].error != ""] == [True, 1, True]
        assert "Retry-After" in first["d"].warning
        assert room.ingest(NOW + MINUTE)["d"].new == 1
        assert [asked.path for asked in server.asked] == ["/a", "/b", "/c", "/d"]
        assert "a" not in room.ingest(NOW + HOUR)
        assert room.ingest(NOW + 3 * HOUR, names=["a"])["a"].error
        room.close()


def test_F6_a_source_added_while_its_server_rests_waits_too(room: Room) -> None:
    with ScriptedServer({"/a": answer(503, b"", Retry_After="7200"), "/b": feed(item(1))}) as server:
        first = source("a", server.url("/a"))
        room.declare(first)
        room.ingest()
        room.declare(first + source("b", server.url("/b")))
        assert "Retry-After" in room.ingest(NOW + HOUR)["b"].warning
        assert [asked.path for asked in server.asked] == ["/a"]
        assert room.ingest(NOW + 3 * HOUR)["b"].new == 1
        room.close()


def test_F3_validators_of_every_200_are_stored(room: Room, server: ScriptedServer) -> None:
    serve(
        server,
        feed(item(1), ETag='"1"'),
        feed(item(1), ETag='"2"', Last_Modified="then"),
        feed(item(1), Last_Modified="later"),
        feed(item(1)),
    )
    stored = []
    for day in range(4):
        room.ingest(NOW + day * 2 * DAY)
        stored.append((state(room).etag, state(room).last_modified))
    assert stored == [('"1"', ""), ('"2"', "then"), ("", "later"), ("", "")]


@pytest.mark.parametrize(
    ("fields", "inside", "least"),
    [
        ({"Cache_Control": "max-age=7200"}, b"", 2 * HOUR),
        ({}, b"<ttl>90</ttl>", 90 * MINUTE),
        ({"Cache_Control": "max-age=60"}, b"<ttl>5</ttl>", 10 * MINUTE),
        ({}, b"<skipHours><hour>9</hour><hour>10</hour></skipHours>", 2 * HOUR),
        ({}, b"<skipDays><day>Tuesday</day></skipDays>", 15 * HOUR),
    ],
    ids=["max-age", "ttl", "ours", "skipHours", "skipDays"],
)
def test_F4_what_server_and_feed_ask_for_also_holds_after_a_304(
    room: Room, server: ScriptedServer, fields: dict[str, str], inside: bytes, least: timedelta
) -> None:
    serve(server, feed(item(1), inside=inside, ETag='"1"', **fields), answer(304))
    room.ingest()
    assert least <= wait_after(room) <= least * 1.1 + timedelta(minutes=30)
    room.ingest(names=["harbour"])
    assert server.asked[1].field("If-None-Match") == b'"1"'
    assert least <= wait_after(room) <= least * 1.1 + timedelta(minutes=30)


def test_F4_a_server_without_validators_is_asked_once_a_day(room: Room, server: ScriptedServer) -> None:
    serve(server, feed(item(1)))
    room.ingest()
    assert DAY <= wait_after(room) <= 1.1 * DAY
    assert "neither ETag" in state(room).check_reason


def test_F6_F9_failures_are_asked_less_and_less_across_restarts(room: Room, server: ScriptedServer) -> None:
    serve(server, answer(503, b""))
    waits, when = [], NOW
    for _ in range(9):
        room.ingest(when)
        waits.append(wait_after(room, when))
        when += waits[-1]
        room.declare(source("harbour", server.url("/harbour")), now=when)
    assert waits[:3] == sorted(waits[:3])
    assert [round(wait / (10 * MINUTE)) for wait in waits[:4]] == pytest.approx([1, 2, 4, 8], abs=1)
    assert DAY <= waits[-1] <= 1.1 * DAY
    assert len(server.asked) == 9


def test_F7_what_is_gone_is_never_asked_again(room: Room, server: ScriptedServer) -> None:
    serve(server, answer(410, b""))
    room.ingest()
    assert room.ingest(NOW + 365 * DAY) == room.ingest(NOW + 365 * DAY, names=["harbour"]) == {}
    assert len(server.asked) == 1


def test_F11_the_user_agent_says_for_how_many_readers_we_ask(room: Room, server: ScriptedServer) -> None:
    serve(server, feed(item(1), ETag='"1"'))
    newsletter = '[[newsletters]]\nname = "daily"\nschedule = "daily 07:00"\n'
    room.declare(newsletter + source("harbour", server.url("/harbour")))
    room.ingest()
    room.subscribe("ann@example.org", "bob@example.org")
    room.ingest(NOW + DAY)
    agents = [(asked.field("User-Agent") or b"").decode().partition(" ")[2] for asked in server.asked]
    assert agents == [
        "(+https://news.example; 1 subscriber; feed-id=1)",
        "(+https://news.example; 2 subscribers; feed-id=1)",
    ]


def test_F11_a_name_of_our_own_says_it_too(room: Room, server: ScriptedServer) -> None:
    serve(server, feed(item(1)))
    base = BASE.replace("[http]", '[http]\nuser_agent = "HarbourBot/1.0 (+https://news.example/bot)"')
    room.declare(source("harbour", server.url("/harbour")), base=base)
    room.ingest()
    agent = server.asked[0].field("User-Agent")
    assert agent == b"HarbourBot/1.0 (+https://news.example/bot; 1 subscriber; feed-id=1)"


def test_F11_readers_are_counted_in_requests_for_sources_and_nowhere_else(room: Room) -> None:
    hub, full = b'<link xmlns="http://www.w3.org/2005/Atom" rel="%b" href="%b"/>', {"full_text": '"always"'}
    with ScriptedServer({}) as server:
        index = f"<sitemapindex><sitemap><loc>{server.url('/part')}</loc></sitemap></sitemapindex>"
        part = f"<urlset><url><loc>{server.url('/page')}</loc></url></urlset>"
        links = hub % (b"hub", server.url("/hub").encode()) + hub % (b"self", server.url("/feed").encode())
        server.answers |= {
            "/feed": feed(item(1, link=server.url("/article")), inside=links),
            "/index": answer(200, index.encode()),
            "/part": answer(200, part.encode()),
            "/list": answer(200, b"<opml version='2.0'><body/></opml>"),
            "/site": answer(200, b'<link rel="alternate" type="application/rss+xml" href="/feed">'),
        }
        declared = source("feed", server.url("/feed"), **full) + source(
            "map", server.url("/index"), kind='"sitemap"'
        )
        room.declare(declared + f'[[source_lists]]\nurl = "{server.url("/list")}"\n', base=REACHABLE)
        services = room.services
        for run in (room.ingest, services.lists.run, services.sitemap_parts.run, services.pages.run):
            run(NOW)
        services.websub.keep_subscriptions(NOW)
        asked, server.asked = server.asked, []
        services.discovery.discover(server.url("/site"))
    name = f"syndicate/{__version__} (+https://news.org"
    said = {request.path: (request.field("User-Agent") or b"").decode() for request in asked}
    assert said == {
        **dict.fromkeys(("/robots.txt", "/article", "/page", "/list", "/hub"), f"{name})"),
        "/feed": f"{name}; 1 subscriber; feed-id=1)",
        "/index": f"{name}; 1 subscriber; feed-id=2)",
        "/part": f"{name}; 1 subscriber; feed-id=2)",
    }
    assert [request.field("User-Agent") for request in server.asked] == [f"{name})".encode()] * 2


def test_a_source_that_publishes_rarely_is_asked_rarely(room: Room, server: ScriptedServer) -> None:
    serve(server, feed(*(item(24 * number) for number in range(1, 12)), ETag='"1"'), answer(304))
    room.ingest()
    assert 2.4 * HOUR <= wait_after(room) <= 2.7 * HOUR
    assert "publishes about every 1 d" in state(room).check_reason
    room.ingest(NOW + 10 * DAY)
    assert wait_after(room, NOW + 10 * DAY) > 4 * HOUR


def test_SF6_a_poll_whose_lease_was_lost_stores_nothing(room: Room, server: ScriptedServer) -> None:
    serve(server, feed(item(1), ETag='"1"'))
    fetcher = room.services.fetcher

    class Slow:
        """The fetch thread, during whose work another process takes the source over."""

        def fetch_each(self, requests, _more, **_options):
            for outcome in fetcher.fetch_each(requests):
                with room.store.write() as connection:
                    source_store.claim_due_sources(
                        connection, now=NOW + DAY, owner="other", until=NOW + 2 * DAY, limit=1
                    )
                yield outcome

    importer = replace(room.services.importer, fetcher=Slow)  # type: ignore[arg-type]
    job = replace(room.services.ingest, importer=importer)
    result = job.run(NOW)
    assert [(outcome.new, outcome.error) for outcome in result.sources] == [(0, "")]
    assert room.articles() == {}
    assert state(room).etag == ""
