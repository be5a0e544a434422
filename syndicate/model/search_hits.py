"""Articles that match a search."""

from datetime import datetime
from typing import NamedTuple


class SearchHit(NamedTuple):
    """Matching article with the facts for groups and filters; ``section`` is a key."""

    article_id: int
    story_id: int
    source_id: int
    section: str
    language: str
    published: datetime
