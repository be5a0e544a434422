"""The editor's hand: what a person decided about a story, who and when."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class EditorAction(StrEnum):
    """Kind of an editor's decision. ``UNDO`` takes an earlier decision back."""

    PIN = "pin"
    DROP = "drop"
    RETITLE = "retitle"
    BOOST = "boost"
    UNDO = "undo"


@dataclass(frozen=True, slots=True, kw_only=True)
class EditorDecision:
    """One line of the log, which only grows.

    It names an article by ``article_uid`` and holds for whatever story that article is in: so it
    survives edits, polls, merges and splits. ``value`` is the place of a pin, the factor of a boost,
    the words of a retitle. It holds until ``expires`` (``None``: until it is undone).
    """

    id: int
    recorded: datetime
    who: str
    action: EditorAction
    article_uid: str
    value: str = ""
    expires: datetime | None = None
    undoes: int | None = None
