"""Killed at every commit: no event without its webhook, and at most one post of a story on a network.

See ``outgoing_driver.py``.
"""

import json
import subprocess
import sys
from collections import defaultdict
from pathlib import Path

import pytest

from syndicate.store import open_store
from syndicate.store.events import post_store
from tests.crash.test_every_commit import CHECKOUT
from tests.recording_server import RecordingServer, Taken

pytestmark = [pytest.mark.timeout(900), pytest.mark.all]


def test_webhooks_arrive_and_posts_stand_once_whenever_the_process_is_killed(tmp_path: Path) -> None:
    with RecordingServer(lambda taken: (200, {"id": "7"}, {})) as server:
        command = [sys.executable, "-m", "tests.crash.outgoing_driver", str(tmp_path / "all"), server.url()]
        done = subprocess.run(command, cwd=CHECKOUT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    points = {one["point"]: one["signal"] for one in map(json.loads, done.stdout.splitlines())}
    assert sum(signal == 9 for signal in points.values()) >= 16
    taken: dict[tuple[str, str], list[Taken]] = defaultdict(list)
    for one in server.taken:
        _, place, what, *_ = one.path.partition("?")[0].split("/")
        taken[place, what].append(one)
    for point in points:
        hooks = taken[point, "hook"]
        assert hooks, point
        assert len({one.fields["webhook-id"] for one in hooks}) == 1, point
        assert len(taken[point, "chat"]) <= 1, point
        assert len({one.fields["idempotency-key"] for one in taken[point, "town"]}) == 1, point
        store = open_store(f"sqlite:///{tmp_path / 'all' / point / 'syndicate.db'}")
        with store.read() as connection:
            posts = {post.network: post.state for post in post_store.list_posts(connection)}
        store.dispose()
        assert posts["town"] == "sent", point
        assert posts["chat"] == ("sent" if posts["chat"] == "sent" else "uncertain"), point
        assert posts["chat"] == "uncertain" or len(taken[point, "chat"]) == 1, point
