"""Services for ingest: the client, the parsers, and every job that reads other servers."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import chain
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from syndicate.jobs.lease_owners import lease_owner
from syndicate.model import Channel, Newsletter, Source, SourceList
from syndicate.services.declared import declared_lists, declared_sources
from syndicate.services.stored_declarations import all_channels, all_newsletters
from syndicate.settings import Settings
from syndicate.store import Store
from syndicate.store.subscribers import audience_store
from syndicate.text.urls import host_of

if TYPE_CHECKING:
    from syndicate.ingest.article_rules import Rule
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

READERS_COUNTED_AT_ONCE = 10_000
READERS_COUNTED_EVERY = 3600.0


@dataclass
class IngestServices:
    """Services that read sources. ``daemon`` is true for the process with the daemon's lock."""

    settings: Settings
    store: Store
    daemon: bool = False
    _readers: tuple[float, int] = field(default=(0.0, 0), init=False)

    @cached_property
    def owner(self) -> str:
        """Name under which this process holds leases."""
        return lease_owner(daemon=self.daemon)

    @cached_property
    def zone(self) -> ZoneInfo:
        """Time zone of the site."""
        return ZoneInfo(self.settings.site.time_zone)

    @cached_property
    def sources(self) -> tuple[Source, ...]:
        """Declared sources."""
        return declared_sources(self.settings)

    @cached_property
    def source_lists(self) -> tuple[SourceList, ...]:
        """Declared source lists."""
        return declared_lists(self.settings)

    @cached_property
    def agent_name(self) -> str:
        """User agent of HTTP requests, without the number of readers."""
        from syndicate.net import agent_name

        return agent_name(self.settings.http.user_agent, self.settings.site.url)

    @cached_property
    def fetcher(self) -> FetchThread:
        """HTTP client with address guard, on a thread of its own."""
        from syndicate.net import FetchThread, HttpOptions

        http = self.settings.http
        return FetchThread(
            HttpOptions(allow_private=http.allow_private, user_agent=self.agent_name, host_gap=http.host_gap)
        )

    @cached_property
    def parsers(self) -> ParserPool:
        """Worker processes that parse untrusted documents."""
        from syndicate.ingest.worker.parser_pool import ParserPool

        return ParserPool()

    @cached_property
    def ingest(self) -> IngestJob:
        """Job that polls sources."""
        from syndicate.jobs.ingest.polls import IngestJob

        return IngestJob(importer=self.importer, zone=self.zone, follow_hubs=self.reached_by_hubs)

    @cached_property
    def importer(self) -> EntryImporter:
        """Import of entries, which all jobs that read documents share."""
        from syndicate.ingest.page.full_text import PageOptions
        from syndicate.ingest.poll_schedule import PollingOptions
        from syndicate.jobs.ingest.entry_importer import EntryImporter

        http = self.settings.http
        longest = max(http.max_interval, http.min_interval)
        return EntryImporter(
            store=self.store,
            fetcher=lambda: self.fetcher,
            parser=lambda: self.parsers,
            polling=PollingOptions(min_interval=http.min_interval, max_interval=longest),
            owner=self.owner,
            agent=self._user_agent,
            rules=self.applied_rules,
            pages=self.settings.pages.as_options(PageOptions),
        )

    @cached_property
    def channels(self) -> Sequence[Channel]:
        """Declared and added channels."""
        return all_channels(self.settings, self.store)

    @cached_property
    def newsletters(self) -> Sequence[Newsletter]:
        """Declared and added newsletters."""
        return all_newsletters(self.settings, self.store)

    @cached_property
    def rules(self) -> tuple[Rule, ...]:
        """Declared rules, in order."""
        return tuple(declared.rule() for declared in self.settings.rules)

    def applied_rules(self) -> tuple[Rule, ...]:
        """Return the declared rules after one that shows hidden tags which present queries name."""
        from syndicate.ingest.article_rules import rules_of_queries

        queries = (*(one.clauses for one in self.channels), *(one.clauses for one in self.newsletters))
        return (*rules_of_queries(chain.from_iterable(queries)), *self.rules)

    @cached_property
    def rule_dry_run(self) -> RuleDryRun:
        """Dry run of the rules."""
        from syndicate.jobs.ingest.dry_run import RuleDryRun

        return RuleDryRun(
            store=self.store,
            fetcher=lambda: self.fetcher,
            parser=lambda: self.parsers,
            zone=self.zone,
            rules=self.applied_rules,
        )

    @cached_property
    def lists(self) -> SourceListJob:
        """Job that reads source lists."""
        from syndicate.jobs.ingest.source_list_job import SourceListJob

        return SourceListJob(
            store=self.store, fetcher=lambda: self.fetcher, lists=self.source_lists, owner=self.owner
        )

    @cached_property
    def discovery(self) -> DiscoveryJob:
        """Job that finds a page's feeds and previews a source."""
        from syndicate.jobs.ingest.discovery_job import DiscoveryJob

        return DiscoveryJob(fetcher=lambda: self.fetcher, parser=lambda: self.parsers, zone=self.zone)

    @cached_property
    def sitemap_parts(self) -> SitemapPartsJob:
        """Job that reads the parts of sitemaps."""
        from syndicate.jobs.ingest.sitemap_parts_job import SitemapPartsJob

        return SitemapPartsJob(importer=self.importer)

    @cached_property
    def pages(self) -> PagesJob:
        """Job that reads article pages."""
        from syndicate.ingest.page.robots_rules import product_token
        from syndicate.jobs.ingest.pages_job import PagesJob

        return PagesJob(importer=self.importer, agent=product_token(self.agent_name))

    @cached_property
    def reached_by_hubs(self) -> bool:
        """True if WebSub is enabled and hubs can reach the callback URL."""
        from syndicate.net import looks_public

        host = host_of(self.settings.site.url)
        reachable = looks_public(host) or self._is_allowed(host)
        return bool(self.settings.http.websub and self.settings.web.listen and reachable)

    def _is_allowed(self, host: str) -> bool:
        """Return true if the configuration allows this private host."""
        allowed = self.settings.http.allow_private
        return allowed is True or (isinstance(allowed, tuple) and host in allowed)

    @cached_property
    def websub(self) -> WebSubJob:
        """Job that subscribes to WebSub hubs and reads their pushes."""
        from syndicate.jobs.ingest.websub_job import WebSubJob

        return WebSubJob(
            importer=self.importer,
            callback_url=lambda callback: f"{self.settings.site.url}/websub/{callback}",
            is_local=self._is_allowed,
            enabled=self.reached_by_hubs,
        )

    def _user_agent(self) -> UserAgent:
        from syndicate.net import UserAgent

        counted_at, readers = self._readers
        # The count reads every subscription, so a large list is counted once an hour.
        if readers < READERS_COUNTED_AT_ONCE or time.monotonic() - counted_at > READERS_COUNTED_EVERY:
            with self.store.read() as connection:
                readers = audience_store.count_readers(connection)
            self._readers = time.monotonic(), readers
        return UserAgent(name=self.agent_name, readers=max(readers, 1))
