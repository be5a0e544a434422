"""`subscribers import`: a report first, then one transaction; exports of other products and of our own."""

import io
import sys
import zipfile
from pathlib import Path

import pytest

from tests.cli.conftest import CONFIG, Run

EXPORTS = Path(__file__).parent.parent / "audience" / "exports"
FIELDS = '\n[[fields]]\nname = "city"\n[[fields]]\nname = "age"\ntype = "number"\n'


@pytest.fixture
def mailchimp(tmp_path: Path) -> Path:
    """An audience export as Mailchimp sends it."""
    path = tmp_path / "audience_export_1a2b3c4d5e.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for file in sorted((EXPORTS / "mailchimp").iterdir()):
            archive.write(file, file.name)
    return path


def subscriptions(run: Run) -> dict[str, str]:
    return {
        one["address"]: one["subscriptions"]
        for one in run(
            "subscribers list --json",
        ).json["subscribers"]
    }


def test_an_export_is_imported_with_all_its_states_and_stays_so(
    room: Run, tmp_path: Path, mailchimp: Path
) -> None:
    (tmp_path / "config.toml").write_text(CONFIG + FIELDS, "utf-8")
    tried = room(f"subscribers import {mailchimp.name} --dry-run --json").json
    assert tried["dry_run"] is True
    counts = {"added": 2, "unsubscribed": 1, "complained": 1, "bounced": 1, "unconfirmed": 1}
    assert (tried["counts"], subscriptions(room)) == (counts, {})
    assert {file["product"] for file in tried["files"]} == {"Mailchimp"}
    assert tried["files"][1]["columns"]["City"] == "field city"
    done = room(f"subscribers import {mailchimp.name} --tag moved")
    assert done.code == 0
    assert "Mailchimp, 4 files, 6 rows." in done.out
    assert "Read: Email Address (address), First Name (first name)" in done.out
    assert "Not read: State, MEMBER_RATING" in done.out
    assert "stay at Mailchimp" in done.out
    assert done.out.endswith("2 added, 1 bounced, 1 complained, 1 unconfirmed, 1 unsubscribed\n")
    assert subscriptions(room)["ada@example.org"] == "daily: confirmed"
    shown = room("subscribers show ada@example.org --json").json
    assert {tag["tag"] for tag in shown["tags"]} == {"harbour walk", "moved", "vip"}
    assert shown["fields"][0]["value"] == "Bristol"
    assert "OPTIN_IP: 198.51.100.7" in shown["consents"][0]["detail"]
    again = room(f"subscribers import {mailchimp.name} --json").json["counts"]
    assert again == {"already": 2, "unsubscribed": 1, "suppressed": 2, "unconfirmed": 1}
    for name, outcome in (("cleo", "left"), ("dora", "suppressed"), ("ed", "suppressed")):
        assert room(f"subscribers add {name}@example.org --json").json["outcome"] == outcome


@pytest.mark.all
def test_an_own_export_is_read_back_whole(room: Run, tmp_path: Path, mailchimp: Path) -> None:
    weekly = '\n[[newsletters]]\nname = "weekly"\nschedule = "weekly monday 07:00"\n'
    (tmp_path / "config.toml").write_text(CONFIG + weekly + FIELDS, "utf-8")
    assert room(f"subscribers import {mailchimp.name} --newsletter daily --tag moved").code == 0
    assert room("subscribers add ada@example.org --newsletter weekly --agreed", "Weekly, please.").code == 0
    assert room("subscribers export out.csv").code == 0
    before = (tmp_path / "out.csv").read_text("utf-8-sig").splitlines()
    assert before[0] == "email,name,language,newsletter,state,tags,since,ended,reason,consent,agreed,city"
    for file in tmp_path.glob("syndicate.db*"):
        file.unlink()
    assert room("subscribers import out.csv").code == 0
    assert room("subscribers export back.csv").code == 0
    after = (tmp_path / "back.csv").read_text("utf-8-sig").splitlines()
    consent = before[0].split(",").index("consent")
    assert len(after) == len(before) == 7
    for old, new in zip(before, after, strict=True):
        assert new.split(",")[:consent] == old.split(",")[:consent]
        assert new.split(",")[-1] == old.split(",")[-1]
    assert "Weekly, please." in "".join(after)


def test_a_newsletter_is_needed_when_there_are_several(room: Run, tmp_path: Path) -> None:
    weekly = '\n[[newsletters]]\nname = "weekly"\nschedule = "weekly monday 07:00"\n'
    (tmp_path / "config.toml").write_text(CONFIG + weekly, "utf-8")
    (tmp_path / "list.csv").write_text("email\njo@example.org\n")
    ended = room("subscribers import list.csv")
    assert (ended.code, "--newsletter" in ended.err, subscriptions(room)) == (2, True, {})


def test_a_terminal_is_asked_before_anything_is_written(
    room: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Keyboard(io.StringIO):
        def isatty(self) -> bool:
            return True

    (tmp_path / "list.csv").write_text("email\njo@example.org\n")
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True, raising=False)
    monkeypatch.setattr(sys, "stdin", Keyboard("n\n"))
    refused = room("subscribers import list.csv")
    assert (refused.code, "Import them?" in refused.out, subscriptions(room)) == (1, True, {})
    monkeypatch.setattr(sys, "stdin", Keyboard("y\n"))
    agreed = room("subscribers import list.csv")
    assert (agreed.code, agreed.out.endswith("Imported: 1 added.\n")) == (0, True)
    assert room("subscribers import list.csv --yes").out.endswith("1 already\n")


def test_a_long_report_shows_examples_unless_all_rows_are_wanted(room: Run, tmp_path: Path) -> None:
    rows = "".join(f"reader{number}@example.org,odd\n" for number in range(30))
    (tmp_path / "list.csv").write_text(f"email,state\n{rows}")
    short = room("subscribers import list.csv")
    assert (short.out.count("the list says: odd"), "--rows" in short.out) == (3, True)
    assert room("subscribers import list.csv --rows").out.count("the list says: odd") == 30


def test_columns_and_states_can_be_given(room: Run, tmp_path: Path) -> None:
    (tmp_path / "config.toml").write_text(CONFIG + FIELDS, "utf-8")
    (tmp_path / "list.csv").write_text("email,Town,age\njo@example.org,Bath,old\n")
    done = room("subscribers import list.csv --map Town=city")
    assert "Not kept: 1 value of age: no value of field age." in done.out
    assert room("subscribers list --json").json["subscribers"][0]["fields"] == {"city": "Bath"}
    assert room("subscribers import list.csv --map Town=nowhere").code == 2
    assert room("subscribers import list.csv --map Village=city").code == 2
    (tmp_path / "bad.txt").write_text("jo@example.org\n")
    assert room("subscribers import bad.txt --state invalid").code == 2
    assert room("subscribers import bad.txt --from substack-table").code == 2
    assert room("subscribers import bad.txt --state bounced --json").json["counts"] == {"bounced": 1}
    assert subscriptions(room) == {"jo@example.org": "daily: unsubscribed"}


def test_substacks_archive_is_read_without_its_posts(room: Run, tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "export.zip", "w") as archive:
        for file in sorted((EXPORTS / "substack").rglob("*.csv")):
            archive.write(file, str(file.relative_to(EXPORTS / "substack")))
    done = room("subscribers import export.zip --json").json
    assert done["counts"] == {"added": 2, "unsubscribed": 2}
    assert [file["file"] for file in done["files"]] == ["export.zip/email_list.coast.csv"]


@pytest.mark.parametrize("name", ["../../evil.csv", "/etc/evil.csv", "notes.pdf", "inner.zip", "readme.txt"])
def test_an_archive_without_a_list_is_refused(room: Run, tmp_path: Path, name: str) -> None:
    with zipfile.ZipFile(tmp_path / "odd.zip", "w") as archive:
        archive.writestr(
            name,
            "name\nAsk help@example.org, please\n" if name == "readme.txt" else "email\nJo\n",
        )
    ended = room("subscribers import odd.zip")
    assert (ended.code, "holds no list" in ended.err, subscriptions(room)) == (1, True, {})


@pytest.mark.all
def test_a_bomb_is_refused_and_nothing_is_written(room: Run, tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "bomb.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a.csv", "email\njo@example.org\n")
        archive.writestr("b.csv", b"0" * 60_000_000)
    ended = room("subscribers import bomb.zip")
    assert (ended.code, "unpacks to too many bytes" in ended.err, subscriptions(room)) == (1, True, {})
