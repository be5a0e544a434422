"""Articles about one event, and the lists they are ranked in."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime


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
