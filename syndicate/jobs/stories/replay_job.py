"""Past windows once more, with the present rules: what each list and edition would have been.

Only reads. At each moment only those articles are known that had been seen by then, and they are grouped from
that alone (see ``past``); decisions of the editor count from when they were made, and editions from what the
replayed editions before them carried. Not turned back: edits of articles, and the stories that were settled
before any replayed window looks back on them.
"""

from collections.abc import Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime, timedelta

from syndicate.jobs.newsletter.selection import ChosenStories, Earlier, Selector, for_period
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
    """The lists as of one moment, by name. Stories have numbers of their own, articles those of the store."""

    moment: datetime
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
    """Computes lists and editions of the past from what was known then."""

    store: Store
    options: RankingOptions
    stories: StoryOptions
    selector: Selector

    def lists(self, start: datetime, end: datetime, every: timedelta) -> Iterator[ReplayedLists]:
        """The lists at ``start`` and then ``every`` so often, up to and including ``end``."""
        with self._past(start, looks_back(self.options)) as newsroom:
            moment = start
            while moment <= end:
                newsroom.advance(moment)
                yield self._lists(newsroom, moment)
                moment += every

    def newsletter(self, newsletter: Newsletter, start: datetime, end: datetime) -> Iterator[ReplayedEdition]:
        """The editions of every period that ended after ``start`` and not after ``end``, oldest first."""
        periods = periods_between(newsletter, start, end)
        if not periods:
            return
        with self.store.read() as connection:
            # An edition carried an article: what story that was depends on what is known.
            told = edition_articles.carried_articles(connection, newsletter.name, before=periods[0].end)
            waiting = edition_articles.waiting_articles(connection, newsletter.name, before=periods[0].end)
        earlier = Earlier(
            told={article.article_id: (article.edition_id, article.cut_at) for article in told.values()},
            waiting=waiting or (),
            first=waiting is None,
        )
        span = max(looks_back(for_period(self.options, period.end - period.start)) for period in periods)
        with self._past(periods[0].end, span) as newsroom:
            for period in periods:
                newsroom.advance(period.end)
                chosen = self._edition(newsroom, newsletter, period, earlier)
                new = {article_id: (0, period.end) for story in chosen.stories for article_id in story.tells}
                earlier = Earlier(told={**earlier.told, **new}, first=earlier.first and not chosen.stories)
                yield ReplayedEdition(
                    newsletter=newsletter.name,
                    period=period,
                    stories=chosen.stories,
                    left_out=chosen.left_out,
                )

    def _past(self, start: datetime, span: timedelta) -> AbstractContextManager[PastNewsroom]:
        """The newsroom as it was a window before anything that is looked at from ``start`` on."""
        begin = start - span - timedelta(days=self.stories.window_days)
        taught = timedelta(days=self.options.learn_days) + 2 * JUDGED_AFTER
        since = begin - max(taught, RHYTHM_DAYS * DAY, timedelta(days=self.stories.window_days))
        return past_newsroom(self.store, self.stories, begin, since)

    def _edition(
        self, newsroom: PastNewsroom, newsletter: Newsletter, period: Period, earlier: Earlier
    ) -> ChosenStories:
        with newsroom.store.read() as connection:
            learned = learned_weights(connection, _day(period.end), self.options)
            return self.selector.choose(
                connection, newsletter, period, period.end, earlier=earlier, learned=learned
            )

    def _lists(self, newsroom: PastNewsroom, moment: datetime) -> ReplayedLists:
        with newsroom.store.read() as connection:
            learned = learned_weights(connection, _day(moment), self.options)
            rows = candidates(connection, moment, self.options)
            facts = story_facts(connection, rows, moment, self.options, learned)
        ranked = (rank_top(facts, moment, self.options), rank_trending(facts, moment, self.options))
        return ReplayedLists(moment=moment, lists=dict(zip(LISTS, ranked, strict=True)))


def periods_between(newsletter: Newsletter, start: datetime, end: datetime) -> list[Period]:
    """The periods of a newsletter that ended after ``start`` and not after ``end``, oldest first."""
    schedule, zone = parse_schedule(newsletter.schedule), read_zone(newsletter.time_zone)
    found: list[Period] = []
    period = latest_period(schedule, zone, end)
    while period.end > start:
        found.append(period)
        period = latest_period(schedule, zone, period.start)
    return found[::-1]


def _day(moment: datetime) -> datetime:
    return rank_step(moment, int(DAY.total_seconds()))
