"""Output feeds: a query over articles."""

from dataclasses import dataclass
from enum import StrEnum


class ClauseField(StrEnum):
    """What a channel query can ask about."""

    SECTION = "section"
    TAG = "tag"
    SOURCE = "source"
    LANGUAGE = "language"
    WORD = "word"
    LIST = "list"


@dataclass(frozen=True, slots=True, kw_only=True)
class Clause:
    """One condition: the field has any of the values (or none of them, when negated)."""

    field: ClauseField
    values: tuple[str, ...]
    negated: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Channel:
    """One output feed: articles for which every clause holds, newest first."""

    name: str
    title: str
    query: str
    clauses: tuple[Clause, ...] = ()
    limit: int = 50
    language: str = ""
    description: str = ""
