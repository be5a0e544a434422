"""Articles → stories: copies, stories, related links, top and trending. Pure: no I/O, no clock, no chance."""

from syndicate.stories.clusters import MERGED, Bond, Regrouping
from syndicate.stories.fingerprint import Fingerprint
from syndicate.stories.index import IndexedArticle, Placement, StoryIndex
from syndicate.stories.lead import LeadCandidate, choose_lead
from syndicate.stories.options import StoryOptions
from syndicate.stories.ranking import (
    RankingOptions,
    StoryArticle,
    StoryFacts,
    rank_step,
    rank_top,
    rank_trending,
)
from syndicate.stories.related import Scored
from syndicate.stories.terms import ArticleTerms, extract_terms, shared_terms, usual_stems

__all__ = [
    "MERGED",
    "ArticleTerms",
    "Bond",
    "Fingerprint",
    "IndexedArticle",
    "LeadCandidate",
    "Placement",
    "RankingOptions",
    "Regrouping",
    "Scored",
    "StoryArticle",
    "StoryFacts",
    "StoryIndex",
    "StoryOptions",
    "choose_lead",
    "extract_terms",
    "rank_step",
    "rank_top",
    "rank_trending",
    "shared_terms",
    "usual_stems",
]
