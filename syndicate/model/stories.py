"""Stories: articles about an event, and their ranked lists."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple


@dataclass(frozen=True, slots=True, kw_only=True)
class Story:
    """Articles about the same event.

    - ``lead_id``: article that represents the story
    - ``created``: time at which it was formed; ``updated``: time of its last change
    - ``articles``: number of articles; ``coverage``: number of distinct sources
    - ``path``: path of its page inside the output folder, ``""`` until two sources told it
    """

    id: int
    lead_id: int
    created: datetime
    updated: datetime
    articles: int
    coverage: int
    path: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class RankedStory:
    """Position of a story in a stored list (``top``, ``trending``).

    ``article_id`` is the lead at that time; ``parts`` names every part of ``score``.
    """

    story_id: int
    article_id: int
    position: int
    score: float
    coverage: int
    parts: Mapping[str, float] = field(default_factory=dict)


class StoredArticle(NamedTuple):
    """Placed article, as the story index loads it after a restart.

    - ``published``: microseconds since 1970
    - ``story``, ``same_text``: its story, and the label of its text
    - ``mean_similarity``: similarity to ``n_compared`` articles of its story when it joined; 0 for the first
    - ``terms``: packed terms
    - ``read_more``: JSON of the titles in its "Read more" list, ``None`` without a list

    A named tuple, because a restart loads hundreds of thousands.
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
