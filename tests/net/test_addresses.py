import errno
import ipaddress
import socket

import pytest

from syndicate.net.address_guard import AddressGuard, AddressRefused, is_public, looks_public

FORBIDDEN = [
    "0.0.0.0",
    "0.1.2.3",
    "10.0.0.1",
    "10.255.255.255",
    "100.64.0.1",
    "100.127.255.255",
    "127.0.0.1",
    "127.255.255.254",
    "169.254.169.254",
    "172.16.0.1",
    "172.31.255.255",
    "192.0.0.8",
    "192.0.2.1",
    "192.88.99.1",
    "192.168.1.1",
    "198.18.0.1",
    "198.19.255.255",
    "198.51.100.7",
    "203.0.113.9",
    "224.0.0.1",
    "239.255.255.255",
    "240.0.0.1",
    "255.255.255.255",
    "::",
    "::1",
    "::127.0.0.1",
    "::ffff:127.0.0.1",
    "::ffff:8.8.8.8",
    "64:ff9b::7f00:1",
    "64:ff9b:1::7f00:1",
    "100::1",
    "2001::1",
    "2001:2::1",
    "2001:10::1",
    "2001:db8::1",
    "2002:7f00:1::",
    "2002:808:808::1",
    "3fff::1",
    "5f00::1",
    "fc00::1",
    "fd12:3456::1",
    "fe80::1",
    "fe80::1%3",
    "fec0::1",
    "ff02::1",
]
PUBLIC = [
    "1.1.1.1",
    "8.8.8.8",
    "100.63.255.255",
    "100.128.0.1",
    "172.15.0.1",
    "172.32.0.1",
    "192.0.1.1",
    "198.17.0.1",
    "223.255.255.254",
    "2001:200::1",
    "2001:4860:4860::8888",
    "2606:4700::1111",
    "2a00:1450::1",
]


def row(address: str, port: int = 80):
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    return family, socket.SOCK_STREAM, socket.IPPROTO_TCP, "", (address, port)


@pytest.mark.parametrize("address", FORBIDDEN)
def test_F15_an_address_that_is_not_public_is_refused(address):
    assert not is_public(ipaddress.ip_address(address))
    with pytest.raises(AddressRefused) as refused:
        AddressGuard(allow_private=False).open_socket(row(address))
    assert refused.value.address == address
    assert refused.value.errno == errno.EACCES


@pytest.mark.parametrize("address", PUBLIC)
def test_F15_an_ordinary_address_is_allowed(address):
    assert is_public(ipaddress.ip_address(address))
    assert AddressGuard(allow_private=False).allows(address, 80)


@pytest.mark.parametrize(
    ("entry", "allowed", "refused"),
    [
        ("127.0.0.1", ("127.0.0.1", 80), ("127.0.0.2", 80)),
        ("127.0.0.1:8080", ("127.0.0.1", 8080), ("127.0.0.1", 80)),
        ("10.1.0.0/16", ("10.1.2.3", 443), ("10.2.0.1", 443)),
        ("::1", ("::1", 80), ("::2", 80)),
        ("[::1]", ("::1", 80), ("::2", 80)),
        ("[::1]:8080", ("::1", 8080), ("::1", 80)),
        ("fd00::/8", ("fd12::1", 80), ("fe80::1", 80)),
        ("64:ff9b::/96", ("64:ff9b::808:808", 80), ("64:ff9b:1::1", 80)),
    ],
)
def test_FF1_allow_private_opens_what_it_names_and_no_more(entry, allowed, refused):
    guard = AddressGuard(allow_private=(entry,))
    assert guard.allows(*allowed)
    assert not guard.allows(*refused)


@pytest.mark.parametrize(
    ("entry", "host", "port", "trusted"),
    [
        ("intranet.example", "intranet.example", 80, True),
        ("intranet.example", "INTRANET.example", 8080, True),
        ("Intranet.example:8080", "intranet.example", 8080, True),
        ("intranet.example:8080", "intranet.example", 80, False),
        ("intranet.example", "other.example", 80, False),
        ("intranet.example", "evil-intranet.example", 80, False),
    ],
)
def test_FF1_allow_private_names_hosts_with_or_without_a_port(entry, host, port, trusted):
    assert AddressGuard(allow_private=(entry,)).trusts_host(host, port) is trusted


def test_FF1_allow_private_true_opens_everything():
    guard = AddressGuard(allow_private=True)
    assert guard.trusts_host("anything.example", 80)
    assert guard.allows("169.254.169.254", 80)


@pytest.mark.parametrize(
    ("host", "public"),
    [
        ("news.org", True),
        ("news.org.", True),
        ("1.1.1.1", True),
        ("[2606:4700::1111]", True),
        ("localhost", False),
        ("newsbox", False),
        ("newsbox.local", False),
        ("news.internal", False),
        ("news.example", False),
        ("127.0.0.1", False),
        ("10.0.0.7", False),
        ("[::1]", False),
        ("", False),
    ],
)
def test_whether_strangers_can_reach_us_is_told_by_the_name(host, public):
    assert looks_public(host) is public
