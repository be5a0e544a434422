"""Each poll leaves a row, and news or a new error leave the answer as it came."""

from datetime import timedelta

from syndicate.store.ingest import poll_store
from tests.factories import NOW
from tests.jobs.ingest.served_feeds import feed
from tests.jobs.room import Room, item, source
from tests.net.scripted_server import answer

HOUR = timedelta(hours=2)
DENIED = b"<h1>Denied</h1>"


def polled(room: Room, source_id: int = 1):
    with room.store.read() as connection:
        polls = poll_store.polls_of(connection, source_id)[::-1]
        return polls, poll_store.last_answer(connection, source_id)


def test_each_poll_is_recorded_with_its_outcome_status_size_and_numbers(rooms: Room, serve):
    first, second = feed(item(1), item(2)), feed(item(1, "Edited"), item(2), item(3))
    script = [first, first, answer(304), second, answer(403, DENIED, Server="Edge", Set_Cookie="id=secret")]
    server = serve({"/harbour": script})
    rooms.declare(source("harbour", server.url("/harbour")))
    for number in range(5):
        rooms.ingest(NOW + number * HOUR, names=["harbour"])
    polls, last = polled(rooms)
    assert [(poll.outcome, poll.status, poll.new, poll.changed) for poll in polls] == [
        ("new", 200, 2, 0),
        ("equal", 200, 0, 0),
        ("unchanged", 304, 0, 0),
        ("new", 200, 1, 1),
        ("failed", 403, 0, 0),
    ]
    assert all(poll.ms >= 0 for poll in polls)
    assert polls[0].bytes > 100
    assert polls[0].at == NOW
    assert last.body == DENIED
    assert last.headers.startswith("403\n")
    assert "Server: Edge" in last.headers
    assert "secret" not in last.headers


def test_an_answer_stays_until_another_has_news_or_another_error(rooms: Room, serve):
    body = feed(item(1))
    server = serve({"/harbour": [body, body, answer(500, b"one"), answer(500, b"two"), answer(304)]})
    rooms.declare(source("harbour", server.url("/harbour")))
    kept = []
    for number in range(5):
        rooms.ingest(NOW + number * HOUR, names=["harbour"])
        kept.append(polled(rooms)[1])
    assert b"<rss" in kept[0].body
    assert kept[1] == kept[0]
    assert kept[2].body == b"one"
    assert kept[3] == kept[2]
    assert (kept[4].headers[:3], kept[4].body) == ("304", b"")


def test_a_document_that_cannot_be_read_is_kept_and_its_poll_has_failed(rooms: Room, serve):
    server = serve({"/harbour": answer(200, b"<html>no feed", Content_Type="text/html")})
    rooms.declare(source("harbour", server.url("/harbour")))
    rooms.ingest()
    ((poll,), last) = polled(rooms)
    assert (poll.outcome, poll.status) == ("failed", 200)
    assert last.body == b"<html>no feed"


def test_a_source_that_waits_for_its_server_is_recorded_as_put_off(rooms: Room, serve):
    server = serve({"/a": answer(503, b"", Retry_After="7200"), "/b": feed(item(1))})
    rooms.declare(source("a", server.url("/a")) + source("b", server.url("/b")))
    rooms.ingest(names=["a"])
    rooms.ingest(NOW + timedelta(minutes=1))
    ((poll,), last) = polled(rooms, 2)
    assert (poll.outcome, poll.status, last) == ("put_off", 0, None)


def test_a_server_that_cannot_be_reached_leaves_its_error_without_an_answer(rooms: Room):
    rooms.declare(source("harbour", "http://127.0.0.1:9/feed"))
    rooms.ingest()
    ((poll,), last) = polled(rooms)
    assert (poll.outcome, poll.status, last.headers, last.body) == ("failed", 0, "no answer", b"")
