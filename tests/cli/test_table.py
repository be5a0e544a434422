"""Tables and numbers as people read them."""

import pytest

from syndicate.cli.output import table
from syndicate.text.phrases import listed_counts, plural


def test_a_long_reason_is_wrapped_and_not_cut(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("COLUMNS", "40")
    rows = [(7, "failed", "The server answered 550 no such user"), (12, "sent", "")]

    table(("id", "state", "said"), rows, right=(0,))

    assert capsys.readouterr().out.splitlines() == [
        "id  state   said",
        " 7  failed  The server answered 550 no",
        "            such user",
        "12  sent",
    ]


def test_an_address_is_not_broken(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("COLUMNS", "30")
    address = "https://harbour.example/rss/world-news.xml"

    table(("name", "url"), [("The Harbour", address)])

    assert capsys.readouterr().out.splitlines() == ["name         url", f"The Harbour  {address}"]


def test_other_columns_that_are_too_long_end_in_an_ellipsis(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("COLUMNS", "30")

    table(("address", "attempts"), [("somebody.with.a.long.name@example.com", 1)], right=(1,))

    assert capsys.readouterr().out.splitlines()[1] == "somebody.with.a.lon…         1"


@pytest.mark.parametrize(
    ("count", "noun", "said"),
    [
        (1, "source", "1 source"),
        (2, "source", "2 sources"),
        (1, "story", "1 story"),
        (0, "delivery", "0 deliveries"),
        (2, "day", "2 days"),
        (3, "address", "3 addresses"),
        (294, "person", "294 people"),
        (1200, "article", "1,200 articles"),
    ],
)
def test_nouns_follow_their_number(count: int, noun: str, said: str) -> None:
    assert plural(count, noun) == said


def test_a_single_thing_is_listed_in_the_singular() -> None:
    assert listed_counts({"pages": 1, "new_stories": 1, "new": 2}) == "1 page, 1 new story, 2 new"
