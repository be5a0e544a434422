"""Message-IDs that identify the delivery of an edition, so that a report or a reply is matched exactly.

``<12.3c…@news.example>`` has the edition's id and an HMAC over the edition and the subscription. Mail
providers return the part before the @, the tag, with their reports.
"""

import hmac
import re

_TAG = re.compile(r"(?<![\w.])(\d{1,15})\.([0-9a-f]{32})(?!\w)", re.ASCII)
_MAX_TAGS = 20


def message_id(secret: bytes, edition_id: int, subscription_id: int, domain: str) -> str:
    """Return the Message-ID of a delivery with its angle brackets, reproducible but not guessable."""
    return f"<{edition_id}.{_mac(secret, edition_id, subscription_id)}@{domain}>"


def read_tags(*texts: str) -> tuple[tuple[int, str], ...]:
    """Return the edition's id and the unverified HMAC of each tag or Message-ID in the texts, at most 20."""
    found = dict.fromkeys((int(tag[1]), tag[2]) for text in texts for tag in _TAG.finditer(text))
    return tuple(found)[:_MAX_TAGS]


def is_valid_tag(secret: bytes, mac: str, edition_id: int, subscription_id: int) -> bool:
    """Return whether the HMAC belongs to that edition and subscription."""
    return hmac.compare_digest(mac, _mac(secret, edition_id, subscription_id))


def _mac(secret: bytes, edition_id: int, subscription_id: int) -> str:
    message = b"syndicate message-id\x00%d\x00%d" % (edition_id, subscription_id)
    return hmac.digest(secret, message, "sha256")[:16].hex()
