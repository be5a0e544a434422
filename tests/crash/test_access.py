"""Killed around the commit of a change by an operator: no change without its audit row, and never twice."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.crash.access_driver import ACTIONS
from tests.crash.test_every_commit import CHECKOUT

pytestmark = pytest.mark.all

DONE = {
    "user.add": {"users": 2, "admins": 0, "tokens": 0},
    "user.role": {"users": 1, "admins": 1, "tokens": 0},
    "user.remove": {"users": 0, "admins": 0, "tokens": 0},
    "token.add": {"users": 1, "admins": 0, "tokens": 1},
}
UNDONE = {"users": 1, "admins": 0, "tokens": 0, "audit": 0, "results": 0}


def test_a_change_its_audit_row_and_its_result_are_there_or_not_together(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "tests.crash.access_driver", str(tmp_path)]
    done = subprocess.run(command, cwd=CHECKOUT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    points = list(map(json.loads, done.stdout.splitlines()))
    assert len(points) == 2 * len(ACTIONS)
    for point in points:
        ended = {**DONE[point["action"]], "audit": 1, "results": 1}
        assert (point["signal"], point["again"]) == (9, 0), point
        assert point["between"] == (UNDONE if point["when"] == "before" else ended), point
        assert point["after"] == ended, point
