"""Selection of an edition's stories from the store's rows, with the reason for each that is left out."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from syndicate.jobs.newsletter.variants import in_selection
from syndicate.jobs.publish.views import ArticleViews
from syndicate.jobs.stories.ranking import candidates, story_facts
from syndicate.model import EditionStory, LeftOut, Newsletter, RankedStory
from syndicate.newsletter.compose import Candidate, Carried, ComposeOptions, compose
from syndicate.newsletter.periods import Period
from syndicate.store import Connection
from syndicate.store import articles as article_store
from syndicate.store import channels as channel_store
from syndicate.store import sources as source_store
from syndicate.store import stories as story_store
from syndicate.store.preferences import Variant
from syndicate.store.ranking import SourceWeight
from syndicate.stories import RankingOptions, rank_top, rank_trending
from syndicate.text.privacy import shown_source

# More stories than any edition carries, for what repeats and the cap per source take away.
POOL = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """Stories of one edition, and the articles of its period that it leaves out."""

    stories: tuple[EditionStory, ...]
    left_out: tuple[LeftOut, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Selector:
    """Chooses what an edition carries. ``site_url`` is the address that links to own articles begin with."""

    ranking: RankingOptions
    site_url: str
    options: ComposeOptions = field(default_factory=ComposeOptions)

    def choose(
        self,
        connection: Connection,
        newsletter: Newsletter,
        period: Period,
        moment: datetime,
        earlier: Mapping[int, datetime],
        learned: Mapping[int, SourceWeight] | None = None,
        variant: Variant | None = None,
    ) -> Selection:
        """Choose the stories of an edition as of a moment; ``earlier`` says when one last carried each story.

        In a replay ``learned`` replaces the stored weights of the sources. ``variant`` is what some readers
        chose.
        """
        ranking = for_period(self.ranking, period.end - period.start)
        rows = candidates(connection, moment, ranking)
        facts = story_facts(connection, rows, moment, ranking, learned)
        matching = channel_store.matching_stories(
            connection, newsletter.clauses, [one.story_id for one in facts]
        )
        facts = [one for one in facts if one.story_id in matching]
        top, trending = rank_top(facts, moment, ranking), rank_trending(facts, moment, ranking)
        known = [row for row in rows if min(row.published, row.first_seen) <= moment]
        found = self._candidates(connection, known, top, trending)
        if variant is not None:
            found = in_selection(found, variant)
        carried = {
            story_id: Carried(coverage=known_coverage(rows, story_id, cut_at))
            for story_id, cut_at in earlier.items()
        }
        stories = compose(newsletter, period, found, carried, self.options)
        return Selection(stories=self._whole(connection, stories))

    def _whole(self, connection: Connection, stories: Sequence[EditionStory]) -> tuple[EditionStory, ...]:
        """The chosen stories, each lead with its text and links, which the many others never need."""
        articles = [story.lead.article for story in stories]
        sources = {story.lead.source.id: story.lead.source for story in stories}
        leads = ArticleViews(sources, self.site_url).published(connection, articles)
        return tuple(replace(story, lead=lead) for story, lead in zip(stories, leads, strict=True))

    def _candidates(
        self,
        connection: Connection,
        rows: Sequence[story_store.StoryArticle],
        top: Sequence[RankedStory],
        trending: Sequence[RankedStory],
    ) -> list[Candidate]:
        by_top = {one.story_id: one for one in top}
        by_trending = {one.story_id: one for one in trending}
        stories = story_store.get_stories(connection, by_top.keys() | by_trending.keys())
        articles = article_store.get_articles(connection, [story.lead_id for story in stories.values()])
        sources = {one.id: shown_source(one) for one in source_store.list_sources(connection)}
        leads = ArticleViews(sources, self.site_url).listed(connection, list(articles.values()))
        lead_of = {item.article.id: item for item in leads}
        times: dict[int, list[tuple[datetime, datetime]]] = {}
        told: dict[int, set[int]] = {}
        for row in rows:
            times.setdefault(row.story_id, []).append((row.published, row.first_seen))
            told.setdefault(row.story_id, set()).add(row.source_id)
        return [
            Candidate(
                story=replace(story, coverage=len(told[story.id])),
                lead=lead_of[story.lead_id],
                times=tuple(times[story.id]),
                top=by_top.get(story.id),
                trending=by_trending.get(story.id),
                pinned="pin" in by_top[story.id].parts if story.id in by_top else False,
            )
            for story in stories.values()
            if story.lead_id in lead_of
        ]


def known_coverage(rows: Sequence[story_store.StoryArticle], story_id: int, moment: datetime) -> int:
    """Return how many sources told a story at a moment, counted in the story as it is now.

    So a story that merged with another has not moved because of that: only what was first seen later counts.
    """
    return len({row.source_id for row in rows if row.story_id == story_id and row.first_seen <= moment})


def for_period(ranking: RankingOptions, length: timedelta) -> RankingOptions:
    """Ranking that looks back over a whole period: a digest wants the day's stories, not the hour's.

    Half the period is the half-life (measured: 12 hours rank the next half day best), and every story of
    the period may take part.
    """
    hours = length.total_seconds() / 3600
    return replace(
        ranking, half_life_hours=hours / 2, window_hours=hours, slow_window_hours=2 * hours, limit=POOL
    )
