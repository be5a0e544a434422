"""Publish job: rows → feeds and pages on disk, only if an input changed.

Every output has a signature of its inputs. With an equal signature the job reads, renders and writes nothing;
it does not rewrite equal bytes either. It writes signatures and stale marks after the files: a job killed in
between writes the same bytes once more.
"""

import json
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from threading import Lock

from syndicate.errors import RenderError
from syndicate.files import sweep_temporary
from syndicate.jobs.publish.archive_build import ArchiveBuild
from syndicate.jobs.publish.article_views import ArticleViews, feed_inputs
from syndicate.jobs.publish.channel_build import ChannelBuild, feed_paths, remove_channel, sources_opml
from syndicate.jobs.publish.context import Listing, PublishContext, signature_of
from syndicate.jobs.publish.reader_search import index_waiting
from syndicate.jobs.publish.site_build import SiteBuild
from syndicate.jobs.publish.site_frame import SiteFrame, read_frame
from syndicate.model import Channel, Newsletter, Source
from syndicate.publish.feeds.entries import FeedItem, feed_item, newest_first
from syndicate.publish.feeds.fragments import FragmentCache
from syndicate.publish.feeds.json_feed_writer import json_feed
from syndicate.publish.feeds.news_sitemap import MAX_AGE, MAX_ARTICLES, news_sitemap
from syndicate.publish.feeds.rss_atom import FeedWriter
from syndicate.publish.publish_options import PublishOptions
from syndicate.store import Store
from syndicate.store.core import leases, quarantine
from syndicate.store.ingest import source_store
from syndicate.store.output import channel_archives, channel_store, stale
from syndicate.templating import Templates
from syndicate.text.privacy import public_source

LEASE = timedelta(minutes=30)
# Seconds that a job of this process waits for another job to finish publishing.
LOCK_TIMEOUT = 60.0
# Seconds between two checks of ``should_stop`` while waiting.
LOCK_POLL = 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class PublishResult:
    """Paths (inside the output folder) that changed, and failures. ``busy``: another process writes."""

    feeds: tuple[str, ...] = ()
    pages: tuple[str, ...] = ()
    failures: tuple[str, ...] = ()
    busy: bool = False

    def summary(self) -> dict[str, int | str]:
        """Return the number of files written, and of failures."""
        return {"feeds": len(self.feeds), "pages": len(self.pages), "failed": len(self.failures)}


@dataclass(slots=True, kw_only=True)
class PublishJob:
    """Write channels as feeds, the OPML of the sources, the News sitemap and the site.

    A lease lets a single process write at a time, so that the files of a killed writer can be swept safely.
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
    _lock: Lock = field(default_factory=Lock, init=False)
    _built_from: str = field(default="", init=False)

    def run(
        self,
        now: datetime,
        *,
        progress: Callable[[int, int], None] = lambda _done, _all: None,
        should_stop: Callable[[], bool] = lambda: False,
    ) -> PublishResult:
        """Update the output folder from the store.

        A channel or page that cannot be rendered is quarantined and does not stop the others. When
        ``should_stop`` returns true, the job ends after a batch of pages; the next run continues there.
        """
        return self._with_lock(now, lambda: self._run(now, progress, should_stop), should_stop)

    def run_archive(self, now: datetime, *, should_stop: Callable[[], bool] = lambda: False) -> PublishResult:
        """Update only the newsletters' archives: pages that a mail links to must exist before the mail."""

        def work() -> PublishResult:
            context = self._new_context(now, should_stop)
            return _archive(context, SiteBuild(context))

        return self._with_lock(now, work, should_stop)

    def frame(self, now: datetime) -> SiteFrame:
        """Return the frame of the web server's pages, with the newest top stories."""
        return read_frame(self._new_context(now, lambda: False))

    def _with_lock(
        self, now: datetime, work: Callable[[], PublishResult], should_stop: Callable[[], bool]
    ) -> PublishResult:
        """Run ``work`` as the only writer of this process and of all processes."""
        end = time.monotonic() + LOCK_TIMEOUT
        while not self._lock.acquire(timeout=LOCK_POLL):
            if should_stop() or time.monotonic() > end:
                return PublishResult(busy=True)
        try:
            with self.store.write() as connection:
                until = now + LEASE
                if not leases.take_lease(connection, "publish", owner=self.owner, now=now, until=until):
                    return PublishResult(busy=True)
            try:
                self._sweep()
                return work()
            finally:
                with self.store.write() as connection:
                    leases.release_lease(connection, "publish", owner=self.owner)
        finally:
            self._lock.release()

    def _sweep(self) -> None:
        if not self._swept:
            sweep_temporary(self.output)
            self._swept = True

    def _run(
        self, now: datetime, progress: Callable[[int, int], None], should_stop: Callable[[], bool]
    ) -> PublishResult:
        index_waiting(self.store, should_stop)
        context = self._new_context(now, should_stop)
        _mark_sources(context)
        _remove_channels(context)
        written, failures = self._feeds(context)
        site = SiteBuild(context)
        archive = _archive(context, site)
        site.run(progress)
        return PublishResult(
            feeds=tuple(written),
            pages=(*site.written, *archive.pages),
            failures=(*failures, *site.failures, *archive.failures),
        )

    def _documents(self, listings: Sequence[Listing]) -> Iterator[tuple[str, bytes]]:
        """Yield the feed files of channels with their paths; items of several channels are written once."""
        known: dict[int, FeedItem] = {}
        channels = []
        for channel, articles in listings:
            newest = newest_first(channel, articles)
            items = [
                known.get(id(article)) or known.setdefault(id(article), feed_item(article, self.options))
                for article in newest
            ]
            channels.append((channel, articles, items))
        self.feeds.prepare([*known.values()])
        for channel, articles, items in channels:
            yield f"{channel.name}.rss", self.feeds.rss(channel, articles, items=items)
            yield f"{channel.name}.atom", self.feeds.atom(channel, articles, items=items)
            document = json_feed(channel, articles, self.options, cache=self._json_items, items=items)
            yield f"{channel.name}.json", document

    def _new_context(self, now: datetime, should_stop: Callable[[], bool]) -> PublishContext:
        with self.store.read() as connection:
            sources = {source.id: public_source(source) for source in source_store.list_sources(connection)}
            known = stale.signatures(connection)
            failing = {failure.subject for failure in quarantine.failures(connection, kind="page")}
        return PublishContext(
            store=self.store,
            output=self.output,
            options=self.options,
            templates=self.templates,
            channels=self.channels,
            newsletters=self.newsletters,
            views=ArticleViews(sources, self.options.site_url),
            documents=self._documents,
            known=known,
            failing=failing,
            now=now,
            should_stop=should_stop,
        )

    def _feeds(self, context: PublishContext) -> tuple[list[str], list[str]]:
        written: list[str] = []
        failures: list[str] = []
        build = ChannelBuild(context)
        sources = context.views.sources
        shown = {str(source.id): signature_of(*_visible_fields(source)) for source in sources.values()}
        shared = signature_of(self.options, sorted(shown.items()))
        with self.store.read() as connection:
            edits = {
                name: version
                for name, version in stale.stale_lists(connection).items()
                if name.startswith(stale.EDIT)
            }
            news = signature_of(shared, feed_inputs(connection))
        edited = {int(name.removeprefix(stale.EDIT)) for name in edits}
        for channel in () if self._is_built(news) and not edited else self.channels:
            if context.should_stop():
                news, edits = "", {}
                break
            try:
                # An archive without the second part predates signatures of queries.
                query, name = signature_of(channel.clauses), f"archive of {channel.name}"
                inputs = f"{signature_of(channel, self.options)} {query}"
                old = (name, *(f"archive of {text}" for text in channel.moved_from))
                before = next(filter(None, map(context.known.get, old)), "")
                if before.partition(" ")[2] not in ("", query):
                    build.restart_archive(channel)
                elif edited or before != inputs:
                    written += build.rewrite(channel, edited if before == inputs else None)
                written += build.run(channel, shared)
                if before != inputs:
                    context.save({name: inputs})
            except (RenderError, ValueError, LookupError, TypeError) as error:
                failures.append(f"channel {channel.name}: {error}")
                context.record_failure("channel", channel.name, error)
        if edits and not failures:
            with self.store.write() as connection:
                stale.clear_lists(connection, edits)
        self._built_from = "" if failures else news
        for write in (_lists_of_sources, _news_sitemap):
            try:
                written += write(context)
            except RenderError as error:
                failures.append(str(error))
        return written, failures

    def forget(self) -> None:
        """Forget the signatures of all outputs: the next run builds everything again."""
        self._built_from = ""
        with self.store.write() as connection:
            stale.clear_signatures(connection)

    def _is_built(self, news: str) -> bool:
        """Return whether this job has built every channel from equal inputs, so that no query is needed."""
        return news == self._built_from and all(
            (self.output / path).exists() for channel in self.channels for path in feed_paths(channel.name)
        )


def _archive(context: PublishContext, site: SiteBuild) -> PublishResult:
    written, failures = ArchiveBuild(context, site.begin(), site.shared_signature).run()
    return PublishResult(pages=tuple(written), failures=tuple(failures))


def _mark_sources(context: PublishContext) -> None:
    """Mark the articles of sources with changed republishing rights."""
    before = json.loads(context.known.get("sources") or "{}")
    rights = {
        str(source.id): f"{source.own} {source.republish.value}" for source in context.views.sources.values()
    }
    if rights == before:
        return
    with context.store.write() as connection:
        stale.mark_sources(
            connection, [int(text) for text, right in rights.items() if before.get(text, right) != right]
        )
        stale.save_signature(connection, "sources", json.dumps(rights), context.now)


def _remove_channels(context: PublishContext) -> None:
    """Remove the files of channels that are no longer declared, and record that they are gone."""
    names = {channel.name for channel in context.channels}
    moved = {old: channel.name for channel in context.channels for old in channel.moved_from}
    for output, signature in context.known.items():
        old = output.removeprefix(stale.CHANNEL)
        if old == output or old in names or signature == stale.GONE:
            continue
        remove_channel(context.output, old)
        with context.store.write() as connection:
            channel_archives.move_archive(connection, old, moved.get(old))
            stale.save_signature(connection, output, stale.GONE, context.now)
            quarantine.clear_failure(connection, "channel", old)


def _lists_of_sources(context: PublishContext) -> list[str]:
    document = sources_opml(f"{context.options.title}: sources", context.views.sources.values())
    signature = signature_of(document)
    changed = context.write({"feed.css": context.templates.read("pages/feed.css")})
    if not context.is_built("opml", signature, ["sources.opml"]):
        changed += context.write({"sources.opml": document})
        context.save({"opml": signature})
    return changed


def _news_sitemap(context: PublishContext) -> list[str]:
    own = [source.id for source in context.views.sources.values() if source.own]
    since = context.now - MAX_AGE
    with context.store.read() as connection:
        found = channel_store.source_articles(connection, own, since=since, limit=MAX_ARTICLES)
    facts = [(article.uid, article.title, article.content_hash, article.updated) for article in found]
    recent = [since <= article.published <= context.now for article in found]
    signature = signature_of(context.options, facts, recent)
    if context.is_built("news-sitemap", signature, ["news-sitemap.xml"]):
        return []
    with context.store.read() as connection:
        items = context.views.listed(connection, found)
    changed = context.write({"news-sitemap.xml": news_sitemap(items, context.options, context.now)})
    context.save({"news-sitemap": signature})
    return changed


def _visible_fields(source: Source) -> tuple[object, ...]:
    """Return the fields of a source that feeds and pages show."""
    return (
        *(source.name, source.url, source.home_url, source.feed_id, source.title),
        *(source.own, source.republish, source.kind, source.section, source.language, source.paused),
    )
