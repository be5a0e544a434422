"""Services: the composition of store, client, parsers, transport and jobs from the settings.

The fetch thread and the worker processes start on first use and end with ``close``. Jobs are imported on
first use, because importing all of them takes longer than most commands run.
"""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from typing import TYPE_CHECKING

from syndicate.services.newsletter_services import NewsletterServices
from syndicate.services.store_location import store_url
from syndicate.settings import Settings
from syndicate.store import Connection, open_store
from syndicate.store.core import leases
from syndicate.store.ingest import declared_sources, list_store
from syndicate.store.mail import newsletter_store

if TYPE_CHECKING:
    from syndicate.delivery.outgoing import Sender
    from syndicate.jobs.delivery.bounce_job import BounceJob
    from syndicate.jobs.delivery.deliver_job import DeliverJob
    from syndicate.jobs.delivery.restore_guard import RestoreGuard

# Objects allocated before the garbage collector runs (Python's default is 700). Stages make many objects and
# few reference cycles; stories and pages take a quarter less time with this threshold.
COLLECT_AFTER = 50_000


@contextmanager
def open_services(
    settings: Settings, *, now: datetime | None = None, daemon: bool = False
) -> Iterator[Services]:
    """Open the store, migrate it, store the declarations, and close everything at the end.

    Raises ``StoreError`` for an unusable store and ``ConfigError`` for unusable templates.
    """
    gc.set_threshold(COLLECT_AFTER, 20, 20)
    store = open_store(store_url(settings))
    services = Services(settings, store, daemon)
    try:
        store.migrate()
        declared_at = now or datetime.now(UTC)
        with store.write() as connection:
            leases.ensure_secret(connection)
            declared_sources.sync_sources(connection, services.sources, declared_at)
            list_store.sync_lists(connection, [source_list.url for source_list in services.source_lists])
            newsletter_store.sync_newsletters(connection, services.newsletters, declared_at)
        services.guard.check_markers(declared_at)
        yield services
    finally:
        services.close()


@dataclass
class Services(NewsletterServices):
    """All services of a command or the daemon."""

    @cached_property
    def deliver(self) -> DeliverJob:
        """Job that sends editions."""
        from syndicate.delivery.rate_limit import RateLimiter, RateLimits
        from syndicate.jobs.delivery.deliver_job import DeliverJob
        from syndicate.jobs.lease_owners import is_dead

        mail = self.settings.mail
        return DeliverJob(
            store=self.store,
            sender=self.sender,
            mail=self.mail_options,
            owner=self.owner,
            keys=lambda: self.dkim_keys,
            rate_limiter=RateLimiter(RateLimits(rate=mail.rate, domain_rate=mail.domain_rate)),
            bounces=self.bounces.policy,
            guard=self.guard,
            is_dead=is_dead,
        )

    @cached_property
    def guard(self) -> RestoreGuard:
        """Guard against sending from a restored or copied store."""
        from syndicate.jobs.delivery.restore_guard import RestoreGuard
        from syndicate.services.store_location import marker_files

        return RestoreGuard(store=self.store, markers=marker_files(self.settings, self.store.where))

    @cached_property
    def bounces(self) -> BounceJob:
        """Job that reads bounces and suppresses mailboxes."""
        from syndicate.jobs.delivery.bounce_job import BounceJob, BouncePolicy
        from syndicate.services.mail_services import bounce_messages

        policy = BouncePolicy(**self.settings.bounces.model_dump(include={"soft_limit", "soft_window"}))
        return BounceJob(store=self.store, policy=policy, sources=lambda: bounce_messages(self.settings))

    def sender(self) -> Sender:
        """Return the sender of mail: an outbox folder or SMTP."""
        from syndicate.delivery.folder_sender import FolderSender
        from syndicate.delivery.smtp.sender import SmtpSender
        from syndicate.services.mail_services import smtp_options

        if self.settings.mail.transport == "folder":
            return FolderSender(self.settings.path(self.settings.mail.folder))
        return SmtpSender(smtp_options(self.settings))

    def write(self, *, dry_run: bool) -> AbstractContextManager[Connection]:
        """Open a write transaction of the store. A dry run rolls it back at the end."""
        return self.store.dry_run() if dry_run else self.store.write()

    def close(self) -> None:
        """Close the client, the parsers, the templates and the store, in this order."""
        for name in ("fetcher", "parsers", "templates"):
            if name in self.__dict__:
                self.__dict__.pop(name).close()
        self.store.dispose()
