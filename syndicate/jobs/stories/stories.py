"""The stories job: new articles → their story, their related links, and the ranked lists.

The story index is a value this job holds in memory, loaded from stored terms. One process at a time
works with it (a lease); a counter in the store tells whether somebody else placed or pruned articles
meanwhile, and then the index is loaded again.
"""

import gc
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from syndicate.jobs.run_clock import RunClock
from syndicate.jobs.stories.placing import Placing
from syndicate.jobs.stories.ranking import RankingJob
from syndicate.store import Connection, Store, leases
from syndicate.store import placed as placed_store
from syndicate.store import stories as story_store
from syndicate.store.stories import UnplacedArticle
from syndicate.stories import (
    ArticleTerms,
    StoryIndex,
    StoryOptions,
    extract_terms,
)

LEASE = timedelta(minutes=10)
"""From one batch to the next."""


class _LeaseLost(Exception):
    """Another process places articles by now: our lease ran out."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StoriesResult:
    """What one run did. ``busy`` means another process holds the lease and nothing was done."""

    placed: int = 0
    new_stories: int = 0
    duplicates: int = 0
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
            placed, new, duplicates = self._place_all(now, progress, should_stop)
            changed = () if should_stop() else self.ranking.run(now)
        finally:
            with self.store.write() as connection:
                leases.drop_lease(connection, "stories", owner=self.owner)
        return StoriesResult(placed=placed, new_stories=new, duplicates=duplicates, lists_changed=changed)

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
    ) -> tuple[int, int, int]:
        placed = new = duplicates = 0
        clock = RunClock(now)
        while True:
            with self.store.read() as connection:
                counter = leases.counter(connection, leases.PLACEMENTS)
                waiting = story_store.unplaced_articles(connection, self.batch)
                total = placed + story_store.count_unplaced(connection) if waiting else placed
            if not waiting or should_stop():
                return placed, new, duplicates
            terms = [extract_terms(article.title, article.text, article.language) for article in waiting]
            try:
                result = self._place(waiting, terms, counter, now, clock)
            except _LeaseLost:
                return placed, new, duplicates
            if result is not None:
                started, copies = result
                placed, new, duplicates = placed + len(waiting), new + started, duplicates + copies
                progress(placed, total)

    def _place(
        self,
        waiting: Sequence[UnplacedArticle],
        terms: Sequence[ArticleTerms],
        counter: int,
        now: datetime,
        clock: RunClock,
    ) -> tuple[int, int] | None:
        """One batch in one transaction. If it fails, the index knows more than the store: drop it.

        ``None`` when somebody placed or pruned articles since ``counter`` was read, perhaps these: then look
        again. Raises ``_LeaseLost`` when somebody else is at it by now.
        """
        index = self._fresh_index(counter, now)
        try:
            with self.store.write() as connection:
                self._hold_lease(connection, clock.now())
                if leases.counter(connection, leases.PLACEMENTS) != counter:
                    return None
                result = Placing(connection, index, now).place(waiting, terms)
                self._counter = leases.move_counter(connection, leases.PLACEMENTS)
        except BaseException:
            self._index = None
            raise
        return result

    def _fresh_index(self, counter: int, now: datetime) -> StoryIndex:
        oldest = now - timedelta(days=self.options.window_days)
        if self._index is not None and counter == self._counter:
            self._index.forget_before(oldest)
            return self._index
        with self.store.read() as connection:
            self._counter = leases.counter(connection, leases.PLACEMENTS)
            self._index = load_index(connection, self.options, oldest)
        return self._index


def load_index(connection: Connection, options: StoryOptions, since: datetime) -> StoryIndex:
    """The story index as the store's terms give it, of what was published ``since`` then."""
    index = StoryIndex(options)
    since = max(since, placed_store.published_nth(connection, options.max_articles) or since)
    collecting = gc.isenabled()
    # Everything loaded stays: looking for garbage among it took a third of the time (measured).
    gc.disable()
    try:
        listed = index.load(placed_store.placed_articles(connection, since))
        index.forget_before(since)
        listed = {article_id: titles for article_id, titles in listed.items() if article_id in index}
        _hint(connection, index, listed)
    finally:
        if collecting:
            # Nor is it looked for later: what was loaded is freed by counting when it is forgotten.
            gc.freeze()
            gc.enable()
    return index


def _hint(connection: Connection, index: StoryIndex, listed: Mapping[int, str]) -> None:
    """Tell the index which articles the "Read more" lists of others name."""
    lists = {article_id: placed_store.read_more_titles(found) for article_id, found in listed.items()}
    titles = [title for found in lists.values() for title in found]
    named = placed_store.articles_with_titles(connection, titles)
    for article_id, found in lists.items():
        index.hint(article_id, tuple(named[title] for title in found if title in named))
