"""The editor's commands: what they say, refuse and write, and how it is undone and shown."""

import json
from pathlib import Path

import pytest

from tests.cli.conftest import CONFIG, SEVEN, Run

WHEN = f"--now {SEVEN}"


@pytest.fixture
def desk(ranked: Run) -> Run:
    """The newsroom with its articles placed and ranked."""
    return ranked


def leader(run: Run) -> str:
    run(f"stories {WHEN}")
    answer = run(f"replay --json {WHEN} --from {SEVEN} --to {SEVEN}").json
    return str(answer["lists"][0]["top"][0]["title"])


@pytest.mark.all
def test_a_pin_says_what_it_did_and_shows_in_explain_status_and_lists(desk: Run) -> None:
    assert leader(desk) != "The lighthouse becomes a library"
    said = desk(f"editor pin lighthouse --by kim --for 12h {WHEN}")
    assert said.code == 0
    assert "pin at place 1" in said.out
    assert leader(desk) == "The lighthouse becomes a library"
    line = "pin at place 1, by kim, Tue 24 Nov 07:00 UTC, until Tue 24 Nov 19:00 UTC (no 1)"
    assert f"Editor: {line}" in desk(f"explain lighthouse {WHEN}").out
    assert f"Editor: {line}" in desk(f"status {WHEN}").out
    assert desk(f"explain lighthouse --json {WHEN}").json["editor"][0]["who"] == "kim"


def test_a_retitle_is_told_with_the_publishers_words(desk: Run) -> None:
    assert desk("editor retitle", "lighthouse", "Books {in} the light", "--now", SEVEN).code == 0
    said = desk(f"explain lighthouse {WHEN}").out
    assert said.startswith(
        "Books {in} the light\n  the publisher's headline: The lighthouse becomes a library"
    )
    answer = desk(f"explain lighthouse --json {WHEN}").json
    assert answer["article"]["original_title"] == "The lighthouse becomes a library"


def test_undoing_brings_everything_back_and_cannot_be_done_twice(desk: Run) -> None:
    desk("editor retitle", "lighthouse", "Ours", "--now", SEVEN)
    assert desk(f"editor undo 1 {WHEN}").code == 0
    assert desk(f"explain lighthouse {WHEN}").out.startswith("The lighthouse becomes a library")
    again = desk(f"editor undo 1 {WHEN}")
    assert again.code == 1
    assert "syndicate editor list" in again.err


def test_the_list_shows_what_holds_and_with_all_the_whole_log(desk: Run) -> None:
    assert "no decisions" in desk(f"editor list {WHEN}").out
    desk(f"editor boost chess 0.5 {WHEN} --for 1h")
    desk(f"editor drop snow {WHEN}")
    later = "--now 2026-11-24T09:00"
    shown = desk(f"editor list --json {later}").json["decisions"]
    assert [(one["action"], one["holds"]) for one in shown] == [("drop", True)]
    log = desk(f"editor list --all --json {later}").json["decisions"]
    assert [(one["action"], one["value"], one["holds"]) for one in log] == [
        ("boost", "0.5", False),
        ("drop", "", True),
    ]
    assert all(len(line) <= 80 for line in desk(f"editor list --all {later}").out.splitlines())


@pytest.mark.parametrize("decision", ["pin the", "drop the", "boost the 2", "retitle the Ours"])
def test_words_that_match_several_articles_decide_nothing_and_list_them(desk: Run, decision: str) -> None:
    ended = desk(f"editor {decision} {WHEN}")
    assert (ended.code, "articles match 'the'" in ended.err) == (1, True)
    assert "23 Nov 2026: Snow comes early to the pass" in ended.err
    assert "no decisions" in desk(f"editor list --all {WHEN}").out


def test_a_dry_run_changes_nothing(desk: Run) -> None:
    said = desk(f"editor drop snow --dry-run --json {WHEN}").json
    assert (said["id"], said["dry_run"], said["action"]) == (None, True, "drop")
    assert "no decisions" in desk(f"editor list --all {WHEN}").out


@pytest.mark.parametrize(
    ("command", "code", "message"),
    [
        (["editor", "pin", "no such words"], 1, "story:NUMBER"),
        (["editor", "pin", "story:999"], 1, "article matches"),
        (["editor", "pin", "snow", "--place", "0"], 2, "1<=x<=50"),
        (["editor", "pin", "snow", "--for", "soon"], 2, "is not a duration"),
        (["editor", "pin", "snow", "--for", "0s"], 2, "is not a duration"),
        (["editor", "boost", "snow", "0"], 2, "0.01<=x<=100"),
        (["editor", "boost", "snow", "nan"], 2, "FACTOR"),
        (["editor", "retitle", "snow", " \u202e\x00 "], 2, "HEADLINE is empty"),
        (["editor", "undo", "7"], 1, "decision 7 is not in force"),
        (["replay", "--from", "2026-11-24", "--to", "2026-11-23"], 2, "--to is before --from"),
        (
            ["replay", "--from", "1990-01-01", "--to", "2026-11-23", "--every", "1"],
            2,
            "more than 10000 lists",
        ),
        (["replay", "--from", "yesterday", "--to", "2026-11-23"], 2, "is not an ISO time"),
    ],
)
def test_what_is_refused_says_why(desk: Run, command: list[str], code: int, message: str) -> None:
    ended = desk(command[0], *command[1:], "--now", SEVEN)
    assert (ended.code, message in ended.err) == (code, True), ended.err


@pytest.mark.all
def test_a_replay_is_told_on_the_operators_clock(desk: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SYNDICATE_SITE__TIME_ZONE", "Europe/Berlin")
    said = desk(f"replay --from 2026-11-23T07:00 --to {SEVEN} {WHEN}").out
    assert said.startswith("Mon 23 Nov 2026 08:00 CET\n")
    assert "Edition of daily, Tue 24 Nov 2026 07:00 CET" in said


@pytest.mark.all
def test_a_replay_reads_for_people_and_for_machines(desk: Run, tmp_path: Path) -> None:
    files = sorted(tmp_path.rglob("*"))
    said = desk(f"replay --from 2026-11-23T07:00 --to {SEVEN} {WHEN}").out
    assert "Edition of daily, Tue 24 Nov 2026 07:00 UTC" in said
    assert all(len(line) <= 80 for line in said.splitlines())
    answer = desk(f"replay --from 2026-11-23T07:00 --to {SEVEN} --json {WHEN}").json
    assert [one["moment"] for one in answer["lists"]] == [
        "2026-11-23T07:00:00+00:00",
        "2026-11-24T07:00:00+00:00",
    ]
    stories = {one["title"] for one in answer["editions"][-1]["stories"]}
    assert "Snow comes early to the pass" in stories
    assert json.dumps(answer["lists"][1]["top"][0]["parts"])
    assert sorted(tmp_path.rglob("*")) == files
    assert CONFIG in (tmp_path / "config.toml").read_text("utf-8")
