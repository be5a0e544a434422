"""Services for ingest: the client, the parsers, and every job that reads other servers."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from syndicate.model import Source, SourceList
from syndicate.services.declared import declared_lists, declared_rules, declared_sources
from syndicate.services.lease_owners import lease_owner
from syndicate.settings import Settings
from syndicate.store import Store
from syndicate.store.mail import audience_store
from syndicate.text.urls import host_of

if TYPE_CHECKING:
    from syndicate.ingest.article_rules import Rule
    from syndicate.ingest.page.full_text import PageOptions
    from syndicate.ingest.poll_schedule import PollingOptions
    from syndicate.ingest.worker.parser_pool import ParserPool
    from syndicate.jobs.ingest.discovery_job import DiscoveryJob
    from syndicate.jobs.ingest.dry_run import RuleDryRun
    from syndicate.jobs.ingest.entry_importer import EntryImporter
    from syndicate.jobs.ingest.pages_job import PagesJob
    from syndicate.jobs.ingest.polls import IngestJob
    from syndicate.jobs.ingest.sitemap_parts_job import SitemapPartsJob
    from syndicate.jobs.ingest.source_list_job import SourceListJob
    from syndicate.jobs.ingest.websub_job import WebSubJob
    from syndicate.net import FetchThread, UserAgent


@dataclass
class IngestServices:
    """The part of the services that reads sources; ``daemon`` is true where the daemon's lock is held."""

    settings: Settings
    store: Store
    daemon: bool = False

    @cached_property
    def owner(self) -> str:
        """The name under which this process holds leases."""
        return lease_owner(daemon=self.daemon)

    @cached_property
    def zone(self) -> ZoneInfo:
        """The site's time zone."""
        return ZoneInfo(self.settings.site.time_zone)

    @cached_property
    def sources(self) -> tuple[Source, ...]:
        """The declared sources."""
        return declared_sources(self.settings)

    @cached_property
    def source_lists(self) -> tuple[SourceList, ...]:
        """The declared source lists."""
        return declared_lists(self.settings)

    @cached_property
    def agent_name(self) -> str:
        """Return what we call ourselves."""
        from syndicate.net import agent_name

        return agent_name(self.settings.http.user_agent, self.settings.site.url)

    @cached_property
    def fetcher(self) -> FetchThread:
        """The one guarded client, on its own thread."""
        from syndicate.net import FetchThread, HttpOptions

        http = self.settings.http
        return FetchThread(
            HttpOptions(allow_private=http.allow_private, user_agent=self.agent_name, host_gap=http.host_gap)
        )

    @cached_property
    def parsers(self) -> ParserPool:
        """The worker processes that read strangers' bytes."""
        from syndicate.ingest.worker.parser_pool import ParserPool

        return ParserPool()

    @cached_property
    def ingest(self) -> IngestJob:
        """Sources → articles."""
        from syndicate.jobs.ingest.polls import IngestJob

        return IngestJob(importer=self.importer, zone=self.zone, follow_hubs=self.reached_by_hubs)

    @cached_property
    def importer(self) -> EntryImporter:
        """Return what the jobs that read strangers' documents have in common."""
        from syndicate.jobs.ingest.entry_importer import EntryImporter

        return EntryImporter(
            store=self.store,
            fetcher=lambda: self.fetcher,
            parser=lambda: self.parsers,
            polling=self.polling,
            owner=self.owner,
            agent=self._user_agent,
            rules=self.rules,
            pages=self.page_options,
        )

    @cached_property
    def rules(self) -> tuple[Rule, ...]:
        """The declared rules, in order."""
        return declared_rules(self.settings)

    @cached_property
    def rule_dry_run(self) -> RuleDryRun:
        """Return what the rules would do."""
        from syndicate.jobs.ingest.dry_run import RuleDryRun

        return RuleDryRun(
            store=self.store,
            fetcher=lambda: self.fetcher,
            parser=lambda: self.parsers,
            zone=self.zone,
            rules=self.rules,
        )

    @cached_property
    def lists(self) -> SourceListJob:
        """Source lists → sources."""
        from syndicate.jobs.ingest.source_list_job import SourceListJob

        return SourceListJob(
            store=self.store, fetcher=lambda: self.fetcher, lists=self.source_lists, owner=self.owner
        )

    @cached_property
    def discovery(self) -> DiscoveryJob:
        """A page → its feeds; a source → what is in it."""
        from syndicate.jobs.ingest.discovery_job import DiscoveryJob

        return DiscoveryJob(fetcher=lambda: self.fetcher, parser=lambda: self.parsers, zone=self.zone)

    @cached_property
    def page_options(self) -> PageOptions:
        """Return how the pages of articles are read."""
        from syndicate.ingest.page.full_text import PageOptions

        pages = self.settings.pages
        return PageOptions(first=pages.first, per_poll=pages.per_poll, window=pages.window)

    @cached_property
    def sitemap_parts(self) -> SitemapPartsJob:
        """Parts of sitemaps → articles, and pages to read."""
        from syndicate.jobs.ingest.sitemap_parts_job import SitemapPartsJob

        return SitemapPartsJob(importer=self.importer)

    @cached_property
    def pages(self) -> PagesJob:
        """Pages to read → articles, and their full texts."""
        from syndicate.ingest.page.robots_rules import product_token
        from syndicate.jobs.ingest.pages_job import PagesJob

        return PagesJob(importer=self.importer, agent=product_token(self.agent_name))

    @cached_property
    def polling(self) -> PollingOptions:
        """Return how often sources are asked."""
        from syndicate.ingest.poll_schedule import PollingOptions

        http = self.settings.http
        return PollingOptions(
            min_interval=http.min_interval, max_interval=max(http.max_interval, http.min_interval)
        )

    @cached_property
    def reached_by_hubs(self) -> bool:
        """True when hubs are wanted and could call us back."""
        from syndicate.net import looks_public

        host = host_of(self.settings.site.url)
        reachable = looks_public(host) or self._is_allowed(host)
        return bool(self.settings.http.websub and self.settings.web.listen and reachable)

    def _is_allowed(self, host: str) -> bool:
        """Return whether the operator allowed this private host, or all of them."""
        allowed = self.settings.http.allow_private
        return allowed is True or (isinstance(allowed, tuple) and host in allowed)

    @cached_property
    def websub(self) -> WebSubJob:
        """Hubs → pushes → articles."""
        from syndicate.jobs.ingest.websub_job import WebSubJob

        return WebSubJob(
            importer=self.importer,
            callback_url=lambda callback: f"{self.settings.site.url}/websub/{callback}",
            is_local=self._is_allowed,
            enabled=self.reached_by_hubs,
        )

    def _user_agent(self) -> UserAgent:
        from syndicate.net import UserAgent

        with self.store.read() as connection:
            return UserAgent(name=self.agent_name, readers=max(audience_store.count_readers(connection), 1))
