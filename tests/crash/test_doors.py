"""Killed before and after every commit of a hub's push or a reader's sign-up: nothing lost, nothing doubled.

A hub that got no answer sends again, and a person presses the button again; see ``door_driver.py``.
"""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from syndicate.store import open_store
from syndicate.store.ingest import article_store, hub_store
from syndicate.store.subscribers import audience_store
from tests.crash.door_driver import KILLED, READER
from tests.crash.test_every_commit import CHECKOUT, folder, received
from tests.factories import consents
from tests.jobs.room import item, rss
from tests.net.scripted_server import ScriptedServer, answer

__all__ = ["folder"]

pytestmark = [pytest.mark.all, pytest.mark.timeout(900)]


def feed(http: str, *numbers: int) -> bytes:
    links = "".join(
        f'<a:link xmlns:a="http://www.w3.org/2005/Atom" rel="{rel}" href="{http}/{rel}"/>'
        for rel in ("hub", "self")
    )
    return rss(*map(item, numbers)).replace(b"</title>", b"</title>" + links.encode(), 1)


def test_pushes_and_sign_ups_are_neither_lost_nor_doubled_by_a_kill_at_any_commit(folder: Path) -> None:
    folder.mkdir()
    with ScriptedServer({}) as server:
        server.answers["/feed"] = answer(200, feed(server.url(""), 1), Content_Type="application/rss+xml")
        (folder / "push.xml").write_bytes(feed(server.url(""), 2, 1))
        command = [sys.executable, "-m", "tests.crash.door_driver", str(folder), server.url("")]
        done = subprocess.run(command, cwd=CHECKOUT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    points = {one["point"]: one["signal"] for one in map(json.loads, done.stdout.splitlines())}
    assert set(points.values()) == {0, 9}
    assert {point.partition("-")[0] for point, signal in points.items() if signal} == set(KILLED)
    for point in points:
        check(folder / point)


def check(place: Path) -> None:
    """Each article and the consent once, one mail, nothing left to read."""
    store = open_store(f"sqlite:///{place / 'syndicate.db'}")
    with store.read() as connection:
        found = article_store.get_articles(connection, range(1, 100)).values()
        left = hub_store.waiting_pushes(connection, limit=9)
        events = [event for event, _, _ in consents(connection, READER)]
        states = audience_store.count_subscriptions_by_state(connection)
    store.dispose()
    assert sorted(one.title for one in found) == ["Title 1", "Title 2"], place.name
    assert left == [], place.name
    assert received([path.read_bytes() for path in place.glob("outbox/*.eml")]) == {READER: 1}, place.name
    assert (events, states) == (["confirmed"], {"daily": {"confirmed": 1}}), place.name
