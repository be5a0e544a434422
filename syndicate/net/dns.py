"""Questions to the domain name system. The only importer of dnspython."""

from collections.abc import Callable

import dns.exception
import dns.resolver
import dns.reversename

from syndicate.errors import FetchError

# (name, type) → the answers as text; an empty list when there are none. ``FetchError`` when nobody answers.
Lookup = Callable[[str, str], list[str]]

_SECONDS = 10.0


def lookup(name: str, kind: str) -> list[str]:
    """Ask the system's resolver. ``PTR`` takes an IP address; ``TXT`` answers are whole texts."""
    try:
        target = dns.reversename.from_address(name) if kind == "PTR" else name
        answer = dns.resolver.resolve(target, kind, lifetime=_SECONDS)
    except (dns.resolver.NXDOMAIN, dns.resolver.NoAnswer):
        return []
    except dns.exception.DNSException as error:
        raise FetchError(f"no name server answered about {name} ({kind}): {error}") from error
    if kind == "TXT":
        return [b"".join(item.strings).decode("utf-8", "replace") for item in answer]
    return [item.to_text().rstrip(".") for item in answer]
