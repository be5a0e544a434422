"""Random histories of posts: whatever the network does, a story stands there at most once."""

import random
from collections import Counter
from datetime import timedelta
from typing import Any

import pytest

from syndicate.store.events import post_store
from tests.factories import NOW
from tests.jobs.posting.test_post_job import GOOD, declare, posts, run, tell
from tests.jobs.room import Room
from tests.recording_server import RecordingServer, Reply, Taken

# Effects of a request: taken and answered, taken without an answer, hidden behind a gateway, refused.
EFFECTS = ("good", "lost", "gateway", "limit", "trouble", "wrong")


@pytest.mark.parametrize("kind", ["discord", "telegram", "mastodon", "matrix", "bluesky"])
@pytest.mark.parametrize("seed", [0, pytest.param(1, marks=pytest.mark.all)])
@pytest.mark.sampled(2)
def test_a_story_stands_at_most_once_on_a_network(room: Room, kind: str, seed: int) -> None:
    chance, standing, keys = random.Random(seed), Counter[str](), dict[str, str]()

    def reply(taken: Taken) -> Reply:
        if "createSession" in taken.path:
            return (200, GOOD[kind], {})
        effect = chance.choice(EFFECTS)
        if effect in ("good", "lost", "gateway"):
            body = taken.json()
            title = headline(kind, body)
            key = {"mastodon": taken.fields.get("idempotency-key", "")}.get(kind) or (
                taken.path if kind == "matrix" else str(body.get("rkey", ""))
            )
            if not key or keys.setdefault(key, title) != title or not standing[title]:
                standing[title] += 1
        answers: dict[str, Reply] = {
            "good": (200, GOOD[kind], {}),
            "gateway": (502, {}, {}),
            "limit": (429, {}, {"Retry-After": "60"}),
            "trouble": (503, {}, {}),
            "wrong": (422, {}, {}),
        }
        return answers.get(effect)

    with RecordingServer() as server:
        declare(room, server, kind, more="rate = 60")
        server.reply = reply
        at, number, settled = timedelta(0), 0, set[int]()
        for _ in range(60):
            at += timedelta(seconds=chance.choice((15, 15, 60, 300, 1500)))
            if chance.random() < 0.3 and number < 12:
                number += 1
                tell(room, number, at=at)
            if chance.random() < 0.1:
                # A process that dies between the commit and the request.
                with room.store.write() as connection:
                    post_store.begin_post(connection, "net", owner="dead", now=NOW + at)
            run(room, at)
            uncertain = {post.id for post in posts(room) if post.state == "uncertain"}
            assert settled <= uncertain
            settled = uncertain
    assert max(standing.values(), default=0) <= 1
    assert len(posts(room)) == len({post.story_id for post in posts(room)})
    sent = sum(post.state == "sent" for post in posts(room))
    assert sent <= sum(standing.values())


def headline(kind: str, body: dict[str, Any]) -> str:
    text = body.get("record", body)
    return str(next(text[name] for name in ("status", "text", "content", "body") if name in text)).split(
        "\n"
    )[0]
