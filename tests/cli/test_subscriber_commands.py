"""Commands for subscribers: add, import, export, remove, erase, unsuppress."""

import csv
import json
import re
from pathlib import Path

import pytest

from tests.cli.conftest import SEVEN, Run


@pytest.mark.all
def test_subscribers_come_by_hand_and_by_file_and_leave_for_good(room: Run, tmp_path: Path) -> None:
    assert room("subscribers add Ann@Example.org --name Ann").code == 0
    assert room("subscribers add ann@example.org --json").json["outcome"] == "already"
    assert room("subscribers add not-an-address").code == 1
    file = tmp_path / "people.csv"
    file.write_text(
        "email,name\nbob@example.org,Bob\nann@example.org,Ann\nnonsense,X\nbob@example.org,Again\n"
    )
    dry = room("subscribers import people.csv --json --dry-run")
    assert (dry.code, len(room("subscribers list --json").json["subscribers"])) == (1, 1)
    real = room("subscribers import people.csv --json").json
    assert [(row["line"], row["outcome"]) for row in real["rows"]] == [
        (2, "added"),
        (3, "already"),
        (4, "invalid"),
        (5, "duplicate"),
    ]
    assert room("subscribers remove bob@example.org --json").json["outcome"] == "unsubscribed"
    assert room("subscribers add bob@example.org").code == 1
    assert room("subscribers import people.csv --json").json["rows"][0]["outcome"] == "left"
    assert room("subscribers export out.csv").code == 0
    with (tmp_path / "out.csv").open(newline="", encoding="utf-8-sig") as exported:
        states = {row["email"].lower(): row["state"] for row in csv.DictReader(exported)}
    assert states == {"ann@example.org": "confirmed", "bob@example.org": "unsubscribed"}
    (tmp_path / "more.csv").write_text("cleo@example.org\n")
    assert room("subscribers import more.csv --agreed", "I want the digest.").code == 0
    assert room("subscribers add dan@example.org --agreed", "Send it to me.").code == 0
    for name, said in (("cleo", "I want the digest."), ("dan", "Send it to me.")):
        consents = room(f"subscribers show {name}@example.org --json").json["consents"]
        assert [one["agreed"] for one in consents] == [said]
        assert room(f"subscribers erase {name}@example.org").code == 0
    held = room("subscribers show ann@example.org --json").json
    assert (held["name"], held["suppressed"], held["subscriptions"][0]["state"]) == ("Ann", "no", "confirmed")
    shown = room("subscribers show ann@example.org").out
    assert "subscribed by operator" in shown
    assert not re.search(r"None|True|address_key|T\d\d:", shown)
    assert room("subscribers export-data ann@example.org ann.json").code == 0
    assert json.loads((tmp_path / "ann.json").read_text())["consents"][0]["newsletter"] == "daily"
    assert room("subscribers erase ann@example.org").code == 0
    assert room("subscribers erase nobody@example.org").code == 1
    assert room("subscribers show nobody@example.org").code == 1
    assert room("subscribers show ann@example.org --json").json["suppressed"] == "erased"
    assert room("subscribers add ann@example.org --json").json["outcome"] == "suppressed"
    assert [one["address"] for one in room("subscribers list --json").json["subscribers"]] == [
        "bob@example.org"
    ]
    assert room("subscribers remove ann@example.org").code == 1
    assert room("subscribers import nowhere.csv").code == 2
    assert room("subscribers list --newsletter daily").code == 0
    assert room("subscribers list --newsletter nowhere").code == 2


def test_subscribing_needs_a_newsletter(run: Run, tmp_path: Path) -> None:
    (tmp_path / "config.toml").write_text("")
    ended = run("subscribers add ann@example.org")
    assert (ended.code, "[[newsletters]]" in ended.err) == (3, True)


def test_what_is_written_to_a_file_can_be_written_to_standard_output(edition: Run, tmp_path: Path) -> None:
    written = edition("subscribers export people.csv")
    assert (written.code, written.out, written.err) == (0, "", "2 subscriptions written.\n")
    shown = edition("subscribers export -")
    assert shown.out.encode() == (tmp_path / "people.csv").read_bytes()
    person = json.loads(edition("subscribers export-data ann@example.org -").out)
    assert person["address"] == "ann@example.org"


@pytest.mark.parametrize(
    "command", ["subscribers export", "subscribers export-data ann@example.org", "sources export"]
)
def test_a_file_that_cannot_be_written_is_named(edition: Run, command: str) -> None:
    ended = edition(f"{command} config.toml/file")
    assert (ended.code, "cannot write config.toml/file: Not a directory" in ended.err) == (1, True)


@pytest.mark.parametrize("command", ["remove", "erase"])
def test_what_cannot_be_undone_can_be_tried_first(edition: Run, command: str) -> None:
    tried = edition(f"subscribers {command} ann@example.org --dry-run")
    assert (tried.code, "would be" in tried.out) == (0, True)
    assert "ann@example.org" in edition("subscribers list").out
    assert edition("status --json").json["subscriptions"] == {"daily": {"confirmed": 2}}
    assert edition("deliveries doubt --dry-run --json").json["uncertain"] == 2
    assert edition("status --json").json["deliveries"] == {"pending": 2}


@pytest.mark.all
def test_C6_with_a_person_their_mails_in_the_outbox_folder_go(edition: Run, tmp_path: Path) -> None:
    assert edition(f"deliver --now {SEVEN}").code == 0
    assert len(list((tmp_path / "outbox").glob("*.eml"))) == 2
    (tmp_path / "outbox" / "strange.eml").write_bytes(b"\xff\x00 To: ann@example.org")
    assert edition("subscribers erase ann@example.org --dry-run --json").json["mails"] == 1
    assert len(list((tmp_path / "outbox").glob("*.eml"))) == 3
    assert edition("subscribers erase Ann@Example.org --json").json["mails"] == 1
    left = [file.read_bytes() for file in (tmp_path / "outbox").glob("*.eml")]
    assert sorted(b"\r\nTo: bob@example.org" in b"\r\n" + data for data in left) == [False, True]
    assert not any(b"To: ann@example.org\r\n" in data for data in left)
    assert edition("subscribers erase ann@example.org").code == 1


def test_C8_a_bounced_mailbox_is_allowed_again_and_who_left_is_not(edition: Run, tmp_path: Path) -> None:
    (tmp_path / "gone.csv").write_text("email,newsletter,reason\nBob@Example.org,,bounced\n")
    assert edition("subscribers import-suppressions gone.csv --json").json == {
        "rows": 1,
        "changed": 1,
        "dry_run": False,
    }
    assert edition("subscribers remove ann@example.org").code == 0
    assert edition("subscribers export-suppressions all.csv").code == 0
    assert (tmp_path / "all.csv").read_text().splitlines()[1:] == [
        "ann@example.org,daily,unsubscribed",
        "bob@example.org,,bounced",
        "bob@example.org,daily,unsubscribed",
    ]
    assert edition("subscribers unsuppress bob@example.org").code == 2
    assert edition("subscribers unsuppress bob@example.org --reason", "it works again").code == 0
    assert edition("subscribers show bob@example.org --json").json["suppressed"] == "no"
    refused = edition("subscribers unsuppress ann@example.org --reason", "I want it")
    assert (refused.code, "not on the list" in refused.err) == (1, True)
    assert edition("subscribers add -- =cmd@example.org").code == 0
    assert edition("subscribers remove -- =cmd@example.org").code == 0
    assert edition("subscribers export-suppressions all.csv").code == 0
    assert "\n'=cmd@example.org,daily,unsubscribed" in (tmp_path / "all.csv").read_text()
    assert edition("subscribers import-suppressions all.csv --json").json["changed"] == 0
    (tmp_path / "odd.csv").write_text("name\nbob\n")
    assert edition("subscribers import-suppressions odd.csv").code == 1


def test_every_change_of_subscribers_by_a_command_is_in_the_audit_log(room: Run, tmp_path: Path) -> None:
    (tmp_path / "people.csv").write_text("bob@example.org\n")
    for command in (
        "add ann@example.org", "import people.csv", "import people.csv --dry-run", "remove ann@example.org",
        "erase bob@example.org --dry-run", "erase bob@example.org",
    ):  # fmt: skip
        assert room(f"subscribers {command} --by ada").code == 0
    rows = room("audit list --json --actor ada").json["rows"]
    actions = [row["action"].removeprefix("subscriber.") for row in rows]
    assert actions == ["erase", "end-all", "import", "add"]
    assert "example.org" not in json.dumps(rows)
