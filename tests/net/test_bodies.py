import gzip
import tracemalloc

import pytest
from isal import igzip

from syndicate.errors import FetchError, TooLarge
from syndicate.net.body_limit import decode_body
from syndicate.text.hashes import hash_of

URL = "http://a.example/feed"
MIB = 1024 * 1024
PACKED = gzip.compress(b"<rss/>" * 100, mtime=0)


@pytest.mark.parametrize(
    ("wire", "encoding", "body"),
    [
        (b"plain", "", b"plain"),
        (b"plain", "identity", b"plain"),
        (PACKED, "gzip", b"<rss/>" * 100),
        (PACKED, "X-GZIP", b"<rss/>" * 100),
        (gzip.compress(b"one ", mtime=0) + gzip.compress(b"two", mtime=0), "gzip", b"one two"),
        (PACKED + b"\x00" * 512, "gzip", b"<rss/>" * 100),
        (gzip.compress(b"", mtime=0), "gzip", b""),
    ],
)
def test_F12_what_we_asked_for_is_decoded(wire, encoding, body):
    assert decode_body(wire, encoding, MIB, URL) == body


@pytest.mark.parametrize("encoding", ["br", "zstd", "deflate", "gzip, gzip", "gzip,br", "compress"])
def test_FF8_codings_we_did_not_ask_for_are_refused(encoding):
    with pytest.raises(FetchError, match="only gzip is read"):
        decode_body(PACKED, encoding, MIB, URL)


@pytest.mark.parametrize(
    "wire",
    [
        PACKED[:-1],
        PACKED[:12],
        PACKED[:2],
        PACKED[:-6] + b"XX" + PACKED[-4:],
        b"<rss/>",
        PACKED + PACKED[:-1],
    ],
    ids=["last byte", "head only", "magic only", "bad checksum", "not gzip", "second member cut"],
)
def test_FF12_truncated_or_damaged_gzip_is_an_error(wire):
    with pytest.raises(FetchError) as error:
        decode_body(wire, "gzip", MIB, URL)
    assert str(error.value).startswith(URL)
    assert not isinstance(error.value, TooLarge)


@pytest.mark.parametrize("size", [MIB - 1, MIB])
def test_FF8_a_body_up_to_the_limit_is_read(size):
    assert len(decode_body(gzip.compress(bytes(size), mtime=0), "gzip", MIB, URL)) == size


@pytest.mark.parametrize(
    "bomb",
    [
        gzip.compress(bytes(MIB + 1), mtime=0),
        igzip.compress(bytes(256 * MIB), mtime=0),
        gzip.compress(bytes(MIB), mtime=0) + gzip.compress(b"x", mtime=0),
        gzip.compress(b"", mtime=0) * 1001,
    ],
    ids=["one byte over", "256 MiB", "two members", "many members"],
)
@pytest.mark.cpu_seconds(20)
def test_FF8_a_bomb_is_too_large_in_little_time_and_memory(bomb):
    tracemalloc.start()
    with pytest.raises(TooLarge):
        decode_body(bomb, "gzip", MIB, URL)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 8 * MIB


def test_F3_equal_wire_bytes_have_equal_hashes():
    assert hash_of(b"one") == hash_of(b"one") != hash_of(b"two")
