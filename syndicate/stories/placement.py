"""What goes into the story index, new or stored, and what comes out of it."""

from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from syndicate.stories.clusters import Bond, Regrouping
from syndicate.stories.fingerprint import Fingerprint
from syndicate.stories.related import Scored
from syndicate.stories.terms import ArticleTerms


@dataclass(frozen=True, slots=True, kw_only=True)
class IndexedArticle:
    """An article as the index takes it. ``hints`` are ids of articles its source lists as further reading.

    ``terms`` are as extracted, or as they were packed once.
    """

    article_id: int
    source_id: int
    published: datetime
    title: str
    terms: ArticleTerms | Fingerprint
    language: str = ""
    hints: tuple[int, ...] = ()


class StoredArticle(NamedTuple):
    """An article that was placed before a restart, with the terms that were packed for the store.

    ``published`` is in microseconds since 1970, ``mean`` and ``compared`` are those of the ``Bond`` with
    which it joined its story, 0 if it began one. ``read_more`` is what the store knows of the further reading
    it lists, ``None`` if it lists none. A tuple: a restart takes hundreds of thousands of them.
    """

    article_id: int
    source_id: int
    published: int
    title: str
    story: int | None
    duplicate_of: int | None
    mean: float
    compared: int
    terms: bytes
    read_more: str | None = None


# The same as a row of the store, whose room knows no ``StoredArticle``.
StoredRow = tuple[int, int, int, str, int | None, int | None, float, int, bytes, str | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Placement:
    """Where a new article belongs.

    ``duplicate_of`` is the article it is a copy of. ``story`` is the story it joins; ``None``
    means it starts one: the caller creates the row and calls ``StoryIndex.assign``.
    ``bond`` is what it has in common with the nearest story, joined or not; ``regrouped`` says which
    other articles changed their story because of it. A story that split off has a provisional number
    (minus the smallest article id in it) until the caller gives it a row and calls ``StoryIndex.merge``.
    ``candidates`` are its related links, best first, more than are shown. ``touched`` are the older
    articles whose own related links change because of it: ask ``StoryIndex.related`` for them.
    """

    duplicate_of: int | None = None
    story: int | None = None
    bond: Bond | None = None
    regrouped: tuple[Regrouping, ...] = ()
    candidates: tuple[Scored, ...] = ()
    touched: tuple[int, ...] = ()
