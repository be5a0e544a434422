"""Shards: fixed parts of the work of a stage, so that workers on many machines share it.

Every host, recipient domain and page belongs to a single shard. A worker holds a shard's lease while it works
on the shard, so that limits for a host or a domain hold over all workers.
"""

from zlib import crc32

SHARDS = 64
"""Number of shards of each stage that has shards. Rows store their shard, so the number is fixed."""


def shard_of(key: str) -> int:
    """Return the shard of a key, such as a host or a domain, from 0 to ``SHARDS`` - 1."""
    return crc32(key.encode("utf-8", "surrogatepass")) % SHARDS


def shard_of_address(address_key: str) -> int:
    """Return the shard of a mailbox, which is its domain's."""
    return shard_of(address_key.rpartition("@")[2])
