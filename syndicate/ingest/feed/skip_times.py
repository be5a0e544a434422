"""Times without polls: RSS ``skipHours`` and ``skipDays``, which feedparser does not keep.

Each time is one bit, as in ``SourceState``: hour 0 to 23 in GMT, Monday to Sunday.
"""

import re

_HOUR = re.compile(rb"<hour\s*>\s*([0-9]{1,2})\s*</hour\s*>")
_DAY = re.compile(rb"<day\s*>\s*([A-Za-z]+)\s*</day\s*>")
_WEEKDAYS = (b"mon", b"tue", b"wed", b"thu", b"fri", b"sat", b"sun")
_LONGEST = 2_000
"""Bytes; all twenty-four hours, spelt out one a line, take about 700."""


def skipped_times(document: bytes) -> tuple[int, int]:
    """The hours and the days of a feed's document, ``(0, 0)`` for none.

    Hour 24 is midnight to those who count from one (RSS 0.91); what names no hour or day is passed over.
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
    """Return the inside of the first such element, ``b""`` when it does not end soon."""
    start = document.find(b"<" + name)
    part = document[start : start + _LONGEST] if start >= 0 else b""
    held, end, _ = part.partition(b"</" + name)
    return held if end else b""
