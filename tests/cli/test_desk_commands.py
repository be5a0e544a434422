"""Lint and the editor's desk as an editor uses them."""

from pathlib import Path

import pytest

from tests.cli.conftest import Run
from tests.empty_stores import write_empty_store

SEVEN = "2026-11-24T07:00"
CONFIG = """
[site]
url = "https://news.example"
[templates]
folder = "mine"
[[sources]]
name = "desk"
url = "desk"
own = true
[[newsletters]]
name = "daily"
title = "The digest"
schedule = "daily 07:00"
approval = "2h"
[mail]
from = "The Newsroom <news@example.com>"
address = "1 Pier Road, Harbour Town"
"""


@pytest.fixture
def office(tmp_path: Path, run: Run) -> Run:
    """A newsroom with two articles of its own, read and placed but not published."""
    (tmp_path / "config.toml").write_text(CONFIG, "utf-8")
    write_empty_store(tmp_path)
    for folder in ("desk", "mine"):
        (tmp_path / folder).mkdir()
    for number, title in enumerate(("The lighthouse becomes a library", "Snow comes early to the pass")):
        front = f"---\ntitle: {title}\ndate: 2026-11-23T1{number}:00:00Z\n---\n\n"
        (tmp_path / "desk" / f"{number}.md").write_text(f"{front}{title} and so on.\n", "utf-8")
    run("status --now 2026-11-20T12:00")
    for command in ("ingest", "stories"):
        assert run(f"{command} --now {SEVEN}").code == 0
    return run


@pytest.mark.all
def test_lint_names_the_article_whose_page_is_not_published(office: Run) -> None:
    ended = office(f"lint daily --now {SEVEN}")
    assert ended.code == 0
    early = office("lint daily --now 2026-11-24T06:00")
    assert early.code == 1
    assert '"Snow comes early to the pass": The link https://news.example/site/' in early.out
    stopped = office(f"edition --json --now {SEVEN}")
    assert (stopped.code, stopped.json["editions"][0]["outcome"]) == (1, "failed")
    office(f"publish --now {SEVEN}")
    assert office("lint daily --now 2026-11-24T06:00").code == 0
    assert office(f"edition --json --now {SEVEN}").json["editions"][0]["outcome"] == "waiting"
    assert "(waiting for approval, see `syndicate editions list`)" in office(f"status --now {SEVEN}").out


@pytest.mark.all
def test_lint_names_the_template_line_and_stops_the_edition(office: Run, tmp_path: Path) -> None:
    (tmp_path / "mine" / "mail").mkdir()
    (tmp_path / "mine" / "mail" / "digest.html").write_text(
        '{% extends "!builtin/mail/digest.html" %}\n{% block masthead %}<form></form>{% endblock %}\n'
    )
    office(f"publish --now {SEVEN}")
    answer = office(f"lint --json --now {SEVEN}").json["linted"]["daily"]["findings"]
    assert [one["place"] for one in answer if one["rule"] == "M9"] == ["mail/digest.html, line 2"]
    assert office(f"edition --now {SEVEN}").code == 1
    assert office("lint nobody").code == 2


@pytest.mark.all
def test_check_renders_the_page_templates(office: Run, tmp_path: Path) -> None:
    (tmp_path / "mine" / "pages").mkdir()
    (tmp_path / "mine" / "pages" / "listing.html").write_text("\n{{ nobody }}")
    ended = office(f"check --now {SEVEN}")
    assert (ended.code, "pages/listing.html, line 2: 'nobody' is undefined" in ended.err) == (3, True)


def test_an_editor_works_on_an_edition_and_lets_it_go(office: Run) -> None:
    office("subscribers add ann@example.org --newsletter daily")
    office(f"publish --now {SEVEN}")
    number = str(office(f"edition --json --now {SEVEN}").json["editions"][0]["edition"])
    assert "waiting" in office("editions list").out
    assert office("editions pin --by ann", number, "2").code == 0
    assert office("editions retitle --by ann", number, "0", "What snow does").code == 0
    assert office("editions note --by bob", number, "Good morning.").code == 0
    assert office("editions drop --by bob", number, "2").code == 0
    refused = office("editions drop", number, "1")
    assert (refused.code, "an edition needs a story" in refused.err) == (1, True)
    shown = office("editions show --json", number).json
    assert (shown["subject"], shown["note"], len(shown["stories"])) == ("What snow does", "Good morning.", 1)
    assert [(one["by"], one["action"]) for one in shown["changes"]] == [
        ("ann", "move"),
        ("ann", "retitle"),
        ("bob", "note"),
        ("bob", "drop"),
    ]
    assert office(f"lint --edition {number}").code == 0
    assert office("editions hold", number).code == 0
    assert office(f"editions approve --now {SEVEN}", number).code == 0
    assert "cut" in office("editions show", number).out
    assert office("editions show --json", number).json["figures"]["recipients"] == 1
    assert "Figures: 1 recipient, 1 waiting" in office("editions show", number).out
    assert office("editions list --json").json["editions"][0]["bounced"] == 0
    assert office("editions approve", "99").code == 1


@pytest.mark.all
def test_the_next_edition_is_told_on_the_clock_of_its_schedule(
    office: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SYNDICATE_SITE__TIME_ZONE", "Europe/Berlin")
    assert "Next daily: Wed 25 Nov 07:00 CET" in office(f"status --now {SEVEN}").out
    assert "Wed 25 Nov 07:00 CET" in office(f"newsletters list --now {SEVEN}").out
    six = "2026-11-24T06:00"
    office(f"publish --now {six}")
    number = str(office(f"edition --json --now {six}").json["editions"][0]["edition"])
    office(f"editions hold --now {six}", number)
    assert "  24 Nov 07:00 CET  " in office("editions list").out
    assert office("editions list --json").json["editions"][0]["period end (UTC)"] == "2026-11-24 06:00"
    assert "Tue 24 Nov 07:00 CET  " in office("editions show", number).out


@pytest.mark.all
def test_a_newsletter_is_paused_shown_as_such_and_resumed(office: Run) -> None:
    listed = office(f"newsletters list --json --now {SEVEN}").json["newsletters"]
    assert [(one["name"], one["paused"], one["subscribers"]) for one in listed] == [("daily", False, 0)]
    assert office("newsletters pause daily").out == "daily is paused.\n"
    again = office("newsletters pause daily --json")
    assert (again.code, again.json["changed"]) == (0, False)
    assert "paused" in office("newsletters list").out
    status = office(f"status --now {SEVEN}")
    assert "Next daily: paused" in status.out
    facts = office(f"status --json --now {SEVEN}").json
    assert (facts["next_editions"], facts["paused_newsletters"]) == ({}, ["daily"])
    office(f"publish --now {SEVEN}")
    named = office(f"edition daily --json --now {SEVEN}")
    assert (named.code, named.json["editions"][0]["outcome"]) == (0, "paused")
    assert office(f"newsletters resume daily --now {SEVEN}").out == "daily is running again.\n"
    assert "Next daily: Wed 25 Nov 07:00 UTC" in office(f"status --now {SEVEN}").out
    assert office("newsletters pause nobody").code == 2


def test_lint_takes_newsletters_or_an_edition_and_says_so(office: Run) -> None:
    ended = office("lint daily --edition 1")
    assert (ended.code, "not both" in ended.err) == (2, True)
