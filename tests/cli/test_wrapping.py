"""Sentences on a terminal and elsewhere."""

import sys

import pytest

from syndicate.cli.wrapping import say

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
