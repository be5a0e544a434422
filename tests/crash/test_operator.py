"""Killed between a decision and its audit row, and at every commit: one decision, one row, no alert twice.

See ``operator_driver.py``.
"""

import json
import subprocess
import sys
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
        assert (point["again"], point["wrong"]) == (0, []), point
    for name in (*KILLED, ALERTS):
        for when in ("before", "after"):
            series = [point["signal"] for point in points if point["point"].startswith(f"{name}-{when}-")]
            assert series[:-1] == [9] * (len(series) - 1), (name, series)
            # The mails of two subscribers, the event of the operator's search, and the searches that rest.
            assert len(series) > (3 if name == ALERTS else 1), (name, when)
