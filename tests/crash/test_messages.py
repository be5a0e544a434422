"""Killed before and after every commit of an issue's approval and of a welcome: each reader gets one mail.

See ``message_driver.py``.
"""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from syndicate.store import open_store
from syndicate.store.mail import delivery_store
from tests.crash.message_driver import KILLED, POINT
from tests.crash.newsroom import READERS
from tests.crash.test_every_commit import (
    CHECKOUT,
    FEEDS,
    check_that_all_were_killed,
    folder,
    in_folders,
    received,
)
from tests.net.scripted_server import ScriptedServer

__all__ = ["folder"]

pytestmark = [pytest.mark.all, pytest.mark.timeout(900)]


def test_an_issue_and_a_welcome_reach_each_reader_once_whenever_the_process_is_killed(folder: Path) -> None:
    folder.mkdir()
    with ScriptedServer(FEEDS) as server:
        command = [sys.executable, "-m", "tests.crash.message_driver", str(folder), server.url("")]
        done = subprocess.run(command, cwd=CHECKOUT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    points = {one["point"]: one["signal"] for one in map(json.loads, done.stdout.splitlines())}
    check_that_all_were_killed(points, KILLED)
    for point in points:
        store = open_store(f"sqlite:///{folder / point / 'syndicate.db'}")
        with store.read() as connection:
            found = delivery_store.list_deliveries(connection)
        store.dispose()
        assert [one.delivery.state.value for one in found] == ["sent"] * len(READERS), point
        assert len({one.delivery.address for one in found}) == len(READERS), point
    each = {f"{reader}.{POINT}@example.org": len(points) for reader in READERS}
    assert received(in_folders(folder)) == each
