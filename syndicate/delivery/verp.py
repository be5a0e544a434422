"""Envelope senders that name their delivery (VERP), so that a bounce is matched without guessing.

``bounces@news.example`` becomes ``bounces+1f-3c…@news.example``: the delivery's number and an HMAC over it
and the recipient, which cannot be forged. A store that was restored gives numbers out anew; the recipient
keeps a late bounce from hitting another reader. Lower-case hexadecimal, because servers may change case.
"""

import hmac
import re

# Fifteen digits: a number of sixteen may be larger than any that a store can be asked for.
_SHAPE = re.compile(r"[^@\s<>]{1,64}\+([0-9a-f]{1,15})-([0-9a-f]{20})@[^@\s<>]+", re.ASCII)
_MAC_BYTES = 10


def verp_sender(secret: bytes, base: str, delivery_id: int, recipient: str) -> str:
    """The envelope sender of one delivery; ``base`` is where bounces are read."""
    local, _, domain = base.rpartition("@")
    return f"{local}+{delivery_id:x}-{_mac(secret, delivery_id, recipient)}@{domain}"


def read_verp(text: str) -> tuple[int, str] | None:
    """The delivery's number and the unverified signature in an address, or ``None`` when it has no such."""
    match = _SHAPE.fullmatch(text.strip().strip("<>").lower())
    return None if match is None else (int(match[1], 16), match[2])


def is_ours(secret: bytes, signature: str, delivery_id: int, recipient: str) -> bool:
    """Return whether we wrote that signature for that delivery to that recipient."""
    return hmac.compare_digest(signature, _mac(secret, delivery_id, recipient))


def _mac(secret: bytes, delivery_id: int, recipient: str) -> str:
    message = b"syndicate bounce\x00%d\x00" % delivery_id + recipient.casefold().encode()
    return hmac.digest(secret, message, "sha256")[:_MAC_BYTES].hex()
