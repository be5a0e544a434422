"""Output feeds: a query over articles."""

from dataclasses import dataclass
from enum import StrEnum


class ClauseField(StrEnum):
    """Fields that a channel query can ask about."""

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
    languages: tuple[str, ...] = ()  # in which a list shows its stories, if they have an article in one


@dataclass(frozen=True, slots=True, kw_only=True)
class Channel:
    """One output feed: articles for which every clause holds, newest first.

    ``moved_from`` are its former names. Without ``hub`` the feed names no WebSub hub. ``previous`` names the
    archive page (RFC 5005) before this document, ``current`` the channel whose archive page this document is.
    """

    name: str
    title: str
    query: str
    clauses: tuple[Clause, ...] = ()
    limit: int = 50
    language: str = ""
    description: str = ""
    moved_from: tuple[str, ...] = ()
    hub: bool = True
    previous: str = ""
    current: str = ""
