"""WebSub for a subscriber (W3C, 2018): discovery, verification, signatures. Pure. Rules W4, W7, W8, W9."""

import hashlib
import hmac
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from html import unescape

from syndicate.model import Hub, ParsedSource
from syndicate.text.urls import absolute_url, is_web_url

MAX_URL = 2_000
LEASE = 10 * 86_400
"""Requested lease in seconds, also assumed if the hub's verification has no valid lease."""
SHORTEST_LEASE, LONGEST_LEASE = 300, 365 * 86_400
MAX_CHALLENGE = 4_096

_MAX_CHARACTERS = 16_000
_LINK = re.compile(r"<([^<>]*)>([^<]*)")
_PARAMETER = re.compile(r"([\w-]+)\s*=\s*(?:\"([^\"]*)\"|'([^']*)'|([^\s\"'>;,]+))")
_METHODS = ("sha1", "sha256", "sha384", "sha512")


def discover(link_fields: Sequence[str], parsed: ParsedSource, url: str) -> Hub | None:
    """Find the hub and topic of a feed read from ``url``; ``None`` without a valid pair.

    ``Link`` header fields take precedence over the document (section 4), for hub and topic separately. The
    first of several hubs is used. Relative links are resolved against ``url``.
    """
    header_hubs, header_selves = links_of(link_fields, "hub"), links_of(link_fields, "self")
    hubs = [absolute_url(url, link) for link in header_hubs] or list(parsed.hubs)
    topics = [absolute_url(url, link) for link in header_selves] or [parsed.self_url]
    hub = next((hub for hub in hubs if is_web_url(hub) and len(hub) <= MAX_URL), "")
    topic = next((topic for topic in topics if is_web_url(topic) and len(topic) <= MAX_URL), "")
    return Hub(url=hub, topic=topic) if hub and topic else None


def links_of(fields: Sequence[str], relation: str) -> list[str]:
    """Return the targets of a relation in ``Link`` header fields, as written."""
    links = parse_link_fields(fields)
    return [target for target, values in links if relation in values.get("rel", "").lower().split()]


def parse_link_fields(fields: Iterable[str]) -> Iterator[tuple[str, dict[str, str]]]:
    """Yield the target and the parameters of each link in ``Link`` header fields (RFC 8288)."""
    for target, parameters in _LINK.findall(", ".join(fields)[:_MAX_CHARACTERS]):
        values: dict[str, str] = {}
        for name, double, single, bare in _PARAMETER.findall(parameters):
            values.setdefault(name.lower(), unescape(double or single or bare))
        yield target.strip(), values


def parse_lease_seconds(text: str) -> int:
    """Return the lease of a hub's verification in seconds, between the shortest and the longest lease."""
    if not (text.isascii() and text.isdecimal()) or not int(text[:12]):
        return LEASE
    return min(max(int(text[:12]), SHORTEST_LEASE), LONGEST_LEASE)


def subscription_request(
    mode: str, topic: str, callback_url: str, secret: str
) -> tuple[tuple[str, str], ...]:
    """Return the form fields to post to a hub (section 5.1); ``mode`` is ``subscribe`` or ``unsubscribe``."""
    form = [("hub.mode", mode), ("hub.topic", topic), ("hub.callback", callback_url)]
    if mode == "subscribe":
        form.append(("hub.lease_seconds", str(LEASE)))
        if secret:
            form.append(("hub.secret", secret))
    return tuple(form)


def read_challenge(query: Mapping[str, str]) -> str:
    """Return the challenge to echo (section 5.3), ``""`` if it is missing or too long."""
    challenge = query.get("hub.challenge", "")
    return challenge if len(challenge) <= MAX_CHALLENGE else ""


def is_signed(signature: str, body: bytes, secret: str) -> bool:
    """Verify an ``X-Hub-Signature`` (``method=hexdigest``, section 7.1) in constant time."""
    method, _, digest = signature.strip().partition("=")
    method = method.strip().lower()
    if method not in _METHODS:
        return False
    expected = hmac.new(secret.encode(), body, getattr(hashlib, method)).hexdigest()
    return hmac.compare_digest(expected.encode(), digest.strip().lower().encode(errors="replace"))
