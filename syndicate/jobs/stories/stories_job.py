"""The stories job: new articles → their story, their related links, and the ranked lists.

The story index is a value this job holds in memory, loaded from stored terms. One process at a time
works with it (a lease); a counter in the store tells whether another process placed or pruned articles
meanwhile, and then the index is loaded again.
"""

import gc
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from syndicate.errors import StoreBusy, StoreGone
from syndicate.jobs.run_clock import RunClock
from syndicate.jobs.stories.leads import refresh_stories
from syndicate.jobs.stories.placing import Placing
from syndicate.jobs.stories.ranking_job import RankingJob
from syndicate.store import Connection, Store
from syndicate.store.core import leases, quarantine
from syndicate.store.stories import index_rows as placed_store
from syndicate.store.stories import story_store
from syndicate.store.stories.story_store import UnplacedArticle
from syndicate.stories import ArticleTerms, StoryIndex, StoryOptions, extract_terms

LEASE = timedelta(minutes=10)
"""From one batch to the next."""

FAILURE = "placing"
"""The kind of failure under which articles that cannot be placed are shown."""

_Article = tuple[UnplacedArticle, ArticleTerms]


class _LeaseLost(Exception):
    """Another process places articles by now: our lease ran out."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StoriesResult:
    """Counts of one run. ``busy`` means another process holds the lease and nothing was done.

    ``duplicates`` have a text that was known; ``failed`` could not be placed and stand for themselves.
    """

    placed: int = 0
    new_stories: int = 0
    duplicates: int = 0
    failed: int = 0
    lists_changed: tuple[str, ...] = ()
    busy: bool = False


@dataclass(slots=True, kw_only=True)
class StoriesJob:
    """Places what has no place yet, ``batch`` articles in one transaction.

    Not for several threads at once: the index is one value.
    """

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
        """Place every waiting article, then bring the lists up to date with the clock's step.

        When ``should_stop`` returns true, the job ends after a batch. Without either to do it takes no lease
        and ranks nothing: that is what most ticks find.
        """
        if not self._is_due(now):
            return StoriesResult()
        with self.store.write() as connection:
            if not self._take_lease(connection, now):
                return StoriesResult(busy=True)
        try:
            done = self._place_all(now, progress, should_stop)
            changed = () if should_stop() else self.ranking.run(now)
        finally:
            with self.store.write() as connection:
                leases.release_lease(connection, "stories", owner=self.owner)
        counts: dict[str, Any] = done
        return StoriesResult(**counts, lists_changed=changed)

    def _take_lease(self, connection: Connection, now: datetime) -> bool:
        return leases.take_lease(connection, "stories", owner=self.owner, now=now, until=now + LEASE)

    def _hold_lease(self, connection: Connection, now: datetime) -> None:
        if not self._take_lease(connection, now):
            raise _LeaseLost

    def _is_due(self, now: datetime) -> bool:
        with self.store.read() as connection:
            waiting = story_store.count_unplaced(connection)
        return waiting > 0 or self.ranking.is_due(now)

    def _place_all(
        self, now: datetime, progress: Callable[[int, int], None], should_stop: Callable[[], bool]
    ) -> Counter[str]:
        done = Counter[str]()
        clock = RunClock(now)
        while True:
            with self.store.read() as connection:
                waiting = story_store.unplaced_articles(connection, self.batch)
                more = len(waiting) == self.batch
                total = story_store.count_unplaced(connection) if more else len(waiting)
            total += done["placed"]
            if not waiting or should_stop():
                return done
            terms = [extract_terms(article.title, article.text, article.language) for article in waiting]
            try:
                done += self._place_isolated(list(zip(waiting, terms, strict=True)), now, clock)
            except _LeaseLost:
                return done
            progress(done["placed"], total)
            if not more and done["placed"] == total:
                return done

    def _place_isolated(self, batch: Sequence[_Article], now: datetime, clock: RunClock) -> Counter[str]:
        """Place a batch; if it fails, one article at a time, so that one costs only itself."""
        try:
            return self._place(batch, now, clock)
        except (_LeaseLost, StoreBusy, StoreGone):
            raise
        except Exception as error:  # noqa: BLE001 - whatever it is, the other articles go on
            if len(batch) == 1:
                return self._stand_alone(batch[0][0], str(error), now, clock)
        return sum((self._place_isolated([item], now, clock) for item in batch), Counter[str]())

    def _stand_alone(
        self, article: UnplacedArticle, reason: str, now: datetime, clock: RunClock
    ) -> Counter[str]:
        """Show an article that cannot be placed in its own story, or the one it has, and record why."""
        with self.store.write() as connection:
            self._hold_lease(connection, clock.now())
            kept = story_store.get_stories(connection, [article.story_id or 0])
            story_id = next(iter(kept), None) or story_store.add_stories(connection, [article.id], now)[0]
            text = placed_store.next_text_label(connection)
            place = story_store.ArticlePlacement(
                article_id=article.id, story_id=story_id, same_text=text, terms=None
            )
            story_store.place_articles(connection, [place])
            refresh_stories(connection, [story_id], now)
            quarantine.record_failure(
                connection, FAILURE, str(article.id), reason, now=now, source_id=article.source_id
            )
            leases.increment_counter(connection, leases.PLACEMENTS)
        return Counter(placed=1, failed=1, new_stories=int(not kept))

    def _place(self, batch: Sequence[_Article], now: datetime, clock: RunClock) -> Counter[str]:
        """Place a batch in one transaction. If that fails, the index knows more than the store: drop it.

        Places nothing if another process placed or pruned articles meanwhile, perhaps these: then look again.
        Raises ``_LeaseLost`` when another process has the lease by now.
        """
        index = self._fresh_index(now)
        if index is None:
            return Counter()
        try:
            with self.store.write() as connection:
                self._hold_lease(connection, clock.now())
                if leases.read_counter(connection, leases.PLACEMENTS) != self._counter:
                    return Counter()
                placing = Placing(connection, index, now)
                new, duplicates = placing.place(*zip(*batch, strict=True))
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


def load_index(
    connection: Connection, options: StoryOptions, since: datetime
) -> tuple[StoryIndex, list[int]]:
    """Load the articles published since an instant from their stored terms.

    Return the index and the ids of articles whose terms are damaged or of another version.
    """
    index = StoryIndex(options, next_text_label=placed_store.next_text_label(connection))
    since = max(since, placed_store.nth_newest_published(connection, options.max_articles) or since)
    collecting = gc.isenabled()
    # Everything loaded stays: looking for garbage among it took a third of the time (measured).
    gc.disable()
    try:
        loaded = index.load(placed_store.placed_articles(connection, since))
        index.forget_before(since)
        listed = {number: titles for number, titles in loaded.read_more.items() if number in index}
        _hint(connection, index, listed)
    finally:
        if collecting:
            # Nor is it looked for later: what was loaded is freed by counting when it is forgotten.
            gc.freeze()
            gc.enable()
    return index, loaded.unreadable


def _hint(connection: Connection, index: StoryIndex, listed: Mapping[int, str]) -> None:
    """Tell the index which articles the "Read more" lists of others name."""
    lists = {article_id: placed_store.read_more_titles(found) for article_id, found in listed.items()}
    titles = [title for found in lists.values() for title in found]
    named = placed_store.articles_with_titles(connection, titles)
    for article_id, found in lists.items():
        index.hint(article_id, tuple(named[title] for title in found if title in named))
