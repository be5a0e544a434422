"""Feeds as if their items had been published in the last days: only dates change, byte for byte.

The items of a feed keep their order and are spread evenly over the days before a moment. An item without a
date, or with one before 1990 or in a future year, keeps what it has: that is what makes feeds real.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime, parsedate_to_datetime

_ITEM = re.compile(rb"<((?:\w+:)?(?:item|entry))[\s>].*?</\1>", re.DOTALL)
_DATE = re.compile(
    rb"(<(?:\w+:)?(?:pubDate|published|updated|date|issued|modified|created)(?:\s[^>]*)?>)(.*?)(?=</)",
    re.DOTALL,
)
_JSON_ITEM = re.compile(rb'\{[^{}]*"(?:id|url)"[^{}]*"date_published"[^{}]*\}')
_JSON_DATE = re.compile(rb'("date_(?:published|modified)"\s*:\s*")([^"]*)(?=")')
_CHANGED = b"updated"
_FIRST_YEAR = 1990


@dataclass(frozen=True, slots=True)
class Feed:
    """A document in parts: what stands between items, and each item with its new date, if it has one."""

    parts: tuple[tuple[bytes, datetime | None], ...]

    def at(self, moment: datetime) -> bytes:
        """Return the document as it was then: without the dated items of later."""
        return b"".join(part for part, published in self.parts if published is None or published <= moment)


def redated(document: bytes, now: datetime, days: int) -> Feed:
    """Return a feed whose newest dated item is an hour old and whose oldest is ``days`` old."""
    is_json = document.lstrip()[:1] == b"{"
    item, date = (_JSON_ITEM, _JSON_DATE) if is_json else (_ITEM, _DATE)
    found = list(item.finditer(document))
    dates = [_item_date(match.group(), date, now) for match in found]
    order = sorted({date for date in dates if date is not None}, reverse=True)
    step = timedelta(days=days) / max(1, len(order))
    moved = {old: now - timedelta(hours=1) - place * step for place, old in enumerate(order)}
    parts: list[tuple[bytes, datetime | None]] = []
    end = 0
    for match, old in zip(found, dates, strict=True):
        parts.append((document[end : match.start()], None))
        new = None if old is None else moved[old]
        # A comma between two JSON items would stay behind: such feeds are served whole.
        parts.append((_shifted(match.group(), date, old, new, now), None if is_json else new))
        end = match.end()
    return Feed((*parts, (document[end:], None)))


def _item_date(item: bytes, date: re.Pattern[bytes], now: datetime) -> datetime | None:
    """Return the date of publication; of an item that has only a date of its last change, that one."""
    found = sorted(date.finditer(item), key=lambda match: _CHANGED in match.group(1))
    read = (read_date(match.group(2)) for match in found)
    return next((item for item in read if item and _FIRST_YEAR <= item.year <= now.year), None)


def _shifted(
    item: bytes, date: re.Pattern[bytes], old: datetime | None, new: datetime | None, now: datetime
) -> bytes:
    if old is None or new is None:
        return item
    change = new - old

    def shift(match: re.Match[bytes]) -> bytes:
        one = read_date(match.group(2))
        if one is None or not _FIRST_YEAR <= one.year <= now.year:
            return match.group()
        write: Callable[[datetime], str] = (
            datetime.isoformat if b"T" in match.group(2)[:12] else format_datetime
        )
        return match.group(1) + write(min(one + change, now)).encode()

    return date.sub(shift, item)


def read_date(text: bytes) -> datetime | None:
    """Return a date in RFC 822 or ISO 8601, or ``None``."""
    plain = text.replace(b"<![CDATA[", b"").replace(b"]]>", b"").strip().decode("ascii", "replace")
    if re.search(r"(?<![-+])\b0\d{3}\b", plain):
        return None  # the standard library takes the year 0001 for 2001
    for read in (parsedate_to_datetime, datetime.fromisoformat):
        try:
            found = read(plain)
        except (ValueError, TypeError, IndexError):
            continue
        return found.replace(microsecond=0) if found.tzinfo else found.replace(tzinfo=UTC, microsecond=0)
    return None
