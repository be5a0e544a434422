"""Choices of a subscriber: newsletters, sections, languages, cadence, hour and pause.

A selection is stored as a short sorted text, so that equal selections are equal texts. An edition is
rendered once for each distinct selection, not for each subscriber.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from zoneinfo import available_timezones

from syndicate.model import EVERY_EDITION

PAUSES = (7, 14, 30, 90)
"""Days that a pause may last."""
_KEEP = "keep"
_SHOWN = "shown"
_SECTION = "section:"
_LANGUAGE = "language:"


class NothingSelected(ValueError):
    """Error of a form in which no box of a list is ticked; its argument is ``section`` or ``language``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReaderSelection:
    """Selection of stories by a subscriber; an empty tuple means all."""

    sections: tuple[str, ...] = ()
    languages: tuple[str, ...] = ()

    def text(self) -> str:
        """Return the text of this selection; ``""`` for all stories."""
        lines = [_SECTION + section for section in sorted(set(self.sections))]
        return "\n".join(lines + [_LANGUAGE + language for language in sorted(set(self.languages))])

    def takes(self, section: str, language: str) -> bool:
        """Return whether a story of that section and language is selected; ``en`` selects ``en-gb`` too."""
        return (not self.sections or section in self.sections) and (
            not self.languages or any(f"{language}-".startswith(f"{text}-") for text in self.languages)
        )

    def shows(self, language: str) -> bool:
        """Return whether the box of an offered language is ticked; a stored ``en-us`` ticks ``en``."""
        return not self.languages or any(f"{text}-".startswith(f"{language}-") for text in self.languages)


def read_selection(text: str) -> ReaderSelection:
    """Parse the text of a selection."""
    lines = text.splitlines()
    return ReaderSelection(
        sections=tuple(line.removeprefix(_SECTION) for line in lines if line.startswith(_SECTION)),
        languages=tuple(line.removeprefix(_LANGUAGE) for line in lines if line.startswith(_LANGUAGE)),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class OfferedChoices:
    """Choices that a newsletter offers; ``newsletters`` are titles by name, ``consents`` texts of consent."""

    newsletters: Mapping[str, str] = field(default_factory=dict)
    consents: Mapping[str, str] = field(default_factory=dict)
    sections: tuple[str, ...] = ()
    languages: tuple[str, ...] = ()
    cadences: tuple[str, ...] = (EVERY_EDITION,)


@dataclass(frozen=True, slots=True, kw_only=True)
class Choices:
    """Choices of a subscriber. ``hour`` is local to ``time_zone``; ``None`` sends each edition at once."""

    newsletters: tuple[str, ...] = ()
    selection: ReaderSelection = field(default_factory=ReaderSelection)
    cadence: str = EVERY_EDITION
    hour: int | None = None
    time_zone: str = ""
    paused_until: datetime | None = None


def time_zones() -> tuple[str, ...]:
    """Return UTC and the time zones named after places."""
    apart = ("Etc/", "SystemV/", "US/", "posix", "right")
    places = (name for name in available_timezones() if "/" in name and not name.startswith(apart))
    return ("UTC", *sorted(places))


def read_choices(
    fields: Mapping[str, Sequence[str]], offer: OfferedChoices, before: Choices, now: datetime
) -> Choices:
    """Read the choices of a submitted form; values that were not offered are ignored.

    A list that the form does not show keeps its values of ``before``. Raises ``NothingSelected`` when no box
    of a shown list is ticked: stored, that would mean all stories.
    """

    def ticked(name: str, offered: Sequence[str]) -> tuple[str, ...]:
        values = set(fields.get(name, ()))
        return tuple(text for text in offered if text in values)

    def first(name: str) -> str:
        return (fields.get(name) or [""])[0]

    hour, zone, pause = first("hour"), first("time_zone"), first("pause")
    days = int(pause) if pause in map(str, PAUSES) else 0
    until = before.paused_until if pause == _KEEP else (now + timedelta(days=days) if days else None)

    def part(name: str, offered: Sequence[str], stored: tuple[str, ...]) -> tuple[str, ...]:
        values, shown = ticked(name, offered), name in fields.get(_SHOWN, ())
        if shown and offered and not values:
            raise NothingSelected(name)
        if not shown and not fields.get(name):
            return stored
        # All boxes ticked also selects future sections and languages.
        return () if len(values) == len(offered) else values

    return Choices(
        newsletters=ticked("newsletter", tuple(offer.newsletters)),
        selection=ReaderSelection(
            sections=part("section", offer.sections, before.selection.sections),
            languages=part("language", offer.languages, before.selection.languages),
        ),
        cadence=first("cadence") if first("cadence") in offer.cadences else EVERY_EDITION,
        hour=int(hour) if hour in map(str, range(24)) else None,
        time_zone=zone if zone in time_zones() else "",
        paused_until=until,
    )
