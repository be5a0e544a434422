import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from syndicate.audience.link_tokens import UNSUBSCRIBE, read_token, unsubscribe_token

SECRET = b"s" * 32
IDS = st.integers(0, 2**63 - 1)


@given(IDS)
def test_WF7_a_token_reads_back_and_needs_no_escaping(number: int) -> None:
    token = unsubscribe_token(SECRET, number)
    assert re.fullmatch("[A-Za-z0-9_-]{32}", token)
    assert read_token(SECRET, token, UNSUBSCRIBE) == number


def test_a_token_is_the_same_every_time_and_another_for_every_reader() -> None:
    assert unsubscribe_token(SECRET, 7) == unsubscribe_token(SECRET, 7)
    assert len({unsubscribe_token(SECRET, number) for number in range(100)}) == 100


@given(IDS, st.integers(0, 31), st.sampled_from("ABCxyz019_-"))
def test_WF7_one_changed_character_makes_a_token_worthless(number: int, place: int, letter: str) -> None:
    token = unsubscribe_token(SECRET, number)
    changed = token[:place] + letter + token[place + 1 :]
    assert changed == token or read_token(SECRET, changed, UNSUBSCRIBE) is None


def test_a_token_is_worth_nothing_for_another_purpose_or_secret() -> None:
    token = unsubscribe_token(SECRET, 7)
    assert read_token(SECRET, token, "confirm") is None
    assert read_token(b"t" * 32, token, UNSUBSCRIBE) is None


@pytest.mark.parametrize(
    "text",
    [
        "",
        "x",
        "A" * 31,
        "A" * 33,
        "A" * 31 + "=",
        "A" * 31 + "/",
        "A" * 31 + "\n",
        "А" * 32,
        " " + "A" * 31,
        "٣" * 32,
        "A" * 1_000_000,
        "\ud800" * 32,
    ],
)
def test_WF7_what_is_no_token_is_nobody(text: str) -> None:
    assert read_token(SECRET, text, UNSUBSCRIBE) is None
