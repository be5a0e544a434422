"""Selection of an edition's stories from the store's rows, with the reason for each article left out."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from itertools import chain

from syndicate.audience.choices import read_selection
from syndicate.jobs.newsletter.variants import in_selection
from syndicate.jobs.publish.article_views import ArticleViews
from syndicate.jobs.stories.story_facts import candidates, story_facts
from syndicate.model import (
    EVERY_EDITION,
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
from syndicate.store.mail.preference_store import Variant
from syndicate.store.output import channel_store
from syndicate.store.stories import index_rows as placed_store
from syndicate.store.stories import story_store
from syndicate.store.stories.ranked_lists import SourceWeight
from syndicate.store.stories.story_leads import language_leads
from syndicate.stories import (
    Fingerprint,
    RankingOptions,
    StoryOptions,
    is_report,
    is_update,
    rank_top,
    rank_trending,
    says_else,
)
from syndicate.text.language import count_sources, is_foreign, main_language
from syndicate.text.privacy import shown_source

# More stories than any edition carries, for what repeats and the cap per source take away.
POOL = 200

Stories = Mapping[int, Sequence[story_store.StoryArticleRow]]


@dataclass(frozen=True, slots=True, kw_only=True)
class ChosenStories:
    """Stories of one edition, and the articles of its period that it leaves out."""

    stories: tuple[EditionStory, ...]
    left_out: tuple[LeftOut, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Earlier:
    """Contents of a newsletter's earlier editions.

    ``told`` gives for an article the latest edition that told it and when that was cut; ``waiting`` are the
    articles for which the last edition had no space; ``first``: there was no edition.
    """

    told: Mapping[int, tuple[int, datetime]]
    waiting: Collection[int] = ()
    first: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Selector:
    """Chooses what an edition carries. ``site_url`` is the address that links to own articles begin with."""

    ranking: RankingOptions
    site_url: str
    options: ComposeOptions = field(default_factory=ComposeOptions)
    story_options: StoryOptions = field(default_factory=StoryOptions)

    def choose(
        self,
        connection: Connection,
        newsletter: Newsletter,
        period: Period,
        moment: datetime,
        *,
        earlier: Earlier | None = None,
        learned: Mapping[int, SourceWeight] | None = None,
        variant: Variant | None = None,
    ) -> ChosenStories:
        """Choose the stories of an edition as of a moment.

        ``variant`` is what some readers chose. In a replay ``earlier`` replaces the stored editions, and
        ``learned`` the stored weights of the sources.
        """
        ranking = for_period(self.ranking, period.end - period.start)
        line = variant.key if variant else EVERY_EDITION
        name, end = newsletter.name, period.end
        replayed = earlier is not None
        waiting = (
            earlier.waiting
            if earlier
            else edition_articles.waiting_articles(connection, name, before=end, cadence=line)
        )
        rows = candidates(connection, moment, ranking)
        rows += _stories_of(connection, waiting or (), {row.story_id for row in rows})
        known = [row for row in rows if min(row.published, row.first_seen) <= moment]
        ids = [row.article_id for row in known]
        matching = channel_store.matching_articles(connection, newsletter.clauses, ids)
        stories = _by_story(known, matching)
        if earlier is None:
            told = edition_articles.carried_articles(
                connection, name, before=end, cadence=line, article_ids=ids
            )
            places = {article.article_id: (article.edition_id, article.cut_at) for article in told.values()}
            earlier = Earlier(told=places, waiting=waiting or (), first=waiting is None)
        rows = [row for row in rows if row.story_id in stories]
        facts = story_facts(connection, rows, moment, ranking, learned)
        listed = rank_top(facts, moment, ranking), rank_trending(facts, moment, ranking)
        news = self._news(connection, stories, earlier, period)
        still_news = set(earlier.waiting)
        if not earlier.first:
            still_news |= _kept_from_us(connection, known, period)
        since = period.start - (period.end - period.start)
        if not replayed and variant is None:
            before = [row.article_id for row in known if since <= row.published < period.start]
            still_news |= edition_articles.unrecorded_articles(
                connection, newsletter.name, period_end=period.start, article_ids=before
            )
        # What is long past is in a list only if an editor pinned it.
        lists = {story.story_id for ranked in listed for story in ranked}
        stories = {
            story_id: rows
            for story_id, rows in stories.items()
            if story_id in lists
            or any(row.published >= since or row.article_id in still_news for row in rows)
        }
        found = _candidates(connection, stories, listed, matching, earlier, news, still_news)
        leads, preferred = language_leads(connection, stories), _languages(newsletter, variant)
        found = [in_one_language(candidate, leads, preferred, since=since) for candidate in found]
        dropped = {fact.story_id for fact in facts if fact.hand.drop}
        return self._choose(connection, newsletter, period, found, earlier.first, dropped, variant)

    def _choose(
        self,
        connection: Connection,
        newsletter: Newsletter,
        period: Period,
        found: Sequence[Candidate],
        first: bool,  # noqa: FBT001 one of many facts
        dropped: Collection[int],
        variant: Variant | None,
    ) -> ChosenStories:
        everything = only_source(found, period, first=first)
        items: list[Item] = []
        left_out: list[LeftOut] = []
        for candidate in found:
            mine, repeats = items_of(candidate, period, self.options, first=first, everything=everything)
            left_out += repeats
            if candidate.story.id in dropped:
                left_out += [
                    LeftOut(article_id=article_id, reason=LeaveReason.EDITOR)
                    for item in mine
                    for article_id in item.new
                ]
            else:
                items += mine
        placed = [item for item in items if everything or item.candidate.top or item.candidate.trending]
        leads = self._leads(connection, [item.lead.article_id for item in placed])
        if variant is not None:
            items = placed = in_selection(placed, leads, variant)
        stories, no_place = compose(
            newsletter,
            items,
            leads,
            self.options,
            same_event={} if everything else self._same_events(connection, placed),
            everything=everything,
        )
        return ChosenStories(stories=self._whole(connection, stories), left_out=(*left_out, *no_place))

    def _leads(self, connection: Connection, article_ids: Sequence[int]) -> dict[int, PublishedArticle]:
        articles = article_store.get_articles(connection, article_ids)
        sources = {source.id: shown_source(source) for source in source_store.list_sources(connection)}
        views = ArticleViews(sources, self.site_url).listed(connection, list(articles.values()))
        return {view.article.id: view for view in views}

    def _whole(self, connection: Connection, stories: Sequence[EditionStory]) -> tuple[EditionStory, ...]:
        """Return the chosen stories, each lead with its text and links to all that the edition tells."""
        articles = [story.lead.article for story in stories]
        sources = {story.lead.source.id: story.lead.source for story in stories}
        leads = ArticleViews(sources, self.site_url).published(connection, articles)
        told = [article_id for story in stories for article_id in story.tells]
        links = story_store.links_to(connection, told, site_url=self.site_url)
        found = []
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
            found.append(replace(story, lead=whole, coverage=coverage))
        return tuple(found)

    def _news(
        self, connection: Connection, stories: Stories, earlier: Earlier, period: Period
    ) -> tuple[set[int], set[int]]:
        """Return the articles that say something else than was told of their story in their language.

        The second set holds the articles with news of an event that was told.
        """
        since = period.start - (period.end - period.start)
        pairs: list[tuple[list[int], list[int]]] = []
        for rows in chain.from_iterable(map(_by_language, stories.values())):
            told = [row.article_id for row in rows if row.article_id in earlier.told]
            recent = [row.article_id for row in rows if row.published >= since]
            new = [article_id for article_id in recent if article_id not in earlier.told]
            if told and new:
                pairs.append((new, told))
        prints, reports = self._texts(connection, [number for new, told in pairs for number in new + told])
        found, updates = set[int](), set[int]()
        options, least = self.story_options, self.options.same_event
        for new, told in pairs:
            if before := [prints[article_id] for article_id in told if article_id in prints]:
                known = prints.keys() & new
                found |= {number for number in known if says_else(prints[number], before, options)}
                known &= reports
                updates |= {
                    number for number in known if is_update(prints[number], before, options, at_least=least)
                }
        return found, updates

    def _same_events(self, connection: Connection, items: Sequence[Item]) -> dict[int, set[int]]:
        """Return for each lead the leads of other items that tell its event.

        Two leads tell one event when they are related closely and neither says something else. A round-up
        or an opinion piece tells the event of each report of a story to which it links as related.
        """
        leads = {
            member.article_id: item.lead.article_id for item in items for member in item.candidate.members
        }
        ids = sorted(set(leads.values()))
        prints, reports = self._texts(connection, ids)
        found: dict[int, set[int]] = {}
        for number, related, score in placed_store.related_articles(connection, ids):
            other = leads.get(related, number)
            if number not in reports and other in reports:
                found.setdefault(number, set()).add(other)
            elif other != number and score >= self.options.same_event and {number, related} <= prints.keys():
                if self._differ(prints[number], prints[related]):
                    continue
                found.setdefault(related, set()).add(number)
                if (number in reports) == (related in reports):
                    found.setdefault(number, set()).add(related)
        return found

    def _differ(self, one: Fingerprint, other: Fingerprint) -> bool:
        return says_else(one, [other], self.story_options) or says_else(other, [one], self.story_options)

    def _texts(self, connection: Connection, ids: Sequence[int]) -> tuple[dict[int, Fingerprint], set[int]]:
        """Return the fingerprints of articles that have the current version, and the ids of reports."""
        facts = placed_store.lead_facts(connection, ids).values()
        found = {fact.article_id: Fingerprint.unpack_known(fact.terms) for fact in facts}
        reports = {fact.article_id for fact in facts if is_report(fact.title, fact.section, fact.url)}
        return {article_id: terms for article_id, terms in found.items() if terms is not None}, reports


def _stories_of(
    connection: Connection, article_ids: Collection[int], known: Collection[int]
) -> list[story_store.StoryArticleRow]:
    """Return the articles of the stories that hold some articles, without stories that are known."""
    articles = article_store.get_articles(connection, sorted(article_ids)).values()
    missing = {article.story_id for article in articles if article.story_id is not None} - set(known)
    return story_store.story_articles(connection, ids=sorted(missing)) if missing else []


def _kept_from_us(
    connection: Connection, rows: Iterable[story_store.StoryArticleRow], period: Period
) -> set[int]:
    """Return the articles first seen in a period that are newer than all their sources had before it.

    So posts count that came while a source, or this machine, was down for longer than a period.
    """
    new = [row for row in rows if row.published < period.start <= row.first_seen and is_dated(row.published)]
    sources = {row.source_id for row in new}
    newest = article_store.newest_before(connection, sources, first_seen=period.start)
    return {row.article_id for row in new if row.published > newest.get(row.source_id, row.published)}


def _by_language(rows: Sequence[story_store.StoryArticleRow]) -> list[list[story_store.StoryArticleRow]]:
    """Return the articles of a story by language; articles in an unknown language belong to each."""
    languages = {main_language(row.language) for row in rows} - {""}
    return [
        [row for row in rows if not is_foreign(row.language, language)]
        for language in sorted(languages) or [""]
    ]


def _languages(newsletter: Newsletter, variant: Variant | None) -> list[str]:
    """Return the languages that readers of an edition chose, that of the newsletter first."""
    own = main_language(newsletter.language)
    chosen = read_selection(variant.selection).languages if variant else ()
    return sorted(map(main_language, chosen), key=lambda text: text != own) or [own]


def _by_story(rows: Iterable[story_store.StoryArticleRow], matching: Collection[int]) -> Stories:
    """Return the articles of each story that has a matching one."""
    stories = story_store.group_by_story(rows).items()
    return {story: rows for story, rows in stories if any(row.article_id in matching for row in rows)}


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
    else_saying, updates = news
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
                    says_else=row.article_id in else_saying,
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


def _in_order(rows: Sequence[story_store.StoryArticleRow]) -> list[story_store.StoryArticleRow]:
    """Return a story's articles in the order in which they would lead: its lead first, copies last."""
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
    """Ranking that looks back over a whole period: a digest wants the day's stories, not the hour's.

    Half the period is the half-life (measured: 12 hours rank the next half day best), and every story of
    the period may take part.
    """
    hours = length.total_seconds() / 3600
    return replace(
        ranking, half_life_hours=hours / 2, window_hours=hours, slow_window_hours=2 * hours, limit=POOL
    )
