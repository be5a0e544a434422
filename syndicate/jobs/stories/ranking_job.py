"""Ranking job: placed articles, weights of sources and the editor's decisions → the stored lists.

Runs inside the stories job, under its lease. Every input of the lists is a row, so every process gets the
same lists within a step of the clock.
"""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from operator import eq

from syndicate.jobs.events.noted_changes import note_trending
from syndicate.jobs.stories import story_facts
from syndicate.jobs.stories.leads import refresh_chosen_leads
from syndicate.model import RankedStory
from syndicate.store import Connection, Store
from syndicate.store.leases import leases
from syndicate.store.stories import decision_store, ranked_history, ranked_lists
from syndicate.store.stories.ranked_lists import SourceWeight
from syndicate.stories import ENOUGH_OTHERS, RankingOptions, Record, learn_weights, rank_step

LISTS = ("top", "trending")
# An article is judged a day later, when other sources have had time to follow.
JUDGED_AFTER = story_facts.DAY
RHYTHM = story_facts.RHYTHM_DAYS * story_facts.DAY
# Beginnings of the parts of a rank that readers see.
MARKS = ("boost", "pin", "rare", "recent", "slow")


@dataclass(slots=True, kw_only=True)
class RankingJob:
    """Update top, trending, learned weights and the editor's headlines."""

    store: Store
    options: RankingOptions
    _last_inputs: tuple[object, ...] | None = field(default=None, init=False)
    _cache: story_facts.StoryFactsCache | None = field(default=None, init=False)
    _lists: dict[str, tuple[RankedStory, ...]] = field(default_factory=dict, init=False)
    _placements: int = field(default=-1, init=False)
    _moved: set[int] = field(default_factory=set, init=False)
    # Hour whose places are recorded.
    _hour: datetime | None = field(default=None, init=False)

    def is_due(self, now: datetime) -> bool:
        """Return whether an input of the lists has changed since the last run."""
        with self.store.read() as connection:
            return self._last_inputs != self._inputs(connection, now)

    def note_moved(self, stories: Collection[int], placements: int) -> None:
        """Note the stories that a placement moved, with the counter of placements after it.

        If placements are missing in between, the next run reads the facts of all stories anew.
        """
        if placements == self._placements + 1:
            self._placements = placements
            self._moved.update(stories)

    def run(
        self, now: datetime, keep_lease: Callable[[Connection], None] = lambda _connection: None
    ) -> tuple[str, ...]:
        """Recompute outdated lists; return the names of the lists that changed.

        ``keep_lease`` raises in a transaction of a process that has lost the lease.

        The lists are as of the end of the clock's step: until then only new articles and the editor change
        them.
        """
        today = rank_step(now, int(story_facts.DAY.total_seconds()))
        with self.store.read() as connection:
            inputs = _, placements, decisions = self._inputs(connection, now)
            weights, learned = self._weights(connection, today)
        decided = self._last_inputs is None or self._last_inputs[2:] != inputs[2:]
        if decided or decisions:
            with self.store.write() as connection:
                keep_lease(connection)
                decision_store.sync_headlines(connection, at=now)
                if decided:
                    refresh_chosen_leads(connection, now)
        if learned is not None:
            with self.store.write() as connection:
                keep_lease(connection)
                ranked_lists.save_source_weights(connection, learned, now=today)
                ranked_lists.prune_inputs(connection, before=today - RHYTHM)
        # Restored only after success.
        cache, self._cache = self._cache, None
        with self.store.read() as connection:
            same = cache is not None and (placements, weights) == (self._placements, cache.weights)
            if cache is None or not same or now < cache.read_at:
                cache = story_facts.StoryFactsCache(self.options, weights)
                self._lists.clear()
            overrides = story_facts.editor_overrides(connection, now) if decisions else {}
            # Another process that has just started may have changed their leads.
            moved = self._moved | cache.led_anew(decision_store.stories_with_choices(connection))
            lists = dict(zip(LISTS, cache.lists(connection, now, overrides, moved), strict=True))
            outdated = [name for name, fresh in lists.items() if fresh != self._lists.get(name)]
            stored = {name: ranked_lists.ranked_stories(connection, name) for name in outdated}
        changed = [name for name in outdated if not _look_alike(stored[name], lists[name])]
        hour = rank_step(now, 3600)
        if changed or hour != self._hour:
            with self.store.write() as connection:
                keep_lease(connection)
                if "trending" in changed:
                    note_trending(connection, stored["trending"], lists["trending"], now)
                for name in changed:
                    ranked_lists.save_ranked(connection, name, lists[name])
                if hour != self._hour:
                    ranked_history.record_hour(connection, hour)
            self._hour = hour
        self._cache, self._lists, self._placements, self._last_inputs = cache, lists, placements, inputs
        self._moved.clear()
        return tuple(changed)

    def _weights(
        self, connection: Connection, today: datetime
    ) -> tuple[story_facts.Weights, dict[int, SourceWeight] | None]:
        """Return the weights of the sources, learned once a day (UTC), and those to store."""
        known = ranked_lists.source_weights(connection)
        learned = None
        if not known or any(weight.learned != today for weight in known.values()):
            learned = learned_weights(connection, today, self.options)
        weights = story_facts.source_weights(connection, known if learned is None else learned)
        return weights, None if learned == known else learned

    def _inputs(self, connection: Connection, now: datetime) -> tuple[datetime, int, list[int]]:
        """Return the inputs of the lists: the step of the clock, the placements, the editor's decisions."""
        return (
            rank_step(now, self.options.step_seconds),
            leases.read_counter(connection, leases.PLACEMENTS),
            decision_store.decision_ids(connection, at=now),
        )


def learned_weights(connection: Connection, at: datetime, options: RankingOptions) -> dict[int, SourceWeight]:
    """Return the weights learned from the rows up to ``at``; nothing if ``learn_days`` is 0."""
    until = at - JUDGED_AFTER
    since = until - timedelta(days=options.learn_days)
    followers = ranked_lists.source_records(connection, since=since, until=until, enough=ENOUGH_OTHERS)
    records = {
        source: Record(articles=count, prominence=sum(others.values()), followers=others)
        for source, (count, others) in followers.items()
    }
    return {
        source: SourceWeight(weight=weight, articles=record.articles, prominence=record.prominence)
        for source, weight in learn_weights(records).items()
        if (record := records[source])
    }


def _look_alike(before: Sequence[RankedStory], after: Sequence[RankedStory]) -> bool:
    """Return whether two lists are the same for readers; scores alone fade with the clock."""
    return len(before) == len(after) and all(map(eq, map(_shown, before), map(_shown, after)))


def _shown(story: RankedStory) -> tuple[object, ...]:
    marks = {name: part for name, part in story.parts.items() if name.startswith(MARKS)}
    return story.story_id, story.article_id, story.coverage, marks
