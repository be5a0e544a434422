"""Signed links: a short text in a URL that stands for one row and one purpose.

The token is the row number and the first 128 bits of an HMAC-SHA256 over purpose and number, in
base64url: 32 characters that need no escaping anywhere and hold nothing about the reader. Nobody
without the secret can make one, and a token for one purpose is worth nothing for another.
"""

import base64
import hashlib
import hmac
import re
from typing import Final

UNSUBSCRIBE: Final = "unsubscribe"
"""For the links in every mail: to leave, and to choose what comes."""
CONFIRM: Final = "confirm"
"""For the mail that asks for confirmation; the number is that of the delivery."""

FEED: Final = "feed"
"""For a reader's private feed; the number is that of the subscriber."""

_SHAPE = re.compile(r"[A-Za-z0-9_-]{32}", re.ASCII)
_NUMBER_BYTES = 8
_MAC_BYTES = 16


def unsubscribe_token(secret: bytes, subscription_id: int) -> str:
    """The token of the unsubscribe link of one subscription; the same every time."""
    return make_token(secret, subscription_id, UNSUBSCRIBE)


def make_token(secret: bytes, number: int, purpose: str) -> str:
    """The token that stands for a row and one purpose; the same every time."""
    raw = number.to_bytes(_NUMBER_BYTES, "big")
    return base64.urlsafe_b64encode(raw + _mac(secret, raw, purpose)).decode("ascii")


def feed_token(secret: bytes, subscriber_id: int, revision: int) -> str:
    """The token in the address of a private feed; another ``revision`` is another address."""
    return make_token(secret, subscriber_id, f"{FEED} {revision}")


def read_feed_token(secret: bytes, token: str, revision: int) -> int | None:
    """The subscriber whose private feed has this token at this revision, or ``None``."""
    return read_token(secret, token, f"{FEED} {revision}")


def token_hash(token: str, address_key: str, newsletter: str) -> str:
    """Return what is stored of a single-use token: it belongs to one mailbox and one newsletter."""
    return hashlib.sha256("\x00".join((token, address_key, newsletter)).encode()).hexdigest()


def read_token(secret: bytes, token: str, purpose: str = UNSUBSCRIBE) -> int | None:
    """The subscription a token stands for, or ``None`` when it is not ours or not for this purpose.

    Takes the same time whichever bytes of the signature are wrong.
    """
    number = claimed_number(token)
    if number is None:
        return None
    raw = base64.urlsafe_b64decode(token)
    mine = _mac(secret, raw[:_NUMBER_BYTES], purpose)
    return number if hmac.compare_digest(raw[_NUMBER_BYTES:], mine) else None


def claimed_number(token: str) -> int | None:
    """The number that a text of a token's shape names, before anything of it is believed."""
    if _SHAPE.fullmatch(token) is None:
        return None
    number = int.from_bytes(base64.urlsafe_b64decode(token)[:_NUMBER_BYTES], "big")
    return number if number < 2**63 else None


def _mac(secret: bytes, number: bytes, purpose: str) -> bytes:
    message = b"syndicate token\x00" + purpose.encode() + b"\x00" + number
    return hmac.digest(secret, message, "sha256")[:_MAC_BYTES]
