"""DNS checks of a mail set-up: SPF, DKIM, DMARC, alignment, reverse names, and the bounce mailbox.

Every check gets its DNS ``lookup`` as an argument.
"""

import ipaddress
import re
from collections.abc import Callable, Sequence
from functools import partial
from typing import NamedTuple

from syndicate.delivery.dkim_signing import DkimKey
from syndicate.errors import SyndicateError
from syndicate.net.dns import Lookup
from syndicate.text.urls import same_site

_POLICIES = ("none", "quarantine", "reject")
# RFC 7208 section 4.6.4.
_MAX_LOOKUPS = 10
_LOOKUP_TERM = re.compile(r"[+?~-]?(include:|a\b|mx\b|ptr\b|exists:|redirect=)", re.IGNORECASE)
_ALLOWING_TERM = re.compile(r"\+?(include:|a\b|mx\b|ptr\b|exists:|ip4:|ip6:)|redirect=", re.IGNORECASE)
_ALIGNMENT_MODES = {"s": "strict", "r": "relaxed"}


class DnsCheck(NamedTuple):
    """Result of a check; ``good`` is ``None`` when the check does not apply to this set-up."""

    good: bool | None
    detail: str


def checked(check: Callable[[], DnsCheck]) -> DnsCheck:
    """Run a check; an error is a failed check."""
    try:
        return check()
    except SyndicateError as error:
        return _bad(str(error))


def _bad(detail: str) -> DnsCheck:
    return DnsCheck(good=False, detail=detail)


def check_spf(domain: str, lookup: Lookup) -> DnsCheck:
    """Check the envelope sender's domain for a valid SPF record that allows a sender (RFC 7208)."""
    records = [text for text in lookup(domain, "TXT") if text.lower().split(" ")[0] == "v=spf1"]
    if len(records) != 1:
        return _bad(f"{domain} has {len(records)} SPF records; it needs one: v=spf1 include:YOUR-RELAY -all")
    terms = records[0].split()[1:]
    if not any(map(_ALLOWING_TERM.match, terms)):
        return _bad(f"{domain}: {records[0]} allows no sender; add your relay: include:YOUR-RELAY")
    lookups = sum(_LOOKUP_TERM.match(term) is not None for term in terms)
    if lookups > _MAX_LOOKUPS:
        return _bad(f"{records[0]} needs {lookups} lookups, and receivers stop at {_MAX_LOOKUPS}")
    last = terms[-1].lower() if terms else ""
    if last not in ("-all", "~all") and not last.startswith("redirect="):
        return _bad(f"{records[0]} does not end in -all or ~all, so it allows every sender")
    return DnsCheck(good=True, detail=f"{domain}: {records[0]}")


def check_dkim(keys: Sequence[DkimKey], lookup: Lookup) -> list[DnsCheck]:
    """Check that each key's record in DNS matches the key file (RFC 6376 section 3.6.1)."""
    if not keys:
        return [
            DnsCheck(good=None, detail="no key is set: your relay has to sign, or run `syndicate dkim new`")
        ]
    return [checked(partial(_check_key, key, lookup)) for key in keys]


def _check_key(key: DkimKey, lookup: Lookup) -> DnsCheck:
    name = f"{key.selector}._domainkey.{key.domain}"
    expected = _tags(key.record)["p"]
    published = [_tags(text).get("p", "") for text in lookup(name, "TXT")]
    if expected in published:
        return DnsCheck(good=True, detail=f"{name} matches the key file ({key.algorithm})")
    problem = "another key" if any(published) else "no key"
    return _bad(f"{name} has {problem}; publish: {key.record}")


def check_dmarc(domain: str, lookup: Lookup) -> DnsCheck:
    """Check for a policy of the domain in From or of the organisation above it (RFC 7489 section 6.6.3)."""
    policies = _policies(domain, lookup)
    if policies:
        name, record = policies[0] if policies[0][0] == domain else policies[-1]
        return DnsCheck(good=True, detail=f"_dmarc.{name}: {record}")
    return _bad(f'_dmarc.{domain} has no policy; publish at least "v=DMARC1; p=none"')


def check_alignment(domain: str, envelope: str, signing: Sequence[str], lookup: Lookup) -> DnsCheck:
    """Compare domains that pass SPF or DKIM with the domain in From, as DMARC does (RFC 7489 section 3.1).

    ``envelope`` is the domain of the envelope's sender, ``signing`` are the domains of the DKIM keys.
    """
    policies = _policies(domain, lookup)
    record = next((text for name, text in policies if name == domain), policies[-1][1] if policies else "")
    tags = _tags(record)
    spf, dkim = (_ALIGNMENT_MODES.get(tags.get(name, "r").lower(), "relaxed") for name in ("aspf", "adkim"))

    def aligned(other: str, mode: str) -> bool:
        if mode == "strict" or other == domain:
            return other == domain
        # Domains under one policy belong to one organisation, whatever the public suffix above it.
        above = policies and f".{other}".endswith(f".{policies[-1][0]}")
        return bool(above) or same_site(f"https://{other}", f"https://{domain}")

    by = [f"DKIM d={other}" for other in dict.fromkeys(signing) if aligned(other, dkim)]
    by += [f"SPF of {envelope}"] if aligned(envelope, spf) else []
    if by:
        return DnsCheck(good=True, detail=f"{' and '.join(by)}: as in From, {domain}")
    if not signing:
        detail = f"the envelope's {envelope} is not {domain} ({spf}): your relay has to sign with d={domain}"
        return DnsCheck(good=None, detail=detail)
    keys = ", ".join(f"d={other}" for other in dict.fromkeys(signing))
    return _bad(
        f"neither the envelope's {envelope} ({spf}) nor DKIM {keys} ({dkim}) "
        f"belongs to {domain} in From: set [mail] dkim_domain"
    )


def _policies(domain: str, lookup: Lookup) -> list[tuple[str, str]]:
    """Return name and policy of the domain and of each domain above it (DMARCbis, "tree walk")."""
    labels = domain.split(".")
    policies = []
    for name in (".".join(labels[at:]) for at in range(len(labels) - 1)):
        records = [text for text in lookup(f"_dmarc.{name}", "TXT") if text.lower().startswith("v=dmarc1")]
        tags = _tags(records[0]) if len(records) == 1 else {}
        if tags.get("p", "").lower() in _POLICIES and tags.get("psd", "").lower() != "y":
            policies.append((name, records[0]))
    return policies


def check_names(host: str, lookup: Lookup) -> DnsCheck:
    """Check that each address of the mail server has a name that resolves to that address."""
    addresses = _addresses(host, lookup)
    if not addresses:
        return _bad(f"{host} has no address")
    outside = [address for address in addresses if ipaddress.ip_address(address).is_global]
    if not outside:
        return DnsCheck(
            good=None, detail=f"{host} is in your own network: its outgoing address is not visible from here"
        )
    for address in outside:
        names = lookup(address, "PTR")
        if not any(address in _addresses(name, lookup) for name in names):
            return _bad(f"{address} ({host}) has no name that resolves to it; ask its operator")
    return DnsCheck(good=True, detail=f"{host}: {', '.join(outside)}")


def check_bounces(address: str, lookup: Lookup) -> DnsCheck:
    """Check that a server accepts mail for the bounce address."""
    domain = address.rpartition("@")[2]
    if not address:
        detail = "[bounces] address is not set: bounces go to the sender's mailbox and are not counted"
        return DnsCheck(good=None, detail=detail)
    servers = lookup(domain, "MX") or _addresses(domain, lookup)
    target = servers[0].split()[-1] if servers else ""
    detail = f"mail for {domain} goes to {target}" if servers else f"{domain} accepts no mail"
    return DnsCheck(good=bool(servers), detail=detail)


def _addresses(host: str, lookup: Lookup) -> list[str]:
    try:
        return [str(ipaddress.ip_address(host))]
    except ValueError:
        if host == "localhost":
            return ["127.0.0.1"]
        return [*lookup(host, "A"), *lookup(host, "AAAA")]


def _tags(record: str) -> dict[str, str]:
    pairs = (tag.partition("=") for tag in record.split(";"))
    return {name.strip(): "".join(value.split()) for name, _, value in pairs}
