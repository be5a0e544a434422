"""Digests that recognise bytes seen before.

XXH3 with 128 bits: 30 times as fast as SHA-256 with the instructions that processors have for it (224 kB: 6
instead of 175 µs, measured), and as unlikely to confuse two by chance. It is no signature: who writes both
can make them look the same, and so hide his own news. Never for secrets, nor for what leaves us.
"""

import xxhash


def hash_of(*parts: bytes | memoryview) -> str:
    """The digest of bytes, given in one or several parts: 32 hexadecimal digits."""
    if len(parts) == 1:
        return xxhash.xxh3_128_hexdigest(parts[0])
    hasher = xxhash.xxh3_128()
    for part in parts:
        hasher.update(part)
    return hasher.hexdigest()
