"""Signatures: short hashes of all inputs of an output."""

from hashlib import blake2b


def signature_of(*parts: object) -> str:
    """Return a short hash of dataclasses and plain values: equal parts, equal signature, in any process."""
    return blake2b(repr(parts).encode("utf-8", "replace"), digest_size=16).hexdigest()
