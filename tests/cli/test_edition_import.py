"""``editions import`` as an operator uses it."""

from pathlib import Path

import pytest

from tests.cli.conftest import Run
from tests.empty_stores import write_empty_store

CONFIG = """
[site]
url = "https://news.example"
[[newsletters]]
name = "daily"
title = "The Daily"
schedule = "daily 07:00"
[mail]
from = "The Newsroom <news@example.com>"
address = "1 Pier Road, Harbour Town"
"""
NOW = "--now 2026-11-24T08:00"


@pytest.fixture
def office(tmp_path: Path, run: Run) -> Run:
    (tmp_path / "config.toml").write_text(CONFIG, "utf-8")
    write_empty_store(tmp_path)
    (tmp_path / "old").mkdir()
    for name, state in (("one", "sent"), ("two", "draft")):
        text = f"---\nsubject: {name}\nstatus: {state}\ndate: 2024-01-01T08:00:00Z\n---\nText.\n"
        (tmp_path / "old" / f"{name}.md").write_text(text, "utf-8")
    return run


def test_a_dry_run_reports_and_an_import_is_shown_by_list(office: Run):
    dry = office(f"editions import old --newsletter daily --dry-run {NOW}")
    assert dry.code == 0
    assert dry.out.splitlines()[-1] == "Would be: 1 imported, 1 left out."
    assert "status: draft" in dry.out
    assert office("editions list").out.strip() == "No editions."
    done = office(f"editions import old --json {NOW}").json
    assert done["counts"] == {"imported": 1, "left out": 1}
    assert done["issues"] == [{"date": "2024-01-01", "outcome": "imported", "subject": "one"}]
    assert done["left_out"] == [{"name": "two", "reason": "status: draft"}]
    (listed,) = office("editions list --json").json["editions"]
    assert (listed["state"], listed["subject"], listed["sent"]) == ("imported", "one", "0/0")
    shown = office(f"editions show {listed['id']}")
    assert shown.code == 0
    assert "edition of Mon 01 Jan 2024, imported" in shown.out
    assert "01 Jan 2024" in office("editions list").out
    assert "Edition of" not in office(f"status {NOW}").out
    assert office(f"editions import old --json {NOW}").json["counts"] == {"known": 1, "left out": 1}


@pytest.mark.parametrize("command", ["approve", "hold", "withdraw", "correct"])
def test_an_imported_issue_is_not_reviewed(office: Run, command: str):
    office(f"editions import old {NOW}")
    (listed,) = office("editions list --json").json["editions"]
    text = ["sorry"] if command == "correct" else []
    assert office(f"editions {command} {listed['id']} {NOW}", *text).code == 1
    assert office("editions list --json").json["editions"] == [listed]
