"""Past windows once more, with the present rules: what each list and edition would have been.

Only reads. Articles count from when they were seen, decisions of the editor from when they were made,
and editions from what the replayed editions before them carried. Not turned back: edits of
articles, the story an article is in, and who leads it; they are as today.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from syndicate.jobs.editions import EditionJob
from syndicate.jobs.ranking import LISTS, candidates, learned_weights, story_facts
from syndicate.model import EditionStory, Newsletter, RankedStory
from syndicate.newsletter.periods import Period, latest_period, parse_schedule, read_zone
from syndicate.store import Store
from syndicate.store import editions as edition_store
from syndicate.stories import RankingOptions, rank_step, rank_top, rank_trending

DAY_SECONDS = 86_400


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplayedLists:
    """The lists as of one moment, by name."""

    moment: datetime
    lists: dict[str, tuple[RankedStory, ...]]


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplayedEdition:
    """What an edition would have carried; empty means that none would have been cut."""

    newsletter: str
    period: Period
    stories: tuple[EditionStory, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplayJob:
    """Computes lists and editions of the past from the rows of today."""

    store: Store
    options: RankingOptions
    editions: EditionJob

    def lists(self, start: datetime, end: datetime, every: timedelta) -> Iterator[ReplayedLists]:
        """The lists at ``start`` and then ``every`` so often, up to and including ``end``."""
        moment = start
        while moment <= end:
            yield self._lists(moment)
            moment += every

    def newsletter(self, newsletter: Newsletter, start: datetime, end: datetime) -> Iterator[ReplayedEdition]:
        """The editions of every period that ended after ``start`` and not after ``end``, oldest first."""
        earlier: dict[int, datetime] | None = None
        for period in periods_between(newsletter, start, end):
            with self.store.read() as connection:
                if earlier is None:
                    before = edition_store.carried_stories(connection, newsletter.name, before=period.end)
                    earlier = {story_id: one.cut_at for story_id, one in before.items()}
                learned = learned_weights(connection, _day(period.end), self.options)
                stories = self.editions.choose(
                    connection, newsletter, period, period.end, dict(earlier), learned
                )
            earlier |= dict.fromkeys((one.story_id for one in stories), period.end)
            yield ReplayedEdition(newsletter=newsletter.name, period=period, stories=stories)

    def _lists(self, moment: datetime) -> ReplayedLists:
        with self.store.read() as connection:
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
    return rank_step(moment, DAY_SECONDS)
