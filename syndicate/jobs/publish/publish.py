"""The publish job: rows → feeds and pages on disk, only where something changed.

Every output has a signature of what it is built from. An equal signature means nothing is read,
rendered or written; equal bytes are not rewritten either. Signatures and stale marks are written after
the files: a job killed in between writes the same bytes once more.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from threading import Lock

from syndicate.errors import RenderError
from syndicate.files import sweep_temporary, write_atomic
from syndicate.jobs.publish.announce import note_feeds
from syndicate.jobs.publish.archive import ArchiveBuild
from syndicate.jobs.publish.signatures import signature_of
from syndicate.jobs.publish.site_build import SiteBuild
from syndicate.jobs.publish.views import listed_articles, news_of, published_articles
from syndicate.model import Channel, Newsletter, PublishedArticle, Source, SourceKind
from syndicate.opml import Outline, write_opml
from syndicate.publish.fragments import FragmentCache
from syndicate.publish.json_feed import json_feed
from syndicate.publish.news_sitemap import news_sitemap
from syndicate.publish.options import PublishOptions
from syndicate.publish.rss_atom import FeedWriter
from syndicate.store import Store, leases, quarantine, stale
from syndicate.store import channels as channel_store
from syndicate.store import sources as source_store
from syndicate.templating import Templates
from syndicate.text.privacy import shown_source

LEASE = timedelta(minutes=30)
# How long (seconds) one job of this process waits while another one publishes.
PATIENCE = 60.0
NEWS_AGE = timedelta(hours=48)
SITEMAP_LIMIT = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class PublishResult:
    """Paths (inside the output folder) that changed, and what failed. ``busy``: another process writes."""

    feeds: tuple[str, ...] = ()
    pages: tuple[str, ...] = ()
    failures: tuple[str, ...] = ()
    busy: bool = False


@dataclass(slots=True, kw_only=True)
class PublishJob:
    """Writes channels as feeds, the OPML of the sources, the News sitemap and the site.

    One process at a time writes (a lease), so that what a killed writer left can be swept safely.
    """

    store: Store
    output: Path
    channels: tuple[Channel, ...]
    options: PublishOptions
    templates: Templates
    feeds: FeedWriter
    owner: str
    newsletters: tuple[Newsletter, ...] = ()
    _json_items: FragmentCache = field(default_factory=FragmentCache, init=False)
    _swept: bool = field(default=False, init=False)
    _turn: Lock = field(default_factory=Lock, init=False)
    _built_from: str = field(default="", init=False)

    def run(
        self, now: datetime, *, progress: Callable[[int, int], None] = lambda _done, _all: None
    ) -> PublishResult:
        """Bring the output folder up to date with the store.

        One channel or page that cannot be rendered is quarantined and does not stop the others.
        """
        return self._alone(now, lambda: self._run(now, progress))

    def run_archive(self, now: datetime) -> PublishResult:
        """Bring only the newsletters' archives up to date: what mail leads to has to be there before it."""

        def work() -> PublishResult:
            sources, known = self._begin()
            return self._archive(self._site(sources), known, now)

        return self._alone(now, work)

    def _alone(self, now: datetime, work: Callable[[], PublishResult]) -> PublishResult:
        """Do what only one writer may do at a time: one in this process, and one of all processes."""
        if not self._turn.acquire(timeout=PATIENCE):
            return PublishResult(busy=True)
        try:
            if not self._take_lease(now):
                return PublishResult(busy=True)
            try:
                return work()
            finally:
                with self.store.write() as connection:
                    leases.drop_lease(connection, "publish", owner=self.owner)
        finally:
            self._turn.release()

    def _take_lease(self, now: datetime) -> bool:
        with self.store.write() as connection:
            return leases.take_lease(connection, "publish", owner=self.owner, now=now, until=now + LEASE)

    def _run(self, now: datetime, progress: Callable[[int, int], None]) -> PublishResult:
        sources, known = self._begin()
        written, failures = self._feeds(sources, known, now)
        site = self._site(sources)
        archive = self._archive(site, known, now)
        site.run(now, known, progress)
        return PublishResult(
            feeds=tuple(written),
            pages=(*site.written, *archive.pages),
            failures=(*failures, *site.failures, *archive.failures),
        )

    def _archive(self, site: SiteBuild, known: Mapping[str, str], now: datetime) -> PublishResult:
        archive = ArchiveBuild(
            store=self.store,
            output=self.output,
            newsletters=self.newsletters,
            options=self.options,
            templates=self.templates,
            documents=self._documents,
        )
        written, failures = archive.run(now, known, site.begin(), site.look)
        return PublishResult(pages=tuple(written), failures=tuple(failures))

    def _site(self, sources: Mapping[int, Source]) -> SiteBuild:
        return SiteBuild(
            self.store,
            self.output,
            self.channels,
            self.options,
            newsletters=self.newsletters,
            templates=self.templates,
            sources=sources,
            documents=self._documents,
        )

    def _documents(self, channel: Channel, items: list[PublishedArticle]) -> dict[str, bytes]:
        """A channel's feed files by their path."""
        return {
            f"{channel.name}.rss": self.feeds.rss(channel, items),
            f"{channel.name}.atom": self.feeds.atom(channel, items),
            f"{channel.name}.json": json_feed(channel, items, self.options, cache=self._json_items),
        }

    def _begin(self) -> tuple[dict[int, Source], dict[str, str]]:
        if not self._swept:
            sweep_temporary(self.output)
            self._swept = True
        with self.store.read() as connection:
            sources = {one.id: shown_source(one) for one in source_store.list_sources(connection)}
            return sources, stale.signatures(connection)

    def _feeds(
        self, sources: Mapping[int, Source], known: Mapping[str, str], now: datetime
    ) -> tuple[list[str], list[str]]:
        written: list[str] = []
        failures: list[str] = []
        shared = signature_of(self.options, sorted(sources.items()))
        with self.store.read() as connection:
            news = signature_of(shared, news_of(connection))
        for channel in () if self._is_built(news) else self.channels:
            try:
                written += self._channel(channel, sources, known, shared, now)
            except (RenderError, ValueError, LookupError, TypeError) as error:
                failures.append(f"channel {channel.name}: {error}")
                self._quarantine("channel", channel.name, error, now)
        self._built_from = "" if failures else news
        for write in (self._lists_of_sources, self._news_sitemap):
            try:
                written += write(sources, known, now)
            except RenderError as error:
                failures.append(str(error))
        return written, failures

    def forget(self) -> None:
        """Forget what outputs were built from: the next run builds everything again."""
        self._built_from = ""
        with self.store.write() as connection:
            stale.forget_outputs(connection)

    def _is_built(self, news: str) -> bool:
        """Whether this job has built every channel from just this: no query need be asked again."""
        return news == self._built_from and all(
            target.exists() for channel in self.channels for target in self._targets(channel)
        )

    def _targets(self, channel: Channel) -> list[Path]:
        return [self.output / f"{channel.name}.{kind}" for kind in ("rss", "atom", "json")]

    def _channel(
        self,
        channel: Channel,
        sources: Mapping[int, Source],
        known: Mapping[str, str],
        shared: str,
        now: datetime,
    ) -> list[str]:
        """``shared`` is the signature of what all channels are built from."""
        name = f"channel:{channel.name}"
        with self.store.read() as connection:
            articles = channel_store.channel_signature(connection, channel.clauses, limit=channel.limit)
            links = channel_store.related_signature(connection, [one[0] for one in articles])
        signature = signature_of(channel, shared, articles, links)
        targets = self._targets(channel)
        if known.get(name) == signature and all(target.exists() for target in targets):
            return []
        with self.store.read() as connection:
            found = channel_store.channel_articles(connection, channel.clauses, limit=channel.limit)
            items = published_articles(connection, found, sources, site_url=self.options.site_url)
        documents = self._documents(channel, items)
        changed = [path for path, data in documents.items() if write_atomic(self.output / path, data)]
        with self.store.write() as connection:
            stale.save_signature(connection, name, signature, now)
            quarantine.clear_failure(connection, "channel", channel.name)
            note_feeds(connection, self.options, documents, now)
        return changed

    def _lists_of_sources(
        self, sources: Mapping[int, Source], known: Mapping[str, str], now: datetime
    ) -> list[str]:
        live = [
            source
            for source in sources.values()
            if source.url and not source.paused and source.kind is SourceKind.FEED
        ]
        signature = signature_of(self.options.title, live)
        target, sheet = self.output / "sources.opml", self.output / "feed.css"
        changed = [sheet.name] if write_atomic(sheet, self.templates.read("pages/feed.css")) else []
        if known.get("opml") == signature and target.exists():
            return changed
        outlines = [
            Outline(
                title=source.name,
                feed_url=source.url,
                home_url=source.home_url,
                language=source.language,
                section=source.section,
            )
            for source in live
        ]
        if write_atomic(target, write_opml(f"{self.options.title}: sources", outlines, created=None)):
            changed.append(target.name)
        with self.store.write() as connection:
            stale.save_signature(connection, "opml", signature, now)
        return changed

    def _news_sitemap(
        self, sources: Mapping[int, Source], known: Mapping[str, str], now: datetime
    ) -> list[str]:
        own = [source.id for source in sources.values() if source.own]
        since = now - NEWS_AGE
        with self.store.read() as connection:
            found = channel_store.source_articles(connection, own, since=since, limit=SITEMAP_LIMIT)
        listed = [
            (one.uid, one.title, one.content_hash, one.updated, since <= one.published <= now)
            for one in found
        ]
        signature = signature_of(self.options, listed)
        target = self.output / "news-sitemap.xml"
        if known.get("news-sitemap") == signature and target.exists():
            return []
        with self.store.read() as connection:
            items = listed_articles(connection, found, sources, site_url=self.options.site_url)
        changed = [target.name] if write_atomic(target, news_sitemap(items, self.options, now)) else []
        with self.store.write() as connection:
            stale.save_signature(connection, "news-sitemap", signature, now)
        return changed

    def _quarantine(self, kind: str, subject: str, error: Exception, now: datetime) -> None:
        with self.store.write() as connection:
            quarantine.record_failure(connection, kind, subject, str(error), now=now)
