"""Stories job: new articles → their story, their related links, and the ranked lists.

The job holds the story index in memory, loaded from stored terms. A lease lets a single process work at a
time; each commit renews it, so that a process that lost it changes nothing. A counter in the store shows
whether another process has placed or pruned articles; then the job loads the index again.
"""

import gc
import json
from collections import Counter
from collections.abc import Callable, Collection, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from syndicate.errors import StoreBusy, StoreGone
from syndicate.jobs.events.noted_changes import note_articles, note_stories
from syndicate.jobs.stories.leads import refresh_stories
from syndicate.jobs.stories.placing import Placing, ReadArticle, with_terms
from syndicate.jobs.stories.ranking_job import RankingJob
from syndicate.publish.site_paths import story_path
from syndicate.store import Connection, Store
from syndicate.store.core import quarantine, store_values
from syndicate.store.leases import leases
from syndicate.store.leases.held_lease import HeldLease, LeaseTaken, held_lease
from syndicate.store.stories import decision_store, index_rows, story_pages, story_store
from syndicate.store.stories.decision_store import PairStep
from syndicate.stories import StoryIndex, StoryOptions

# Maximum number of stories that get their address in a transaction.
NAMED_AT_ONCE = 500
# Kind of failure of articles that cannot be placed.
FAILURE = "placing"


@dataclass(frozen=True, slots=True, kw_only=True)
class StoriesResult:
    """Counts of a run. ``busy`` means another process holds the lease and nothing was done.

    ``duplicates`` have a known text; ``failed`` could not be placed and get a story of their own.
    """

    placed: int = 0
    new_stories: int = 0
    duplicates: int = 0
    failed: int = 0
    lists_changed: tuple[str, ...] = ()
    busy: bool = False

    def summary(self) -> dict[str, int | str]:
        """Return the counts by name."""
        return {name: getattr(self, name) for name in ("placed", "new_stories", "duplicates", "failed")}


@dataclass(slots=True, kw_only=True)
class StoriesJob:
    """Place waiting articles, ``batch`` in a transaction. Not thread-safe: the index is a single value."""

    store: Store
    options: StoryOptions
    ranking: RankingJob
    owner: str
    batch: int = 250
    _index: StoryIndex | None = field(default=None, init=False)
    _counter: int = field(default=-1, init=False)
    _failing: set[str] = field(default_factory=set, init=False)

    def run(
        self,
        now: datetime,
        *,
        progress: Callable[[int, int], None] = lambda _done, _all: None,
        should_stop: Callable[[], bool] = lambda: False,
    ) -> StoriesResult:
        """Place every waiting article, then update the lists for the clock's step.

        When ``should_stop`` returns true, the job ends after a batch. A run without work takes no lease and
        ranks nothing, as on most ticks.
        """
        with self.store.read() as connection:
            unnamed = bool(story_pages.unnamed_stories(connection, 1))
            waiting = unnamed or story_store.count_unplaced(connection)
        if not waiting and not self.ranking.is_due(now):
            return StoriesResult()
        done = Counter[str]()
        changed: tuple[str, ...] = ()
        with held_lease(self.store, "stories", owner=self.owner, now=now) as lease:
            if lease is None:
                return StoriesResult(busy=True)
            stops = lease.until_lost(should_stop)
            # A process that lost the lease loads the index again, by the counter of placements.
            with suppress(LeaseTaken):
                while unnamed and not stops():
                    unnamed = self._name_stories(lease, now)
                while self._follow_editor(now, lease) and not stops():
                    pass
                self._place_all(now, lease, done, progress, stops)
                changed = () if stops() else self.ranking.run(now, lease.keep)
        counts: dict[str, Any] = done
        return StoriesResult(**counts, lists_changed=changed)

    def _name_stories(self, lease: HeldLease, now: datetime) -> bool:
        """Name stories that no batch named, as in a store of an older version; return whether more wait."""
        with self.store.write() as connection:
            lease.keep(connection)
            name_stories(connection, now)
            leases.increment_counter(connection, leases.PLACEMENTS)
            return bool(story_pages.unnamed_stories(connection, 1))

    def _follow_editor(self, now: datetime, lease: HeldLease) -> bool:
        """Apply the next merges and splits of the editor's log, or place anew after an undone pair.

        The lines of the log are applied in order, so that the stories do not depend on the times of runs.
        Return false when every line was applied, or when articles have to be placed again first.
        """
        with self.store.read() as connection:
            after = leases.read_counter(connection, leases.DECIDED_PAIRS)
            step = decision_store.next_pairs(connection, after=after)
        index = self._fresh_index(now) if step else None
        if step is None or index is None:
            return False
        released = set[int]()
        for pair in step.undone:
            named = pair.pair[:1] if pair.parts else pair.pair
            stories = {index.story_of(number) for number in named if number in index}
            released.update(number for story in stories if story for number in index.articles_of(story))
            # This article keeps the story and its address.
            released.difference_update([pair.other_id, *index.twins_of(pair.other_id)])
        with self.store.read() as connection:
            waiting = story_store.unplaced_articles(connection, len(released), ids=released)
        try:
            self._place(with_terms(waiting), now, lease, released=released, step=step)
        except (StoreBusy, StoreGone, LeaseTaken):
            raise
        except Exception as error:  # noqa: BLE001 - a line that cannot be applied must not stop all placing
            with self.store.write() as connection:
                lease.keep(connection)
                store_values.write_value(connection, leases.DECIDED_PAIRS, str(step.last))
                failed = FAILURE, f"decision {step.last}", str(error)
                quarantine.record_failure(connection, *failed, now=now)
        return True

    def _place_all(
        self,
        now: datetime,
        lease: HeldLease,
        done: Counter[str],
        progress: Callable[[int, int], None],
        should_stop: Callable[[], bool],
    ) -> None:
        while True:
            with self.store.read() as connection:
                waiting = story_store.unplaced_articles(connection, self.batch)
                more = len(waiting) == self.batch
                total = story_store.count_unplaced(connection) if more else len(waiting)
            total += done["placed"]
            if not waiting or should_stop():
                return
            done.update(self._place_isolated(with_terms(waiting), now, lease))
            progress(done["placed"], total)
            if not more and done["placed"] == total:
                return

    def _place_isolated(self, batch: Sequence[ReadArticle], now: datetime, lease: HeldLease) -> Counter[str]:
        """Place a batch; if it fails, place its articles one by one, so that a bad article fails alone."""
        try:
            return self._place(batch, now, lease)
        except (StoreBusy, StoreGone):
            raise
        except Exception as error:  # noqa: BLE001 - the other articles must go on
            if len(batch) == 1:
                return self._stand_alone(batch[0][0], str(error), now, lease)
        return sum((self._place_isolated([item], now, lease) for item in batch), Counter[str]())

    def _stand_alone(
        self, article: story_store.UnplacedArticle, reason: str, now: datetime, lease: HeldLease
    ) -> Counter[str]:
        """Put an article that cannot be placed in a story of its own, or in its old story, and record why."""
        with self.store.write() as connection:
            lease.keep(connection)
            kept = story_store.get_stories(connection, [article.story_id or 0])
            story_id = next(iter(kept), None) or story_store.add_stories(connection, [article.id], now)[0]
            text = index_rows.next_text_label(connection)
            alone = {"article_id": article.id, "story_id": story_id, "same_text": text}
            story_store.place_articles(connection, [story_store.ArticlePlacement(**alone, terms=None)])
            refresh_stories(connection, [story_id], now)
            failed = FAILURE, str(article.id), reason
            quarantine.record_failure(connection, *failed, now=now, source_id=article.source_id)
            leases.increment_counter(connection, leases.PLACEMENTS)
        return Counter(placed=1, failed=1, new_stories=int(not kept))

    def _place(
        self,
        batch: Sequence[ReadArticle],
        now: datetime,
        lease: HeldLease,
        *,
        released: Collection[int] = (),
        step: PairStep | None = None,
    ) -> Counter[str]:
        """Place a batch in a transaction. If that fails, drop the index, which is ahead of the store.

        Places nothing if another process has placed or pruned articles, perhaps these: then the caller reads
        again. Raises ``LeaseTaken`` when another process has the lease.
        """
        index = self._index or self._fresh_index(now)
        if index is None:
            return Counter()
        try:
            index.forget_before(now - timedelta(days=self.options.window_days))
            with self.store.write() as connection:
                lease.keep(connection)
                if leases.read_counter(connection, leases.PLACEMENTS) != self._counter:
                    self._index = None
                    return Counter()
                placing = Placing(connection, index, now)
                until = None if step is None else step.last
                decisions = decision_store.pair_decisions(connection, at=now, until=until)
                new, duplicates = placing.place(batch, decisions, released)
                if step is not None:
                    store_values.write_value(connection, leases.DECIDED_PAIRS, str(step.last))
                name_stories(connection, now)
                note_articles(connection, placing.originals(), now)
                if self._failing:
                    mended = {str(article.id) for article, _ in batch} & self._failing
                    quarantine.clear_failures(connection, FAILURE, sorted(mended))
                self._counter = leases.increment_counter(connection, leases.PLACEMENTS)
        except BaseException:
            self._index = None
            raise
        self.ranking.note_moved(placing.moved, self._counter)
        return Counter(placed=len(batch), new_stories=new, duplicates=duplicates)

    def _fresh_index(self, now: datetime) -> StoryIndex | None:
        """Return the index as of the last placement; ``None`` if articles have to be placed again first."""
        oldest = now - timedelta(days=self.options.window_days)
        with self.store.read() as connection:
            counter = leases.read_counter(connection, leases.PLACEMENTS)
            if self._index is not None and counter == self._counter:
                self._index.forget_before(oldest)
                return self._index
            self._failing = {failure.subject for failure in quarantine.failures(connection, kind=FAILURE)}
            self._index, unreadable = load_index(connection, self.options, oldest)
            self._counter = counter
        if not unreadable:
            return self._index
        with self.store.write() as connection:
            story_store.requeue_articles(connection, unreadable)
        return None


def name_stories(connection: Connection, now: datetime) -> None:
    """Store the address of stories that two sources told; no later headline changes it."""
    unnamed = story_pages.unnamed_stories(connection, NAMED_AT_ONCE)
    paths = {story_id: story_path(title, story_id) for story_id, title in unnamed.items()}
    story_pages.save_paths(connection, paths)
    note_stories(connection, paths, now)


def load_index(
    connection: Connection, options: StoryOptions, since: datetime
) -> tuple[StoryIndex, list[int]]:
    """Load the articles published after ``since`` from their stored terms.

    Return the index and the ids of articles with terms that are damaged or of another version.
    """
    index = StoryIndex(options, next_text_label=index_rows.next_text_label(connection))
    since = max(since, index_rows.nth_newest_published(connection, options.max_articles, since) or since)
    loaded = index.load(index_rows.placed_articles(connection, since))
    index.forget_before(since)
    listed = loaded.read_more.items()
    lists = {number: json.loads(titles) for number, titles in listed if number in index}
    known = [title for titles in lists.values() for title in titles]
    ids = index_rows.articles_with_titles(connection, known)
    for number, titles in lists.items():
        index.hint(number, tuple(ids[title] for title in titles if title in ids))
    # Exclude them from garbage collection: reference counting frees them when they are forgotten.
    gc.freeze()
    return index, loaded.unreadable
