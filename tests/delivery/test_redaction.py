"""A password that a server repeats, spelt and cut in any way, is not in what is shown of its words."""

import base64

from hypothesis import given
from hypothesis import strategies as st

from syndicate.delivery.redaction import Redactor

# No letter of these is in the words around them.
_SECRET = "0123456789$%^GJKQWXZ"
_WORDS = "you said"


def _pieces(text: str) -> set[str]:
    return {text[start : start + 4] for start in range(len(text) - 3)}


@given(
    user=st.text(st.characters(min_codepoint=33, max_codepoint=126), max_size=12),
    password=st.text(st.sampled_from(_SECRET), min_size=4, max_size=24),
    start=st.integers(0, 60),
    length=st.integers(4, 80),
    spelling=st.sampled_from(["raw", "plain", "login", "behind other bytes"]),
    upper=st.booleans(),
)
def test_no_piece_of_it_is_left(
    user: str, password: str, start: int, length: int, spelling: str, upper: bool
) -> None:
    sent = {
        "raw": password.encode(),
        "plain": base64.b64encode(f"\0{user}\0{password}".encode()),
        "login": base64.b64encode(password.encode()),
        "behind other bytes": base64.b64encode(b"x" + password.encode()),
    }[spelling]
    echo = sent.decode("ascii").rstrip("=")[start:][:length]
    shown = Redactor(user, password)(f"{_WORDS}: {echo.upper() if upper else echo}, {_WORDS}")
    if spelling != "behind other bytes":
        assert not _pieces(echo.lower()) & _pieces(shown.lower())
    assert password.lower() not in shown.lower()
    assert shown.startswith("you s")


def test_words_that_hold_no_password_stay_as_they_are() -> None:
    said = "5.7.8 Username and Password not accepted, see https://mail.example/help?p=BadCredentials"
    assert Redactor("jo@example.org", "h4nter2-Geheim")(said) == said
    assert Redactor("jo", "")(said) == said
