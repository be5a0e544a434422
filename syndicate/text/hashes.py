"""Hashes that recognise bytes seen before.

XXH3 with 128 bits is 30 times as fast as SHA-256 with the processors' instructions for that (224 kB: 6
instead of 175 µs, measured), with an equally small chance of collisions. It is not cryptographic: an author
of both documents can make their hashes equal, and so hide one of them. Never use it for secrets or public
ids.
"""

import xxhash


def hash_of(*parts: bytes | memoryview) -> str:
    """Return the hash of bytes, given in parts, as 32 hexadecimal digits."""
    if len(parts) == 1:
        return xxhash.xxh3_128_hexdigest(parts[0])
    hasher = xxhash.xxh3_128()
    for part in parts:
        hasher.update(part)
    return hasher.hexdigest()
