"""Signatures: a few characters for everything an output is built from."""

from hashlib import blake2b


def signature_of(*parts: object) -> str:
    """A short hash over dataclasses and plain values: equal parts, equal signature, in any process."""
    return blake2b(repr(parts).encode("utf-8", "replace"), digest_size=16).hexdigest()
