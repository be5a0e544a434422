"""Articles → stories: copies, stories, related links, top and trending. Pure: no I/O, clock or randomness."""

# ruff: noqa: F401 - other rooms import these names from here
from syndicate.stories.article_kind import is_cut, is_report
from syndicate.stories.duplicates import is_news, is_update
from syndicate.stories.grouping_rules import MERGED, SPLIT, Regrouping
from syndicate.stories.lead_choice import LeadCandidate, choose_lead, lead_candidates, leading_language
from syndicate.stories.link_choice import best_first, without_round_ups
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
from syndicate.stories.terms.repeated_lines import without_repeated
from syndicate.stories.terms.weighed_terms import ArticleTerms, extract_terms, shared_terms, usual_stems
