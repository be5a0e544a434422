"""Removal of a password from the words of a server, which may repeat what it was sent."""

import base64
from urllib.parse import quote

# Length of the pieces of a password that are removed. Shorter pieces occur in any sentence and say little.
_PIECE = 4
_GAP = "…"


class Redactor:
    """Callable that replaces each piece of a password by ``…``, also one that the server cut or upper-cased.

    Knows the password as it is, in the base64 of AUTH PLAIN and AUTH LOGIN (and of any text that ends in the
    password), with quotes escaped as IMAP does, percent-encoded, and in hexadecimal digits.
    """

    def __init__(self, username: str, password: str) -> None:
        spellings = [text for text in _spellings(username, password) if len(text) >= _PIECE]
        self._pieces = {
            text[start : start + _PIECE].lower()
            for text in spellings
            for start in range(len(text) - _PIECE + 1)
        }
        self._short = password.lower() if len(password) < _PIECE else ""

    def __call__(self, text: str) -> str:
        """Return the text without the password."""
        # Letters of which lower case is longer would move what follows.
        lower = "".join(letter.lower() if len(letter.lower()) == 1 else letter for letter in text)
        hidden = [False] * len(text)
        for start in range(len(text)):
            if lower[start : start + _PIECE] in self._pieces:
                hidden[start : start + _PIECE] = [True] * _PIECE
            elif self._short and lower.startswith(self._short, start):
                hidden[start : start + len(self._short)] = [True] * len(self._short)
        return "".join(
            _GAP if here else letter
            for letter, here, before in zip(text, hidden, [False, *hidden], strict=False)
            if not (here and before)
        )


def _spellings(username: str, password: str) -> list[str]:
    if not password:
        return []
    user, secret = username.encode(), password.encode()
    # The three alignments of base64, and the whole lines, whose beginning holds the user name.
    plain = [b"\0" * offset + secret for offset in range(3)]
    plain += [b"\0" + user + b"\0" + secret, user + b"\0" + user + b"\0" + secret]
    encoded = [base64.b64encode(text).decode("ascii").rstrip("=") for text in plain]
    # Filler before the secret is no part of it.
    encoded[1:3] = [encoded[1][2:], encoded[2][3:]]
    quoted = password.replace("\\", "\\\\").replace('"', '\\"')
    return [password, quoted, quote(password, safe=""), secret.hex(), *encoded]
