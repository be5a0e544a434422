"""Proofs that a mail provider sent a request: a shared secret, an HMAC, or a signature."""

import base64
import binascii
import hmac
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.hashes import SHA1, SHA256
from cryptography.hazmat.primitives.serialization import load_der_public_key

MAX_AGE = timedelta(days=1)
"""Longest time between a signature and its last delivery; providers repeat a request for up to a day."""
_TOKEN_FIELDS = ("x-webhook-token", "x-messagesystems-webhook-token")
_MALFORMED = (ValueError, TypeError, InvalidSignature, UnsupportedAlgorithm)


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
    return _is_fresh(stamp, now) and _equal(str(signature.get("signature")), expected)


def is_sendgrid_signed(fields: Mapping[str, str], body: bytes, key: str, now: datetime) -> bool:
    """Return whether an ECDSA signature is the key's over time and body, and at most a day old."""
    stamp = fields.get("x-twilio-email-event-webhook-timestamp", "")
    try:
        signature = base64.b64decode(fields.get("x-twilio-email-event-webhook-signature", ""), validate=True)
        public = load_der_public_key(base64.b64decode(key))
        if not isinstance(public, ec.EllipticCurvePublicKey):
            return False
        public.verify(signature, stamp.encode("utf-8", "replace") + body, ec.ECDSA(SHA256()))
    except _MALFORMED:
        return False
    return _is_fresh(stamp, now)


def is_sns_signed(envelope: Mapping[str, object], text: bytes, certificate: bytes, now: datetime) -> bool:
    """Return whether the text has the signature of a valid certificate (PEM), and is at most a day old."""
    algorithm = {"1": SHA1(), "2": SHA256()}.get(str(envelope.get("SignatureVersion")))  # noqa: S303 - by Amazon
    try:
        found = x509.load_pem_x509_certificate(certificate)
        public = found.public_key()
        is_valid = found.not_valid_before_utc <= now <= found.not_valid_after_utc
        if algorithm is None or not is_valid or not isinstance(public, rsa.RSAPublicKey):
            return False
        if abs(now - datetime.fromisoformat(str(envelope.get("Timestamp")))) > MAX_AGE:
            return False
        signature = base64.b64decode(str(envelope.get("Signature")), validate=True)
        public.verify(signature, text, padding.PKCS1v15(), algorithm)
    except _MALFORMED:
        return False
    return True


def _is_fresh(stamp: str, now: datetime) -> bool:
    if not (stamp.isascii() and stamp.isdigit() and len(stamp) <= 11):
        return False
    return abs(now - datetime.fromtimestamp(int(stamp), UTC)) <= MAX_AGE


def _equal(presented: str, expected: str) -> bool:
    return hmac.compare_digest(presented.encode("utf-8", "replace"), expected.encode())
