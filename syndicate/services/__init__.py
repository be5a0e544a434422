"""Services: the composition of store, client, parsers, transport and jobs from the settings.

The fetch thread and the worker processes start on first use and end with ``close``. Jobs are imported on
first use, because importing all of them takes longer than most commands run.
"""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cached_property, partial
from typing import TYPE_CHECKING

from syndicate.errors import FetchError
from syndicate.services.admin_services import AdminServices
from syndicate.services.store_location import store_url
from syndicate.settings import Settings
from syndicate.store import Connection, open_store
from syndicate.store.core import table_copy
from syndicate.store.ingest import declared_sources, list_store
from syndicate.store.leases import leases
from syndicate.store.mail import newsletter_store

if TYPE_CHECKING:
    from syndicate.events.alert_texts import Alert
    from syndicate.jobs.delivery.bounce_job import BounceJob
    from syndicate.jobs.delivery.deliver_job import DeliverJob
    from syndicate.jobs.delivery.restore_guard import RestoreGuard
    from syndicate.jobs.delivery.webhook_job import WebhookJob
    from syndicate.jobs.events.alert_job import AlertJob
    from syndicate.jobs.events.webhook_sending import WebhookSending
    from syndicate.jobs.posting.post_job import PostJob

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
    # Imported modules stay: later collections leave them out.
    gc.freeze()
    gc.set_threshold(COLLECT_AFTER, 20, 20)
    store = open_store(store_url(settings))
    services = Services(settings, store, daemon)
    try:
        store.migrate()
        declared_at = now or datetime.now(UTC)
        newsletters = tuple(services.newsletters)
        with store.write_declarations() as connection:
            table_copy.refuse_unfinished(connection)
            leases.ensure_secret(connection)
            declared_sources.sync_sources(connection, services.sources, declared_at)
            list_store.sync_lists(connection, [source_list.url for source_list in services.source_lists])
            newsletter_store.sync_newsletters(connection, newsletters, declared_at)
        services.guard.check_markers(declared_at)
        yield services
    finally:
        services.close()


@dataclass
class Services(AdminServices):
    """All services of a command or the daemon."""

    @property
    def deliver(self) -> DeliverJob:
        """Job that sends over the server of [mail]."""
        return self.delivers[0]

    @cached_property
    def delivers(self) -> tuple[DeliverJob, ...]:
        """Jobs that send: over the server of [mail], then over each brand's own."""
        return tuple(map(self._deliver_over, self.mail_servers))

    def _deliver_over(self, server: str) -> DeliverJob:
        from syndicate.delivery.rate_limit import RateLimits
        from syndicate.jobs.delivery.deliver_job import DeliverJob
        from syndicate.jobs.lease_owners import is_dead

        mail = self.settings.branded(server).mail
        return DeliverJob(
            store=self.store,
            sender=partial(self.sender, server),
            mail=self.mail_options,
            owner=self.owner,
            server=server,
            limits=RateLimits(rate=mail.rate, domain_rate=mail.domain_rate, server=server),
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

        policy = self.settings.bounces.as_options(BouncePolicy)
        return BounceJob(store=self.store, policy=policy, sources=lambda: bounce_messages(self.settings))

    @cached_property
    def webhooks(self) -> WebhookJob:
        """Job that receives webhooks of mail providers."""
        from syndicate.jobs.delivery.webhook_job import WebhookJob

        section = self.settings.webhooks
        return WebhookJob(
            bounces=self.bounces,
            secrets=section.secrets(),
            topics=frozenset(section.ses_topics),
            fetch=self._fetch_directly,
        )

    @cached_property
    def webhook_sending(self) -> WebhookSending:
        """Job that sends webhooks to other programs."""
        from syndicate.jobs.events.webhook_sending import WebhookSending

        url = self.settings.site.url
        return WebhookSending(store=self.store, fetcher=lambda: self.fetcher, site_url=url, owner=self.owner)

    def _mail_alert(self, to: str, alert: Alert) -> None:
        self.mail_operator(to, alert.title, alert.text(details=True))

    @cached_property
    def alerts(self) -> AlertJob:
        """Job that tells the operator what needs attention."""
        from syndicate.jobs.events import alert_job

        section, site, ways = self.settings.alerts, self.settings.site, dict[str, alert_job.Tell]()
        for address in section.to:
            ways[f"mail to {address}"] = partial(self._mail_alert, address)
        if url := section.webhook.get_secret_value():
            ways["webhook"] = alert_job.webhook_way(lambda: self.fetcher, url)
        for url in section.services.get_secret_value().split():
            ways[alert_job.service_name(url)] = alert_job.service_way(url)
        return alert_job.AlertJob(
            store=self.store,
            needs=self.needs,
            ways=ways,
            site_title=site.title,
            admin_url=self.admin_options.url if self.settings.admin.enabled else "",
            zone=self.zone,
            quiet_hours=section.quiet_hours,
            repeat=timedelta(seconds=section.repeat),
        )

    @cached_property
    def posting(self) -> PostJob:
        """Job that posts stories of channels to other networks."""
        from syndicate.jobs.posting.post_job import PostJob

        return PostJob(
            store=self.store,
            fetcher=lambda: self.fetcher,
            networks={network.name: network.declared() for network in self.settings.networks},
            channels=self.channels,
            site_url=self.settings.site.url,
            owner=self.owner,
            guard=self.guard,
        )

    def _fetch_directly(self, url: str) -> bytes:
        """Return the small body at a URL without redirect. Raises ``FetchError`` without the address."""
        from syndicate.net.http_types import FetchRequest

        request = FetchRequest(url=url, accept="*/*", private=True, max_body=100_000)
        fetched = self.fetcher.fetch_one(request)
        if fetched.url != url:
            raise FetchError("Amazon redirected a request for a certificate or a confirmation")
        return fetched.body

    def write(self, *, dry_run: bool) -> AbstractContextManager[Connection]:
        """Open a write transaction of the store. A dry run rolls it back at the end."""
        return self.store.dry_run() if dry_run else self.store.write()

    def close(self) -> None:
        """Close the client, the parsers, the templates and the store, in this order."""
        for name in ("fetcher", "parsers", "templates"):
            if name in self.__dict__:
                self.__dict__.pop(name).close()
        self.store.dispose()
