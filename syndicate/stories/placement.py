"""Input and output of the story index."""

from dataclasses import dataclass
from datetime import datetime

from syndicate.stories.grouping_rules import Regrouping, StoryMatch
from syndicate.stories.link_scores import ScoredLink
from syndicate.stories.terms.fingerprint import Fingerprint
from syndicate.stories.terms.weighed_terms import ArticleTerms


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


@dataclass(frozen=True, slots=True, kw_only=True)
class Placement:
    """Place of a new article.

    ``twin`` is an article with the same text, ``None`` without one. ``story`` is the story it joins; ``None``
    means it starts one: the caller creates the row and calls ``StoryIndex.assign``.
    ``bond`` is what it has in common with the nearest story, joined or not; ``regrouped`` says which
    other articles changed their story because of it. A new story that split off has a provisional number
    (minus the smallest article id in it) until the caller gives it a row and calls ``StoryIndex.merge``.
    ``candidates`` are its related links, best first, more than are shown. ``touched`` are the older
    articles whose own related links change because of it: ask ``StoryIndex.related`` for them.
    """

    twin: int | None = None
    story: int | None = None
    bond: StoryMatch | None = None
    regrouped: tuple[Regrouping, ...] = ()
    candidates: tuple[ScoredLink, ...] = ()
    touched: tuple[int, ...] = ()
