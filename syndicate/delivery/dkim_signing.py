"""DKIM signatures (RFC 6376), by RSA-2048 (RFC 8301) and Ed25519 (RFC 8463), for every copy of one mail.

Most of a newsletter is the same for everybody, so what can be is prepared once: the canonical headers, their
hash up to the first that differs, and the hash of the body up to the first token. The only importer of
cryptography and PyNaCl.
"""

import base64
import hashlib
import re
from binascii import b2a_base64
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ed25519, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed
from cryptography.hazmat.primitives.hashes import SHA256
from nacl.bindings import crypto_sign, crypto_sign_BYTES, crypto_sign_seed_keypair

from syndicate.errors import ConfigError

_SMALLEST_RSA = 2048
_SIGNED = (
    *("from", "to", "subject", "date", "message-id", "reply-to", "mime-version", "content-type"),
    *("list-id", "list-unsubscribe", "list-unsubscribe-post", "list-help", "list-owner", "list-archive"),
    *("list-subscribe", "x-edition-id"),
    *("list-post", "auto-submitted", "precedence", "feedback-id", "archived-at"),
)
# Signed once more than they occur, so that nobody can add another one (RFC 6376 section 8.15).
_SEALED = (
    *("from", "subject", "date", "to", "reply-to", "message-id", "list-unsubscribe"),
    *("list-unsubscribe-post", "list-id", "content-type"),
)
_FOLD = 70
_SPACES = re.compile(rb"[ \t\r\n]+")
_RUNS = re.compile(rb"[ \t]+")
_LINE_ENDS = re.compile(rb" ?\r\n")


@dataclass(frozen=True, slots=True, kw_only=True)
class DkimKey:
    """A private key; ``record`` is the text for ``<selector>._domainkey.<domain>`` in DNS.

    ``sign`` makes the signature over a SHA-256 digest.
    """

    domain: str
    selector: str
    algorithm: str
    record: str
    sign: Callable[[bytes], bytes]


def new_key(kind: str) -> bytes:
    """A new private key as PEM (PKCS 8): ``rsa`` (2048 bits) or ``ed25519``."""
    key = (
        ed25519.Ed25519PrivateKey.generate()
        if kind == "ed25519"
        else rsa.generate_private_key(public_exponent=65537, key_size=_SMALLEST_RSA)
    )
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


def load_key(file: Path, *, domain: str, selector: str) -> DkimKey:
    """Read a private key; ``ConfigError`` when it cannot be used."""
    try:
        key = serialization.load_pem_private_key(file.read_bytes(), None)
    except OSError as error:
        raise ConfigError(f"the DKIM key {file} cannot be read: {error.strerror}") from error
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise ConfigError(f"the DKIM key {file} is no private key in PEM without a password") from error
    match key:
        case ed25519.Ed25519PrivateKey():
            public, algorithm, kind = key.public_key().public_bytes_raw(), "ed25519-sha256", "ed25519"
            sign = partial(_sign_with_sodium, crypto_sign_seed_keypair(key.private_bytes_raw())[1])
        case rsa.RSAPrivateKey() if key.key_size >= _SMALLEST_RSA:
            public = key.public_key().public_bytes(
                serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
            )
            algorithm, kind = "rsa-sha256", "rsa"
            sign = partial(key.sign, padding=padding.PKCS1v15(), algorithm=Prehashed(SHA256()))
        case _:
            raise ConfigError(f"the DKIM key {file} must be RSA with 2048 bits or more, or Ed25519")
    record = f"v=DKIM1; k={kind}; p={base64.b64encode(public).decode('ascii')}"
    return DkimKey(domain=domain, selector=selector, algorithm=algorithm, record=record, sign=sign)


class Seal:
    """Signs the copies of one message. ``fields`` are all its headers but those of DKIM, ``body`` its pieces.

    ``holes`` are what stands in the fields for texts that ``sign`` is given; in the body only the token is
    missing, between the pieces. Each piece begins and ends where a line does, but for the tokens and the
    soft line break after.
    """

    def __init__(
        self,
        keys: Sequence[DkimKey],
        fields: Sequence[tuple[bytes, bytes]],
        body: Sequence[bytes],
        holes: Sequence[bytes],
    ) -> None:
        present = {name.decode("ascii").lower(): value for name, value in fields}
        names = [name for name in _SIGNED if name in present]
        # Those that differ come last, so that the others are hashed once.
        names.sort(key=lambda name: any(hole in present[name] for hole in holes))
        canonical = b"".join(
            b"%b:%b\r\n" % (name.encode("ascii"), _SPACES.sub(b" ", present[name]).strip()) for name in names
        )
        common, *self._fields = re.split(b"(%b)" % b"|".join(map(re.escape, holes)), canonical)
        self._signed = hashlib.sha256(common)
        self._places = [holes.index(hole) for hole in self._fields[::2]]
        self._names = _folded([name.encode("ascii") for name in (*names, *_SEALED)], b":")
        first, *rest = [_canonical(piece) for piece in body]
        self._hashed = hashlib.sha256(first)
        # To be joined by the token, which comes first.
        self._rest = (b"", *rest) if rest else ()
        self._signers = [
            (key, tags, b"dkim-signature:" + _SPACES.sub(b" ", tags))
            for key in keys
            for tags in [self._tags(key)]
        ]

    def sign(self, texts: Sequence[bytes], token: bytes) -> bytes:
        """The DKIM-Signature headers of one copy; ``texts`` are what the holes of its fields hold."""
        hashed = self._hashed.copy()
        # One short-lived join costs less than an update for each piece.
        hashed.update(token.join(self._rest))
        digest = b2a_base64(hashed.digest(), newline=False)
        fields = self._fields.copy()
        fields[::2] = [texts[place] for place in self._places]
        signed = self._signed.copy()
        signed.update(b"".join(fields))
        headers = []
        for key, tags, canonical in self._signers:
            own = signed.copy()
            own.update(b"%b%b; b=" % (canonical, digest))
            signature = b2a_base64(key.sign(own.digest()), newline=False)
            lines = [signature[start : start + _FOLD] for start in range(0, len(signature), _FOLD)]
            headers.append(b"DKIM-Signature: %b%b;\r\n b=%b\r\n" % (tags, digest, b"\r\n ".join(lines)))
        return b"".join(headers)

    def _tags(self, key: DkimKey) -> bytes:
        """Return what a signature says before the hash of the body."""
        place = (key.algorithm.encode("ascii"), key.domain.encode("ascii"), key.selector.encode("ascii"))
        return b"v=1; a=%b; c=relaxed/relaxed;\r\n d=%b; s=%b;\r\n h=%b;\r\n bh=" % (*place, self._names)


def _sign_with_sodium(key: bytes, digest: bytes) -> bytes:
    """The signature that cryptography makes too, in two thirds of the time or less."""
    signed: bytes = crypto_sign(digest, key)
    return signed[:crypto_sign_BYTES]


def _canonical(piece: bytes) -> bytes:
    """The relaxed form of whole lines (RFC 6376 section 3.4.4); equal bytes are not kept twice."""
    relaxed = _LINE_ENDS.sub(b"\r\n", _RUNS.sub(b" ", piece))
    return piece if relaxed == piece else relaxed


def _folded(names: Sequence[bytes], separator: bytes) -> bytes:
    lines = [b""]
    for name in names:
        if len(lines[-1]) + len(name) > _FOLD:
            lines.append(b"")
        lines[-1] += name + separator
    return b"\r\n ".join(lines).removesuffix(separator)
