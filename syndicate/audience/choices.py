"""Choices of a reader: newsletters, sections, languages, how often, at which hour, a pause.

A selection is stored as a short text, one clause a line and in order, so that equal choices are equal
texts: an edition is rendered once for each distinct one, never once for each reader.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from zoneinfo import available_timezones

from syndicate.model import EVERY_EDITION

PAUSES = (7, 14, 30, 90)
"""How many days a pause may last."""
_KEEP = "keep"
_SHOWN = "shown"
_SECTION = "section:"
_LANGUAGE = "language:"


class NothingChosen(ValueError):
    """Every box of a list is unticked; the argument says which: ``section`` or ``language``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReaderSelection:
    """Selection of stories by a reader; an empty tuple means all of them."""

    sections: tuple[str, ...] = ()
    languages: tuple[str, ...] = ()

    def text(self) -> str:
        """The one text for this selection; ``""`` for everything."""
        lines = [_SECTION + section for section in sorted(set(self.sections))]
        return "\n".join(lines + [_LANGUAGE + language for language in sorted(set(self.languages))])

    def takes(self, section: str, language: str) -> bool:
        """Return whether a story of that section and language is wanted; ``en`` takes ``en-gb`` too."""
        return (not self.sections or section in self.sections) and (
            not self.languages or any(f"{language}-".startswith(f"{text}-") for text in self.languages)
        )

    def shows(self, language: str) -> bool:
        """Return whether a language that is offered stands for one of these; ``en`` does for ``en-us``."""
        return not self.languages or any(f"{text}-".startswith(f"{language}-") for text in self.languages)


def read_selection(text: str) -> ReaderSelection:
    """The selection behind its text."""
    lines = text.splitlines()
    return ReaderSelection(
        sections=tuple(line.removeprefix(_SECTION) for line in lines if line.startswith(_SECTION)),
        languages=tuple(line.removeprefix(_LANGUAGE) for line in lines if line.startswith(_LANGUAGE)),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class OfferedChoices:
    """Choices that a newsletter offers. ``newsletters`` is title by name.

    ``consents`` is, by name, the text that whoever ticks a further newsletter agrees to.
    """

    newsletters: Mapping[str, str] = field(default_factory=dict)
    consents: Mapping[str, str] = field(default_factory=dict)
    sections: tuple[str, ...] = ()
    languages: tuple[str, ...] = ()
    cadences: tuple[str, ...] = (EVERY_EDITION,)


@dataclass(frozen=True, slots=True, kw_only=True)
class Choices:
    """Choices of a reader. ``hour`` is local to ``time_zone``, ``None`` for as soon as it is ready."""

    newsletters: tuple[str, ...] = ()
    selection: ReaderSelection = field(default_factory=ReaderSelection)
    cadence: str = EVERY_EDITION
    hour: int | None = None
    time_zone: str = ""
    paused_until: datetime | None = None


def agreement(title: str, consent: str) -> str:
    """The text shown beside one newsletter among several, and kept when it is ticked."""
    return f"{title}: {consent}"


def time_zones() -> tuple[str, ...]:
    """The zones people know by a place, and UTC."""
    apart = ("Etc/", "SystemV/", "US/", "posix", "right")
    places = (name for name in available_timezones() if "/" in name and not name.startswith(apart))
    return ("UTC", *sorted(places))


def read_choices(
    fields: Mapping[str, Sequence[str]], offer: OfferedChoices, before: Choices, now: datetime
) -> Choices:
    """The choices that a form sends; what was never offered is left out, so nothing foreign is stored.

    A list that the form does not show stays as it was. ``NothingChosen`` when everything of a list that it
    shows was unticked: that would mean everything, the opposite.
    """

    def chosen(name: str, offered: Sequence[str]) -> tuple[str, ...]:
        wanted = set(fields.get(name, ()))
        return tuple(text for text in offered if text in wanted)

    def one(name: str) -> str:
        return (fields.get(name) or [""])[0]

    hour, zone, pause = one("hour"), one("time_zone"), one("pause")
    days = int(pause) if pause in map(str, PAUSES) else 0
    until = before.paused_until if pause == _KEEP else (now + timedelta(days=days) if days else None)

    def part(name: str, offered: Sequence[str], mine: tuple[str, ...]) -> tuple[str, ...]:
        wanted, shown = chosen(name, offered), name in fields.get(_SHOWN, ())
        if shown and offered and not wanted:
            raise NothingChosen(name)
        if not shown and not fields.get(name):
            return mine
        # All of them means whatever there will be, too.
        return () if len(wanted) == len(offered) else wanted

    return Choices(
        newsletters=chosen("newsletter", tuple(offer.newsletters)),
        selection=ReaderSelection(
            sections=part("section", offer.sections, before.selection.sections),
            languages=part("language", offer.languages, before.selection.languages),
        ),
        cadence=one("cadence") if one("cadence") in offer.cadences else EVERY_EDITION,
        hour=int(hour) if hour in map(str, range(24)) else None,
        time_zone=zone if zone in time_zones() else "",
        paused_until=until,
    )
