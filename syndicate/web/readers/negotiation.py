"""Negotiation of a response from the headers of its request (RFC 9110)."""

import math
import re
from collections.abc import Mapping
from datetime import UTC
from email.utils import parsedate_to_datetime
from functools import lru_cache

from starlette.types import Scope

from syndicate.served_types import ServedType

_ENTITY_TAG = re.compile(r'(?:W/)?("[^"]*")')
_FEED_TYPES = ("application/rss+xml", "application/atom+xml", "application/feed+json")


def fields_of(scope: Scope) -> dict[str, str]:
    """Return the header fields of a request by lower-case name, lines of a list joined (section 5.3)."""
    fields: dict[str, str] = {}
    for name, value in scope["headers"]:
        key, text = name.decode("latin-1"), value.decode("latin-1")
        fields[key] = f"{fields[key]}, {text}" if key in fields else text
    return fields


def content_type(fields: Mapping[str, str], kind: ServedType) -> str:
    """Return the Content-Type; a browser that opens a feed gets plain XML, which it styles (rule D4)."""
    if kind.styled and is_navigation(fields.get("sec-fetch-dest", ""), fields.get("accept", "")):
        return "application/xml; charset=utf-8"
    return kind.content_type


@lru_cache(64)
def accepts_gzip(accept_encoding: str) -> bool:
    """Return whether gzip is acceptable (section 12.5.3); ``q=0`` refuses it, ``*`` stands for it."""
    weights: dict[str, float] = {}
    for entry in accept_encoding.lower().split(","):
        coding, *parameters = (part.strip() for part in entry.split(";"))
        weights[coding] = next((_weight(part[2:]) for part in parameters if part.startswith("q=")), 1.0)
    named = [weights[coding] for coding in ("gzip", "x-gzip") if coding in weights]
    return max(named, default=weights.get("*", 0.0)) > 0


def is_navigation(sec_fetch_dest: str, accept: str) -> bool:
    """Return whether a browser opens a feed as a page (rule D4): it styles only ``application/xml``."""
    if sec_fetch_dest:
        return sec_fetch_dest == "document"
    accepted = accept.lower()
    return "text/html" in accepted and not any(kind in accepted for kind in _FEED_TYPES)


def is_opening(method: str, fields: Mapping[str, str]) -> bool:
    """Return whether a person opened a page (Fetch Metadata) and allows counting (GPC, Do Not Track)."""
    return (
        method == "GET"
        and fields.get("sec-fetch-user") == "?1"
        and fields.get("sec-fetch-dest") == "document"
        and "sec-purpose" not in fields
        and fields.get("sec-gpc") != "1"
        and fields.get("dnt") != "1"
    )


def not_modified(etag: str, modified: int, if_none_match: str | None, if_modified_since: str | None) -> bool:
    """Return whether the client's copy is current (section 13.2.2).

    ``modified`` is in seconds since 1970. ``If-None-Match`` overrides the date, compares weakly, and may be a
    list or ``*``. An invalid date is ignored.
    """
    if if_none_match is not None:
        return if_none_match.strip() == "*" or etag in _ENTITY_TAG.findall(if_none_match)
    return if_modified_since is not None and modified <= _seconds(if_modified_since)


@lru_cache(256)
def _seconds(date: str) -> float:
    """Return a date in seconds since 1970; an invalid date is before all others."""
    try:
        parsed = parsedate_to_datetime(date)
        return (parsed if parsed.tzinfo else parsed.replace(tzinfo=UTC)).timestamp()
    except (ValueError, OverflowError, IndexError, TypeError):
        return -math.inf


def _weight(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return 0.0
