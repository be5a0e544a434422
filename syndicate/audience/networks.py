"""Network of a client: enough to slow down an attacker, too little to identify a person."""

from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

UNKNOWN = "unknown"
_IPV4_BITS = 24
_IPV6_BITS = 64


def network_of(peer: str, forwarded: str = "") -> str:
    """The /24 or /64 around an address, ``unknown`` if it is none.

    ``forwarded`` is the X-Forwarded-For field. It counts only when ``peer`` is this machine, where a proxy
    of ours runs, and then only its last entry, which is the one that proxy wrote.
    """
    try:
        address = _address(peer)
        if address.is_loopback and forwarded.strip():
            address = _address(forwarded.rpartition(",")[2].strip())
    except ValueError:
        return UNKNOWN
    bits = _IPV6_BITS if isinstance(address, IPv6Address) else _IPV4_BITS
    scope = str(address).partition("%")[0]
    return str(ip_network(f"{scope}/{bits}", strict=False))


def _address(text: str) -> IPv4Address | IPv6Address:
    """An address; one of IPv4 that a socket for both kinds writes in the manner of IPv6 is one of IPv4."""
    address = ip_address(text)
    return (address.ipv4_mapped or address) if isinstance(address, IPv6Address) else address
