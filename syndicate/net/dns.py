"""DNS queries. The only importer of dnspython."""

from collections.abc import Callable

import dns.exception
import dns.resolver
import dns.reversename

from syndicate.errors import FetchError

# (name, type) → the records as text, or an empty list. ``FetchError`` when no name server responds.
Lookup = Callable[[str, str], list[str]]

_TIMEOUT = 10.0


def lookup(name: str, kind: str) -> list[str]:
    """Query the system's resolver. ``PTR`` takes an IP address; ``TXT`` records are whole texts."""
    try:
        target = dns.reversename.from_address(name) if kind == "PTR" else name
        answer = dns.resolver.resolve(target, kind, lifetime=_TIMEOUT)
    except (dns.resolver.NXDOMAIN, dns.resolver.NoAnswer):
        return []
    except dns.exception.DNSException as error:
        raise FetchError(f"no name server answered about {name} ({kind}): {error}") from error
    if kind == "TXT":
        return [b"".join(record.strings).decode("utf-8", "replace") for record in answer]
    return [record.to_text().rstrip(".") for record in answer]
