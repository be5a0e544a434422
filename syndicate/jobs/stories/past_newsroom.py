"""A newsroom of the past: what was known at a moment, grouped by the present rules from that alone.

Articles go through the story index once more, in the order in which they came, into a store of its own that
is deleted afterwards. Merges that a later article brought have not happened yet.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from syndicate.files import temporary_folder
from syndicate.jobs.stories.leads import refresh_stories
from syndicate.jobs.stories.placing import Placing
from syndicate.jobs.stories.stories_job import load_index
from syndicate.store import Store, open_store
from syndicate.store.stories import replay_rows, story_store
from syndicate.store.stories.story_store import UnplacedArticle
from syndicate.stories import ArticleTerms, Fingerprint, StoryIndex, StoryOptions, extract_terms

BATCH = 250
"""Articles placed in one transaction."""


@dataclass(slots=True, kw_only=True)
class PastNewsroom:
    """Rows known up to the time of the last ``advance``, in ``store``. Only goes forward."""

    present: Store
    store: Store
    options: StoryOptions
    _index: StoryIndex = field(init=False)
    _known: datetime = field(init=False)

    def begin(self, moment: datetime, since: datetime) -> None:
        """Start with what was first seen before a moment, in today's stories.

        Those stories were settled long before what is looked at. Older than ``since`` need not be known.
        """
        with self.present.read() as present, self.store.write() as connection:
            replay_rows.copy_context(present, connection)
            stories = replay_rows.copy_placed_articles(present, connection, since=since, before=moment)
            refresh_stories(connection, stories, moment)
            window = timedelta(days=self.options.window_days)
            self._index, _ = load_index(connection, self.options, moment - window)
        self._known = moment

    def advance(self, moment: datetime) -> None:
        """Place what was first seen up to a moment, in the order in which it came."""
        with self.present.read() as present:
            came = replay_rows.articles_first_seen(present, since=self._known, until=moment)
        self._known = max(self._known, moment + timedelta(microseconds=1))
        for start in range(0, len(came), BATCH):
            self._place(came[start : start + BATCH])

    def _place(self, came: Sequence[tuple[int, datetime]]) -> None:
        now = came[-1][1]
        self._index.forget_before(now - timedelta(days=self.options.window_days))
        with self.present.read() as present, self.store.write() as connection:
            packed = replay_rows.copy_unplaced_articles(
                present, connection, [article_id for article_id, _ in came]
            )
            waiting = story_store.unplaced_articles(connection, BATCH)
            terms = [_terms(article, packed.get(article.id)) for article in waiting]
            Placing(connection, self._index, now).place(waiting, terms)


@contextmanager
def past_newsroom(
    present: Store, options: StoryOptions, moment: datetime, since: datetime
) -> Iterator[PastNewsroom]:
    """A newsroom of the past, as of a moment, for as long as it is looked at."""
    with temporary_folder("syndicate-past-") as folder:
        store = open_store(f"sqlite:///{folder / 'past.db'}")
        try:
            store.migrate()
            newsroom = PastNewsroom(present=present, store=store, options=options)
            newsroom.begin(moment, since)
            yield newsroom
        finally:
            store.dispose()


def _terms(article: UnplacedArticle, packed: bytes | None) -> ArticleTerms | Fingerprint:
    """Return the terms that an article had when it came, or new terms if they cannot be read."""
    known = Fingerprint.unpack_known(packed)
    return known or extract_terms(article.title, article.text, article.language)
