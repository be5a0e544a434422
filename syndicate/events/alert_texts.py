"""Alerts for the operator: what needs attention, told once, grouped, and again when it is over."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta

_QUIET = re.compile(r"([01]\d|2[0-3]):[0-5]\d-([01]\d|2[0-3]):[0-5]\d")


@dataclass(frozen=True, slots=True, kw_only=True)
class Concern:
    """Matter that needs attention: a line, its details, and the address of its page or ``""``."""

    line: str
    detail: str = ""
    link: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Alert:
    """Message to the operator. ``is_empty`` means that nothing is to be told."""

    title: str
    new: Sequence[Concern]
    over: Sequence[str]

    @property
    def is_empty(self) -> bool:
        """Return whether there is nothing to tell."""
        return not self.new and not self.over

    def text(self, *, details: bool) -> str:
        """Return the body; details may quote mail servers, so they go to the operator's own mail only."""
        lines = ["Needs attention:", ""] if self.new else []
        for concern in self.new:
            said = concern.line[:1].upper() + concern.line[1:]
            lines.append(f"- {said}: {concern.detail}" if details and concern.detail else f"- {said}")
            lines += [f"  {concern.link}"] if concern.link else []
        if self.over:
            lines += [*([""] if lines else []), "Over:", "", *(f"- {line}" for line in self.over)]
        return "\n".join(lines)


def alert_of(
    site: str,
    concerns: Mapping[str, Concern],
    told: Mapping[str, tuple[str, datetime]],
    now: datetime,
    repeat: timedelta,
) -> Alert:
    """Return what to tell: new, repeated (older than ``repeat``, 0: never) and ended concerns."""
    new = [
        concern
        for key, concern in concerns.items()
        if key not in told or (repeat and now - told[key][1] >= repeat)
    ]
    over = [line for key, (line, _) in told.items() if key not in concerns]
    if not concerns:
        title = f"{site}: nothing needs attention any more"
    else:
        count = len(concerns)
        title = f"{site}: {count} item{'s need' if count > 1 else ' needs'} attention"
    return Alert(title=title, new=new, over=over)


def is_quiet(hours: str, at: time) -> bool:
    """Return whether a time of day is in hours such as ``22:00-07:00``; ``""`` is never."""
    if not has_quiet_form(hours):
        return False
    start, end = (time.fromisoformat(text) for text in hours.split("-"))
    return start <= at < end if start <= end else at >= start or at < end


def has_quiet_form(hours: str) -> bool:
    """Return whether a text names quiet hours."""
    return _QUIET.fullmatch(hours) is not None
