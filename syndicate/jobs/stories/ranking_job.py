"""Ranking job: placed articles, weights of sources and the editor's decisions → the stored lists.

Runs inside the stories job, under its lease. Everything that the lists follow from is a row, so
every process gets the same lists within a step of the clock.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from syndicate.jobs.stories.leads import refresh_chosen_leads
from syndicate.jobs.stories.story_facts import (
    DAY,
    RHYTHM_DAYS,
    KnownStories,
    Weights,
    source_weights,
    story_hands,
)
from syndicate.model import RankedStory
from syndicate.store import Connection, Store
from syndicate.store.core import leases
from syndicate.store.stories import decision_store, ranked_lists
from syndicate.store.stories.ranked_lists import SourceWeight
from syndicate.stories import ENOUGH_OTHERS, RankingOptions, Record, learn_weights, rank_step

LISTS = ("top", "trending")
# An article is judged when the others have had a day to tell its story too.
JUDGED_AFTER = DAY
# Parts of a rank that readers are told of.
MARKS = ("boost", "pin", "rare", "recent", "slow")


@dataclass(slots=True, kw_only=True)
class RankingJob:
    """Brings top, trending, learned weights and the editor's headlines up to date."""

    store: Store
    options: RankingOptions
    _ranked: tuple[object, ...] | None = field(default=None, init=False)
    _known: KnownStories | None = field(default=None, init=False)
    _placements: int = field(default=-1, init=False)
    _moved: set[int] = field(default_factory=set, init=False)

    def is_due(self, now: datetime) -> bool:
        """Return whether anything the lists follow from has moved since this job last ran."""
        return self._ranked != self._news(now)

    def note_moved(self, stories: Collection[int], placements: int) -> None:
        """Note the stories that a placement moved, with the counter of placements after it.

        When placements are missing in between, the facts of all stories are read anew.
        """
        if placements == self._placements + 1:
            self._placements = placements
            self._moved.update(stories)

    def run(self, now: datetime) -> tuple[str, ...]:
        """Recompute what is not up to date; return the names of the lists that changed.

        The lists are as of the clock's last step, or of the newest article if that came since: between
        two steps only news and the editor change them.
        """
        news = self._news(now)
        decided = self._ranked is None or self._ranked[2:] != news[2:]
        if decided or news[2]:
            with self.store.write() as connection:
                decision_store.sync_headlines(connection, at=now)
                if decided:
                    refresh_chosen_leads(connection, now)
        weights = self._learn(now)
        # Kept only if nothing fails on the way.
        known, self._known = self._known, None
        with self.store.read() as connection:
            placements = leases.read_counter(connection, leases.PLACEMENTS)
            if (
                known is None
                or placements != self._placements
                or weights != known.weights
                or now < known.read_at
            ):
                known = KnownStories(self.options, weights)
            hands = story_hands(connection, now) if news[2] else {}
            # Another process that has just started may have changed their leads.
            moved = self._moved | decision_store.stories_with_choices(connection)
            lists = zip(LISTS, known.lists(connection, now, hands, moved), strict=True)
            changed = {
                name: fresh
                for name, fresh in lists
                if _differs(ranked_lists.ranked_stories(connection, name), fresh)
            }
        if changed:
            with self.store.write() as connection:
                for name, fresh in changed.items():
                    ranked_lists.save_ranked(connection, name, fresh)
        self._known, self._placements, self._ranked = known, placements, news
        self._moved.clear()
        return tuple(changed)

    def _learn(self, now: datetime) -> Weights:
        """Return the weights of the sources: learned once a day (of UTC), when old openings are forgotten."""
        today = rank_step(now, int(DAY.total_seconds()))
        with self.store.read() as connection:
            known = ranked_lists.source_weights(connection)
            if not known or any(weight.learned != today for weight in known.values()):
                learned = learned_weights(connection, today, self.options)
            else:
                learned = known
            weights = source_weights(connection, learned)
        if learned != known:
            with self.store.write() as connection:
                ranked_lists.save_source_weights(connection, learned, now=today)
                ranked_lists.prune_reads(connection, before=today - RHYTHM_DAYS * DAY)
        return weights

    def _news(self, now: datetime) -> tuple[object, ...]:
        """Return the inputs of the lists: the step of the clock, the placements, the editor's decisions."""
        with self.store.read() as connection:
            return (
                rank_step(now, self.options.step_seconds),
                leases.read_counter(connection, leases.PLACEMENTS),
                [decision.id for decision in decision_store.decisions(connection, at=now)],
            )


def learned_weights(
    connection: Connection, moment: datetime, options: RankingOptions
) -> dict[int, SourceWeight]:
    """Return what the rows up to a moment teach about the sources; nothing when ``learn_days`` is 0."""
    until = moment - JUDGED_AFTER
    since = until - timedelta(days=options.learn_days)
    found = ranked_lists.source_records(connection, since=since, until=until, enough=ENOUGH_OTHERS)
    records = {
        source: Record(articles=count, prominence=sum(others.values()), followers=others)
        for source, (count, others) in found.items()
    }
    return {
        source: SourceWeight(
            weight=weight, articles=records[source].articles, prominence=records[source].prominence
        )
        for source, weight in learn_weights(records).items()
    }


def _differs(stored: Sequence[RankedStory], fresh: Sequence[RankedStory]) -> bool:
    """Return whether a list has another order, coverage or mark; scores fade with the clock."""
    return [_shown(story) for story in stored] != [_shown(story) for story in fresh]


def _shown(one: RankedStory) -> tuple[object, ...]:
    marks = {name: part for name, part in one.parts.items() if name.partition(":")[0] in MARKS}
    return one.story_id, one.article_id, one.coverage, marks
