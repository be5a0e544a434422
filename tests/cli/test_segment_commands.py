"""Commands for fields, tags and segments."""

import csv
import re
from pathlib import Path

import pytest

from tests.cli.conftest import Run

SEGMENTS = """
[[fields]]
name = "city"
[[fields]]
name = "age"
type = "number"
[[segments]]
name = "bristol"
query = "newsletter:daily field:city=Bristol -tag:press"
[[segments]]
name = "everybody"
query = ""
"""


@pytest.fixture
def segmented(room: Run, tmp_path: Path) -> Run:
    """Subscribers with fields and tags."""
    with (tmp_path / "config.toml").open("a", encoding="utf-8") as file:
        file.write(SEGMENTS)
    for name in ("ann", "bob", "cleo"):
        assert room(f"subscribers add {name}@example.org").code == 0
    assert room("subscribers set Ann@example.org city=Bristol age=041").out == (
        "Ann@example.org has age: 41; city: Bristol.\n"
    )
    assert room("subscribers set bob@example.org city=Bristol").code == 0
    assert room("subscribers tag bob@example.org +Press +vip -holiday").out == (
        "bob@example.org has the tags press, vip.\n"
    )
    return room


def addresses(run: Run, *more: str) -> list[str]:
    answer = run("subscribers list --json", *more)
    assert answer.code == 0, answer.err
    return [one["address"] for one in answer.json["subscribers"]]


@pytest.mark.all
def test_a_segment_is_tested_by_its_name_and_by_its_query(segmented: Run) -> None:
    assert addresses(segmented, "--segment", "bristol") == ["ann@example.org"]
    assert addresses(segmented, "--segment", "field:age>40") == ["ann@example.org"]
    assert addresses(segmented, "--segment", "everybody", "--newsletter", "daily") == addresses(segmented)
    assert segmented("subscribers list --segment bristol").out.endswith("1 subscriber.\n")
    query = "newsletter:daily field:city=Bristol -tag:press"
    assert segmented("segments list --json").json == {
        "segments": [
            {"name": "bristol", "subscribers": 1, "query": query, "problem": ""},
            {"name": "everybody", "subscribers": 3, "query": "", "problem": ""},
        ]
    }
    assert "bristol" in segmented("segments list").out
    assert segmented("subscribers remove ann@example.org").code == 0
    assert addresses(segmented, "--segment", "bristol") == []
    unknown = segmented("subscribers list --segment bristle")
    assert (unknown.code, "Known names: bristol, everybody" in unknown.err) == (3, True)
    assert segmented("subscribers list --segment", "field:town=a").code == 3


def test_a_segment_may_name_an_added_newsletter_and_check_reports_an_unknown_newsletter(
    room: Run, tmp_path: Path
) -> None:
    with (tmp_path / "config.toml").open("a", encoding="utf-8") as file:
        file.write('[[segments]]\nname = "evening"\nquery = "newsletter:evening -newsletter:evening,daily"\n')
        file.write('[[segments]]\nname = "patrons"\nquery = "tag:patron"\n')
    missing, listed = room("check"), room("segments list")
    for answer in (missing, listed):
        assert re.search(r"^config\.toml, line \d+: segment evening: .*position 12", answer.err)
    assert (missing.code, listed.code) == (3, 0)
    assert re.search(r"^patrons +0 +tag:patron$", listed.out, re.MULTILINE)
    assert "schedule: this key is required" in room("newsletters add evening").err
    assert room("newsletters add evening --schedule", "daily 18:00").code == 0
    assert room("check").code == 0
    assert room("subscribers add ann@example.org --newsletter evening").code == 0
    assert addresses(room, "--segment", "newsletter:evening") == ["ann@example.org"]
    assert addresses(room, "--segment", "evening") == []
    refused = room("newsletters remove evening")
    assert (refused.code, refused.err.count("the segment evening names it")) == (1, 1)
    assert room("newsletters list").out.count("evening")


def test_a_segment_is_exported_with_fields_and_tags(segmented: Run, tmp_path: Path) -> None:
    assert segmented("subscribers export --segment", "field:city=Bristol", "out.csv").code == 0
    with (tmp_path / "out.csv").open(newline="", encoding="utf-8-sig") as file:
        rows = [
            {name: row[name] for name in ("email", "tags", "age", "city")} for row in csv.DictReader(file)
        ]
    assert rows == [
        {"email": "ann@example.org", "tags": "", "age": "41", "city": "Bristol"},
        {"email": "bob@example.org", "tags": "press, vip", "age": "", "city": "Bristol"},
    ]


@pytest.mark.all
def test_fields_and_tags_are_shown_changed_and_removed(segmented: Run, tmp_path: Path) -> None:
    shown = segmented("subscribers show bob@example.org --json").json
    assert (shown["fields"], [one["tag"] for one in shown["tags"]]) == (
        [{"name": "city", "value": "Bristol"}],
        ["press", "vip"],
    )
    assert "name: city; value: Bristol" in segmented("subscribers show bob@example.org").out
    tried = segmented("subscribers set bob@example.org city=Bath --dry-run --json").json
    assert tried == {"address": "bob@example.org", "fields": {"city": "Bath"}, "dry_run": True}
    config = tmp_path / "config.toml"
    config.write_text(config.read_text().split("[[fields]]")[0])
    assert segmented("subscribers show bob@example.org --json").json["fields"] == shown["fields"]
    assert segmented("subscribers set bob@example.org city=Bath").code == 2
    assert segmented("subscribers set bob@example.org city=").out == "bob@example.org has no fields.\n"
    assert segmented("subscribers tag bob@example.org -press -VIP").out == "bob@example.org has no tags.\n"
    assert segmented("segments list").out == "The configuration has no [[segments]].\n"


@pytest.mark.parametrize(
    ("command", "code", "problem"),
    [
        ("set ann@example.org town=Bath", 2, "No field is named 'town'. Known names: city, age."),
        ("set ann@example.org city", 2, "'city' is not NAME=VALUE"),
        ("set ann@example.org age=old", 1, "'old' is not a number"),
        ("set zoe@example.org city=Bath", 1, "zoe@example.org is not a subscriber"),
        ("tag ann@example.org vip", 2, "'vip' is neither +TAG nor -TAG"),
        ("tag ann@example.org +", 1, "is not a tag"),
        ("tag zoe@example.org +vip", 1, "zoe@example.org is not a subscriber"),
    ],
)
@pytest.mark.sampled(3)
def test_a_mistake_changes_nothing(segmented: Run, command: str, code: int, problem: str) -> None:
    ended = segmented(f"subscribers {command}")
    assert (ended.code, problem in ended.err) == (code, True), ended.err
    assert segmented("subscribers show ann@example.org --json").json["tags"] == []


def test_a_change_of_fields_tags_or_suppressions_is_audited_once(segmented: Run, tmp_path: Path) -> None:
    (tmp_path / "gone.csv").write_text("email,newsletter,reason\ndan@example.org,,complained\n", "utf-8")
    for _ in range(2):
        assert segmented("subscribers set ann@example.org city=Porto --by kim").code == 0
    assert segmented("subscribers tag ann@example.org +vip --by kim --dry-run").code == 0
    assert segmented("subscribers tag ann@example.org -vip --by kim").code == 0
    assert segmented("subscribers import-suppressions gone.csv --by kim").code == 0
    assert segmented("subscribers import-suppressions gone.csv --by kim").code == 0
    rows = segmented("audit list --json --actor kim").json["rows"]
    assert [(row["action"], row["after"]) for row in rows] == [
        ("subscriber.import-suppressions", {"rows": 1, "changed": 1}),
        ("subscriber.set", {"fields": ["city"]}),
    ]
