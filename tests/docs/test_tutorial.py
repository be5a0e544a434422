"""The tutorial works as written: its shell blocks are run, in order, in an empty folder."""

import os
import re
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

pytestmark = pytest.mark.all

CHECKOUT = Path(__file__).parents[2]
# Blocks marked "sh" are run; those marked "console" install something or wait for Ctrl-C.
BLOCKS = re.findall(
    r"^```sh\n(.*?)^```$",
    (CHECKOUT / "docs" / "tutorial.md").read_text("utf-8"),
    re.MULTILINE | re.DOTALL,
)


@pytest.mark.timeout(900)  # a dozen commands, each a process of its own
def test_the_tutorial_ends_with_an_edition_for_its_reader(tmp_path: Path):
    program = tmp_path / "bin" / "syndicate"
    program.parent.mkdir()
    program.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m syndicate "$@"\n')
    program.chmod(0o755)
    (tmp_path / "bin" / "python3").symlink_to(sys.executable)
    environment = {
        "PATH": f"{program.parent}:{os.environ['PATH']}",
        "PYTHONPATH": str(CHECKOUT),
        "LANG": "C.UTF-8",
    }

    # Twelve hours away, so that no period ends while this runs.
    script = "".join(BLOCKS).replace("daily 07:00", f"daily {datetime.now(UTC) + timedelta(hours=12):%H:%M}")

    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", script],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 0, done.stderr
    assert "newsletters need your postal address" in done.stderr
    assert "3 articles placed: 2 new stories" in done.stdout
    assert "1 sent, 0 deferred, 0 failed" in done.stdout
    assert "Island of Sorvik argues about ferry prices (Town desk)" in done.stdout
    messages = list((tmp_path / "news" / "outbox").glob("1.*.eml"))
    assert [b"\nTo: ada@example.com" in b"\n" + message.read_bytes() for message in messages] == [True]
    assert (tmp_path / "news" / "feeds" / "site" / "index.html").is_file()
    assert (tmp_path / "news" / "preview" / "daily.html").is_file()
