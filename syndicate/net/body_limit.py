"""From bytes on the wire to a body, within a limit."""

from isal import isal_zlib

from syndicate.errors import FetchError, TooLarge
from syndicate.text.hashes import hash_of

# A gzip file may be several members in a row (RFC 1952 section 2.2); nobody needs this many.
_MOST_MEMBERS = 1000
_GZIP_MAGIC = b"\x1f\x8b"
_GZIP_ONLY = 31


def hash_wire(wire: bytes) -> str:
    """A short fingerprint of the bytes as they came: equal bytes need no decompression."""
    return hash_of(wire)


def decode_body(wire: bytes, encoding: str, limit: int, url: str) -> bytes:
    """The body behind a ``Content-Encoding``, at most ``limit`` bytes.

    Raises ``TooLarge`` beyond the limit, ``FetchError`` for truncated or damaged data and for any
    coding but gzip (RFC 9110 section 8.4): we asked for nothing else.
    """
    coding = encoding.strip().lower()
    if coding in ("", "identity"):
        return wire
    if coding not in ("gzip", "x-gzip"):
        raise FetchError(
            f"{url} answered in the encoding {encoding!r}, which we did not ask for; only gzip is read"
        )
    if not wire.startswith(_GZIP_MAGIC):
        raise FetchError(f"{url} says its answer is gzip, and it is not; tell its owner")
    parts: list[bytes] = []
    size = 0
    rest = wire
    for _ in range(_MOST_MEMBERS):
        part, rest = _one_member(rest, limit + 1 - size, url)
        parts.append(part)
        size += len(part)
        if size > limit:
            raise TooLarge(f"{url} unpacks to more than the limit of {limit:,} bytes; not read")
        # Padding and rubbish after the last member are ignored, as gzip itself does.
        if not rest.startswith(_GZIP_MAGIC):
            return parts[0] if len(parts) == 1 else b"".join(parts)
    raise TooLarge(f"{url} is a gzip file of more than {_MOST_MEMBERS} pieces; not read")


def _one_member(data: bytes, limit: int, url: str) -> tuple[bytes, bytes]:
    """One gzip member and what follows it; a member that reaches ``limit`` may be cut there."""
    reader = isal_zlib.decompressobj(_GZIP_ONLY)
    try:
        part: bytes = reader.decompress(data, limit)
    except isal_zlib.error as error:  # type: ignore[misc]  # its stub declares an instance
        raise FetchError(f"{url} sent damaged gzip data ({error}); try again later") from error
    if not reader.eof and len(part) < limit:
        raise FetchError(f"{url} broke off in the middle of its gzip data; try again later")
    return part, reader.unused_data
