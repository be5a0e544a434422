"""A disk that is full in the middle of any stage: one clear error, nothing lost, nothing twice afterwards."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.crash.full_disk_driver import KILLED
from tests.crash.test_every_commit import CHECKOUT, FEEDS, check, folder, in_folders, received
from tests.net.scripted_server import ScriptedServer

__all__ = ["folder"]

pytestmark = [pytest.mark.timeout(900), pytest.mark.all]


def test_every_stage_survives_a_full_disk_in_its_middle(folder: Path) -> None:
    folder.mkdir()
    with ScriptedServer(FEEDS) as server:
        command = [sys.executable, "-m", "tests.crash.full_disk_driver", str(folder), server.url("")]
        done = subprocess.run(
            [*command, 'transport = "folder"'], cwd=CHECKOUT, capture_output=True, text=True, check=False
        )
    assert done.returncode == 0, done.stderr
    points = {one["point"]: one["code"] for one in map(json.loads, done.stdout.splitlines())}
    for stage in KILLED:
        codes = [code for point, code in points.items() if point.startswith(stage)]
        assert codes[0] == 4
        assert set(codes) <= {0, 4}
    said = [path.read_text("utf-8") for path in folder.glob("*-*/said.txt")]
    assert len(said) >= len(KILLED)
    assert all("free some space" in text for text in said)
    uncertain = check(folder, points, received(in_folders(folder)))
    assert set(uncertain.elements()) <= {"deliver"}
