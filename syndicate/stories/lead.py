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
    best = min(
        articles,
        key=lambda one: (
            not is_dated(one.published),
            one.is_copy,
            -one.source_weight,
            not one.has_image,
            -(min(one.length, _LONG_ENOUGH) // 300),
            one.published,
            one.article_id,
        ),
    )
    return best.article_id
