"""Counts and times as short phrases."""

import re
from collections.abc import Mapping
from datetime import datetime
from zoneinfo import ZoneInfo


def local_time(at: datetime, zone: ZoneInfo) -> str:
    """Format a time in a time zone: ``Fri 27 Nov 07:00 CET``."""
    return f"{at.astimezone(zone):%a %d %b %H:%M %Z}"


def listed_counts(counts: Mapping[str, object]) -> str:
    """Return counts with their names, which are plurals: ``3 sent, 1 page``."""
    singular = {name: re.sub(r"(?<!s)s$", "", re.sub(r"ies$", "y", name)) for name in counts}
    return ", ".join(
        f"{count} {singular[name] if str(count) == '1' else name}".replace("_", " ")
        for name, count in counts.items()
    )


def plural(count: int, noun: str) -> str:
    """Return a count with its noun: ``1 source``, ``2,000 sources``, ``2 stories``, ``2 people``."""
    if count == 1:
        return f"1 {noun}"
    if noun == "person":
        return f"{count:,} people"
    if noun.endswith("y") and noun[-2:-1] not in "aeiou":
        return f"{count:,} {noun[:-1]}ies"
    return f"{count:,} {noun}{'es' if noun.endswith(('s', 'ch')) else 's'}"


def ago(then: datetime | None, now: datetime) -> str:
    """Format the distance between two times: ``5 min ago``, ``in 2 h``."""
    if then is None:
        return "never"
    seconds = (now - then).total_seconds()
    for size, unit in ((86400, "d"), (3600, "h"), (60, "min")):
        if abs(seconds) >= size:
            number = f"{abs(seconds) / size:.0f} {unit}"
            return f"{number} ago" if seconds >= 0 else f"in {number}"
    return "now"
