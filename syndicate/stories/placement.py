"""Input and output of the story index."""

from dataclasses import dataclass
from datetime import datetime

from syndicate.model import ScoredLink
from syndicate.stories.grouping_rules import Regrouping, StoryMatch
from syndicate.stories.terms.weighed_terms import ArticleTerms


@dataclass(frozen=True, slots=True, kw_only=True)
class IndexedArticle:
    """Article to be placed. ``hints`` are ids of the articles that its source lists as further reading."""

    article_id: int
    source_id: int
    published: datetime
    title: str
    terms: ArticleTerms
    hints: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Placement:
    """Result of placing a new article.

    ``twin`` is an article with the same text, if any. ``story`` is the story that the article joins; with
    ``None`` it starts a story: the caller creates the row and calls ``StoryIndex.assign``. ``story_match``
    compares the article with the nearest story, joined or not. ``regrouped`` lists other articles that
    changed their story because of it. A new story that split off has a provisional number (minus its smallest
    article id) until the caller creates its row and calls ``StoryIndex.merge``. ``candidates`` are its
    related links, best first, more than pages show. ``neighbours`` are the nearest articles, which may
    deserve no link. ``touched`` are older articles with changed related
    links: ask ``StoryIndex.related`` for these.
    """

    twin: int | None = None
    story: int | None = None
    story_match: StoryMatch | None = None
    regrouped: tuple[Regrouping, ...] = ()
    candidates: tuple[ScoredLink, ...] = ()
    neighbours: tuple[int, ...] = ()
    touched: tuple[int, ...] = ()
