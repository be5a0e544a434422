"""Signatures of webhooks (Standard Webhooks 1.0) and their secrets, sealed for the store."""

import base64
import hmac
import secrets
from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime
from typing import Any

PREFIX = "whsec_"
_NONCE = 12


def new_secret() -> str:
    """Return a random secret of 256 bits in the form that receivers' libraries read."""
    return PREFIX + base64.b64encode(secrets.token_bytes(32)).decode()


def signed_headers(uid: str, now: datetime, body: bytes, keys: Sequence[str]) -> dict[str, str]:
    """Return the headers of a webhook, signed with each key: two while a secret is being changed."""
    stamp = str(int(now.timestamp()))
    text = b".".join((uid.encode(), stamp.encode(), body))
    signatures = (base64.b64encode(hmac.digest(_key(key), text, "sha256")).decode() for key in keys)
    signed = " ".join(f"v1,{signature}" for signature in signatures)
    headers = {"webhook-id": uid, "webhook-timestamp": stamp, "webhook-signature": signed}
    return headers | {"Content-Type": "application/json"}


def seal(secret: str, store_secret: bytes) -> str:
    """Encrypt a secret with the store's, so that a copied table alone signs nothing."""
    nonce = secrets.token_bytes(_NONCE)
    sealed = _cipher(store_secret).encrypt(nonce, secret.encode(), None)
    return base64.b64encode(nonce + sealed).decode()


def unseal(sealed: str, store_secret: bytes) -> str:
    """Return the secret that ``seal`` encrypted."""
    data = base64.b64decode(sealed)
    return str(_cipher(store_secret).decrypt(data[:_NONCE], data[_NONCE:], None), "utf-8")


def _cipher(store_secret: bytes) -> Any:
    from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305  # noqa: PLC0415 - 6 MiB

    return ChaCha20Poly1305(hmac.digest(store_secret, b"webhook secrets", "sha256"))


def _key(secret: str) -> bytes:
    """Return the bytes of a secret: of its Base64, or of any other text that an operator chose."""
    if secret.startswith(PREFIX):
        with suppress(ValueError):
            return base64.b64decode(secret.removeprefix(PREFIX), validate=True)
    return secret.encode()
