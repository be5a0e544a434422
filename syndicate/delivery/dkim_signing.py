"""DKIM signatures (RFC 6376) with RSA-2048 (RFC 8301) and Ed25519 (RFC 8463) for every copy of a mail.

Copies differ in few bytes. So the canonical headers, their hash up to the first difference, and the hash of
the body up to the first token are computed once.
"""

import hashlib
import re
from binascii import b2a_base64
from collections.abc import Callable, Sequence
from dataclasses import dataclass

_SIGNED_HEADERS = (
    *("from", "to", "subject", "date", "message-id", "reply-to", "mime-version", "content-type"),
    *("list-id", "list-unsubscribe", "list-unsubscribe-post", "list-help", "list-owner", "list-archive"),
    *("list-subscribe", "x-edition-id"),
    *("list-post", "auto-submitted", "precedence", "feedback-id", "archived-at"),
)
# Signed once more than they occur: a second such header breaks the signature (RFC 6376 section 8.15).
_OVERSIGNED = (
    *("from", "subject", "date", "to", "reply-to", "message-id", "list-unsubscribe"),
    *("list-unsubscribe-post", "list-id", "content-type"),
)
_LINE_LENGTH = 70
_SPACES = re.compile(rb"[ \t\r\n]+")
_RUNS = re.compile(rb"[ \t]+")
_LINE_ENDS = re.compile(rb" ?\r\n")


@dataclass(frozen=True, slots=True, kw_only=True)
class DkimKey:
    """Private key; ``sign`` signs a SHA-256 hash, ``record`` is the text of its name in DNS."""

    domain: str
    selector: str
    algorithm: str
    record: str
    sign: Callable[[bytes], bytes]


class MailSigner:
    """Sign the copies of a message.

    ``fields`` are all its headers but DKIM's, ``body`` its pieces. In the headers ``placeholders`` stand for
    the texts of ``sign``; in the body the token is missing between the pieces. A piece starts and ends at
    a line end, apart from the tokens and the soft line break after each.
    """

    def __init__(
        self,
        keys: Sequence[DkimKey],
        fields: Sequence[tuple[bytes, bytes]],
        body: Sequence[bytes],
        placeholders: Sequence[bytes],
    ) -> None:
        present = {name.decode("ascii").lower(): value for name, value in fields}
        names = [name for name in _SIGNED_HEADERS if name in present]
        # Headers that differ between copies come last, so that the others are hashed once.
        names.sort(key=lambda name: any(placeholder in present[name] for placeholder in placeholders))
        canonical = b"".join(
            b"%b:%b\r\n" % (name.encode("ascii"), _SPACES.sub(b" ", present[name]).strip()) for name in names
        )
        common, *self._fields = re.split(b"(%b)" % b"|".join(map(re.escape, placeholders)), canonical)
        self._signed = hashlib.sha256(common)
        self._indexes = [placeholders.index(placeholder) for placeholder in self._fields[::2]]
        self._names = _folded([name.encode("ascii") for name in (*names, *_OVERSIGNED)], b":")
        first, *later = [_canonical(piece) for piece in body]
        self._hashed = hashlib.sha256(first)
        # ``sign`` joins them by the token, which comes first.
        self._later_pieces = (b"", *later) if later else ()
        self._signers = [
            (key, tags, b"dkim-signature:" + _SPACES.sub(b" ", tags))
            for key in keys
            for tags in [self._tags(key)]
        ]

    def sign(self, texts: Sequence[bytes], token: bytes) -> bytes:
        """Return the DKIM-Signature headers of a copy; ``texts`` replace the placeholders of its headers."""
        hashed = self._hashed.copy()
        # One short-lived join costs less than an update for each piece.
        hashed.update(token.join(self._later_pieces))
        body_hash = b2a_base64(hashed.digest(), newline=False)
        fields = self._fields.copy()
        fields[::2] = [texts[place] for place in self._indexes]
        signed = self._signed.copy()
        signed.update(b"".join(fields))
        headers = []
        for key, tags, canonical in self._signers:
            own = signed.copy()
            own.update(b"%b%b; b=" % (canonical, body_hash))
            signature = b2a_base64(key.sign(own.digest()), newline=False)
            lines = [
                signature[start : start + _LINE_LENGTH] for start in range(0, len(signature), _LINE_LENGTH)
            ]
            headers.append(b"DKIM-Signature: %b%b;\r\n b=%b\r\n" % (tags, body_hash, b"\r\n ".join(lines)))
        return b"".join(headers)

    def _tags(self, key: DkimKey) -> bytes:
        """Return the tags of a signature up to the hash of the body."""
        values = [text.encode("ascii") for text in (key.algorithm, key.domain, key.selector)]
        return b"v=1; a=%b; c=relaxed/relaxed;\r\n d=%b; s=%b;\r\n h=%b;\r\n bh=" % (*values, self._names)


def _canonical(piece: bytes) -> bytes:
    """Return the relaxed form of whole lines (RFC 6376 section 3.4.4); equal bytes share their memory."""
    relaxed = _LINE_ENDS.sub(b"\r\n", _RUNS.sub(b" ", piece))
    return piece if relaxed == piece else relaxed


def _folded(names: Sequence[bytes], separator: bytes) -> bytes:
    lines = [b""]
    for name in names:
        if len(lines[-1]) + len(name) > _LINE_LENGTH:
            lines.append(b"")
        lines[-1] += name + separator
    return b"\r\n ".join(lines).removesuffix(separator)
