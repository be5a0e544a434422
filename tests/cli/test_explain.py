"""The ``explain`` command: an article, its lists, its newsletters and its channels."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from tests.cli.conftest import SEVEN, Run


@pytest.mark.all
def test_explain_finds_an_article_by_its_words(edition: Run) -> None:
    found = edition(f"explain --json --now {SEVEN}", "lighthouse becomes").json
    assert found["article"]["title"] == "The lighthouse becomes a library"
    assert found["story"]["coverage"] == 1
    assert found["ranks"]["top"]["position"] >= 1
    assert "Top: place" in edition("explain snow").out
    assert "that matches" not in edition("explain snow").out
    ended = edition("explain", "no such thing")
    assert (ended.code, "article matches" in ended.err) == (1, True)


def test_explain_says_why_an_article_is_in_no_list(run: Run) -> None:
    Path("config.toml").write_text('[[sources]]\nname = "Desk"\nurl = "articles"\n', "utf-8")
    Path("articles").mkdir()
    Path("articles/about.md").write_text("---\ntitle: About us\n---\nWho we are.\n", "utf-8")
    run("ingest")
    assert "It has no story yet" in run("explain about").out
    run("stories")
    placed = run("explain about").out
    assert ("no story yet" in placed, "Top: not in the list, because its date is unknown" in placed) == (
        False,
        True,
    )


def test_explain_tells_on_the_operators_clock_when_stories_moved(
    edition: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = edition("explain --json snow").json
    columns = {
        "kind": "merged", "from_story": 0, "to_story": found["story"]["id"], "articles": 1, "similarity": 0.5,
        "article_id": found["article"]["id"], "threshold": 0.3, "moved": 1_795_500_000_000_000,
    }  # fmt: skip
    with closing(sqlite3.connect("syndicate.db")) as connection, connection:
        values = ", ".join(f":{name}" for name in columns)
        connection.execute(f"INSERT INTO story_moves ({', '.join(columns)}) VALUES ({values})", columns)
    monkeypatch.setenv("SYNDICATE_SITE__TIME_ZONE", "Asia/Tokyo")
    assert "Tue 24 Nov 15:00 JST: story 0 (1 article) was merged into it" in edition("explain snow").out


def test_explain_names_the_other_articles_that_its_words_match(edition: Run) -> None:
    said = edition("explain the").out
    assert said.startswith("A student wins the chess title\n")
    other = "id {}, 23 Nov 2026: Snow comes early to the pass"
    found = edition("explain --json the").json
    assert found["others"][0]["title"] == "Snow comes early to the pass"
    assert other.format(found["others"][0]["id"]) in said


def test_explain_says_what_became_of_an_article_in_each_newsletter(edition: Run) -> None:
    (one,) = edition(f"explain --json --now {SEVEN} snow").json["newsletters"]
    assert (one["newsletter"], one["outcome"]) == ("daily", "told")
    assert f"daily: {one['text']}" in " ".join(edition(f"explain --now {SEVEN} snow").out.split())


def test_explain_answers_for_a_channel(edition: Run) -> None:
    edition(f"publish --now {SEVEN}")
    carried = edition(f"explain --channel news --json --now {SEVEN} snow").json
    assert (carried["channel"], carried["in_channel"], carried["reasons"]) == ("news", True, [])
    assert "in channel news" in edition(f"explain --channel news --now {SEVEN} snow").out
    assert edition(f"explain --channel nothing --now {SEVEN} snow").code == 2


def test_explain_names_the_marks_after_the_scores_and_decisions_that_wait(edition: Run) -> None:
    def top() -> list[str]:
        said = edition(f"explain --now {SEVEN} snow").out
        return [" ".join(line.split()) for line in said.split("Top: ")[1].split("\n\n")[0].splitlines()]

    def waiting(decision: str) -> str:
        return f"the next `syndicate stories` applies {decision}"

    edition(f"editor pin snow --place 2 --now {SEVEN}")
    edition(f"editor boost snow 2 --now {SEVEN}")
    assert top()[-1] == waiting("the pin and the boost")
    assert edition(f"explain --json --now {SEVEN} snow").json["pending"] == ["the pin", "the boost"]
    edition(f"stories --now {SEVEN}")
    assert [line.partition(" ")[0] for line in top()[-4:]] == ["2", "1", "72", "2"]
    assert top()[-1] == "2 place pinned by an editor"
    parts = edition(f"explain --json --now {SEVEN} snow").json["ranks"]["top"]["parts"]
    assert parts["place pinned by an editor"] == 2
    edition(f"editor undo 1 --now {SEVEN}")
    assert top()[-1] == waiting("the end of a pin")
    edition(f"editor drop snow --now {SEVEN}")
    assert top()[-1] == waiting("the drop")
