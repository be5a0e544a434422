"""The publish job: rows → feeds and pages on disk, only where something changed.

Every output has a signature of what it is built from. An equal signature means nothing is read,
rendered or written; equal bytes are not rewritten either. Signatures and stale marks are written after
the files: a job killed in between writes the same bytes once more.
"""

import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from threading import Lock

from syndicate.errors import RenderError
from syndicate.files import sweep_temporary, write_atomic
from syndicate.jobs.publish.archive import ArchiveBuild
from syndicate.jobs.publish.channel_build import ChannelBuild, remove_channel, sources_opml, targets
from syndicate.jobs.publish.signatures import signature_of
from syndicate.jobs.publish.site_build import SiteBuild
from syndicate.jobs.publish.views import listed_articles, news_of
from syndicate.model import Channel, Newsletter, PublishedArticle, Source
from syndicate.publish.entries import feed_items
from syndicate.publish.fragments import FragmentCache
from syndicate.publish.json_feed import json_feed
from syndicate.publish.news_sitemap import news_sitemap
from syndicate.publish.options import PublishOptions
from syndicate.publish.rss_atom import FeedWriter
from syndicate.store import Store, leases, quarantine, stale
from syndicate.store import channel_archives as archive_store
from syndicate.store import channels as channel_store
from syndicate.store import sources as source_store
from syndicate.templating import Templates
from syndicate.text.privacy import shown_source

LEASE = timedelta(minutes=30)
# How long (seconds) one job of this process waits while another one publishes.
PATIENCE = 60.0
# Seconds between two looks whether to stop waiting.
STEP = 0.5
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
        self,
        now: datetime,
        *,
        progress: Callable[[int, int], None] = lambda _done, _all: None,
        should_stop: Callable[[], bool] = lambda: False,
    ) -> PublishResult:
        """Bring the output folder up to date with the store.

        One channel or page that cannot be rendered is quarantined and does not stop the others. When
        ``should_stop`` returns true, the job ends after a batch of pages and the next run goes on there.
        """
        return self._alone(now, lambda: self._run(now, progress, should_stop), should_stop)

    def run_archive(self, now: datetime, *, should_stop: Callable[[], bool] = lambda: False) -> PublishResult:
        """Bring only the newsletters' archives up to date: what mail leads to has to be there before it."""

        def work() -> PublishResult:
            sources, known = self._begin()
            return self._archive(self._site(sources, should_stop), known, now, should_stop)

        return self._alone(now, work, should_stop)

    def _alone(
        self, now: datetime, work: Callable[[], PublishResult], should_stop: Callable[[], bool]
    ) -> PublishResult:
        """Do what only one writer may do at a time: one in this process, and one of all processes."""
        end = time.monotonic() + PATIENCE
        while not self._turn.acquire(timeout=STEP):
            if should_stop() or time.monotonic() > end:
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

    def _run(
        self, now: datetime, progress: Callable[[int, int], None], should_stop: Callable[[], bool]
    ) -> PublishResult:
        sources, known = self._begin()
        self._mark_sources(sources, known, now)
        self._remove_channels(known, now)
        written, failures = self._feeds(sources, known, now, should_stop)
        site = self._site(sources, should_stop)
        archive = self._archive(site, known, now, should_stop)
        site.run(now, known, progress)
        return PublishResult(
            feeds=tuple(written),
            pages=(*site.written, *archive.pages),
            failures=(*failures, *site.failures, *archive.failures),
        )

    def _archive(
        self, site: SiteBuild, known: Mapping[str, str], now: datetime, should_stop: Callable[[], bool]
    ) -> PublishResult:
        archive = ArchiveBuild(
            store=self.store,
            output=self.output,
            newsletters=self.newsletters,
            options=self.options,
            templates=self.templates,
            documents=self._documents,
            should_stop=should_stop,
        )
        written, failures = archive.run(now, known, site.begin(), site.look)
        return PublishResult(pages=tuple(written), failures=tuple(failures))

    def _site(self, sources: Mapping[int, Source], should_stop: Callable[[], bool]) -> SiteBuild:
        return SiteBuild(
            self.store,
            self.output,
            self.channels,
            self.options,
            newsletters=self.newsletters,
            templates=self.templates,
            sources=sources,
            documents=self._documents,
            should_stop=should_stop,
        )

    def _documents(self, channel: Channel, items: list[PublishedArticle]) -> dict[str, bytes]:
        """A channel's feed files by their path."""
        listed = feed_items(channel, items, self.options)
        return {
            f"{channel.name}.rss": self.feeds.rss(channel, items, items=listed),
            f"{channel.name}.atom": self.feeds.atom(channel, items, items=listed),
            f"{channel.name}.json": json_feed(
                channel, items, self.options, cache=self._json_items, items=listed
            ),
        }

    def _begin(self) -> tuple[dict[int, Source], dict[str, str]]:
        if not self._swept:
            sweep_temporary(self.output)
            self._swept = True
        with self.store.read() as connection:
            sources = {one.id: shown_source(one) for one in source_store.list_sources(connection)}
            return sources, stale.signatures(connection)

    def _feeds(
        self,
        sources: Mapping[int, Source],
        known: Mapping[str, str],
        now: datetime,
        should_stop: Callable[[], bool],
    ) -> tuple[list[str], list[str]]:
        written: list[str] = []
        failures: list[str] = []
        build = ChannelBuild(
            store=self.store,
            output=self.output,
            options=self.options,
            sources=sources,
            documents=self._documents,
        )
        shown = {str(source.id): signature_of(*_shown(source)) for source in sources.values()}
        shared = signature_of(self.options, sorted(shown.items()))
        with self.store.read() as connection:
            edits = {
                name: version
                for name, version in stale.stale_lists(connection).items()
                if name.startswith(stale.EDIT)
            }
            news = signature_of(shared, news_of(connection))
        edited = {int(name.removeprefix(stale.EDIT)) for name in edits}
        for channel in () if self._is_built(news) and not edited else self.channels:
            if should_stop():
                news, edits = "", {}
                break
            try:
                looks = signature_of(channel, self.options)
                again = known.get(f"archive of {channel.name}") != looks
                if edited or again:
                    written += build.rewrite(channel, None if again else edited)
                written += build.run(channel, known, shared, now)
                if again:
                    with self.store.write() as connection:
                        stale.save_signature(connection, f"archive of {channel.name}", looks, now)
            except (RenderError, ValueError, LookupError, TypeError) as error:
                failures.append(f"channel {channel.name}: {error}")
                self._quarantine("channel", channel.name, error, now)
        if edits and not failures:
            with self.store.write() as connection:
                stale.clear_lists(connection, edits)
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

    def _mark_sources(self, sources: Mapping[int, Source], known: Mapping[str, str], now: datetime) -> None:
        """Mark the articles of sources whose texts may now be shown more, or less, than before."""
        before = json.loads(known.get("sources") or "{}")
        rights = {str(one.id): f"{one.own} {one.republish.value}" for one in sources.values()}
        if rights == before:
            return
        with self.store.write() as connection:
            changed = [int(one) for one, right in rights.items() if before.get(one, right) != right]
            stale.mark_sources(connection, changed)
            stale.save_signature(connection, "sources", json.dumps(rights), now)

    def _remove_channels(self, known: Mapping[str, str], now: datetime) -> None:
        """Remove the files of channels that are no longer declared, and remember that they are gone."""
        names = {channel.name for channel in self.channels}
        moved = {old: channel.name for channel in self.channels for old in channel.moved_from}
        for output, signature in known.items():
            old = output.removeprefix(stale.CHANNEL)
            if old == output or old in names or signature == stale.GONE:
                continue
            remove_channel(self.output, old)
            with self.store.write() as connection:
                archive_store.move_archive(connection, old, moved.get(old))
                stale.save_signature(connection, output, stale.GONE, now)
                quarantine.clear_failure(connection, "channel", old)

    def _is_built(self, news: str) -> bool:
        """Return whether this job has built every channel from just this: no query need be asked again."""
        return news == self._built_from and all(
            target.exists() for channel in self.channels for target in targets(self.output, channel.name)
        )

    def _lists_of_sources(
        self, sources: Mapping[int, Source], known: Mapping[str, str], now: datetime
    ) -> list[str]:
        document = sources_opml(f"{self.options.title}: sources", sources.values())
        signature = signature_of(document)
        target, sheet = self.output / "sources.opml", self.output / "feed.css"
        changed = [sheet.name] if write_atomic(sheet, self.templates.read("pages/feed.css")) else []
        if known.get("opml") == signature and target.exists():
            return changed
        if write_atomic(target, document):
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


def _shown(source: Source) -> tuple[object, ...]:
    """Return what feeds and pages show of a source."""
    return (
        *(source.name, source.url, source.home_url, source.feed_id, source.title),
        *(source.own, source.republish, source.kind, source.section, source.language, source.paused),
    )
