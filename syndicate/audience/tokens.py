"""Signed links: a short text in a URL that stands for one subscription and one purpose.

The token is the row number and the first 128 bits of an HMAC-SHA256 over purpose and number, in
base64url: 32 characters that need no escaping anywhere and hold nothing about the reader. Nobody
without the secret can make one, and a token for one purpose is worth nothing for another.
"""

import base64
import hmac
import re
from typing import Final

UNSUBSCRIBE: Final = "unsubscribe"

_SHAPE = re.compile(r"[A-Za-z0-9_-]{32}", re.ASCII)
_NUMBER_BYTES = 8
_MAC_BYTES = 16


def unsubscribe_token(secret: bytes, subscription_id: int) -> str:
    """The token of the unsubscribe link of one subscription; the same every time."""
    number = subscription_id.to_bytes(_NUMBER_BYTES, "big")
    return base64.urlsafe_b64encode(number + _mac(secret, number, UNSUBSCRIBE)).decode("ascii")


def read_token(secret: bytes, token: str, purpose: str = UNSUBSCRIBE) -> int | None:
    """The subscription a token stands for, or ``None`` when it is not ours or not for this purpose.

    Takes the same time whichever bytes of the signature are wrong.
    """
    if _SHAPE.fullmatch(token) is None:
        return None
    raw = base64.urlsafe_b64decode(token)
    number, mac = raw[:_NUMBER_BYTES], raw[_NUMBER_BYTES:]
    if not hmac.compare_digest(mac, _mac(secret, number, purpose)):
        return None
    return int.from_bytes(number, "big")


def _mac(secret: bytes, number: bytes, purpose: str) -> bytes:
    message = b"syndicate token\x00" + purpose.encode() + b"\x00" + number
    return hmac.digest(secret, message, "sha256")[:_MAC_BYTES]
