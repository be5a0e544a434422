"""Issues and welcome mails as an operator uses them."""

from pathlib import Path

import pytest

from tests.cli.conftest import Run
from tests.empty_stores import write_empty_store

NOW = "--now 2026-11-24T09:00"
CONFIG = """
[site]
url = "https://news.example"
[[sources]]
name = "desk"
url = "desk"
own = true
[[newsletters]]
name = "daily"
title = "The digest"
schedule = "daily 07:00"
time_zone = "Europe/Berlin"
welcome = "welcome.md"
[[newsletters.series]]
days = 3
file = "third.md"
[mail]
from = "The Newsroom <news@example.com>"
address = "1 Pier Road, Harbour Town"
"""


@pytest.fixture
def office(tmp_path: Path, run: Run) -> Run:
    (tmp_path / "config.toml").write_text(CONFIG, "utf-8")
    write_empty_store(tmp_path)
    (tmp_path / "desk").mkdir()
    for name, text in {
        "issue": "---\nsubject: Open day\n---\nCome and see.\n",
        "wrong": "Hello\n\n{{ stories 3 }}\n",
        "welcome": "# Welcome\n\nGood to see you.\n",
        "third": "# Three days\n\nHello again.\n",
    }.items():
        (tmp_path / f"{name}.md").write_text(text, "utf-8")
    (tmp_path / "latin.md").write_bytes(b"Caf\xe9\n")
    assert run("subscribers add ann@example.org --newsletter daily").code == 0
    return run


@pytest.mark.all
def test_check_names_a_missing_file_of_a_message(office: Run, tmp_path: Path) -> None:
    (tmp_path / "third.md").unlink()
    ended = office(f"check {NOW}")
    assert ended.code == 3
    assert "newsletter daily: there is no file" in ended.err
    assert "third.md" in ended.err


def test_an_issue_is_written_previewed_approved_and_sent(office: Run, tmp_path: Path) -> None:
    written = office(f"editions write issue.md --by jo --json {NOW}").json
    assert (written["edition"], written["state"], written["subject"]) == (1, "held", "Open day")
    office(f"preview --edition 1 --out shown {NOW}")
    assert "Come and see." in (tmp_path / "shown" / "daily.txt").read_text("utf-8")
    assert office(f"send --edition 1 --test me@example.org {NOW}").code == 0
    assert "Open day" in office("editions list").out
    again = office(f"editions write issue.md --replace 1 --subject Opened {NOW}")
    assert again.out == "Issue 1 waits; `syndicate editions approve 1` sends it: Opened\n"
    assert office(f"editions approve 1 {NOW}").code == 0
    assert office(f"deliver --json {NOW}").json["sent"] == 1
    assert office(f"editions write issue.md --replace 1 {NOW}").code == 1


def test_an_issue_is_planned_in_the_time_zone_of_the_newsletter(office: Run) -> None:
    planned = office(f"editions write issue.md --at 2026-11-25T18:00 --send --json {NOW}").json
    assert (planned["state"], planned["approve_by"]) == ("waiting", "2026-11-25T17:00:00+00:00")
    assert office("edition --json --now 2026-11-25T17:00").json["editions"][-1]["outcome"] == "released"


@pytest.mark.parametrize(
    ("options", "code", "problem"),
    [
        ("wrong.md", 1, "line 3: there is no block"),
        ("isue.md", 2, "'isue.md' does not exist"),
        ("latin.md", 2, "latin.md is not UTF-8"),
        ("issue.md --segment nobody", 3, "No segment is named"),
        ("issue.md --at yesterday", 2, "is not a time"),
        ("issue.md --at 2026-11-24T09:59", 2, "is in the past"),
        ("issue.md --replace 7 --public", 2, "write another issue"),
        ("issue.md --replace 7", 1, "no edition 7"),
    ],
)
def test_a_mistake_stores_nothing(office: Run, options: str, code: int, problem: str) -> None:
    ended = office(f"editions write {options} {NOW}")
    assert (ended.code, problem in " ".join(ended.err.split())) == (code, True)
    assert office("editions list --json").json["editions"] == []


def test_lint_checks_the_welcome_mail_and_the_series(office: Run, tmp_path: Path) -> None:
    assert office(
        f"lint --json {NOW}",
    ).json["linted"].keys() == {"daily", "daily, welcome", "daily, series 3"}
    (tmp_path / "third.md").write_text("{{ later }}", "utf-8")
    ended = office(f"lint {NOW}")
    assert (ended.code, "third.md, line 1: there is no block" in ended.err) == (1, True)
