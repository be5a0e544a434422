"""Replay past windows with the present rules: each list and edition that would have appeared.

Only reads. Each replayed time knows only the articles seen by then, grouped from these alone (see
``past_newsroom``). Decisions of the editor count from their time, and editions build on the replayed editions
before them. Not undone: edits of articles, and the stories settled before any replayed window begins.
"""

from collections.abc import Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime, timedelta

from syndicate.jobs.newsletter.selection import Earlier, Selector, for_period
from syndicate.jobs.stories.past_newsroom import PastNewsroom, past_newsroom
from syndicate.jobs.stories.ranking_job import JUDGED_AFTER, LISTS, learned_weights
from syndicate.jobs.stories.story_facts import DAY, RHYTHM_DAYS, candidates, looks_back, story_facts
from syndicate.model import EditionStory, LeftOut, Newsletter, RankedStory
from syndicate.newsletter.periods import Period, latest_period, parse_schedule, read_zone
from syndicate.store import Store
from syndicate.store.mail import edition_articles
from syndicate.stories import RankingOptions, StoryOptions, rank_step, rank_top, rank_trending


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplayedLists:
    """Lists as of a time, by name. Story numbers are the replay's own, article ids the store's."""

    at: datetime
    lists: dict[str, tuple[RankedStory, ...]]


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplayedEdition:
    """Content of an edition that would have been cut; empty means no edition."""

    newsletter: str
    period: Period
    stories: tuple[EditionStory, ...]
    left_out: tuple[LeftOut, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplayJob:
    """Compute lists and editions of the past from the articles known then."""

    store: Store
    options: RankingOptions
    stories: StoryOptions
    selector: Selector

    def lists(self, start: datetime, end: datetime, every: timedelta) -> Iterator[ReplayedLists]:
        """Yield the lists at ``start`` and every ``every``, up to and including ``end``."""
        with self._past(start, looks_back(self.options)) as newsroom:
            at = start
            while at <= end:
                newsroom.advance(at)
                yield self._lists(newsroom, at)
                at += every

    def newsletter(self, newsletter: Newsletter, start: datetime, end: datetime) -> Iterator[ReplayedEdition]:
        """Yield the editions of periods that ended after ``start`` and not after ``end``, oldest first."""
        periods = periods_between(newsletter, start, end)
        if not periods:
            return
        with self.store.read() as connection:
            # Editions are stored by article, since the replay groups the articles into other stories.
            told = edition_articles.carried_articles(connection, newsletter.name, before=periods[0].end)
            waiting = edition_articles.waiting_articles(connection, newsletter.name, before=periods[0].end)
        earlier = Earlier.stored(told, waiting)
        span = max(looks_back(for_period(self.options, period.end - period.start)) for period in periods)
        with self._past(periods[0].end, span) as newsroom:
            for period in periods:
                newsroom.advance(period.end)
                with newsroom.store.read() as connection:
                    learned = learned_weights(connection, _day(period.end), self.options)
                    chosen = self.selector.choose(
                        connection, newsletter, period, period.end, earlier=earlier, learned=learned
                    )
                new = {article_id: (0, period.end) for story in chosen.stories for article_id in story.tells}
                earlier = Earlier(told={**earlier.told, **new}, first=earlier.first and not chosen.stories)
                yield ReplayedEdition(
                    newsletter=newsletter.name,
                    period=period,
                    stories=chosen.stories,
                    left_out=chosen.left_out,
                )

    def _past(self, start: datetime, span: timedelta) -> AbstractContextManager[PastNewsroom]:
        """Open the newsroom a window before the earliest data that replays from ``start`` need."""
        begin = start - span - timedelta(days=self.stories.window_days)
        taught = timedelta(days=self.options.learn_days) + 2 * JUDGED_AFTER
        since = begin - max(taught, RHYTHM_DAYS * DAY, timedelta(days=self.stories.window_days))
        return past_newsroom(self.store, self.stories, begin, since)

    def _lists(self, newsroom: PastNewsroom, at: datetime) -> ReplayedLists:
        with newsroom.store.read() as connection:
            learned = learned_weights(connection, _day(at), self.options)
            rows = candidates(connection, at, self.options)
            facts = story_facts(connection, rows, at, self.options, learned)
        ranked = (rank_top(facts, at, self.options), rank_trending(facts, at, self.options))
        return ReplayedLists(at=at, lists=dict(zip(LISTS, ranked, strict=True)))


def periods_between(newsletter: Newsletter, start: datetime, end: datetime) -> list[Period]:
    """Return a newsletter's periods that ended after ``start`` and not after ``end``, oldest first."""
    schedule, zone = parse_schedule(newsletter.schedule), read_zone(newsletter.time_zone)
    periods: list[Period] = []
    period = latest_period(schedule, zone, end)
    while period.end > start:
        periods.append(period)
        period = latest_period(schedule, zone, period.start)
    return periods[::-1]


def _day(at: datetime) -> datetime:
    return rank_step(at, int(DAY.total_seconds()))
