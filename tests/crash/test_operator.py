"""Killed between a decision and its audit row, and at every commit: one decision, one row, no alert twice.

See ``operator_driver.py``.
"""

import json
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from tests.crash.operator_driver import ALERTS, KILLED
from tests.crash.test_every_commit import CHECKOUT, folder

__all__ = ["folder"]

pytestmark = [pytest.mark.timeout(900), pytest.mark.all]


def test_an_action_killed_at_any_commit_and_asked_for_again_is_done_once(folder: Path) -> None:
    command = [sys.executable, "-m", "tests.crash.operator_driver", str(folder)]
    done = subprocess.run(command, cwd=CHECKOUT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    points = list(map(json.loads, done.stdout.splitlines()))
    for point in points:
        assert (point["signal"], point["again"], point["wrong"]) == (9, 0, []), point
    counts = Counter(point["action"] for point in points)
    assert set(counts) == {*KILLED, ALERTS}
    # The mails of two subscribers, and the event of the operator's search.
    assert counts[ALERTS] >= 6
