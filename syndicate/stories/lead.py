"""Choice of a story's lead article."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from syndicate.model import is_dated

# Beyond this, a longer text says nothing about being the better report (characters).
_LONG_ENOUGH = 1500


@dataclass(frozen=True, slots=True, kw_only=True)
class LeadCandidate:
    """Facts about an article for the choice of a lead. ``length`` is in characters."""

    article_id: int
    source_weight: float
    has_image: bool
    length: int
    published: datetime
    is_copy: bool = False


def choose_lead(articles: Iterable[LeadCandidate]) -> int:
    """The id of the article that leads.

    In this order: one with a date, an original, the source of most weight, one with a picture, the longer
    text (up to 1,500 characters, in steps of 300), the earliest, the smallest id.

    Raises ``ValueError`` when there is no article.
    """
    return min(articles, key=_order).article_id


def lead_order(articles: Iterable[LeadCandidate]) -> list[int]:
    """Return the ids of articles in the order in which they would lead."""
    return [article.article_id for article in sorted(articles, key=_order)]


def _order(article: LeadCandidate) -> tuple[bool, bool, float, bool, int, datetime, int]:
    return (
        not is_dated(article.published),
        article.is_copy,
        -article.source_weight,
        not article.has_image,
        -(min(article.length, _LONG_ENOUGH) // 300),
        article.published,
        article.article_id,
    )
