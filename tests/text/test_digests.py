"""Digests of what strangers send."""

import pytest

from syndicate.text.hashes import hash_of


def test_a_digest_is_that_of_all_parts_together() -> None:
    whole = hash_of(b"<item>one</item>")
    assert whole == hash_of(b"<item>", memoryview(b"xone</item>")[1:])
    assert whole == hash_of(b"", b"<item>one</item>")
    assert len(whole) == 32


@pytest.mark.parametrize("other", [b"<item>onf</item>", b"<item>one</item> ", b""])
def test_other_bytes_have_another_digest(other: bytes) -> None:
    assert hash_of(other) != hash_of(b"<item>one</item>")


def test_digests_stay_the_same_from_version_to_version_since_stores_hold_them() -> None:
    assert hash_of(b"<item>one</item>") == "15a57382324830bb1518a600d0da7923"
