"""Signatures, verified by another implementation (dkimpy)."""

import re
from dataclasses import replace
from pathlib import Path

import dkim
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ed25519, rsa

from syndicate.delivery import dkim_keys
from syndicate.delivery.dkim_keys import load_key, new_key
from syndicate.delivery.dkim_signing import DkimKey
from syndicate.delivery.message import MessageTemplate
from syndicate.errors import ConfigError
from tests.delivery.test_message import EDITION, HOLDER, ID, OPTIONS, TOKEN, value

KINDS = ("rsa", "ed25519")


@pytest.fixture(scope="session")
def keys(tmp_path_factory: pytest.TempPathFactory) -> dict[str, DkimKey]:
    folder = tmp_path_factory.mktemp("keys")
    found = {}
    for kind in KINDS:
        (folder / kind).write_bytes(new_key(kind))
        found[kind] = load_key(folder / kind, domain="example.com", selector=kind)
    return found


def signed(
    keys: dict[str, DkimKey], *kinds: str, html: str = EDITION.html, to: str = "jo@example.org"
) -> bytes:
    options = replace(OPTIONS, keys=[keys[kind] for kind in kinds])
    template = MessageTemplate.build(replace(EDITION, html=html), options)
    return bytes(template.for_subscriber(to, TOKEN, ID))


def verified(keys: dict[str, DkimKey], data: bytes, index: int = 0) -> bool:
    dns = {f"{key.selector}._domainkey.{key.domain}.": key.record for key in keys.values()}
    try:
        result: bool = dkim.DKIM(data).verify(
            index, dnsfunc=lambda name, timeout=5: dns[name.decode()].encode()
        )
    except dkim.ValidationError:
        return False
    return result


AWKWARD = [
    EDITION.html,
    f"  two   spaces \t tab \n\n\n.dots\n  {HOLDER}  {HOLDER}\n \n\n",
    "no token at all",
    f"{HOLDER}",
    "é" * 500 + " " * 300 + "\n" * 9,
]


def test_without_pynacl_ed25519_signatures_are_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "key").write_bytes(new_key("ed25519"))
    fast = load_key(tmp_path / "key", domain="example.com", selector="s")
    monkeypatch.setattr(dkim_keys, "sodium", None)
    plain = load_key(tmp_path / "key", domain="example.com", selector="s")
    assert plain.sign(b"x" * 32) == fast.sign(b"x" * 32)
    assert verified({"ed25519": plain}, signed({"ed25519": plain}, "ed25519"))


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("html", AWKWARD)
@pytest.mark.sampled(3)
def test_K3_a_signature_holds_whatever_the_text(keys: dict[str, DkimKey], kind: str, html: str) -> None:
    assert verified(keys, signed(keys, kind, html=html))


def test_K4_with_two_keys_there_are_two_signatures_and_both_hold(keys: dict[str, DkimKey]) -> None:
    data = signed(keys, *KINDS)
    assert data.count(b"DKIM-Signature: ") == 2
    assert [verified(keys, data, index) for index in (0, 1)] == [True, True]
    assert max(map(len, data.partition(b"\r\n\r\n")[0].split(b"\r\n"))) < 100


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b"Subject: ", b"Subject: not "),
        (b"To: jo@", b"To: eve@"),
        (b"\r\nUnsubscribe:", b"\r\nUnsubscribe!"),
        (TOKEN.encode(), b"Z" * len(TOKEN)),
        (b"From: ", b"From: evil@example.com\r\nFrom: "),
        (b"Subject: ", b"Subject: another\r\nSubject: "),
        (b"Reply-To: ", b"Reply-To: evil@x.example\r\nReply-To: "),
    ],
)
def test_K1_K2_what_is_changed_or_added_breaks_it(keys: dict[str, DkimKey], old: bytes, new: bytes) -> None:
    data = signed(keys, "ed25519")
    changed = data.replace(old, new, 1)
    assert changed != data
    assert not verified(keys, changed)


def test_an_ed25519_signature_is_that_of_either_library(tmp_path: Path) -> None:
    (tmp_path / "key").write_bytes(new_key("ed25519"))
    private = serialization.load_pem_private_key((tmp_path / "key").read_bytes(), None)
    assert isinstance(private, ed25519.Ed25519PrivateKey)
    digest = bytes(range(32))
    assert load_key(tmp_path / "key", domain="example.com", selector="x").sign(digest) == private.sign(digest)


def test_E10_both_unsubscribe_headers_are_signed(keys: dict[str, DkimKey]) -> None:
    names = re.sub(r"\s", "", re.search(r"h=([^;]+);", value(signed(keys, "rsa"), "DKIM-Signature"))[1])  # type: ignore[index]
    assert names.split(":").count("list-unsubscribe") == 2
    assert names.split(":").count("list-unsubscribe-post") == 2
    assert " l=" not in value(signed(keys, "rsa"), "DKIM-Signature")


def test_each_copy_has_a_signature_of_its_own(keys: dict[str, DkimKey]) -> None:
    one, two = (signed(keys, "ed25519", to=f"{name}@example.org") for name in ("ann", "bob"))
    assert value(one, "DKIM-Signature") != value(two, "DKIM-Signature")
    assert verified(keys, one)
    assert verified(keys, two)


def pem(key: rsa.RSAPrivateKey, password: bytes | None = None) -> bytes:
    kind = serialization.BestAvailableEncryption(password) if password else serialization.NoEncryption()
    return key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, kind)


def test_K4_a_key_that_is_none_or_too_short_or_locked_is_refused(tmp_path: Path) -> None:
    short = rsa.generate_private_key(public_exponent=65537, key_size=1024)
    files = {"short": pem(short), "locked": pem(short, b"x"), "none": b"hello", "empty": b""}
    for name, data in files.items():
        (tmp_path / name).write_bytes(data)
        with pytest.raises(ConfigError, match=name):
            load_key(tmp_path / name, domain="example.com", selector="x")
    with pytest.raises(ConfigError, match="cannot be read"):
        load_key(tmp_path / "missing", domain="example.com", selector="x")


def test_E8_the_way_in_and_the_id_of_the_edition_are_signed(keys: dict[str, DkimKey]) -> None:
    page = "https://news.example.com/subscribe?newsletter=morning"
    template = MessageTemplate.build(EDITION, replace(OPTIONS, subscribe_url=page, keys=[keys["ed25519"]]))
    data = bytes(template.for_subscriber("jo@example.org", TOKEN, ID))
    assert value(data, "List-Subscribe") == "<https://news.example.com/subscribe?newsletter=morning>"
    assert value(data, "X-Edition-ID") == f"urn:uuid:{EDITION.uid}"
    assert verified(keys, data)
    assert not verified(keys, data.replace(b"?newsletter=morning", b"?newsletter=evening"))
    assert not verified(keys, data.replace(b"urn:uuid:", b"urn:uuid:0"))
