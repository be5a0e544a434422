"""Bodies of events, and the times of their retries."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from zlib import crc32

# Seconds after each failed attempt; the last failure is final.
RETRIES = (5, 300, 1800, 7200, 18_000, 36_000, 86_400)


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """Change that an endpoint is told. ``sequence`` rises, so that a receiver can order events."""

    uid: str
    type: str
    sequence: int
    created: datetime
    data: Mapping[str, Any]


def event_body(event: Event, site_url: str, address: str = "") -> bytes:
    """Return the JSON of an event; each path gets its link, a subscriber the ``address`` unless empty."""
    data = _with_links(event.data, site_url) | ({"address": address} if address else {})
    body = {"id": event.uid, "type": event.type, "created": event.created.isoformat()}
    return json.dumps(body | {"sequence": event.sequence, "data": data}, ensure_ascii=False).encode()


def retry_at(now: datetime, attempts: int, uid: str, retry_after: float | None = None) -> datetime | None:
    """Return the time of the next attempt after ``attempts`` failures, or ``None`` after the last.

    Times differ by up to a tenth between events, so that a server that returns is not asked by all at once.
    """
    if attempts > len(RETRIES):
        return None
    share = crc32(f"{uid}{attempts}".encode()) % 201 / 1000 - 0.1
    return now + timedelta(seconds=max(RETRIES[attempts - 1] * (1 + share), retry_after or 0.0))


def _with_links(data: Mapping[str, Any], site_url: str) -> dict[str, Any]:
    linked = {
        name: [_with_links(row, site_url) if isinstance(row, Mapping) else row for row in value]
        if isinstance(value, list)
        else value
        for name, value in data.items()
    }
    return linked | ({"link": f"{site_url}/{data['path']}"} if data.get("path") else {})
