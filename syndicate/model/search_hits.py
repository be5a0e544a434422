"""Articles of searches and lists, with the facts that group and count them."""

from collections.abc import Sequence
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


class ListedArticle(NamedTuple):
    """Article of a list for counts; ``same_text`` is the label of its text."""

    published: datetime
    article_id: int
    source_id: int
    story_id: int
    same_text: int
    section: str
    tags: Sequence[str]
