"""The move-in chapter works as written: its shell blocks are run, in order, with an export of Mailchimp."""

import os
import re
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

CHECKOUT = Path(__file__).parents[2]
EXPORTS = CHECKOUT / "tests" / "audience" / "exports"
TEXT = (CHECKOUT / "docs" / "moving.md").read_text("utf-8")
# Blocks marked "sh" are run; those marked "console" need files or servers of the reader.
BLOCKS = re.findall(r"^```sh\n(.*?)^```$", TEXT, re.MULTILINE | re.DOTALL)
CONFIG = """
[site]
url = "https://news.example"
title = "The Newsroom"
[[newsletters]]
name = "daily"
schedule = "daily 07:00"
[mail]
from = "The Newsroom <news@example.com>"
address = "1 Pier Road, Harbour Town"
"""


@pytest.mark.all
@pytest.mark.timeout(900)  # nine commands, each a process of its own
def test_a_list_moves_in_as_the_chapter_says(tmp_path: Path):
    program = tmp_path / "bin" / "syndicate"
    program.parent.mkdir()
    program.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m syndicate "$@"\n')
    program.chmod(0o755)
    (tmp_path / "config.toml").write_text(CONFIG)
    with zipfile.ZipFile(tmp_path / "audience_export.zip", "w") as archive:
        for file in sorted((EXPORTS / "mailchimp").iterdir()):
            data = file.read_text().replace(",City,", ',"Company Name",')
            archive.writestr(file.name, data)
    (tmp_path / "members.txt").write_text((EXPORTS / "mailman.txt").read_text())
    (tmp_path / "bounced.txt").write_text("gil@example.org\n")
    environment = {
        "PATH": f"{program.parent}:{os.environ['PATH']}",
        "PYTHONPATH": str(
            CHECKOUT,
        ),
        "LANG": "C.UTF-8",
    }

    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", "".join(BLOCKS)],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 0, done.stderr
    assert done.stdout.count("2 added, 1 bounced, 1 complained, 1 unconfirmed, 1 unsubscribed") == 3
    assert "Company Name (field company)" in done.stdout
    assert "2 already, 1 left\n" in done.stdout
    assert "OPTIN_IP: 198.51.100.7" in done.stdout
    assert "1 bounced\n" in done.stdout


def test_every_outcome_of_an_import_is_explained():
    from syndicate.model import Standing
    from syndicate.store.subscribers.import_store import NOT_ADDED

    explained = set(re.findall(r"`([a-z ]+)`", TEXT))
    assert ({"added", "already", *NOT_ADDED, *Standing} - {Standing.SUBSCRIBED}) - explained == set()
