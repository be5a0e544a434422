"""``newsletters form``: a sign-up form for a page of another site."""

from pathlib import Path

import pytest

from syndicate.jobs.audience.sign_up_job import TRAPPED
from syndicate.store import open_store
from syndicate.store.leases import leases
from tests.cli.conftest import CONFIG, Run
from tests.empty_stores import write_empty_store

WEEKLY = """
[[newsletters]]
name = "week"
title = "The <Week>"
schedule = "weekly monday 07:00"
[[fields]]
name = "city"
type = "text"
sign_up = true
[[fields]]
name = "notes"
type = "text"
"""
SIGN_UP = """
[sign_up]
enabled = true
consent = "I want <it>."
"""


@pytest.fixture
def newsroom(run: Run, tmp_path: Path) -> Run:
    (tmp_path / "desk").mkdir()
    (tmp_path / "config.toml").write_text(CONFIG + WEEKLY + SIGN_UP)
    write_empty_store(tmp_path)
    return run


def test_the_form_has_all_that_the_sign_up_page_takes_and_no_script(newsroom: Run) -> None:
    made = newsroom("newsletters form daily week --source a<b --next https://www.example.org/thanks")
    assert made.code == 0
    assert 'action="https://news.example/subscribe"' in made.out
    assert made.out.count('name="newsletter"') == 2
    assert "Every day at 07:00" in made.out
    assert "The &lt;Week&gt;" in made.out
    assert "I want &lt;it&gt;." in made.out
    assert 'value="a&lt;b"' in made.out
    assert 'name="next" value="https://www.example.org/thanks"' in made.out
    assert 'name="field.city"' in made.out
    assert "field.notes" not in made.out
    assert "<script" not in made.out
    assert "origins does not name the other site" in made.err


def test_without_a_setting_readers_agree_in_the_language_of_the_site(newsroom: Run, tmp_path: Path) -> None:
    config = CONFIG + SIGN_UP.replace('consent = "I want <it>."', "")
    (tmp_path / "config.toml").write_text(config)
    assert "I can leave at any time" in newsroom("newsletters form daily").out
    (tmp_path / "config.toml").write_text(config.replace("[site]", '[site]\nlanguage = "de-AT"'))
    assert "Ich kann ihn jederzeit" in newsroom("newsletters form daily").out


def test_a_form_of_one_newsletter_has_no_choice_of_newsletters(newsroom: Run) -> None:
    made = newsroom("newsletters form week").out
    assert '<input type="hidden" name="newsletter" value="week">' in made
    assert "<fieldset>" not in made


def test_a_form_needs_the_sign_up_page_and_a_known_newsletter(newsroom: Run, tmp_path: Path) -> None:
    assert newsroom("newsletters form nowhere").code == 2
    assert newsroom("newsletters form").code == 2
    (tmp_path / "config.toml").write_text(CONFIG)
    refused = newsroom("newsletters form daily")
    assert (refused.code, "[sign_up] enabled" in refused.err) == (3, True)


def test_requests_of_programs_are_counted_in_the_list(newsroom: Run, tmp_path: Path) -> None:
    assert newsroom("newsletters list --json").json["trapped_sign_ups"] == 0
    store = open_store(f"sqlite:///{tmp_path / 'syndicate.db'}")
    with store.write() as connection:
        leases.increment_counter(connection, TRAPPED, by=3)
    store.dispose()
    assert newsroom("newsletters list --json").json["trapped_sign_ups"] == 3
    assert "Ignored sign-ups of programs: 3" in newsroom("newsletters list").out


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ('origins = ["www.example.org"]', "is not an origin"),
        ('origins = ["https://www.example.org/a"]', "is not an origin"),
        ('origins = ["*"]', "is not an origin"),
        ("origins = [\"https://www.example.org; script-src *\"]", "is not an origin"),
        ("proof_of_work = 25", "sign_up.proof_of_work"),
    ],
)  # fmt: skip
def test_a_wrong_setting_is_named(newsroom: Run, tmp_path: Path, line: str, said: str) -> None:
    (tmp_path / "config.toml").write_text(CONFIG + SIGN_UP + line)
    refused = newsroom("newsletters list")
    assert (refused.code, said in refused.err) == (3, True)


def test_an_origin_is_compared_as_browsers_write_it(newsroom: Run, tmp_path: Path) -> None:
    (tmp_path / "config.toml").write_text(CONFIG + SIGN_UP + 'origins = ["https://WWW.Example.org:443/"]')
    assert newsroom("newsletters form daily").err == ""
