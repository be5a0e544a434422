"""Prune job: remove old rows in small transactions. Published pages stay as the archive."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from syndicate.jobs.stories.leads import refresh_stories
from syndicate.store import Store
from syndicate.store.access import access_rows
from syndicate.store.core import old_rows
from syndicate.store.core.old_rows import Pruned
from syndicate.store.events import post_store, webhook_store
from syndicate.store.ingest import page_store, poll_store, robots_store
from syndicate.store.leases import leases
from syndicate.store.mail import bounce_store, message_store
from syndicate.store.stories import story_moves
from syndicate.store.subscribers import sign_up_store

FAILURE_RETENTION = timedelta(days=30)


@dataclass(frozen=True, slots=True, kw_only=True)
class RetentionOptions:
    """Retention in seconds of rows; ``tombstones`` are those of pruned articles."""

    articles: float
    deliveries: float
    tombstones: float
    sign_ups: float
    audit: float = 730 * 86400.0
    polls: float = 30 * 86400.0


@dataclass(frozen=True, slots=True, kw_only=True)
class PruneJob:
    """Removes rows that are older than the options allow, ``batch`` articles per transaction."""

    store: Store
    options: RetentionOptions
    batch: int = 500

    def run(
        self, now: datetime, *, dry_run: bool = False, should_stop: Callable[[], bool] = lambda: False
    ) -> Pruned:
        """Prune, or only count in a dry run. ``should_stop`` ends the job after a batch of articles."""
        articles_before = now - timedelta(seconds=self.options.articles)
        deliveries_before = now - timedelta(seconds=self.options.deliveries)
        tombstones_before = now - timedelta(seconds=self.options.tombstones)
        if dry_run:
            with self.store.read() as connection:
                return old_rows.count_prunable(
                    connection,
                    articles_before=articles_before,
                    deliveries_before=deliveries_before,
                    tombstones_before=tombstones_before,
                )
        articles = stories = 0
        while True:
            with self.store.write() as connection:
                gone = old_rows.prune_articles(connection, before=articles_before, now=now, limit=self.batch)
                if gone:
                    leases.increment_counter(connection, leases.PLACEMENTS)
                    stories += old_rows.prune_stories(connection, set(gone))
                    refresh_stories(connection, set(gone), now)
            articles += len(gone)
            if should_stop():
                return Pruned(articles=articles, stories=stories, deliveries=0, tombstones=0)
            if len(gone) < self.batch:
                break
        with self.store.write() as connection:
            story_moves.prune_moves(connection, before=articles_before)
            old_rows.prune_failures(connection, before=now - FAILURE_RETENTION)
            sign_up_store.prune_sign_ups(connection, before=now - timedelta(seconds=self.options.sign_ups))
            access_rows.prune_access(
                connection, now, audit_before=now - timedelta(seconds=self.options.audit)
            )
            robots_store.prune_robots(connection, before=now - FAILURE_RETENTION)
            poll_store.prune_polls(connection, before=now - timedelta(seconds=self.options.polls))
            page_store.prune_pages(connection, before=tombstones_before)
            bounce_store.prune_bounces(connection, before=deliveries_before)
            deliveries = old_rows.prune_deliveries(connection, before=deliveries_before)
            old_rows.prune_edition_bodies(connection, before=deliveries_before)
            webhook_store.prune_events(connection, before=now - FAILURE_RETENTION)
            post_store.prune_posts(connection, before=deliveries_before)
            message_store.prune_messages(connection, before=deliveries_before)
            return Pruned(
                articles=articles,
                stories=stories,
                deliveries=deliveries,
                tombstones=old_rows.prune_tombstones(connection, before=tombstones_before),
            )
