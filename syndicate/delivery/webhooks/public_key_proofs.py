"""Proofs that a mail provider sent a request, by its public key: SendGrid's, and Amazon's certificates."""

import base64
from collections.abc import Mapping
from datetime import datetime

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.hashes import SHA1, SHA256
from cryptography.hazmat.primitives.serialization import load_der_public_key

from syndicate.delivery.webhooks.signatures import MAX_AGE, is_fresh

_MALFORMED = (ValueError, TypeError, InvalidSignature, UnsupportedAlgorithm)


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
    return is_fresh(stamp, now)


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
