"""Templates that never end or fill the memory, through the commands that render them."""

from pathlib import Path

import pytest

from tests.cli.conftest import SEVEN, Run

pytestmark = pytest.mark.all

LOOP = "{% for a in range(99999) %}{% for b in range(99999) %}{% endfor %}{% endfor %}"
HUGE = "\n{{ site.title * 500_000_000 }}"


@pytest.fixture
def mine(room: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder of templates, each of which gets two seconds."""
    monkeypatch.setattr("syndicate.workers.rendering.TIME_LIMIT", 2)
    with (tmp_path / "config.toml").open("a", encoding="utf-8") as config:
        config.write('[templates]\nfolder = "mine"\n')
    (tmp_path / "mine" / "pages").mkdir(parents=True)
    (tmp_path / "mine" / "mail").mkdir()
    return tmp_path / "mine"


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("pages/article.html", LOOP, "pages/article.html, line 1 did not finish within 2 s"),
        ("pages/problem.html", LOOP, "pages/problem.html, line 1 did not finish within 2 s"),
        ("mail/digest.txt", HUGE, "mail/digest.txt, line 2 needs more than 384 MB of memory"),
        ("mail/confirm.txt", LOOP, "mail/confirm.txt, line 1 did not finish within 2 s"),
    ],
)
def test_check_says_which_template_never_ends_or_fills_the_memory(
    room: Run, mine: Path, name: str, text: str, said: str
) -> None:
    (mine / name).write_text(text, "utf-8")
    ended = room("check")
    assert ended.code == 3
    assert said in ended.err


@pytest.mark.usefixtures("either_store")
def test_preview_leaves_out_a_story_and_ends_over_a_template_that_never_does(room: Run, mine: Path) -> None:
    for stage in ("ingest", "stories", "publish"):
        assert room(f"{stage} --now {SEVEN}").code == 0
    one_fails = '{% include "!builtin/mail/digest.txt" %}{% if stories|length > 1 %}{{ nope }}{% endif %}'
    (mine / "mail" / "digest.txt").write_text(one_fails, "utf-8")
    shown = room("preview daily --now 2026-11-24T06:59")
    assert shown.code == 0
    assert "was left out, because the template fails with it" in " ".join(shown.err.split())
    (mine / "mail" / "digest.txt").write_text(LOOP, "utf-8")
    ended = room("preview daily --now 2026-11-24T06:59")
    assert ended.code == 1
    assert "mail/digest.txt" in ended.err
    assert "did not finish" in ended.err


@pytest.mark.usefixtures("either_store")
def test_edition_and_status_say_what_was_left_out(room: Run, mine: Path) -> None:
    for stage in ("ingest", "stories", "publish"):
        assert room(f"{stage} --now {SEVEN}").code == 0
    one_fails = '{% include "!builtin/mail/digest.txt" %}{% if stories|length > 1 %}{{ nope }}{% endif %}'
    (mine / "mail" / "digest.txt").write_text(one_fails, "utf-8")
    (cut,) = room(f"edition --json --now {SEVEN}").json["editions"]
    assert (cut["outcome"], cut["stories"]) == ("cut", 1)
    assert "because the template fails with it" in cut["trimmed"][0]
    changes = room(f"editions show --json {cut['edition']}").json["changes"]
    assert [(one["by"], one["action"]) for one in changes] == [("syndicate", "trim")]
    assert "because the template fails" in changes[0]["detail"]
    status = room(f"status --json --now {SEVEN}").json
    assert "story" in [one["kind"] for one in status["quarantine"]]
    assert any("left out of the edition" in problem for problem in status["problems"])
