"""Due, waiting and missed periods as `edition`, `status`, `newsletters` and `editions` tell of them."""

from pathlib import Path

import pytest

from syndicate.store import open_store
from syndicate.store.subscribers import preference_store
from tests.cli.conftest import Run

CONFIG = """
[site]
url = "https://news.example"
[[sources]]
name = "desk"
url = "desk"
own = true
[[newsletters]]
name = "daily"
schedule = "daily 07:00"
[mail]
from = "The Newsroom <news@example.com>"
address = "1 Pier Road, Harbour Town"
"""


@pytest.fixture
def room(tmp_path: Path, either_store: str, run: Run) -> Run:
    """A newsroom with one folder of articles, known for a day; nothing is read yet."""
    (tmp_path / "config.toml").write_text(CONFIG, "utf-8")
    (tmp_path / "desk").mkdir()
    write(tmp_path, "library", "2026-11-23T12:00:00Z")
    run("status --now 2026-11-23T08:00")
    return run


def write(folder: Path, name: str, date: str) -> None:
    front = f"---\ntitle: News of the {name}\ndate: {date}\n---\n\n"
    (folder / "desk" / f"{name}.md").write_text(f"{front}What happened in the {name}.\n", "utf-8")


def day(room: Run, now: str) -> None:
    for command in ("ingest", "stories", "publish", "edition"):
        assert room(f"{command} --now {now}").code == 0, command


@pytest.mark.all
def test_an_edition_that_waits_for_its_sources_is_said_and_not_called_empty(room: Run) -> None:
    now = "--now 2026-11-24T09:00"
    why = "1 source that was due is not read yet"
    assert f"Edition of Tue 24 Nov 07:00 UTC of daily waits: {why}" in room(f"status {now}").out
    waits = {"unread_sources": 1, "unplaced_articles": 0, "reason": why}
    period_end = "2026-11-24T07:00:00+00:00"
    told = room(f"status --json {now}").json["gathering"]
    assert told == {"daily": {"period_end": period_end, **waits}}
    assert room(f"newsletters list --json {now}").json["newsletters"][0]["gathering"] == told["daily"]
    assert f"daily: edition of Tue 24 Nov 07:00 UTC waits: {why}" in room(f"newsletters list {now}").out
    ended = room(f"edition {now}")
    assert (ended.code, "gathering" in ended.out) == (0, True)
    assert f"daily: {why}; run `syndicate ingest`" in " ".join(ended.err.split())
    room(f"ingest {now}")
    (outcome,) = room(f"edition --json {now}").json["editions"]
    assert (outcome["outcome"], outcome["unread_sources"], outcome["unplaced_articles"]) == (
        "gathering",
        0,
        1,
    )
    day(room, "2026-11-24T09:00")
    assert [one["state"] for one in room("editions list --json").json["editions"]] == ["cut"]
    assert room(f"status --json {now}").json["gathering"] == {}


def test_an_edition_is_cut_as_asked_and_the_unread_sources_are_named(room: Run) -> None:
    for command in ("ingest", "stories", "publish"):
        room(f"{command} --now 2026-11-23T22:00")
    ended = room("edition --now 2026-11-24T07:30")
    assert (ended.code, "daily       Tue 24 Nov 07:00 UTC  cut " in ended.out) == (0, True)
    assert "1 source that was due is not read yet" in ended.err


@pytest.mark.all
def test_each_missed_period_is_listed_for_a_week(room: Run, tmp_path: Path) -> None:
    day(room, "2026-11-24T07:00")
    write(tmp_path, "harbour", "2026-11-27T12:00:00Z")
    now = "2026-11-28T07:00"
    for command in ("ingest", "stories", "publish"):
        assert room(f"{command} --now {now}").code == 0
    ended = room(f"edition --json --now {now}")
    assert ended.code == 1
    assert [one["outcome"] for one in ended.json["editions"]] == ["cut", "missed", "missed", "missed"]
    missed = [f"2026-11-{number}T07:00:00+00:00" for number in (25, 26, 27)]
    assert room(f"newsletters list --json --now {now}").json["newsletters"][0]["missed"] == missed
    listed = room(f"newsletters list --now {now}").out
    told = room(f"status --now {now}")
    for when in ("Wed 25 Nov 07:00 UTC", "Thu 26 Nov 07:00 UTC", "Fri 27 Nov 07:00 UTC"):
        assert f"daily: edition of {when} was missed" in listed
        assert f"edition of daily for {when} was missed" in " ".join(told.out.split())
        assert f"Edition of {when} of daily: missed\n" in told.out
    assert room("editions show 2").out.startswith("daily, edition of Wed 25 Nov 07:00 UTC, missed\n")
    assert (told.code, room(f"status --json --now {now}").json["missed"]) == (1, {"daily": missed})
    assert room("status --json --now 2026-12-06T06:00").json["missed"] == {}


@pytest.mark.all
def test_deliveries_of_the_forms_that_readers_chose_count_with_their_edition(
    room: Run, tmp_path: Path, either_store: str
) -> None:
    """The edition of a Monday, which a reader gets as the week's."""
    for address in ("ann@example.org", "bob@example.org"):
        room(f"subscribers add {address} --now 2026-11-23T08:00")
    store = open_store(either_store)
    with store.write() as connection:
        preference_store.save_preferences(
            connection, 1, selection="", cadence="weekly", hour=None, time_zone="", paused_until=None
        )
    store.dispose()
    write(tmp_path, "snow", "2026-11-29T12:00:00Z")
    for command in ("ingest", "stories", "publish", "edition", "deliver"):
        room(f"{command} --now 2026-11-30T07:00")
    (edition,) = (one for one in room("editions list --json").json["editions"] if one["state"] == "cut")
    assert edition["sent"] == "2/2"
    assert "Edition of Mon 30 Nov 07:00 UTC of daily: " in (told := room("status --now 2026-11-30T07:00").out)
    assert "(2 sent)" in told
    shown = room("editions show --json", str(edition["id"])).json
    assert shown["deliveries"] == {"sent": 2}
    assert [(form["chosen"], form["deliveries"]) for form in shown["forms"]] == [("weekly", {"sent": 1})]
    text = room("editions show", str(edition["id"])).out
    assert "(weekly): variant, 2 items, 1 sent" in text
    assert "Deliveries, variants included: 2 sent" in text
