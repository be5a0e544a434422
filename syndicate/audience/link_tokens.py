"""Tokens of signed links: a short text in a URL that identifies a row for a single purpose.

A token is the row's id and the first 128 bits of an HMAC-SHA256 over purpose and id, in base64url: 32
characters that need no escaping. Without the secret it cannot be forged, and it is invalid for any other
purpose.
"""

import base64
import hashlib
import hmac
import re
from typing import Final

UNSUBSCRIBE: Final = "unsubscribe"
"""For the links in every mail, to unsubscribe and to choose; the id is the subscription's."""
CONFIRM: Final = "confirm"
"""For the confirmation mail; the id is the delivery's."""

SEARCH: Final = "saved search"
"""For the mails of a saved search, to end it; the id is the search's."""

SEARCH_FEED: Final = "feed of a saved search"
"""For the private feed of a saved search; the id is the search's."""
FEED: Final = "feed"
"""For a private feed; the id is the subscriber's."""

_SHAPE = re.compile(r"[A-Za-z0-9_-]{32}", re.ASCII)
_NUMBER_BYTES = 8
_MAC_BYTES = 16


def unsubscribe_token(secret: bytes, subscription_id: int) -> str:
    """Return the token of a subscription's unsubscribe link, the same every time."""
    return make_token(secret, subscription_id, UNSUBSCRIBE)


def make_token(secret: bytes, number: int, purpose: str) -> str:
    """Return the token of a row and a purpose, the same every time."""
    raw = number.to_bytes(_NUMBER_BYTES, "big")
    return base64.urlsafe_b64encode(raw + _mac(secret, raw, purpose)).decode("ascii")


def feed_token(secret: bytes, subscriber_id: int, revision: int) -> str:
    """Return the token in the address of a private feed; each ``revision`` has another address."""
    return make_token(secret, subscriber_id, f"{FEED} {revision}")


def read_feed_token(secret: bytes, token: str, revision: int) -> int | None:
    """Return the id of the subscriber whose private feed has this token and revision, or ``None``."""
    return read_token(secret, token, f"{FEED} {revision}")


def hash_token(token: str, address_key: str, newsletter: str) -> str:
    """Return the hash that is stored of a single-use token, bound to a mailbox and a newsletter."""
    return hashlib.sha256("\x00".join((token, address_key, newsletter)).encode()).hexdigest()


def read_token(secret: bytes, token: str, purpose: str = UNSUBSCRIBE) -> int | None:
    """Verify a token in constant time and return its id, ``None`` for another signature or purpose."""
    number = claimed_number(token)
    if number is None:
        return None
    raw = base64.urlsafe_b64decode(token)
    expected = _mac(secret, raw[:_NUMBER_BYTES], purpose)
    return number if hmac.compare_digest(raw[_NUMBER_BYTES:], expected) else None


def claimed_number(token: str) -> int | None:
    """Return the unverified id in a token, ``None`` for a malformed token."""
    if _SHAPE.fullmatch(token) is None:
        return None
    number = int.from_bytes(base64.urlsafe_b64decode(token)[:_NUMBER_BYTES], "big")
    return number if number < 2**63 else None


def _mac(secret: bytes, number: bytes, purpose: str) -> bytes:
    message = b"syndicate token\x00" + purpose.encode() + b"\x00" + number
    return hmac.digest(secret, message, "sha256")[:_MAC_BYTES]
