"""Proofs that a mail provider sent a request: a shared secret, or an HMAC."""

import base64
import binascii
import hmac
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

MAX_AGE = timedelta(days=1)
"""Longest time between a signature and its last delivery; providers repeat a request for up to a day."""
_TOKEN_FIELDS = ("x-webhook-token", "x-messagesystems-webhook-token")


def presented_secrets(fields: Mapping[str, str]) -> list[str]:
    """Return the passwords and tokens in the fields of a request (names in lower case)."""
    scheme, _, value = fields.get("authorization", "").partition(" ")
    secrets = [fields[name] for name in _TOKEN_FIELDS if name in fields]
    if scheme.lower() == "bearer":
        secrets.append(value.strip())
    elif scheme.lower() == "basic":
        try:
            pair = base64.b64decode(value, validate=True).decode("utf-8", "replace")
        except (binascii.Error, ValueError):
            pair = ""
        secrets.append(pair.partition(":")[2])
    return secrets


def is_secret(fields: Mapping[str, str], secret: str) -> bool:
    """Return whether a request presents the secret."""
    return any(_equal(presented, secret) for presented in presented_secrets(fields))


def is_mailgun_signed(signature: Mapping[str, object], key: str, now: datetime) -> bool:
    """Return whether the signature is the key's HMAC over time and token, and at most a day old."""
    stamp, token = str(signature.get("timestamp")), str(signature.get("token"))
    expected = hmac.digest(key.encode(), f"{stamp}{token}".encode("utf-8", "replace"), "sha256").hex()
    return is_fresh(stamp, now) and _equal(str(signature.get("signature")), expected)


def is_fresh(stamp: str, now: datetime) -> bool:
    """Return whether a Unix time, in seconds, is at most a day from now."""
    if not (stamp.isascii() and stamp.isdigit() and len(stamp) <= 11):
        return False
    return abs(now - datetime.fromtimestamp(int(stamp), UTC)) <= MAX_AGE


def _equal(presented: str, expected: str) -> bool:
    return hmac.compare_digest(presented.encode("utf-8", "replace"), expected.encode())
