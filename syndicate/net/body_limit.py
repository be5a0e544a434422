"""Decoding of response bodies within a size limit."""

from isal import isal_zlib

from syndicate.errors import FetchError, TooLarge

# A gzip file may have several members (RFC 1952 section 2.2); real files have far fewer.
_MAX_MEMBERS = 1000
_GZIP_MAGIC = b"\x1f\x8b"
_GZIP_ONLY = 31


def decode_body(wire: bytes, encoding: str, limit: int, url: str) -> bytes:
    """Return the body decoded from its ``Content-Encoding``, at most ``limit`` bytes.

    Raises ``TooLarge`` beyond the limit, and ``FetchError`` for damaged data and for any coding but gzip, the
    only coding that requests accept (RFC 9110 section 8.4).
    """
    coding = encoding.strip().lower()
    if coding in ("", "identity"):
        return wire
    if coding not in ("gzip", "x-gzip"):
        raise FetchError(
            f"{url} answered in the encoding {encoding!r}, which was not asked for; only gzip is read"
        )
    if not wire.startswith(_GZIP_MAGIC):
        raise FetchError(f"{url} says its answer is gzip, and it is not; tell its owner")
    parts: list[bytes] = []
    size = 0
    rest = wire
    for _ in range(_MAX_MEMBERS):
        part, rest = _decompress_member(rest, limit + 1 - size, url)
        parts.append(part)
        size += len(part)
        if size > limit:
            raise TooLarge(f"{url} unpacks to more than the limit of {limit:,} bytes; not read")
        # Bytes after the last member are ignored, as gzip does.
        if not rest.startswith(_GZIP_MAGIC):
            return parts[0] if len(parts) == 1 else b"".join(parts)
    raise TooLarge(f"{url} is a gzip file of more than {_MAX_MEMBERS} pieces; not read")


def begin_decoding(wire: bytes, encoding: str, limit: int) -> bytes:
    """Return at most ``limit`` bytes of a body that may break off; an unknown coding stays as it is."""
    if encoding.strip().lower() not in ("gzip", "x-gzip"):
        return wire[:limit]
    try:
        part: bytes = isal_zlib.decompressobj(_GZIP_ONLY).decompress(wire, limit)
    except isal_zlib.error:  # type: ignore[misc]  # its stub declares an instance
        return wire[:limit]
    return part


def _decompress_member(data: bytes, limit: int, url: str) -> tuple[bytes, bytes]:
    """Return a gzip member, which may be cut at ``limit`` bytes, and the bytes after it."""
    reader = isal_zlib.decompressobj(_GZIP_ONLY)
    try:
        part: bytes = reader.decompress(data, limit)
    except isal_zlib.error as error:  # type: ignore[misc]  # its stub declares an instance
        raise FetchError(f"{url} sent damaged gzip data ({error}); try again later") from error
    if not reader.eof and len(part) < limit:
        raise FetchError(f"{url} broke off in the middle of its gzip data; try again later")
    return part, reader.unused_data
