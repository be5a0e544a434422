"""When a feed wants no visit: RSS ``skipHours`` and ``skipDays``, which feedparser does not keep.

Each time is one bit, as in ``SourceState``: hour 0 to 23 in GMT, Monday to Sunday.
"""

import re

_HOURS = re.compile(rb"<skipHours\s*>(.{0,2000}?)</skipHours\s*>", re.DOTALL)
_DAYS = re.compile(rb"<skipDays\s*>(.{0,2000}?)</skipDays\s*>", re.DOTALL)
_HOUR = re.compile(rb"<hour\s*>\s*([0-9]{1,2})\s*</hour\s*>")
_DAY = re.compile(rb"<day\s*>\s*([A-Za-z]+)\s*</day\s*>")
_WEEKDAYS = (b"mon", b"tue", b"wed", b"thu", b"fri", b"sat", b"sun")


def skipped_times(document: bytes) -> tuple[int, int]:
    """The hours and the days of a feed's document, ``(0, 0)`` for none.

    Hour 24 is midnight to those who count from one (RSS 0.91); what names no hour or day is passed over.
    """
    hours = days = 0
    if found := _HOURS.search(document):
        for hour in _HOUR.findall(found[1]):
            hours |= 1 << int(hour) % 24 if int(hour) <= 24 else 0
    if found := _DAYS.search(document):
        for day in _DAY.findall(found[1]):
            days |= 1 << _WEEKDAYS.index(name) if (name := day[:3].lower()) in _WEEKDAYS else 0
    return hours, days
