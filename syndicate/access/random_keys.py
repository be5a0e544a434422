"""Random keys of 256 bits: session ids, one-time keys and API tokens. The store keeps only their hashes."""

import re
import secrets
from hashlib import sha256

TOKEN_PREFIX = "syn_"  # noqa: S105 the beginning of each token
BEGINNING = 8
"""Characters of a token that lists show."""
_TOKEN = re.compile(rf"{TOKEN_PREFIX}[A-Za-z0-9_-]{{43}}")


def new_key() -> str:
    """Return a random key of 43 characters for an address, a cookie or a form."""
    return secrets.token_urlsafe(32)


def new_token() -> str:
    """Return a random API token."""
    return TOKEN_PREFIX + new_key()


def is_token(text: str) -> bool:
    """Return whether a text has the form of an API token."""
    return _TOKEN.fullmatch(text) is not None


def hash_key(key: str) -> str:
    """Return the SHA-256 of a key; no salt, because a random key cannot be guessed."""
    return sha256(key.encode()).hexdigest()
