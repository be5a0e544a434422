"""Private keys of DKIM: made, and read from files (RFC 8301, RFC 8463). No other module imports PyNaCl.

Its libraries take 6 MiB, so services import this module only for mail that is signed.
"""

import base64
from collections.abc import Callable
from functools import partial
from pathlib import Path
from types import ModuleType

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ed25519, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed
from cryptography.hazmat.primitives.hashes import SHA256

from syndicate.delivery.dkim_signing import DkimKey
from syndicate.errors import ConfigError

try:
    from nacl import bindings

    sodium: ModuleType | None = bindings
except ImportError:
    sodium = None

_MIN_RSA_BITS = 2048


def new_key(kind: str) -> bytes:
    """Generate a private key as PEM (PKCS 8); ``kind`` is ``rsa`` (2048 bits) or ``ed25519``."""
    key = (
        ed25519.Ed25519PrivateKey.generate()
        if kind == "ed25519"
        else rsa.generate_private_key(public_exponent=65537, key_size=_MIN_RSA_BITS)
    )
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


def load_key(file: Path, *, domain: str, selector: str) -> DkimKey:
    """Read a private key. Raises ``ConfigError``."""
    try:
        key = serialization.load_pem_private_key(file.read_bytes(), None)
    except OSError as error:
        raise ConfigError(f"the DKIM key {file} cannot be read: {error.strerror}") from error
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise ConfigError(f"the DKIM key {file} is no private key in PEM without a password") from error
    match key:
        case ed25519.Ed25519PrivateKey():
            public, algorithm, kind = key.public_key().public_bytes_raw(), "ed25519-sha256", "ed25519"
            sign = _ed25519_signer(key)
        case rsa.RSAPrivateKey() if key.key_size >= _MIN_RSA_BITS:
            public = key.public_key().public_bytes(
                serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
            )
            algorithm, kind = "rsa-sha256", "rsa"
            sign = partial(key.sign, padding=padding.PKCS1v15(), algorithm=Prehashed(SHA256()))
        case _:
            raise ConfigError(f"the DKIM key {file} must be RSA with 2048 bits or more, or Ed25519")
    record = f"v=DKIM1; k={kind}; p={base64.b64encode(public).decode('ascii')}"
    return DkimKey(domain=domain, selector=selector, algorithm=algorithm, record=record, sign=sign)


def _ed25519_signer(key: ed25519.Ed25519PrivateKey) -> Callable[[bytes], bytes]:
    """Return a signing function: libsodium's where PyNaCl is installed, in half of OpenSSL's time."""
    if sodium is None:
        return key.sign
    secret = sodium.crypto_sign_seed_keypair(key.private_bytes_raw())[1]
    sign, size = sodium.crypto_sign, sodium.crypto_sign_BYTES
    return lambda signed_hash: sign(signed_hash, secret)[:size]
