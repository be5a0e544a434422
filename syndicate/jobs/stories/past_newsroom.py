"""Newsroom of the past: the articles known then, grouped by the present rules from these alone.

Articles pass through the story index again, in order of arrival, into a separate temporary store. Merges that
a later article caused have not happened yet.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from syndicate.files import temporary_folder
from syndicate.jobs.stories.leads import refresh_stories
from syndicate.jobs.stories.placing import Placing, with_terms
from syndicate.jobs.stories.stories_job import load_index
from syndicate.store import Store, open_store
from syndicate.store.stories import decision_store, replay_rows, story_store
from syndicate.stories import StoryIndex, StoryOptions

# Articles placed in a transaction.
BATCH = 250


@dataclass(slots=True, kw_only=True)
class PastNewsroom:
    """Rows known up to the time of the last ``advance``, in ``store``. Only goes forward."""

    present: Store
    store: Store
    options: StoryOptions
    _index: StoryIndex = field(init=False)
    _known_until: datetime = field(init=False)

    def begin(self, at: datetime, since: datetime) -> None:
        """Start with the articles first seen before ``at``, in today's stories.

        These stories were settled long before the examined time. Articles before ``since`` are not needed.
        """
        with self.present.read() as present, self.store.write() as connection:
            replay_rows.copy_context(present, connection)
            stories = replay_rows.copy_placed_articles(present, connection, since=since, before=at)
            refresh_stories(connection, stories, at)
            window = timedelta(days=self.options.window_days)
            self._index, _ = load_index(connection, self.options, at - window)
        self._known_until = at

    def advance(self, at: datetime) -> None:
        """Place the articles first seen up to ``at``, in order of arrival."""
        with self.present.read() as present:
            arrivals = replay_rows.articles_first_seen(present, since=self._known_until, until=at)
        self._known_until = max(self._known_until, at + timedelta(microseconds=1))
        for start in range(0, len(arrivals), BATCH):
            self._place(arrivals[start : start + BATCH])

    def _place(self, arrivals: Sequence[tuple[int, datetime]]) -> None:
        now = arrivals[-1][1]
        self._index.forget_before(now - timedelta(days=self.options.window_days))
        with self.present.read() as present, self.store.write() as connection:
            replay_rows.copy_unplaced_articles(present, connection, [number for number, _ in arrivals])
            waiting = with_terms(story_store.unplaced_articles(connection, BATCH))
            decisions = decision_store.pair_decisions(connection, at=now)
            Placing(connection, self._index, now).place(waiting, decisions)


@contextmanager
def past_newsroom(
    present: Store, options: StoryOptions, at: datetime, since: datetime
) -> Iterator[PastNewsroom]:
    """Yield a newsroom as of ``at``; its store is deleted at the end."""
    with temporary_folder("syndicate-past-") as folder:
        store = open_store(f"sqlite:///{folder / 'past.db'}")
        try:
            store.migrate()
            newsroom = PastNewsroom(present=present, store=store, options=options)
            newsroom.begin(at, since)
            yield newsroom
        finally:
            store.dispose()
