"""Sentences on a terminal and elsewhere."""

import sys

import pytest

from syndicate.cli.output import say
from tests.cli.conftest import Run

BEFORE = "2026-11-24T06:30"

LONG = "  - source Gone failed: https://harbour.example/a/long/address.xml answered 404: nothing there"


def test_a_terminal_gets_lines_wrapped_between_words_and_addresses_whole(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("COLUMNS", "48")
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)

    say(LONG)

    assert capsys.readouterr().out.splitlines() == [
        "  - source Gone failed:",
        "    https://harbour.example/a/long/address.xml",
        "    answered 404: nothing there",
    ]


def test_a_file_or_a_pipe_gets_each_line_as_it_is(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("COLUMNS", "48")

    say(LONG, err=True)

    assert capsys.readouterr().err == LONG + "\n"


@pytest.mark.all
def test_what_lint_and_send_say_fits_the_terminal(room: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    room(f"ingest --now {BEFORE}")
    room(f"stories --now {BEFORE}")
    monkeypatch.setenv("COLUMNS", "40")
    monkeypatch.setattr("syndicate.cli.output.sys.stdout.isatty", lambda: True, raising=False)
    said = room(f"lint --now {BEFORE}").out + room(f"send --test ann@example.org --now {BEFORE}").out
    assert "Sent to ann@example.org" in said
    assert 'error [M7] article 1 "A student\n  wins the chess title": The link\n' in said
    assert all(len(line) <= 40 or line.startswith("  https://") for line in said.splitlines())
