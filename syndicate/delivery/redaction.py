"""Removal of a password from the replies of a server, which may repeat the client's commands."""

import base64
from urllib.parse import quote

# Characters of a password that are removed where they occur together; fewer occur in any sentence.
_PIECE_LENGTH = 4
_REPLACEMENT = "…"


class Redactor:
    """Callable that replaces each piece of a password by ``…``, also when the server cut or upper-cased it.

    It knows the plain password, the base64 of AUTH PLAIN and AUTH LOGIN (and of any text that ends in the
    password), IMAP's escaped quotes, percent-encoding, and hexadecimal digits.
    """

    def __init__(self, username: str, password: str) -> None:
        spellings = [text for text in _spellings(username, password) if len(text) >= _PIECE_LENGTH]
        self._pieces = {
            text[start : start + _PIECE_LENGTH].lower()
            for text in spellings
            for start in range(len(text) - _PIECE_LENGTH + 1)
        }
        self._short = password.lower() if len(password) < _PIECE_LENGTH else ""

    def __call__(self, text: str) -> str:
        """Return the text without the password."""
        # Letters with a longer lower case would shift the positions of the text after them.
        lower = "".join(letter.lower() if len(letter.lower()) == 1 else letter for letter in text)
        hidden = [False] * len(text)
        for start in range(len(text)):
            if lower[start : start + _PIECE_LENGTH] in self._pieces:
                hidden[start : start + _PIECE_LENGTH] = [True] * _PIECE_LENGTH
            elif self._short and lower.startswith(self._short, start):
                hidden[start : start + len(self._short)] = [True] * len(self._short)
        return "".join(
            _REPLACEMENT if here else letter
            for letter, here, before in zip(text, hidden, [False, *hidden], strict=False)
            if not (here and before)
        )


def _spellings(username: str, password: str) -> list[str]:
    if not password:
        return []
    user, secret = username.encode(), password.encode()
    # The three alignments of base64, and whole lines that begin with the user name.
    plain = [b"\0" * offset + secret for offset in range(3)]
    plain += [b"\0" + user + b"\0" + secret, user + b"\0" + user + b"\0" + secret]
    encoded = [base64.b64encode(text).decode("ascii").rstrip("=") for text in plain]
    # Without the padding before the secret.
    encoded[1:3] = [encoded[1][2:], encoded[2][3:]]
    quoted = password.replace("\\", "\\\\").replace('"', '\\"')
    return [password, quoted, quote(password, safe=""), secret.hex(), *encoded]
