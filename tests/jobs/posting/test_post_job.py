"""Posts of channels to other networks: a story once, never a flood, in doubt never again by itself."""

import random
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from syndicate.errors import NotFound
from syndicate.model import EditorAction
from syndicate.model.actors import Change, command_actor
from syndicate.store.core import store_identity
from syndicate.store.core.restored_store import mark_uncertain
from syndicate.store.core.store_identity import MailHold
from syndicate.store.events import post_store
from syndicate.store.stories import decision_store
from tests.factories import NOW, new_article
from tests.jobs.room import Room, source
from tests.recording_server import RecordingServer, Reply, Taken

BY = Change(actor=command_actor("tests"), now=NOW)
LETTERS = "abcdefghijklmnopqrstuvwxyz"
MINUTE = timedelta(minutes=1)
GOOD: dict[str, Any] = {
    "webhook": {},
    "slack": {"ok": True, "ts": "1.2", "channel": "C1"},
    "discord": {"id": "77"},
    "matrix": {"event_id": "$e"},
    "telegram": {"ok": True, "result": {"message_id": 5}},
    "mastodon": {"id": "99"},
    "bluesky": {"uri": "at://did/x", "did": "did:plc:a", "accessJwt": "jwt"},
}
KINDS = sorted(GOOD)
NOT_REPEATABLE = ("slack", "discord", "telegram")


@pytest.fixture
def server() -> Iterator[RecordingServer]:
    with RecordingServer() as server:
        yield server


def declare(room: Room, server: RecordingServer, kind: str = "mastodon", more: str = "") -> None:
    server.reply = lambda _: (200, GOOD[kind], {})
    secret = server.url("/api/webhooks/1/key") if kind == "discord" else "the-secret-key"
    address = "" if kind == "discord" else f'address = "{server.url()}"'
    room.declare(
        source("harbour", "https://h.example/feed")
        + '[[channels]]\nname = "news"\npost_to = ["net"]\n'
        + f'[[networks]]\nname = "net"\nkind = "{kind}"\nto = "there"\n'
        + f'secret = "{secret}"\n{address}\n{more}\n'
    )
    run(room, -60 * MINUTE)


def tell(room: Room, *numbers: int, at: timedelta = timedelta(0)) -> None:
    """Let the source tell articles, each a story of its own."""
    when = {"published": NOW + at, "updated": NOW + at, "first_seen": NOW + at}
    for number in numbers:
        words = random.Random(number)
        title, text = (" ".join("".join(words.sample(LETTERS, 7)) for _ in range(5)) for _ in range(2))
        room.add(new_article(number, title=f"Headline x {title}", text=text, summary=text, **when))
    room.services.stories.run(NOW + at)


def run(room: Room, at: timedelta = timedelta(0)) -> dict[str, int]:
    return room.services.posting.run(NOW + at)


def posts(room: Room) -> list[post_store.PostRow]:
    with room.store.read() as connection:
        return post_store.list_posts(connection)[::-1]


def posting(server: RecordingServer) -> list[Taken]:
    return [taken for taken in server.taken if "createSession" not in taken.path]


def replies(good: str, *first: Reply) -> Any:
    """Answer posts with ``first`` in turn, then well; logins always well."""
    left = list(first)

    def reply(taken: Taken) -> Reply:
        if "createSession" in taken.path or not left:
            return (200, GOOD[good], {})
        return left.pop(0)

    return reply


def test_a_channel_added_to_the_store_stops_no_post(room: Room, server: RecordingServer) -> None:
    room.services.admin.channels.add(BY, {"name": "added", "query": "harbour"})
    declare(room, server)
    tell(room, 1)
    assert run(room)["posted"] == 1


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.sampled(3)
def test_a_story_is_posted_once(room: Room, server: RecordingServer, kind: str) -> None:
    declare(room, server, kind)
    tell(room, 1)
    assert run(room) == {"posted": 1, "changed": 0, "failed": 0}
    for minutes in range(1, 5):
        run(room, minutes * MINUTE)
    (taken,) = posting(server)
    assert b"Headline x" in taken.body
    assert [(post.state, bool(post.remote_id)) for post in posts(room)] == [("sent", True)]


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind != "bluesky"])
@pytest.mark.sampled(2)
def test_a_new_headline_changes_the_post_in_place(room: Room, server: RecordingServer, kind: str) -> None:
    declare(room, server, kind)
    tell(room, 1)
    run(room)
    retitle(room, "Another headline")
    assert run(room, MINUTE) == {"posted": 0, "changed": 1, "failed": 0}
    assert b"Another headline" in posting(server)[1].body
    assert run(room, 2 * MINUTE)["changed"] == 0
    assert posting(server)[1].path != posting(server)[0].path or kind in ("webhook", "matrix")


def retitle(room: Room, title: str) -> None:
    (article,) = room.articles().values()
    with room.store.write() as connection:
        decision_store.add_decision(
            connection,
            who="ed",
            action=EditorAction.RETITLE,
            article_uid=article.uid,
            value=title,
            now=NOW,
        )
        decision_store.sync_headlines(connection, at=NOW)


def test_bluesky_keeps_the_first_headline(room: Room, server: RecordingServer) -> None:
    declare(room, server, "bluesky")
    tell(room, 1)
    run(room)
    retitle(room, "Another headline")
    assert run(room, MINUTE) == {"posted": 0, "changed": 0, "failed": 0}


@pytest.mark.parametrize("kind", NOT_REPEATABLE)
def test_a_post_without_an_answer_is_uncertain_and_never_repeated(
    room: Room, server: RecordingServer, kind: str
) -> None:
    declare(room, server, kind)
    tell(room, 1)
    server.reply = replies(kind, None)
    run(room)
    for hours in range(1, 30):
        run(room, timedelta(hours=hours))
    assert [post.state for post in posts(room)] == ["uncertain"]
    assert len(posting(server)) == 1
    assert "post" in [need.kind for need in room.services.needs.current(NOW)]


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind not in NOT_REPEATABLE])
def test_a_post_without_an_answer_is_repeated_where_the_network_recognises_it(
    room: Room, server: RecordingServer, kind: str
) -> None:
    declare(room, server, kind)
    tell(room, 1)
    server.reply = replies(kind, None)
    run(room)
    run(room, 2 * MINUTE)
    first, second = posting(server)
    assert [post.state for post in posts(room)] == ["sent"]
    same = (first.path, first.fields.get("idempotency-key"), first.fields.get("webhook-id"))
    assert (second.path, second.fields.get("idempotency-key"), second.fields.get("webhook-id")) == same


def test_a_repetition_that_mastodon_may_not_recognise_any_more_is_uncertain(
    room: Room, server: RecordingServer
) -> None:
    declare(room, server)
    tell(room, 1)
    server.reply = replies("mastodon", None)
    run(room)
    run(room, timedelta(hours=1))
    assert [post.state for post in posts(room)] == ["uncertain"]
    assert len(server.taken) == 1


@pytest.mark.parametrize(("status", "fields"), [(429, {"Retry-After": "900"}), (503, {}), (401, {})])
def test_a_refused_network_rests_and_posts_later(
    room: Room, server: RecordingServer, status: int, fields: dict[str, str]
) -> None:
    declare(room, server, "discord")
    tell(room, 1, 2)
    server.reply = replies("discord", (status, {"message": "no"}, fields))
    run(room)
    assert [post.state for post in posts(room)] == ["deferred", "pending"]
    run(room, timedelta(seconds=30))
    assert len(server.taken) == 1
    for minutes in (16, 17):
        run(room, minutes * MINUTE)
    assert [post.state for post in posts(room)] == ["sent", "sent"]


def test_the_seconds_that_telegram_asks_for_are_waited(room: Room, server: RecordingServer) -> None:
    declare(room, server, "telegram")
    tell(room, 1)
    server.reply = replies("telegram", (429, {"ok": False, "parameters": {"retry_after": 600}}, {}))
    run(room)
    run(room, 9 * MINUTE)
    assert len(server.taken) == 1
    run(room, 11 * MINUTE)
    assert [post.state for post in posts(room)] == ["sent"]


@pytest.mark.parametrize("kind", NOT_REPEATABLE)
def test_a_gateway_s_error_may_hide_a_post(room: Room, server: RecordingServer, kind: str) -> None:
    declare(room, server, kind)
    tell(room, 1)
    server.reply = replies(kind, (502, {}, {}))
    run(room)
    assert [post.state for post in posts(room)] == ["uncertain"]


def test_a_refused_post_fails_and_the_next_goes_out(room: Room, server: RecordingServer) -> None:
    declare(room, server)
    tell(room, 1, 2)
    server.reply = replies("mastodon", (422, {"error": "too long"}, {}))
    run(room)
    run(room, MINUTE)
    assert [post.state for post in posts(room)] == ["failed", "sent"]


ODD: list[tuple[str, Any]] = [
    ("discord", {"retry_after": 1e300}),
    ("discord", {"retry_after": float("nan"), "message": "\ud800\0"}),
    ("discord", {"retry_after": -(10**400)}),
    ("telegram", {"parameters": [1], "description": {"a": 1}}),
    ("telegram", {"ok": True, "result": [1]}),
    ("telegram", {"ok": True, "result": {"message_id": "five"}}),
    ("slack", {"ok": True, "ts": "1"}),
    ("mastodon", {"id": "\ud800\0"}),
    ("bluesky", [[[]]]),
]


@pytest.mark.parametrize("status", [200, 400, 429])
@pytest.mark.parametrize(("kind", "body"), ODD)
@pytest.mark.sampled(5)
def test_an_odd_answer_ends_an_attempt_like_any_other(
    room: Room, server: RecordingServer, kind: str, body: Any, status: int
) -> None:
    declare(room, server, kind)
    tell(room, 1)
    server.reply = replies(kind, (status, body, {}))
    run(room)
    assert [post.state for post in posts(room)] == [{200: "sent", 400: "failed", 429: "deferred"}[status]]
    retitle(room, "Another headline")
    run(room, MINUTE)


def test_a_session_of_bluesky_that_ended_is_opened_again(room: Room, server: RecordingServer) -> None:
    declare(room, server, "bluesky")
    tell(room, 1)
    server.reply = replies("bluesky", (400, {"error": "ExpiredToken", "message": "Token has expired"}, {}))
    run(room)
    run(room, 2 * MINUTE)
    assert [post.state for post in posts(room)] == ["sent"]
    assert len(server.taken) - len(posting(server)) == 2


def test_telegram_s_errors_under_200_are_errors(room: Room, server: RecordingServer) -> None:
    declare(room, server, "telegram")
    tell(room, 1)
    body = {"ok": False, "error_code": 429, "parameters": {"retry_after": 60}}
    server.reply = replies("telegram", (200, body, {}))
    run(room)
    assert [post.state for post in posts(room)] == ["deferred"]
    run(room, 2 * MINUTE)
    assert [post.state for post in posts(room)] == ["sent"]


def test_slack_s_errors_under_200_are_errors(room: Room, server: RecordingServer) -> None:
    declare(room, server, "slack")
    tell(room, 1, 2)
    server.reply = replies("slack", (200, {"ok": False, "error": "msg_too_long"}, {}))
    run(room)
    assert [post.state for post in posts(room)] == ["failed", "pending"]


def test_stories_from_before_the_network_are_not_posted(room: Room, server: RecordingServer) -> None:
    room.declare(source("harbour", "https://h.example/feed"))
    tell(room, 1, at=-90 * MINUTE)
    declare(room, server)
    assert run(room) == {"posted": 0, "changed": 0, "failed": 0}


def test_a_network_that_returns_begins_anew(room: Room, server: RecordingServer) -> None:
    declare(room, server)
    room.declare(source("harbour", "https://h.example/feed"))
    run(room, -50 * MINUTE)
    tell(room, 1, at=-40 * MINUTE)
    declare_again = timedelta(0)
    server.taken.clear()
    room.declare(
        source("harbour", "https://h.example/feed")
        + '[[channels]]\nname = "news"\npost_to = ["net"]\n'
        + f'[[networks]]\nname = "net"\nkind = "mastodon"\nsecret = "s"\naddress = "{server.url()}"\n'
    )
    run(room, declare_again)
    run(room, MINUTE)
    assert server.taken == []


@pytest.mark.all
def test_after_a_pause_only_recent_stories_follow_at_the_rate(room: Room, server: RecordingServer) -> None:
    declare(room, server, more="rate = 4")
    tell(room, *range(1, 8), at=timedelta(hours=1))
    tell(room, *range(11, 21), at=timedelta(hours=20))
    for seconds in range(0, 3600, 60):
        run(room, timedelta(hours=20, minutes=30, seconds=seconds))
    assert len(server.taken) == 4
    assert all(post.article_id > 7 for post in posts(room))


def test_old_articles_of_a_new_source_are_not_posted(room: Room, server: RecordingServer) -> None:
    declare(room, server)
    old = NOW - timedelta(days=2)
    room.add(new_article(1, published=old, updated=old, first_seen=NOW))
    room.services.stories.run(NOW)
    assert run(room)["posted"] == 0


def test_a_post_that_waits_too_long_is_given_up(room: Room, server: RecordingServer) -> None:
    declare(room, server)
    tell(room, 1)
    server.reply = lambda _: (503, {}, {})
    for minutes in range(0, 600, 30):
        run(room, minutes * MINUTE)
    assert [post.state for post in posts(room)] == ["failed"]


def test_a_restored_store_posts_nothing_until_a_person_decides(room: Room, server: RecordingServer) -> None:
    declare(room, server)
    tell(room, 1, 2)
    run(room)
    with room.store.write() as connection:
        store_identity.hold_mail(connection, MailHold(since=NOW, found="a test"))
    run(room, MINUTE)
    assert len(server.taken) == 1
    with room.store.write() as connection:
        mark_uncertain(connection, (), NOW + MINUTE, restored=NOW)
        store_identity.lift_hold(connection)
    run(room, 2 * MINUTE)
    assert len(server.taken) == 1
    assert [post.state for post in posts(room)] == ["sent", "uncertain"]


def test_a_merged_story_is_not_posted_again(room: Room, server: RecordingServer) -> None:
    declare(room, server)
    tell(room, 1)
    run(room)
    tell(room, 2, at=MINUTE)
    stories = [article.story_id for article in room.articles().values()]
    with room.store.read() as connection:
        assert post_store.posted_stories(connection, "net", [story or 0 for story in stories]) == {stories[0]}


def test_waiting_posts_of_stories_that_an_editor_merges_become_a_single_post(
    rooms: Room, server: RecordingServer
) -> None:
    declare(rooms, server)
    tell(rooms, 1, 2, 3)
    run(rooms)
    articles = sorted(rooms.articles().values(), key=lambda article: article.id)
    rooms.services.admin.stories.merge(BY, [article.uid for article in articles])
    rooms.services.stories.run(NOW + MINUTE)
    for minutes in range(2, 6):
        run(rooms, minutes * MINUTE)
    assert [post.state for post in posts(rooms)] == ["sent"]
    assert len(server.taken) == 1


def test_a_story_that_an_editor_drops_while_its_post_waits_is_not_posted(
    rooms: Room, server: RecordingServer
) -> None:
    declare(rooms, server)
    tell(rooms, 1, 2)
    run(rooms)
    posted = len(server.taken)
    waiting = [post.article_id for post in posts(rooms) if post.state != "sent"]
    dropped = next(article for article in rooms.articles().values() if article.id in waiting)
    rooms.services.admin.stories.decide(BY, dropped.uid, EditorAction.DROP)
    for minutes in range(1, 5):
        run(rooms, minutes * MINUTE)
    assert len(server.taken) == posted == 1
    assert [post.state for post in posts(rooms)] == ["sent"]


def test_a_person_resends_or_settles_an_uncertain_post(room: Room, server: RecordingServer) -> None:
    declare(room, server, "discord")
    tell(room, 1, 2)
    server.reply = lambda _: None
    for minutes in (0, 5):
        run(room, minutes * MINUTE)
    actions = room.services.admin.posts
    actions.mark_posted(BY, 1)
    actions.resend(BY, 2)
    server.reply = replies("discord")
    actions.resume(BY, "net")
    run(room, 10 * MINUTE)
    assert [post.state for post in posts(room)] == ["sent", "sent"]
    assert len(server.taken) == 3
    with pytest.raises(NotFound):
        actions.resend(BY, 1)


def test_secrets_are_in_no_row_and_no_error(room: Room, server: RecordingServer) -> None:
    declare(room, server, "discord")
    tell(room, 1)
    server.reply = lambda _: None
    run(room)
    (post,) = posts(room)
    assert post.error
    assert "key" not in post.error


def test_on_both_engines_a_row_moves_from_pending_to_sent(rooms: Room, server: RecordingServer) -> None:
    declare(rooms, server)
    tell(rooms, 1, 2)
    run(rooms)
    retitled = [post for post in posts(rooms) if post.state == "sent"]
    assert len(retitled) == 1
    run(rooms, MINUTE)
    assert [post.state for post in posts(rooms)] == ["sent", "sent"]
    rooms.services.prune.run(NOW + timedelta(days=100))
    assert posts(rooms) == []
