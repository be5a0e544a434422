"""Proof of work of a sign-up: a number that a browser finds by trying, and the server checks with one hash.

A challenge is signed and expires, so the server keeps no list. The work counts for a single address.
"""

import hashlib
from datetime import datetime, timedelta
from typing import Final

from syndicate.audience.link_tokens import make_token, read_token

LIFETIME: Final = timedelta(hours=1)
_PURPOSE = "sign-up work"
_CHALLENGE_LENGTH = 32
_MAX_LENGTH = 60


def make_challenge(secret: bytes, now: datetime) -> str:
    """Return a challenge of 32 characters, valid for ``LIFETIME``."""
    return make_token(secret, int((now + LIFETIME).timestamp()), _PURPOSE)


def is_proof(secret: bytes, work: str, address: str, bits: int, now: datetime) -> bool:
    """Return whether the SHA-256 of ``work``, a space and ``address`` begins with ``bits`` zero bits.

    ``work`` is a challenge followed by a number.
    """
    expires = read_token(secret, work[:_CHALLENGE_LENGTH], _PURPOSE)
    if expires is None or expires <= now.timestamp() or len(work) > _MAX_LENGTH or not work.isascii():
        return False
    found = hashlib.sha256(f"{work} {address}".encode("utf-8", "replace")).digest()
    return int.from_bytes(found, "big") >> (8 * len(found) - bits) == 0
