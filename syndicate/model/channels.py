"""Channels: output feeds, each a query over articles."""

from dataclasses import dataclass
from enum import StrEnum


class ClauseField(StrEnum):
    """Fields that a channel query can test."""

    SECTION = "section"
    TAG = "tag"
    SOURCE = "source"
    LANGUAGE = "language"
    WORD = "word"
    LIST = "list"


@dataclass(frozen=True, slots=True, kw_only=True)
class Clause:
    """Condition of a query: the field has any of the values, or, if ``negated``, none of them.

    For a list, ``languages`` are preferred: a story appears in such a language if it has an article in it.
    """

    field: ClauseField
    values: tuple[str, ...]
    negated: bool = False
    languages: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Channel:
    """Output feed of the articles that match every clause, newest first.

    - ``name``: name in URLs and files; ``moved_from``: former names
    - ``title``, ``description``, ``language``: of the feed document
    - ``query``: the query as written; ``clauses``: the query as parsed
    - ``limit``: maximum number of articles in the feed
    - ``post_to``: names of the networks to which its stories are posted
    - ``hub``: false for a feed without a WebSub hub
    - ``previous``: archive page (RFC 5005) before this document
    - ``current``: channel whose archive page this document is
    """

    name: str
    title: str
    query: str
    clauses: tuple[Clause, ...] = ()
    limit: int = 50
    language: str = ""
    description: str = ""
    moved_from: tuple[str, ...] = ()
    post_to: tuple[str, ...] = ()
    hub: bool = True
    previous: str = ""
    current: str = ""
