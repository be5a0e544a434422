"""``syndicate rules test`` and ``check``: what is shown, and that nothing changes."""

from pathlib import Path

import pytest

from tests.cli.conftest import Run
from tests.empty_stores import write_empty_store

NOW = "2026-11-24T07:00"
CONFIG = """
[[sources]]
name = "desk"
url = "desk"
"""
RULES = """
[[rules]]
name = "adverts"
any = ["title: sponsored"]
drop = true
[[rules]]
name = "live"
title = { find = "^LIVE: ", put = "" }
section = "ticker"
"""


@pytest.fixture
def desk(tmp_path: Path, run: Run) -> Run:
    (tmp_path / "config.toml").write_text(CONFIG + RULES)
    write_empty_store(tmp_path)
    (tmp_path / "desk").mkdir()
    for day, title in ((23, "LIVE: The pier opens"), (22, "Sponsored: buy")):
        front = f"---\ntitle: '{title}'\ndate: 2026-11-{day}T09:00:00Z\n---\n"
        (tmp_path / "desk" / f"{day}.md").write_text(front + "Text.\n")
    return run


@pytest.mark.all
def test_a_source_is_read_and_nothing_is_stored(desk):
    ended = desk(f"rules test --source desk --now {NOW}")
    assert ended.code == 0
    assert ended.out == (
        "LIVE: The pier opens (desk)\n"
        '  live: title "LIVE: The pier opens" → "The pier opens", section "" → "ticker"\n'
        "Sponsored: buy (desk)\n"
        "  adverts: dropped\n"
        "2 articles: 2 matched by rules, 1 dropped. Nothing was changed.\n"
    )
    assert desk(f"status --json --now {NOW}").json["articles"] == 0


@pytest.mark.all
def test_without_a_source_the_stored_articles_are_judged_by_their_own_titles(desk):
    assert ", 1 dropped by rules" in desk(f"ingest --now {NOW}").out
    answer = desk(f"rules test --json --now {NOW}").json
    assert answer["dropped"] == 0
    (one,) = answer["articles"]
    assert (one["title"], one["after"]["title"]) == ("LIVE: The pier opens", "The pier opens")
    assert one["hits"][0]["rule"] == "live"
    status = desk(f"status --now {NOW}")
    assert "Dropped by rules: 1 adverts" in status.out
    assert "title before rules: LIVE: The pier opens" in desk(f"explain --now {NOW} pier").out


@pytest.mark.parametrize(
    ("options", "code", "reason"),
    [
        ("--source nobody", 2, "'nobody'"),
        ("--source desk --url https://a.example/", 2, "exclude each other"),
        ("--url desk", 2, "not an http or https address"),
    ],
)
def test_what_cannot_be_read_says_so(desk, options, code, reason):
    ended = desk(f"rules test {options}")
    assert ended.code == code
    assert reason in ended.err


def test_without_rules_there_is_nothing_to_test(run, tmp_path):
    (tmp_path / "config.toml").write_text("")
    assert run("rules test").code == 3


@pytest.mark.parametrize(
    ("rules", "line", "reason"),
    [
        ('[[rules]]\nname = "a"\ndrop = true\nany = ["title: /(/"]', 4, "missing )"),
        ('[[rules]]\nname = "a"\nany = ["heading: x"]\ndrop = true', 3, "fields: title"),
        ('[[rules]]\nname = "a"\n', 1, "does nothing"),
        ('[[rules]]\nname = "a"\ndrop = true\nkeep = true', 1, "either keeps or drops"),
        ('[[rules]]\nname = "a"\ndrop = true\ntags = ["b"]', 1, "write two rules"),
        ('[[rules]]\nname = "a"\ntitle = { find = "(a)", put = "\\\\2" }', 3, "it has 1"),
        ('[[rules]]\nname = "a"\nkeep = true\n[[rules]]\nname = "a"\nkeep = true', 5, "used twice"),
        ('[[rules]]\nname = "a"\nsources = "x"\nkeep = true', 3, "is a list"),
    ],
)
def test_check_names_the_line_of_a_rule_that_is_wrong(run, tmp_path, rules, line, reason):
    (tmp_path / "config.toml").write_text(rules)
    ended = run("check")
    assert ended.code == 3
    assert f"config.toml:{line}: rules." in ended.err
    assert reason in ended.err


def test_check_notes_a_rule_for_a_source_that_is_not_declared(desk, tmp_path):
    with (tmp_path / "config.toml").open("a") as file:
        file.write('[[rules]]\nname = "a"\nsources = ["Desk"]\nkeep = true\n')
    assert "rule a is for the source 'Desk', which is not declared" in desk("check").out
