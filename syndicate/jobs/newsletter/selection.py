"""Selection of an edition's stories from the store, with the reason for each article left out."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from syndicate.audience.choices import read_selection
from syndicate.jobs.newsletter.event_comparison import EventComparison, Stories
from syndicate.jobs.publish.article_views import ArticleViews, count_sources
from syndicate.jobs.stories.story_facts import candidates, story_facts
from syndicate.model import (
    EVERY_EDITION,
    EditionArticle,
    EditionStory,
    LeaveReason,
    LeftOut,
    Newsletter,
    PublishedArticle,
    RankedStory,
    is_dated,
)
from syndicate.newsletter.compose import (
    Candidate,
    ComposeOptions,
    Item,
    Member,
    compose,
    items_of,
    only_source,
)
from syndicate.newsletter.periods import Period
from syndicate.newsletter.story_language import in_one_language
from syndicate.store import Connection
from syndicate.store.ingest import article_store, source_store
from syndicate.store.mail import edition_articles
from syndicate.store.output import channel_store
from syndicate.store.stories import story_store
from syndicate.store.stories.ranked_lists import SourceWeight
from syndicate.store.stories.story_leads import language_leads
from syndicate.store.stories.story_store import StoryArticleRow
from syndicate.store.subscribers.preference_store import Variant
from syndicate.stories import RankingOptions, StoryOptions, rank_top, rank_trending
from syndicate.text.language import is_foreign, main_language
from syndicate.text.privacy import public_source

# Number of ranked stories from which an edition is chosen: more than any edition carries, because repeats and
# the limit per source remove some of them.
POOL = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class ChosenStories:
    """Stories of an edition, and the articles of its period that it leaves out."""

    stories: tuple[EditionStory, ...]
    left_out: tuple[LeftOut, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Earlier:
    """Contents of a newsletter's earlier editions.

    ``told`` has, by article, the id and the cut time of the latest edition that carried it. ``waiting`` has
    the articles for which the last edition had no space. ``first`` is true when there was no edition.
    """

    told: Mapping[int, tuple[int, datetime]]
    waiting: Collection[int] = ()
    first: bool = False

    @classmethod
    def stored(cls, told: Mapping[int, EditionArticle], waiting: Collection[int] | None) -> "Earlier":
        """Return the contents from the store's records; ``waiting`` is ``None`` if there was no edition."""
        carried = {article.article_id: (article.edition_id, article.cut_at) for article in told.values()}
        return cls(told=carried, waiting=waiting or (), first=waiting is None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Selector:
    """Selector of an edition's stories. ``site_url`` is the base of links to own articles."""

    ranking: RankingOptions
    site_url: str
    options: ComposeOptions = field(default_factory=ComposeOptions)
    story_options: StoryOptions = field(default_factory=StoryOptions)

    def choose(
        self,
        connection: Connection,
        newsletter: Newsletter,
        period: Period,
        at: datetime,
        *,
        earlier: Earlier | None = None,
        learned: Mapping[int, SourceWeight] | None = None,
        variant: Variant | None = None,
    ) -> ChosenStories:
        """Choose the stories of an edition from the articles known ``at`` a time.

        ``variant`` restricts the edition to sections and languages. A replay passes ``earlier`` in place of
        the stored editions, and ``learned`` in place of the stored weights of sources.
        """
        ranking = for_period(self.ranking, period.end - period.start)
        is_main = earlier is None and variant is None
        variant_key = variant.key if variant else EVERY_EDITION
        stored: dict[str, Any] = {"before": period.end, "variant_key": variant_key}
        waiting = (
            earlier.waiting
            if earlier
            else edition_articles.waiting_articles(connection, newsletter.name, **stored)
        )
        rows = candidates(connection, at, ranking)
        rows += _stories_of(connection, waiting or (), {row.story_id for row in rows})
        known = [row for row in rows if min(row.published, row.first_seen) <= at]
        ids = [row.article_id for row in known]
        matching = channel_store.matching_articles(connection, newsletter.clauses, ids)
        stories: Stories = {
            story_id: articles
            for story_id, articles in story_store.group_by_story(known).items()
            if any(row.article_id in matching for row in articles)
        }
        if earlier is None:
            told = edition_articles.carried_articles(connection, newsletter.name, **stored, article_ids=ids)
            earlier = Earlier.stored(told, waiting)
        rows = [row for row in rows if row.story_id in stories]
        facts = story_facts(connection, rows, at, ranking, learned)
        listed = rank_top(facts, at, ranking), rank_trending(facts, at, ranking)
        still_news = set(earlier.waiting)
        if not earlier.first:
            still_news |= _seen_late(connection, known, period)
        if is_main:
            still_news |= _unrecorded(connection, newsletter, known, period)
        news = self._comparison.news(connection, stories, earlier.told, period)
        since = period.before.start
        stories = _current(stories, listed, still_news, since=since)
        found = _candidates(connection, stories, listed, matching, earlier, news, still_news)
        leads, preferred = language_leads(connection, stories), _languages(newsletter, variant)
        found = [in_one_language(candidate, leads, preferred, since=since) for candidate in found]
        dropped = {fact.story_id for fact in facts if fact.overrides.drop}
        return self._compose(connection, newsletter, period, found, earlier.first, dropped, variant)

    @property
    def _comparison(self) -> EventComparison:
        return EventComparison(options=self.story_options, same_event=self.options.same_event)

    def _compose(
        self,
        connection: Connection,
        newsletter: Newsletter,
        period: Period,
        found: Sequence[Candidate],
        first: bool,  # noqa: FBT001 passed on by position
        dropped: Collection[int],
        variant: Variant | None,
    ) -> ChosenStories:
        everything = only_source(found, period, first=first)
        items: list[Item] = []
        left_out: list[LeftOut] = []
        for candidate in found:
            own, repeats = items_of(candidate, period, self.options, first=first, everything=everything)
            left_out += repeats
            if candidate.story.id in dropped:
                left_out += [
                    LeftOut(article_id=article_id, reason=LeaveReason.EDITOR)
                    for item in own
                    for article_id in item.new
                ]
            else:
                items += own
        placed = [item for item in items if everything or item.candidate.top or item.candidate.trending]
        leads = self.leads(connection, [item.lead_id for item in placed])
        if variant is not None:
            items = placed = _in_selection(placed, leads, variant)
        stories, no_place = compose(
            newsletter,
            items,
            leads,
            self.options,
            same_event={} if everything else self._comparison.same_events(connection, placed),
            everything=everything,
        )
        return ChosenStories(stories=self.whole(connection, stories), left_out=(*left_out, *no_place))

    def leads(self, connection: Connection, article_ids: Sequence[int]) -> dict[int, PublishedArticle]:
        """Return articles with their sources, by id."""
        articles = article_store.get_articles(connection, article_ids)
        found = source_store.get_sources(connection, {article.source_id for article in articles.values()})
        sources = {source.id: public_source(source) for source in found.values()}
        views = ArticleViews(sources, self.site_url).bare(list(articles.values()))
        return {view.article.id: view for view in views}

    def whole(self, connection: Connection, stories: Sequence[EditionStory]) -> tuple[EditionStory, ...]:
        """Return the chosen stories, each lead with its text and links to all articles of the item."""
        articles = [story.lead.article for story in stories]
        sources = {story.lead.source.id: story.lead.source for story in stories}
        leads = ArticleViews(sources, self.site_url).published(connection, articles)
        told = [article_id for story in stories for article_id in story.tells]
        links = story_store.links_to(connection, told, site_url=self.site_url)
        carried = []
        for story, lead in zip(stories, leads, strict=True):
            tells = [links[number] for number in story.tells if number != lead.article.id and number in links]
            others = {link.article_id for link in lead.coverage}
            coverage, foreign = count_sources(lead.source.name, lead.article.language, tells)
            whole = replace(
                lead,
                coverage=tuple(
                    link for link in tells if not is_foreign(link.language, lead.article.language)
                ),
                related=tuple(link for link in lead.related if link.article_id not in others),
                foreign_sources=foreign,
            )
            carried.append(replace(story, lead=whole, coverage=coverage))
        return tuple(carried)


def _stories_of(
    connection: Connection, article_ids: Collection[int], known: Collection[int]
) -> list[StoryArticleRow]:
    """Return the articles of the stories that hold some articles, without stories that are known."""
    articles = article_store.get_articles(connection, sorted(article_ids)).values()
    missing = {article.story_id for article in articles if article.story_id is not None} - set(known)
    return story_store.story_articles(connection, ids=sorted(missing)) if missing else []


def _seen_late(connection: Connection, rows: Iterable[StoryArticleRow], period: Period) -> set[int]:
    """Return the articles first seen in a period that are newer than all their sources had before it.

    So posts count that came while a source, or this machine, was down for longer than a period.
    """
    new = [row for row in rows if row.published < period.start <= row.first_seen and is_dated(row.published)]
    sources = {row.source_id for row in new}
    newest = article_store.newest_before(connection, sources, first_seen=period.start)
    return {row.article_id for row in new if row.published > newest.get(row.source_id, row.published)}


def _unrecorded(
    connection: Connection, newsletter: Newsletter, rows: Iterable[StoryArticleRow], period: Period
) -> set[int]:
    """Return the articles of the period before that its edition neither carried nor left out."""
    since = period.before.start
    before = [row.article_id for row in rows if since <= row.published < period.start]
    return edition_articles.unrecorded_articles(
        connection, newsletter.name, period_end=period.start, article_ids=before
    )


def _current(
    stories: Stories,
    listed: tuple[Sequence[RankedStory], Sequence[RankedStory]],
    still_news: Collection[int],
    *,
    since: datetime,
) -> Stories:
    """Return the stories with a recent article; an older story is listed only if an editor pinned it."""
    lists = {story.story_id for ranked in listed for story in ranked}
    return {
        story_id: rows
        for story_id, rows in stories.items()
        if story_id in lists or any(row.published >= since or row.article_id in still_news for row in rows)
    }


def _in_selection(
    items: Sequence[Item], leads: Mapping[int, PublishedArticle], variant: Variant
) -> list[Item]:
    """Return the items whose lead is in the sections and languages of a variant."""
    selection = read_selection(variant.selection)
    articles = ((item, leads[item.lead_id].article) for item in items)
    return [item for item, article in articles if selection.takes(article.section, article.language)]


def _languages(newsletter: Newsletter, variant: Variant | None) -> list[str]:
    """Return the languages that subscribers of an edition chose, that of the newsletter first."""
    own = main_language(newsletter.language)
    chosen = read_selection(variant.selection).languages if variant else ()
    return sorted(map(main_language, chosen), key=lambda text: text != own) or [own]


def _candidates(
    connection: Connection,
    stories: Stories,
    listed: tuple[Sequence[RankedStory], Sequence[RankedStory]],
    matching: Collection[int],
    earlier: Earlier,
    news: tuple[Collection[int], Collection[int]],
    still_news: Collection[int],
) -> list[Candidate]:
    top, trending = ({story.story_id: story for story in ranked} for ranked in listed)
    others, updates = news
    found = []
    for story in story_store.get_stories(connection, stories).values():
        rows = stories[story.id]
        members = []
        for row in _in_order(rows):
            told_in, told_at = earlier.told.get(row.article_id, (0, None))
            members.append(
                Member(
                    article_id=row.article_id,
                    source_id=row.source_id,
                    published=row.published,
                    first_seen=row.first_seen,
                    text=row.same_text,
                    matches=row.article_id in matching,
                    told_in=told_in,
                    told_at=told_at,
                    still_news=row.article_id in still_news,
                    is_news=row.article_id in others,
                    updates=row.article_id in updates,
                    language=main_language(row.language),
                )
            )
        found.append(
            Candidate(
                story=replace(story, coverage=len({row.source_id for row in rows})),
                members=tuple(members),
                top=top.get(story.id),
                trending=trending.get(story.id),
            )
        )
    return found


def _in_order(rows: Sequence[StoryArticleRow]) -> list[StoryArticleRow]:
    """Return a story's articles in the order in which they lead: the story's lead first, copies last."""
    texts: dict[int, int] = {}
    for row in rows:
        texts.setdefault(row.same_text, row.article_id)
    return sorted(
        rows,
        key=lambda row: (
            row.article_id != row.lead_id,
            row.article_id != texts[row.same_text],
            -row.weight,
            not row.has_image,
            row.published,
            row.article_id,
        ),
    )


def for_period(ranking: RankingOptions, length: timedelta) -> RankingOptions:
    """Return ranking options that look back over a whole period.

    Half the period is the half-life (measured: 12 hours rank the next half day best). Every story of the
    period may take part.
    """
    hours = length.total_seconds() / 3600
    return replace(
        ranking, half_life_hours=hours / 2, window_hours=hours, slow_window_hours=2 * hours, limit=POOL
    )
