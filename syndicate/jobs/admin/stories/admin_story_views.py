"""Views of stories, articles and decisions for pages and API, read in the transaction of the caller."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import sqrt
from typing import Any
from zoneinfo import ZoneInfo

from syndicate.errors import ConfigError, NotFound
from syndicate.jobs.admin.stories import story_figures
from syndicate.jobs.admin.stories.regroup_order import new_order
from syndicate.jobs.admin.stories.story_actions import article_by_uid
from syndicate.jobs.stories.ranking_job import LISTS
from syndicate.model import (
    Article,
    Channel,
    EditionArticle,
    EditorAction,
    EditorDecision,
    RankedStory,
    RelatedLink,
    Story,
)
from syndicate.plots import Figure, parts_bar
from syndicate.publish.channel_query import parse_query
from syndicate.store import Connection
from syndicate.store.ingest import article_store, page_store, source_store
from syndicate.store.mail import edition_articles
from syndicate.store.output import channel_store
from syndicate.store.stories import (
    decision_store,
    index_rows,
    ranked_history,
    ranked_lists,
    story_moves,
    story_pages,
    story_store,
)
from syndicate.store.stories.story_moves import StoryMove, StoryReason
from syndicate.store.stories.story_pages import Below
from syndicate.store.stories.story_store import StoryArticleRow
from syndicate.stories import Fingerprint, RankingOptions, StoryOptions

PAGE, SOURCES_SHOWN = 50, 10
DAY = timedelta(days=1)
TABS = {
    "top": "Top",
    "trending": "Trending",
    "moving": "Everything moving",
    "decided": "Decided",
    "articles": "Articles",
}
_HOURS, _LOWEST = 12, 6
_WORDS = {
    EditorAction.PIN: "at place {value}",
    EditorAction.DROP: "out of the lists",
    EditorAction.RETITLE: "as “{value}”",
    EditorAction.BOOST: "score × {value}",
    EditorAction.MERGE: "with {value}",
    EditorAction.SPLIT: "from {value}",
    EditorAction.LEAD: "leads its story",
    EditorAction.UNDO: "no {undoes}",
}


def decision_words(decision: EditorDecision) -> str:
    """Return what a decision says about its article: ``at place 1``."""
    return _WORDS[decision.action].format(value=decision.value, undoes=decision.undoes)


@dataclass(frozen=True, slots=True, kw_only=True)
class StoryRow:
    """Row of a list of stories; ``places`` are its places by list, ``coverage`` is of the last 24 hours."""

    story: Story
    lead: Article
    coverage: Figure
    score: float | None
    places: Mapping[str, int]
    decisions: tuple[EditorDecision, ...]

    def decided(self, action: str) -> EditorDecision | None:
        """Return the decision of a kind that is in force."""
        return decision_store.latest_decision(self.decisions, EditorAction(action))


@dataclass(frozen=True, slots=True, kw_only=True)
class DecisionRow:
    """Line of the editor's log; ``title`` is "" for a pruned article."""

    decision: EditorDecision
    words: str
    title: str
    story_id: int | None
    holds: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class StoryList:
    """List of stories, or of ``articles`` with their sources. ``wrong`` says why the query is no query."""

    tab: str
    query: str
    rows: tuple[StoryRow, ...] = ()
    articles: tuple[tuple[Article, str], ...] = ()
    next: str = ""
    wrong: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ScorePart:
    """Share of a source in a story's score: ``value`` is weight × ``learned`` × fading with age."""

    source: str
    weight: float
    learned: float
    newest: datetime
    value: float
    bar: Figure


@dataclass(frozen=True, slots=True, kw_only=True)
class ScoredRelated:
    """Related link with the score that it needed and a bar of its parts."""

    link: RelatedLink
    needed: float
    bar: Figure


@dataclass(frozen=True, slots=True, kw_only=True)
class StoryDetails:
    """Story with its coverage, its score, its articles and its past.

    ``rank`` is its row of the list ``top``, ``next_score`` the score of the story below. ``reasons`` are by
    article id. ``articles`` are the newest, each with its source. ``others`` counts the sources beside
    ``parts`` with the sum of their values.
    """

    row: StoryRow
    coverage: Figure
    rank: RankedStory | None
    next_score: float | None
    parts: tuple[ScorePart, ...]
    others: tuple[int, float]
    sum: float
    articles: tuple[tuple[Article, str], ...]
    copies: frozenset[int]
    reasons: Mapping[int, StoryReason]
    related: tuple[ScoredRelated, ...]
    moves: tuple[StoryMove, ...]
    log: tuple[DecisionRow, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ArticleDetails:
    """Article with its text, its place and where it was published.

    ``gone`` is the status 404 or 410 with which its page answered, 0 for any other answer.
    """

    article: Article
    text: str
    source: str
    story: Story | None
    reason: StoryReason | None
    copies: tuple[RelatedLink, ...]
    related: tuple[ScoredRelated, ...]
    gone: int
    channels: tuple[str, ...]
    editions: tuple[EditionArticle, ...]
    headline: EditorDecision | None
    log: tuple[DecisionRow, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class StoryViews:
    """Views of stories, articles and decisions."""

    options: StoryOptions
    ranking: RankingOptions
    channels: Sequence[Channel]
    zone: ZoneInfo
    site_url: str

    def stories(
        self, connection: Connection, now: datetime, *, tab: str = "top", query: str = "", after: str = ""
    ) -> StoryList:
        """Return a page of a list; ``query`` is in the language of channels."""
        try:
            clauses = parse_query(query)
        except ConfigError as error:
            return StoryList(tab=tab, query=query, wrong=str(error))
        below = Below.parse(after)
        if tab == "articles" or (tab == "moving" and clauses):
            articles = channel_store.articles_below(connection, clauses, below, limit=PAGE + 1)
            next_page = Below.of(articles[PAGE - 1]).text() if len(articles) > PAGE else ""
            if tab == "articles":
                names = source_store.source_names(connection, {known.source_id for known in articles})
                shown = tuple((known, names[known.source_id]) for known in articles[:PAGE])
                return StoryList(tab=tab, query=query, articles=shown, next=next_page)
            ids = [*dict.fromkeys(known.story_id for known in articles[:PAGE] if known.story_id)]
        elif tab == "moving":
            found = story_pages.moving_stories(connection, since=now - DAY, below=below, limit=PAGE + 1)
            next_page = found[PAGE - 1].text() if len(found) > PAGE else ""
            ids = [known.id for known in found[:PAGE]]
        else:
            next_page = ""
            ids = [story.story_id for story in ranked_lists.ranked_stories(connection, tab)]
            if tab == "decided":
                ids = sorted(decision_store.story_decisions(connection, at=now), reverse=True)
        rows = self._rows(connection, now, ids)
        if clauses and tab != "moving":
            matching = channel_store.matching_articles(connection, clauses, [row.lead.id for row in rows])
            rows = [row for row in rows if row.lead.id in matching]
        return StoryList(tab=tab, query=query, rows=tuple(rows), next=next_page)

    def trending(self, connection: Connection, now: datetime) -> Figure | None:
        """Return the places in the list ``trending`` at each of the last hours; ``None`` without any."""
        hour = now.replace(minute=0, second=0, microsecond=0)
        hours = [hour - timedelta(hours=back) for back in range(_HOURS, -1, -1)]
        found = ranked_history.places_by_hour(connection, "trending", since=hours[0], lowest=_LOWEST)
        stories = story_store.get_stories(
            connection, {number for places in found.values() for number in places}
        )
        leads = article_store.get_articles(connection, [story.lead_id for story in stories.values()])
        places = {
            leads[story.lead_id].title: [found.get(at, {}).get(number) for at in hours]
            for number, story in stories.items()
            if story.lead_id in leads
        }
        return story_figures.trending(places, [at.astimezone(self.zone) for at in hours]) if places else None

    def decisions(
        self, connection: Connection, now: datetime, *, below: int | None = None, uids: Sequence[str] = ()
    ) -> tuple[DecisionRow, ...]:
        """Return lines of the editor's log, the newest first, below a number or about some articles."""
        in_force = {decision.id for decision in decision_store.decisions(connection, at=now)}
        return tuple(
            DecisionRow(
                decision=decision,
                words=decision_words(decision),
                title=title,
                story_id=story_id,
                holds=decision.id in in_force,
            )
            for decision, title, story_id in decision_store.log_page(
                connection, below=below, uids=uids, limit=PAGE
            )
        )

    def story(self, connection: Connection, now: datetime, story_id: int) -> StoryDetails:
        """Return the page of a story, or of the story that it was merged into. Raises ``NotFound``."""
        story_id = story_moves.current_stories(connection, [story_id])[story_id]
        members = story_store.story_articles(connection, ids=[story_id])
        row = next(iter(self._rows(connection, now, [story_id])), None)
        if row is None or not members:
            raise NotFound("There is no such story.")
        names = source_store.source_names(connection, {member.source_id for member in members})
        top = ranked_lists.ranked_stories(connection, "top")
        rank = next((known for known in top if known.story_id == story_id), None)
        below = [known.score for known in top if rank and known.position == rank.position + 1]
        newest = sorted(members, key=lambda member: member.published, reverse=True)[:PAGE]
        articles = article_store.get_articles(connection, ids := [row.article_id for row in newest])
        first_of_text: dict[int, int] = {}
        for member in members:
            first_of_text.setdefault(member.same_text, member.article_id)
        values = [v for name, v in (rank.parts if rank else {}).items() if name.startswith("source:")]
        parts = self._parts(connection, rank, members, names) if rank else ()
        return StoryDetails(
            row=row,
            coverage=story_figures.coverage(members, names, now.astimezone(self.zone)),
            rank=rank,
            next_score=below[0] if below else None,
            parts=parts,
            others=(len(values) - len(parts), sum(values) - sum(part.value for part in parts)),
            sum=sum(values) + (rank.parts.get("reads", 0.0) if rank else 0.0),
            articles=tuple((articles[n], names[articles[n].source_id]) for n in ids if n in articles),
            copies=frozenset(ids) - set(first_of_text.values()),
            reasons=story_moves.story_reasons(connection, ids),
            related=self._related(connection, row.lead.id),
            moves=tuple(story_moves.story_moves(connection, story_id)[-PAGE:]),
            log=self.decisions(connection, now, uids=[known.uid for known in articles.values()]),
        )

    def article(self, connection: Connection, now: datetime, uid: str) -> ArticleDetails:
        """Return the page of an article. Raises ``NotFound``."""
        article = article_by_uid(connection, uid)
        own = decision_store.decisions(connection, at=now, article_uids=[uid])
        return ArticleDetails(
            article=article,
            text=article_store.get_bodies(connection, [article.id])[article.id].text,
            source=source_store.source_names(connection, [article.source_id])[article.source_id],
            story=story_store.get_stories(connection, [article.story_id or 0]).get(article.story_id or 0),
            reason=story_moves.story_reasons(connection, [article.id]).get(article.id),
            copies=tuple(story_store.same_text_links(connection, article, site_url=self.site_url)),
            related=self._related(connection, article.id),
            gone=page_store.gone_pages(connection, [article.id]).get(article.id, 0),
            channels=tuple(
                channel.name
                for channel in self.channels
                if channel_store.matching_articles(connection, channel.clauses, [article.id])
            ),
            editions=tuple(edition_articles.article_editions(connection, article.id)[:PAGE]),
            headline=decision_store.latest_decision(own, EditorAction.RETITLE),
            log=self.decisions(connection, now, uids=[uid]),
        )

    def preview(
        self, connection: Connection, now: datetime, uids: Iterable[str], to: str, *, merges: bool
    ) -> dict[str, Sequence[Any]]:
        """Return what a merge, a split or a move changes: also open editions, and the order of top."""
        named = [article_store.find_article(connection, uid) for uid in (*uids, *filter(None, [to]))]
        articles = [article for article in named if article is not None]
        ids = [*dict.fromkeys(article.story_id for article in articles if article.story_id)]
        members = story_store.story_articles(connection, ids=ids)
        waiting = edition_articles.open_editions_with(connection, [row.article_id for row in members])
        into = min(ids, default=0) if merges else ids[-1] if to else 0
        moved = {article.id for article in articles if article.uid != to}
        if merges:
            moved = {row.article_id for row in members if row.story_id != into}
        order = new_order(connection, now, self.ranking, moved, into)
        stories = self._rows(connection, now, ids)
        return {"stories": stories, "articles": articles, "editions": waiting, "order": order}

    def _rows(self, connection: Connection, now: datetime, ids: Sequence[int]) -> list[StoryRow]:
        """Return the rows of stories in order; stories that have ended are left out."""
        stories = story_store.get_stories(connection, ids)
        leads = article_store.get_articles(connection, [story.lead_id for story in stories.values()])
        members = story_store.group_by_story(story_store.story_articles(connection, ids=stories))
        decisions = decision_store.story_decisions(connection, at=now)
        ranked = {name: ranked_lists.ranked_stories(connection, name) for name in LISTS}
        scores = {story.story_id: story.score for story in ranked["top"]}
        highest = max((story.coverage for story in stories.values()), default=1)
        return [
            StoryRow(
                story=stories[number],
                lead=leads[stories[number].lead_id],
                coverage=story_figures.growth(members.get(number, ()), now, highest),
                score=scores.get(number),
                places={
                    name: story.position
                    for name, known in ranked.items()
                    for story in known
                    if story.story_id == number
                },
                decisions=tuple(decisions.get(number, ())),
            )
            for number in ids
            if number in stories and stories[number].lead_id in leads
        ]

    def _parts(
        self,
        connection: Connection,
        rank: RankedStory,
        rows: Sequence[StoryArticleRow],
        names: Mapping[int, str],
    ) -> tuple[ScorePart, ...]:
        """Return the sources that give most to the score."""
        learned = ranked_lists.source_weights(connection)
        newest = {f"source:{row.source_id}": row for row in sorted(rows, key=lambda row: row.published)}
        known = [(value, newest[name]) for name, value in rank.parts.items() if name in newest]
        best = sorted(known, key=lambda item: -item[0])[:SOURCES_SHOWN]
        return tuple(
            ScorePart(
                source=(source := names[row.source_id]),
                weight=row.weight,
                learned=learned[row.source_id].weight if row.source_id in learned else 1.0,
                newest=row.published,
                value=value,
                bar=parts_bar(source, f"{value:.2f}", [(source, value)], best[0][0]),
            )
            for value, row in best
        )

    def _related(self, connection: Connection, article_id: int) -> tuple[ScoredRelated, ...]:
        links = story_store.related_links(connection, [article_id], site_url=self.site_url)
        found = links.get(article_id, [])
        facts = index_rows.lead_facts(connection, [article_id, *(link.article_id for link in found)])
        sizes = {number: Fingerprint.unpack_known(known.terms) for number, known in facts.items()}
        lengths = {number: max(terms.length, 1) if terms else 1 for number, terms in sizes.items()}
        limit = max((link.score for link in found), default=1.0)
        return tuple(
            ScoredRelated(
                link=link,
                needed=self.options.related_threshold(
                    sqrt(lengths.get(article_id, 1) * lengths.get(link.article_id, 1))
                ),
                bar=parts_bar(
                    f"Score of {link.title}",
                    ", ".join(f"{name} {value:.2f}" for name, value in link.parts.items() if round(value, 2)),
                    [(name, value) for name, value in link.parts.items() if value],
                    limit,
                ),
            )
            for link in found
        )
