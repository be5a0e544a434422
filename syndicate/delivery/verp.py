"""Envelope senders that identify their delivery (VERP), so that a bounce is matched exactly.

``bounces@news.example`` becomes ``bounces+1f-3c…@news.example``: the delivery's id and an HMAC over the id
and the recipient. A restored store reuses ids; the recipient in the HMAC keeps a late bounce from another
subscriber. The digits are lower-case hexadecimal, because servers may change case.
"""

import hmac
import re

# Fifteen digits: sixteen may exceed the integers of the database.
_SHAPE = re.compile(r"[^@\s<>]{1,64}\+([0-9a-f]{1,15})-([0-9a-f]{20})@[^@\s<>]+", re.ASCII)
_MAC_BYTES = 10


def verp_sender(secret: bytes, base: str, delivery_id: int, recipient: str) -> str:
    """Return the envelope sender of a delivery; ``base`` is the address of the bounce mailbox."""
    local, _, domain = base.rpartition("@")
    return f"{local}+{delivery_id:x}-{_mac(secret, delivery_id, recipient)}@{domain}"


def read_verp(text: str) -> tuple[int, str] | None:
    """Return the delivery's id and the unverified signature of an address, ``None`` without them."""
    match = _SHAPE.fullmatch(text.strip().strip("<>").lower())
    return None if match is None else (int(match[1], 16), match[2])


def is_valid_signature(secret: bytes, signature: str, delivery_id: int, recipient: str) -> bool:
    """Return whether the signature belongs to that delivery and recipient."""
    return hmac.compare_digest(signature, _mac(secret, delivery_id, recipient))


def _mac(secret: bytes, delivery_id: int, recipient: str) -> str:
    message = b"syndicate bounce\x00%d\x00" % delivery_id + recipient.casefold().encode()
    return hmac.digest(secret, message, "sha256")[:_MAC_BYTES].hex()
