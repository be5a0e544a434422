"""Decisions of editors about stories."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class EditorAction(StrEnum):
    """Kind of decision. ``UNDO`` cancels an earlier decision."""

    PIN = "pin"
    DROP = "drop"
    RETITLE = "retitle"
    BOOST = "boost"
    UNDO = "undo"


@dataclass(frozen=True, slots=True, kw_only=True)
class EditorDecision:
    """Row of the editor's log, to which rows are only added.

    - ``recorded``: time of the decision; ``who``: name of the editor
    - ``article_uid``: article that the decision names. It applies to the article's current story, so that
      it survives edits, polls, merges and splits.
    - ``value``: position of a pin, factor of a boost, title of a retitle
    - ``expires``: end of the decision, ``None`` until it is undone
    - ``undoes``: id of the decision that this decision undoes
    """

    id: int
    recorded: datetime
    who: str
    action: EditorAction
    article_uid: str
    value: str = ""
    expires: datetime | None = None
    undoes: int | None = None
