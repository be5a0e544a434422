"""Articles about one event, and the lists they are ranked in."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple


@dataclass(frozen=True, slots=True, kw_only=True)
class Story:
    """Articles about one event. ``coverage`` counts distinct sources."""

    id: int
    lead_id: int
    created: datetime
    updated: datetime
    articles: int
    coverage: int


@dataclass(frozen=True, slots=True, kw_only=True)
class RankedStory:
    """A story's place in a stored list (``top``, ``trending``), with every part of its score."""

    story_id: int
    article_id: int
    position: int
    score: float
    coverage: int
    parts: Mapping[str, float] = field(default_factory=dict)


class StoredArticle(NamedTuple):
    """An article that was placed before a restart, as the story index takes it back from the store.

    ``published`` is in microseconds since 1970. ``mean_similarity`` is its similarity to ``n_compared``
    articles of its story when it joined, zeros if it began one. ``terms`` are packed; ``read_more`` is the
    JSON of the titles in its "Read more" list, ``None`` without one. A tuple: a restart takes hundreds of
    thousands of them.
    """

    article_id: int
    source_id: int
    published: int
    title: str
    story: int | None
    same_text: int
    mean_similarity: float
    n_compared: int
    terms: bytes
    read_more: str | None = None
