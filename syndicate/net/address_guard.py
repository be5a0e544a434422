"""Address guard: allow or refuse a connection by the numeric address about to be connected.

Names are not trusted, because they have many spellings and may change between look-up and connection.
``ipaddress.is_global`` of Python 3.11 is true for NAT64, 6to4, multicast, ``::127.0.0.1`` and ``fec0::``.
So the guard has its own list: IPv4 without the special blocks (IANA registry, RFC 6890), IPv6 only from
``2000::/3`` and without the blocks that wrap or document other addresses.
"""

import errno
import ipaddress
import re
import socket
from typing import Any
from urllib.parse import urlsplit

from syndicate.text.tables import table_of
from syndicate.text.urls import absolute_url

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network

_BLOCKS = table_of(__name__)
_FORBIDDEN_V4 = tuple(map(ipaddress.IPv4Network, _BLOCKS["ipv4"]))
_PRIVATE_ENDINGS = frozenset(
    {"localhost", "local", "internal", "intranet", "lan", "home", "test", "example", "invalid", "arpa"}
)
_UNICAST_V6 = ipaddress.IPv6Network("2000::/3")
_FORBIDDEN_V6 = tuple(map(ipaddress.IPv6Network, _BLOCKS["ipv6"]))


def is_public(address: Address) -> bool:
    """Return whether an address is an ordinary unicast address of the open internet."""
    if isinstance(address, ipaddress.IPv4Address):
        return not any(address in block for block in _FORBIDDEN_V4)
    return address in _UNICAST_V6 and not any(address in block for block in _FORBIDDEN_V6)


def looks_public(host: str) -> bool:
    """Return whether a host name looks reachable from the open internet.

    True for a public address, and for a name with a dot and no ending reserved for private use or examples
    (RFC 2606, RFC 6761, RFC 6762, and ``internal``).
    """
    name = host.strip("[]").rstrip(".").lower()
    try:
        return is_public(ipaddress.ip_address(name))
    except ValueError:
        return "." in name and name.rpartition(".")[2] not in _PRIVATE_ENDINGS


class AddressRefused(OSError):
    """The guard refused an address. An ``OSError``, so that a connector treats it as a failed connection."""

    def __init__(self, address: str) -> None:
        # The same text for all addresses: connectors merge the errors of a host's addresses by text.
        super().__init__(errno.EACCES, "refused by the address guard")
        self.address = address


class AddressGuard:
    """Guard that allows public addresses and the addresses in ``HttpOptions.allow_private``."""

    def __init__(self, allow_private: bool | tuple[str, ...]) -> None:  # noqa: FBT001 - a setting's own shape
        self._allows_all = allow_private is True
        self._networks: list[Network] = []
        self._endpoints: set[tuple[str, int | None]] = set()
        for entry in allow_private if isinstance(allow_private, tuple) else ():
            try:
                self._networks.append(ipaddress.ip_network(entry.strip("[]"), strict=False))
            except ValueError:
                self._endpoints.add(_endpoint(entry))

    def trusts_host(self, host: str, port: int) -> bool:
        """Return whether the operator allowed this host by name, with any address."""
        name = host.lower()
        return self._allows_all or (name, port) in self._endpoints or (name, None) in self._endpoints

    def allows_http(self, host: str, port: int) -> bool:
        """Return whether the operator allowed this private host, to which requests need no encryption."""
        if self.trusts_host(host, port):
            return True
        try:
            return not is_public(ipaddress.ip_address(host)) and self.allows(host, port)
        except ValueError:
            return False

    def allows_url(self, url: str) -> bool:
        """Return whether a URL may be asked as far as its text tells: https, and no private address.

        Private hosts that the operator allowed may have both. The addresses of other names are checked when
        a connection is opened.
        """
        parts = urlsplit(absolute_url("", url) or url)
        host = (parts.hostname or "").rstrip(".")
        port = parts.port or (443 if parts.scheme == "https" else 80)
        if parts.scheme != "https" and not self.allows_http(host, port):
            return False
        try:
            return self.allows(host, port)
        except ValueError:
            # A name that ends in a number is another spelling of an IPv4 address (WHATWG URL 3.5).
            is_private_name = re.fullmatch(r"localhost|\d+|0x[0-9a-f]*", host.rpartition(".")[2])
            return self.trusts_host(host, port) or not is_private_name

    def allows(self, address: str, port: int) -> bool:
        """Return whether a connection to this numeric address is allowed."""
        if self._allows_all or (address, port) in self._endpoints:
            return True
        parsed = ipaddress.ip_address(address)
        return is_public(parsed) or any(parsed in network for network in self._networks)

    def open_socket(self, address_info: tuple[Any, ...]) -> socket.socket:
        """Return a new socket for a ``getaddrinfo`` row; raises ``AddressRefused`` before connecting."""
        family, kind, protocol, _, endpoint = address_info
        if not self.allows(endpoint[0], endpoint[1]):
            raise AddressRefused(endpoint[0])
        return socket.socket(family, kind, protocol)


def _endpoint(entry: str) -> tuple[str, int | None]:
    """Return the host, in lower case, and port of ``host`` or ``host:port`` (IPv6 in brackets)."""
    host, colon, port = entry.lower().rpartition(":")
    if colon and port.isdecimal():
        return host.strip("[]"), int(port)
    return entry.lower(), None
