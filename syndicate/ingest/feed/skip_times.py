"""Parse RSS ``skipHours`` and ``skipDays``, which feedparser does not keep.

Each hour (0 to 23 in GMT) and each day (Monday to Sunday) is a bit, as in ``SourceState``.
"""

import re

_HOUR = re.compile(rb"<hour\s*>\s*([0-9]{1,2})\s*</hour\s*>")
_DAY = re.compile(rb"<day\s*>\s*([A-Za-z]+)\s*</day\s*>")
_WEEKDAYS = (b"mon", b"tue", b"wed", b"thu", b"fri", b"sat", b"sun")
_MAX_BYTES = 2_000
"""Bytes of the element; all twenty-four hours, one a line, take about 700."""


def parse_skip_times(document: bytes) -> tuple[int, int]:
    """Return the bits of the skipped hours and days of a feed document.

    Hour 24 is midnight (RSS 0.91 counts from 1); invalid hours and days are ignored.
    """
    hours = days = 0
    if b"<skip" not in document:
        return 0, 0
    for hour in _HOUR.findall(_inside(document, b"skipHours")):
        hours |= 1 << int(hour) % 24 if int(hour) <= 24 else 0
    for day in _DAY.findall(_inside(document, b"skipDays")):
        days |= 1 << _WEEKDAYS.index(name) if (name := day[:3].lower()) in _WEEKDAYS else 0
    return hours, days


def _inside(document: bytes, name: bytes) -> bytes:
    start = document.find(b"<" + name)
    part = document[start : start + _MAX_BYTES] if start >= 0 else b""
    content, end, _ = part.partition(b"</" + name)
    return content if end else b""
