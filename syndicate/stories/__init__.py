"""Articles → stories: copies, stories, related links, top and trending. Pure: no I/O, clock or randomness."""

from syndicate.stories.article_kind import is_report
from syndicate.stories.duplicates import is_news, is_update
from syndicate.stories.grouping_rules import MERGED, Regrouping, StoryMatch
from syndicate.stories.lead_choice import LeadCandidate, choose_lead, lead_candidates, leading_language
from syndicate.stories.link_choice import without_round_ups
from syndicate.stories.link_scores import ScoredLink
from syndicate.stories.lists.contenders import Contenders
from syndicate.stories.lists.source_weights import ENOUGH_OTHERS, Record, learn_weights, theme_weight
from syndicate.stories.lists.story_ranking import (
    EditorOverrides,
    RankedArticle,
    RankingOptions,
    StoryFacts,
    rank_step,
    rank_top,
    rank_trending,
)
from syndicate.stories.placement import IndexedArticle, Placement
from syndicate.stories.story_index import StoryIndex
from syndicate.stories.story_options import StoryOptions
from syndicate.stories.terms.fingerprint import Fingerprint
from syndicate.stories.terms.weighed_terms import ArticleTerms, extract_terms, shared_terms, usual_stems

__all__ = [
    "ENOUGH_OTHERS",
    "MERGED",
    "ArticleTerms",
    "Contenders",
    "EditorOverrides",
    "Fingerprint",
    "IndexedArticle",
    "LeadCandidate",
    "Placement",
    "RankedArticle",
    "RankingOptions",
    "Record",
    "Regrouping",
    "ScoredLink",
    "StoryFacts",
    "StoryIndex",
    "StoryMatch",
    "StoryOptions",
    "choose_lead",
    "extract_terms",
    "is_news",
    "is_report",
    "is_update",
    "lead_candidates",
    "leading_language",
    "learn_weights",
    "rank_step",
    "rank_top",
    "rank_trending",
    "shared_terms",
    "theme_weight",
    "usual_stems",
    "without_round_ups",
]
