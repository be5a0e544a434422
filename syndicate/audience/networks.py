"""Network of a client, which rate limits count; it identifies no person."""

from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

UNKNOWN = "unknown"
_IPV4_BITS = 24
_IPV6_BITS = 64


def network_of(peer: str, forwarded: str = "") -> str:
    """Return a client's /24 or /64 network; ``forwarded`` is the header of a proxy on this machine."""
    try:
        address = _address(peer)
        if address.is_loopback and forwarded.strip():
            # The proxy wrote the last entry; the client may have written the others.
            address = _address(forwarded.rpartition(",")[2].strip())
    except ValueError:
        return UNKNOWN
    bits = _IPV6_BITS if isinstance(address, IPv6Address) else _IPV4_BITS
    scope = str(address).partition("%")[0]
    return str(ip_network(f"{scope}/{bits}", strict=False))


def _address(text: str) -> IPv4Address | IPv6Address:
    """Parse an address; an IPv4 address mapped to IPv6, as a dual-stack socket writes it, becomes IPv4."""
    address = ip_address(text)
    return (address.ipv4_mapped or address) if isinstance(address, IPv6Address) else address
