"""Webhooks to other programs: written with the change, signed, in order, at least once."""

import base64
import hmac
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest

from syndicate.errors import ActionRefused, NotAllowed, WrongFields
from syndicate.jobs.admin.outgoing.event_actions import WebhookActions
from syndicate.model.actors import Actor, Change, command_actor
from syndicate.store.events import webhook_store
from syndicate.store.events.event_log import EVENTS, add_event
from syndicate.store.subscribers import audience_store
from tests.factories import NOW, new_article
from tests.jobs.room import Room, item, rss, source
from tests.net.scripted_server import Answer, ScriptedServer, answer
from tests.recording_server import RecordingServer, Taken

BY = command_actor("tests")


@pytest.fixture
def server() -> Iterator[RecordingServer]:
    with RecordingServer() as server:
        yield server


def actions(room: Room) -> WebhookActions:
    return room.services.admin.webhooks


def add(room: Room, server: RecordingServer, *events: str) -> str:
    """Add an endpoint; returns its secret."""
    change = Change(actor=BY, now=NOW)
    result = actions(room).add(change, address=server.url("/hook"), events=[*(events or EVENTS)])
    return result.secret


def happen(room: Room, event: str = "story.created", subject: str = "story/1", **data: Any) -> None:
    with room.store.write() as connection:
        add_event(connection, event, subject, data, NOW)


def send(room: Room, after: timedelta = timedelta(0)) -> dict[str, int]:
    return room.services.webhook_sending.run(NOW + after)


def states(room: Room) -> list[str]:
    with room.store.read() as connection:
        return [row["state"] for row in webhook_store.list_webhook_deliveries(connection, 1)][::-1]


def endpoint(room: Room) -> webhook_store.Endpoint:
    return actions(room).endpoints()[0]


def assert_signed(taken: Taken, secret: str) -> None:
    key = base64.b64decode(secret.removeprefix("whsec_"))
    uid, stamp = taken.fields["webhook-id"], taken.fields["webhook-timestamp"]
    text = f"{uid}.{stamp}.".encode() + taken.body
    expected = "v1," + base64.b64encode(hmac.digest(key, text, "sha256")).decode()
    assert expected in taken.fields["webhook-signature"].split()


def test_an_event_arrives_signed_with_its_id_and_a_link(rooms: Room, server: RecordingServer) -> None:
    secret = add(rooms, server)
    happen(rooms, story="1", path="story/harbour-1")
    assert send(rooms) == {"sent": 1, "failed": 0}
    (taken,) = server.taken
    body = taken.json()
    assert body["id"] == taken.fields["webhook-id"]
    assert body["data"]["link"] == "https://news.example/story/harbour-1"
    assert (body["type"], body["created"]) == ("story.created", NOW.isoformat())
    assert_signed(taken, secret)
    assert send(rooms) == {"sent": 0, "failed": 0}


def test_without_an_endpoint_an_event_leaves_no_row(rooms: Room, server: RecordingServer) -> None:
    happen(rooms)
    add(rooms, server, "source.failing")
    happen(rooms)
    assert states(rooms) == []


def test_a_secret_is_shown_once_and_sealed_in_the_store(room: Room, server: RecordingServer) -> None:
    change = Change(actor=BY, now=NOW, key="k", request_hash="h")
    first = actions(room).add(change, address=server.url("/hook"), events=["story.created"])
    again = actions(room).add(change, address=server.url("/hook"), events=["story.created"])
    assert again.result.is_repeated
    assert again.secret == ""
    secret = first.secret.removeprefix("whsec_").encode()
    assert secret not in (room.folder / "syndicate.db").read_bytes()


def test_two_secrets_sign_during_a_change(room: Room, server: RecordingServer) -> None:
    former = add(room, server)
    result = actions(room).new_secret(Change(actor=BY, now=NOW), 1)
    happen(room)
    send(room)
    assert_signed(server.taken[0], former)
    assert_signed(server.taken[0], result.secret)
    actions(room).end_former_secret(Change(actor=BY, now=NOW), 1)
    happen(room)
    send(room)
    with pytest.raises(AssertionError):
        assert_signed(server.taken[1], former)


def test_failures_are_retried_with_the_same_id_and_then_fail(rooms: Room, server: RecordingServer) -> None:
    add(rooms, server)
    happen(rooms)
    server.reply = lambda _: (500, {}, {})
    after = timedelta(0)
    for _ in range(12):
        send(rooms, after)
        after += timedelta(hours=27)
    assert states(rooms) == ["failed"]
    assert len(server.taken) == 8
    assert len({taken.fields["webhook-id"] for taken in server.taken}) == 1


def test_retry_after_postpones_the_next_attempt(room: Room, server: RecordingServer) -> None:
    add(room, server)
    happen(room)
    server.reply = lambda _: (429, {}, {"Retry-After": "600"})
    send(room)
    send(room, timedelta(minutes=9))
    assert len(server.taken) == 1
    send(room, timedelta(minutes=11))
    assert len(server.taken) == 2


def test_events_of_an_object_arrive_in_order_and_others_pass(rooms: Room, server: RecordingServer) -> None:
    add(rooms, server)
    happen(rooms, number=1)
    happen(rooms, number=2)
    happen(rooms, subject="story/2", number=3)
    server.reply = lambda taken: (500 if taken.json()["data"]["number"] == 1 else 200, {}, {})
    send(rooms)
    assert sorted(taken.json()["data"]["number"] for taken in server.taken) == [1, 3]
    server.reply = lambda _: (200, {}, {})
    send(rooms, timedelta(seconds=10))
    assert [taken.json()["data"]["number"] for taken in server.taken[2:]] == [1, 2]


def test_410_turns_an_endpoint_off(room: Room, server: RecordingServer) -> None:
    add(room, server)
    happen(room)
    happen(room)
    server.reply = lambda _: (410, {}, {})
    send(room)
    assert endpoint(room).state == "off"
    assert states(room) == ["failed", "failed"]
    happen(room)
    assert len(states(room)) == 2


def test_twenty_failures_in_a_row_rest_an_endpoint_until_a_person_resumes(
    room: Room, server: RecordingServer
) -> None:
    add(room, server)
    for number in range(25):
        happen(room, subject=f"story/{number}")
    server.reply = lambda _: None
    send(room)
    assert endpoint(room).state == "resting"
    assert [need.kind for need in room.services.needs.current(NOW)] == ["webhook"]
    server.taken.clear()
    assert send(room, timedelta(hours=1)) == {"sent": 0, "failed": 0}
    server.reply = lambda _: (200, {}, {})
    actions(room).turn(Change(actor=BY, now=NOW), 1, on=True)
    assert send(room, timedelta(hours=1))["sent"] == 25


def test_redirects_are_not_followed(room: Room, server: RecordingServer) -> None:
    add(room, server)
    happen(room)
    server.reply = lambda _: (307, {}, {"Location": "/elsewhere"})
    assert send(room) == {"sent": 0, "failed": 1}
    assert [taken.path for taken in server.taken] == ["/hook"]


def test_http_and_private_addresses_are_refused_without_the_setting(
    room: Room, server: RecordingServer
) -> None:
    add(room, server)
    happen(room)
    room.declare("", base='[site]\nurl = "https://news.example"\n')
    assert send(room) == {"sent": 0, "failed": 1}
    assert server.taken == []


def test_an_expired_lease_sends_again_with_the_same_id(rooms: Room, server: RecordingServer) -> None:
    add(rooms, server)
    happen(rooms)
    with rooms.store.write() as connection:
        claimed = webhook_store.claim_webhooks(connection, owner="dead", now=NOW, limit=8)
    assert send(rooms) == {"sent": 0, "failed": 0}
    assert send(rooms, timedelta(seconds=61)) == {"sent": 1, "failed": 0}
    assert server.taken[0].fields["webhook-id"] == claimed[0].uid


def test_stories_and_articles_are_told(room: Room, server: RecordingServer) -> None:
    add(room, server)
    room.declare(source("harbour", "https://h.example/feed") + source("pier", "https://p.example/feed"))
    told = "The harbour bridge was closed on Tuesday after the ship Aurora struck its second pillar"
    for number, (name, rest) in enumerate({"harbour": "the police said.", "pier": "divers report."}.items()):
        title = f"Ship Aurora strikes harbour bridge: {name}"
        room.add(new_article(number, title=title, text=f"{told}, {rest}", summary=rest), source=name)
    room.services.stories.run(NOW)
    send(room)
    types = [taken.json()["type"] for taken in server.taken]
    assert types.count("article.published") == 1
    assert types.count("story.created") == 1


def test_a_subscriber_s_address_goes_only_to_owners_who_may_read_it(
    room: Room, server: RecordingServer
) -> None:
    room.declare('[[newsletters]]\nname = "daily"\nschedule = "daily 07:00"\n')
    add(room, server, "subscriber.confirmed")
    room.subscribe("ada@mail.example")
    send(room)
    assert server.taken[0].json()["data"]["address"] == "ada@mail.example"
    with room.store.write() as connection:
        webhook_store.change_endpoint(connection, 1, user_id=999)
    room.subscribe("bo@mail.example")
    send(room)
    assert "address" not in server.taken[1].json()["data"]


def test_an_edition_is_told_as_waiting_and_once_as_sent(room: Room, server: RecordingServer) -> None:
    room.declare(
        source("harbour", "https://h.example/feed")
        + '[[newsletters]]\nname = "daily"\nschedule = "daily 07:00"\nfirst_edition = "latest"\n'
    )
    change = Change(actor=BY, now=NOW - timedelta(days=1))
    actions(room).add(change, address=server.url("/hook"), events=["edition.sent"])
    room.subscribe("ada@mail.example")
    room.add(new_article(1, published=NOW - timedelta(hours=20)))
    room.services.stories.run(NOW)
    room.services.editions.run(NOW)
    send(room)
    assert server.taken == []
    room.services.deliver.run(NOW)
    send(room)
    send(room, timedelta(hours=1))
    assert [taken.json()["data"]["deliveries"] for taken in server.taken] == [{"sent": 1}]


def test_a_failing_source_and_its_recovery_are_told_once(room: Room, server: RecordingServer) -> None:
    add(room, server, "source.failing", "source.recovered")
    good = answer(200, rss(item(1)))
    script: list[Answer] = [good, *[answer(500)] * 4, good, good]
    with ScriptedServer({"/feed": script}) as feed:  # type: ignore[dict-item]
        room.declare(source("harbour", feed.url("/feed")))
        for days in range(7):
            room.ingest(NOW + timedelta(days=days), ["harbour"])
    send(room, timedelta(days=8))
    send(room, timedelta(days=8))
    assert [taken.json()["type"] for taken in server.taken] == ["source.failing", "source.recovered"]


def test_a_test_event_and_a_retry_by_hand(room: Room, server: RecordingServer) -> None:
    add(room, server, "source.failing")
    change = Change(actor=BY, now=NOW)
    actions(room).test(change, 1)
    server.reply = lambda _: (500, {}, {})
    send(room)
    server.reply = lambda _: (200, {}, {})
    actions(room).retry(change, 1)
    assert send(room) == {"sent": 1, "failed": 0}
    assert [taken.json()["type"] for taken in server.taken] == ["test", "test"]
    actions(room).turn(change, 1, on=False)
    with pytest.raises(ActionRefused):
        actions(room).test(change, 1)


def test_only_people_with_the_permission_change_webhooks(room: Room) -> None:
    editor = Change(actor=Actor(kind="user", name="e", scopes=frozenset({"stories:write"})), now=NOW)
    with pytest.raises(NotAllowed):
        actions(room).add(editor, address="https://a.example/", events=["test"])


@pytest.mark.parametrize("address", ["ftp://a.example/", "", "https://user:pass@a.example/"])
def test_wrong_addresses_and_events_are_refused(room: Room, address: str) -> None:
    with pytest.raises(WrongFields) as refused:
        actions(room).add(Change(actor=BY, now=NOW), address=address, events=["nothing"])
    assert refused.value.fields.keys() == {"address", "events"}


def test_old_events_are_pruned_with_their_deliveries(rooms: Room, server: RecordingServer) -> None:
    add(rooms, server)
    happen(rooms)
    rooms.services.prune.run(NOW + timedelta(days=31))
    assert states(rooms) == []


def test_an_endpoint_that_is_removed_at_the_same_time_stops_no_change(
    rooms: Room, server: RecordingServer
) -> None:
    for number in range(1, 9):
        add(rooms, server)
        gate = threading.Barrier(2)

        def tell(gate: threading.Barrier = gate) -> None:
            gate.wait()
            happen(rooms)

        with ThreadPoolExecutor(1) as pool:
            told = pool.submit(tell)
            gate.wait()
            actions(rooms).remove(Change(actor=BY, now=NOW), number)
            told.result()
    assert send(rooms) == {"sent": 0, "failed": 0}


def test_the_endpoints_are_read_once_in_a_transaction_whatever_number_of_events_it_has(
    room: Room, server: RecordingServer
) -> None:
    add(room, server, "subscriber.left")
    read: list[str] = []
    with room.store.write() as connection:
        traced = connection.connection.driver_connection
        assert traced is not None
        traced.set_trace_callback(lambda sql: read.append(sql) if "webhooks.events" in sql else None)
        for number in range(20):
            audience_store.record_consent(connection, f"a{number}@x.example", "daily", "confirmed", "", NOW)
        traced.set_trace_callback(None)
    assert len(read) == 1
    add(room, server, "subscriber.confirmed")
    with room.store.write() as connection:
        audience_store.record_consent(connection, "b@x.example", "daily", "confirmed", "", NOW)
    assert send(room)["sent"] == 1
