"""Explanation of an article: its story, related links, ranks, decisions and newsletters."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from syndicate.jobs.newsletter.outcome_lookup import article_outcomes
from syndicate.jobs.publish.article_views import count_sources
from syndicate.jobs.publish.channel_lookup import story_rank
from syndicate.jobs.stories.ranking_job import LISTS
from syndicate.model import Article, EditorAction, EditorDecision, RankedStory, RelatedLink, Story
from syndicate.newsletter.article_outcomes import ArticleOutcome
from syndicate.services import Services
from syndicate.store import Connection
from syndicate.store.ingest import article_store, source_store
from syndicate.store.stories import decision_store, ranked_lists, story_store
from syndicate.store.stories.ranked_lists import SourceWeight
from syndicate.store.stories.story_moves import StoryMove, StoryReason, story_moves, story_reasons
from syndicate.stories import shared_terms, usual_stems

# Number of texts of other stories from which common words are counted.
COMMON_WORD_TEXTS = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    """Facts about an article and its place. ``others`` are further matches of the text the user gave.

    ``pending`` are changes by an editor that the stored top list does not show yet.
    """

    article: Article
    others: list[Article]
    source: str
    story: Story | None
    reason: StoryReason | None
    moves: list[StoryMove]
    coverage: list[RelatedLink]
    foreign_sources: int
    twins: list[RelatedLink]
    related: list[RelatedLink]
    shared: Mapping[int, tuple[str, ...]]
    ranks: Mapping[str, RankedStory | None]
    sources: Mapping[int, str]
    learned: Mapping[str, SourceWeight]
    decisions: list[EditorDecision]
    pending: list[str]
    newsletters: list[ArticleOutcome]


def explain_article(
    connection: Connection, services: Services, article: Article, others: list[Article], now: datetime
) -> Explanation:
    """Collect the facts from the store."""
    site_url = services.settings.site.url
    sources = {source.id: source.name for source in source_store.list_sources(connection)}
    related = story_store.related_links(connection, [article.id], site_url=site_url).get(article.id, [])
    story_id = article.story_id or 0
    stories = story_store.story_links(connection, [story_id], site_url=site_url)
    coverage = stories[story_id].links if story_id in stories else ()
    common = usual_stems(
        article_store.lead_texts(connection, article.language, limit=COMMON_WORD_TEXTS), article.language
    )
    bodies = article_store.get_bodies(connection, [article.id, *(link.article_id for link in related)])
    ranks = {name: story_rank(connection, name, article.story_id) for name in LISTS}
    decisions = _decisions(connection, article, now)
    return Explanation(
        article=article,
        others=others,
        source=sources[article.source_id],
        story=story_store.get_stories(connection, [story_id]).get(story_id),
        reason=story_reasons(connection, [article.id]).get(article.id),
        moves=story_moves(connection, story_id),
        coverage=[link for link in coverage if link.article_id != article.id],
        foreign_sources=count_sources(sources[article.source_id], article.language, coverage)[1],
        twins=story_store.same_text_links(connection, article, site_url=site_url),
        related=related,
        shared={
            link.article_id: shared_terms(
                article.title,
                bodies[article.id].text,
                link.title,
                bodies[link.article_id].text,
                article.language,
                usual=common,
            )
            for link in related
        },
        ranks=ranks,
        sources=sources,
        learned={
            sources[number]: weight
            for number, weight in ranked_lists.source_weights(connection).items()
            if number in sources
        },
        decisions=decisions,
        pending=_pending(decisions, ranks["top"]),
        newsletters=article_outcomes(connection, services.newsletters, article, now),
    )


def _decisions(connection: Connection, article: Article, now: datetime) -> list[EditorDecision]:
    """Return the editor's decisions about the article's story, or about an article without a story."""
    if article.story_id is None:
        return decision_store.decisions(connection, at=now, article_uids=[article.uid])
    return decision_store.story_decisions(connection, at=now).get(article.story_id, [])


def _pending(decisions: Sequence[EditorDecision], rank: RankedStory | None) -> list[str]:
    """Return the decisions that a story's place in the stored list does not show yet, or still shows."""
    if decision_store.latest_decision(decisions, EditorAction.DROP):
        return ["the drop"] if rank else []
    found = []
    for action, default in ((EditorAction.PIN, 0.0), (EditorAction.BOOST, 1.0)):
        latest = decision_store.latest_decision(decisions, action)
        decided = float(latest.value) if latest else default
        shown = rank.parts.get(action.value, default) if rank else default
        # A story that is in no list shows no boost; a pin would put it there.
        if decided != shown and (rank or action is EditorAction.PIN):
            found.append(f"the {action}" if latest else f"the end of a {action}")
    return found
