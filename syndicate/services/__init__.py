"""The composition root: settings → store, client, parsers, transport, and every job with its options.

Nothing else knows how the rooms fit together. Costly things (the fetch thread, the worker processes)
are made on first use and closed at the end.
"""

import gc
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from zoneinfo import ZoneInfo

from syndicate import __version__
from syndicate.delivery.message import MailOptions
from syndicate.ingest.isolation import ParserPool
from syndicate.ingest.polling import PollingOptions
from syndicate.ingest.rules import Rule
from syndicate.jobs.announce import AnnounceJob
from syndicate.jobs.deliver import DeliverJob, Transport
from syndicate.jobs.discovery import DiscoveryJob
from syndicate.jobs.editions import EditionJob
from syndicate.jobs.ingest import IngestJob
from syndicate.jobs.prune import PruneJob, RetentionOptions
from syndicate.jobs.publish import PublishJob
from syndicate.jobs.ranking import RankingJob
from syndicate.jobs.reads import ReadCounter
from syndicate.jobs.rehearsal import RuleRehearsal
from syndicate.jobs.replay import ReplayJob
from syndicate.jobs.source_lists import SourceListJob
from syndicate.jobs.stories import StoriesJob
from syndicate.jobs.websub import WebSubJob
from syndicate.model import Channel, Newsletter, Source, SourceList
from syndicate.net import FetchThread, HttpOptions, looks_public
from syndicate.newsletter.render import SiteFacts
from syndicate.publish.options import PublishOptions
from syndicate.publish.rss_atom import FeedWriter
from syndicate.services.declared import (
    declared_channels,
    declared_lists,
    declared_newsletters,
    declared_rules,
    declared_sources,
)
from syndicate.services.mail import mail_transport, newsletter_mail, unsubscribe_link
from syndicate.settings import Settings
from syndicate.store import Store, audience, leases, open_store
from syndicate.store import editions as edition_store
from syndicate.store import source_lists as list_store
from syndicate.store import sources as source_store
from syndicate.stories import RankingOptions, StoryOptions
from syndicate.templating import Templates
from syndicate.text.urls import host_of

# Objects made before the collector looks for cycles (700 by default): we make many that live for a stage, and
# hardly any cycles. Stories and pages then take a quarter less time.
COLLECT_AFTER = 50_000
HOUR = 3600.0
DAY = 86400.0


@contextmanager
def open_services(settings: Settings, *, now: datetime | None = None) -> Iterator["Services"]:
    """Open the store, bring its tables and declarations up to date, and close everything at the end.

    Raises ``StoreError`` when the store cannot be used, ``ConfigError`` when the templates cannot.
    """
    gc.set_threshold(COLLECT_AFTER, 20, 20)
    store = open_store(store_url(settings))
    services = Services(settings, store)
    try:
        store.migrate()
        declared = now or datetime.now(UTC)
        with store.write() as connection:
            leases.make_secret(connection)
            source_store.sync_sources(connection, services.sources, declared)
            list_store.sync_lists(connection, [one.url for one in services.source_lists])
            edition_store.sync_newsletters(connection, services.newsletters, declared)
        yield services
    finally:
        services.close()


@dataclass
class Services:
    """Everything a command or the daemon works with."""

    settings: Settings
    store: Store

    @cached_property
    def owner(self) -> str:
        """Who we are in leases: host, process, and when it started."""
        return f"{socket.gethostname()}:{os.getpid()}:{datetime.now(UTC):%Y%m%dT%H%M%S%f}"

    @cached_property
    def zone(self) -> ZoneInfo:
        """The site's time zone."""
        return ZoneInfo(self.settings.site.time_zone)

    @cached_property
    def output(self) -> Path:
        """The folder feeds and pages are written to."""
        return self.settings.path(self.settings.output.folder)

    @cached_property
    def templates(self) -> Templates:
        """The user's templates before ours."""
        folder = self.settings.templates.folder
        return Templates(self.settings.path(folder) if folder else None)

    @cached_property
    def sources(self) -> tuple[Source, ...]:
        """The declared sources."""
        return declared_sources(self.settings)

    @cached_property
    def source_lists(self) -> tuple[SourceList, ...]:
        """The declared source lists."""
        return declared_lists(self.settings)

    @cached_property
    def channels(self) -> tuple[Channel, ...]:
        """The declared channels."""
        return declared_channels(self.settings)

    @cached_property
    def newsletters(self) -> tuple[Newsletter, ...]:
        """The declared newsletters."""
        return declared_newsletters(self.settings)

    @cached_property
    def publish_options(self) -> PublishOptions:
        """The site as readers see it."""
        site = self.settings.site
        return PublishOptions(
            site_url=site.url,
            title=site.title,
            description=site.description,
            language=site.language,
            time_zone=self.zone,
            google_news_url=site.google_news_url,
            hub_url=site.hub,
            version=__version__,
        )

    @cached_property
    def ranking(self) -> RankingOptions:
        """How top and trending are computed."""
        ranking = self.settings.ranking
        return RankingOptions(
            half_life_hours=ranking.half_life / HOUR,
            window_hours=ranking.window / HOUR,
            slow_window_hours=max(ranking.slow_window, ranking.window) / HOUR,
            burst_hours=ranking.burst / HOUR,
            history_hours=ranking.history / HOUR,
            per_source=ranking.per_source,
            floor=ranking.floor,
            limit=ranking.size,
            step_seconds=int(ranking.step),
            learn_days=ranking.learn / DAY,
            reads=ranking.clicks,
        )

    @cached_property
    def fetcher(self) -> FetchThread:
        """The one guarded client, on its own thread."""
        http = self.settings.http
        return FetchThread(
            HttpOptions(
                allow_private=http.allow_private,
                user_agent=http.user_agent or self._user_agent(),
                host_gap=http.host_gap,
            )
        )

    def _user_agent(self) -> str:
        """Who asks, where to read about us, and for how many readers (F11; at least whoever runs this)."""
        with self.store.read() as connection:
            readers = max(audience.count_readers(connection), 1)
        return (
            f"syndicate/{__version__} (+{self.settings.site.url}; "
            f"{readers} subscriber{'s' if readers > 1 else ''})"
        )

    @cached_property
    def parsers(self) -> ParserPool:
        """The worker processes that read strangers' bytes."""
        return ParserPool()

    @cached_property
    def ingest(self) -> IngestJob:
        """Sources → articles."""
        return IngestJob(
            store=self.store,
            fetcher=lambda: self.fetcher,
            parser=lambda: self.parsers,
            polling=self.polling,
            zone=self.zone,
            owner=self.owner,
            follow_hubs=self.reached_by_hubs,
            rules=self.rules,
        )

    @cached_property
    def rules(self) -> tuple[Rule, ...]:
        """The declared rules, in order."""
        return declared_rules(self.settings)

    @cached_property
    def rehearsal(self) -> RuleRehearsal:
        """What the rules would do."""
        return RuleRehearsal(
            store=self.store,
            fetcher=lambda: self.fetcher,
            parser=lambda: self.parsers,
            zone=self.zone,
            rules=self.rules,
        )

    @cached_property
    def lists(self) -> SourceListJob:
        """Source lists → sources."""
        return SourceListJob(
            store=self.store, fetcher=lambda: self.fetcher, lists=self.source_lists, owner=self.owner
        )

    @cached_property
    def discovery(self) -> DiscoveryJob:
        """A page → its feeds; a source → what is in it."""
        return DiscoveryJob(fetcher=lambda: self.fetcher, parser=lambda: self.parsers, zone=self.zone)

    @cached_property
    def polling(self) -> PollingOptions:
        """How often sources are asked."""
        http = self.settings.http
        return PollingOptions(
            min_interval=http.min_interval, max_interval=max(http.max_interval, http.min_interval)
        )

    @cached_property
    def reached_by_hubs(self) -> bool:
        """Whether hubs are wanted and could call us back."""
        host = host_of(self.settings.site.url)
        reachable = looks_public(host) or self._is_allowed(host)
        return bool(self.settings.http.websub and self.settings.web.listen and reachable)

    def _is_allowed(self, host: str) -> bool:
        """Whether the operator named this host among the private ones, or allowed them all."""
        allowed = self.settings.http.allow_private
        return allowed is True or (isinstance(allowed, tuple) and host in allowed)

    @cached_property
    def websub(self) -> WebSubJob:
        """Hubs → pushes → articles."""
        return WebSubJob(
            store=self.store,
            ingest=self.ingest,
            poster=lambda: self.fetcher,
            polling=self.polling,
            callback_url=lambda callback: f"{self.settings.site.url}/websub/{callback}",
            is_ours=self._is_allowed,
            enabled=self.reached_by_hubs,
            owner=self.owner,
        )

    @cached_property
    def announce(self) -> AnnounceJob:
        """Changed feeds → our hub."""
        return AnnounceJob(store=self.store, poster=lambda: self.fetcher, hub=self.settings.site.hub)

    @cached_property
    def stories(self) -> StoriesJob:
        """Articles → stories, related links, ranks."""
        stories = self.settings.stories
        options = StoryOptions(window_days=stories.window / DAY, related_limit=stories.related)
        ranking = RankingJob(store=self.store, options=self.ranking)
        return StoriesJob(store=self.store, options=options, ranking=ranking, owner=self.owner)

    @cached_property
    def publish(self) -> PublishJob:
        """Stories → feeds and pages."""
        return PublishJob(
            store=self.store,
            output=self.output,
            channels=self.channels,
            options=self.publish_options,
            templates=self.templates,
            feeds=FeedWriter(self.publish_options),
            owner=self.owner,
        )

    @cached_property
    def editions(self) -> EditionJob:
        """Stories → editions."""
        site = self.settings.site
        return EditionJob(
            store=self.store,
            newsletters=self.newsletters,
            templates=self.templates,
            site=SiteFacts(
                title=site.title,
                url=site.url,
                postal_address=self.settings.mail.address,
                language=site.language,
                zone=self.zone,
                google_news_url=site.google_news_url,
            ),
            ranking=self.ranking,
            unsubscribe_url=lambda _newsletter: unsubscribe_link(self.settings),
        )

    @cached_property
    def replay(self) -> ReplayJob:
        """Past windows with the present rules."""
        return ReplayJob(store=self.store, options=self.ranking, editions=self.editions)

    @cached_property
    def reads(self) -> ReadCounter:
        """How often our pages are opened; used only with ``[ranking] clicks``."""
        return ReadCounter(store=self.store)

    @cached_property
    def deliver(self) -> DeliverJob:
        """Editions → inboxes."""
        return DeliverJob(
            store=self.store, transport=self.transport, mail=self.mail_options, owner=self.owner
        )

    @cached_property
    def prune(self) -> PruneJob:
        """Old rows → gone."""
        retention = self.settings.retention
        options = RetentionOptions(
            articles=retention.articles, deliveries=retention.deliveries, tombstones=retention.tombstones
        )
        return PruneJob(store=self.store, options=options)

    def take_over(self) -> None:
        """Free what dead processes of this machine held: nobody waits for their leases to run out."""
        host = f"{socket.gethostname()}:"
        with self.store.write() as connection:
            for owner in leases.lease_owners(connection):
                if owner.startswith(host) and not _is_alive(owner.removeprefix(host).partition(":")[0]):
                    leases.free_owner(connection, owner)

    def transport(self) -> Transport:
        """A new connection to where mail goes."""
        return mail_transport(self.settings)

    def mail_options(self, newsletter: str) -> MailOptions:
        """What all mails of a newsletter have in common."""
        titles = {one.name: one.title for one in self.newsletters}
        return newsletter_mail(self.settings, titles.get(newsletter, newsletter))

    def close(self) -> None:
        """Close what was opened, in the order that lets nothing wait for the other."""
        for name in ("fetcher", "parsers"):
            if name in self.__dict__:
                self.__dict__.pop(name).close()
        self.store.dispose()


def _is_alive(process: str) -> bool:
    """Whether a process of that number runs, whoever owns it; a number given out anew counts as alive."""
    try:
        os.kill(int(process), 0)
    except ProcessLookupError:
        return False
    except (PermissionError, ValueError, OverflowError):
        return True
    return True


def store_url(settings: Settings) -> str:
    """The store's URL with a relative SQLite file made absolute."""
    url = settings.store.url
    prefix = "sqlite:///"
    if url.startswith(prefix) and url != prefix:
        return prefix + str(settings.path(url.removeprefix(prefix)))
    return url
