"""Publish job: rows → feeds and pages on disk, only if an input changed.

Every output has a signature of its inputs. With an equal signature the job reads, renders and writes nothing;
it does not rewrite equal bytes either. It writes signatures and stale marks after the files: a job killed in
between writes the same bytes once more.
"""

import json
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import datetime
from threading import Lock

from syndicate.errors import RenderError
from syndicate.jobs.publish.archive_build import ArchiveBuild
from syndicate.jobs.publish.article_views import ArticleViews, feed_inputs
from syndicate.jobs.publish.channel_build import (
    ChannelBuild,
    feed_paths,
    remove_channel,
    visible_fields,
    write_news_sitemap,
    write_source_lists,
)
from syndicate.jobs.publish.context import PublishContext, signature_of
from syndicate.jobs.publish.lists.list_build import KINDS
from syndicate.jobs.publish.on_request.embeds import write_embeds
from syndicate.jobs.publish.on_request.former_channels import write_former_channels
from syndicate.jobs.publish.on_request.reader_search import index_waiting
from syndicate.jobs.publish.site_build import PAGES_PART, SITE_PART, SiteBuild
from syndicate.jobs.publish.site_frame import SiteFrame, read_frame
from syndicate.model import Channel, Newsletter
from syndicate.publish.feeds.rss_atom import FeedWriter
from syndicate.publish.publish_options import PublishOptions
from syndicate.published_files import PublishedFiles
from syndicate.store import Store
from syndicate.store.core import quarantine
from syndicate.store.ingest import source_store
from syndicate.store.leases import leases
from syndicate.store.leases.held_lease import HeldLease, held_lease
from syndicate.store.output import channel_archives, file_hashes, stale
from syndicate.templating import Templates
from syndicate.text.privacy import public_source

NEWSLETTERS = "newsletters"
"""Part of the output: the archives of all newsletters."""
# Output of each channel that was built as a part, whose signature is of the inputs of all channels.
BUILT_FROM = "inputs of "
# Maximum number of parts of pages at a time.
MAX_BLOCKS = 64
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


@dataclass(frozen=True, slots=True)
class ChannelInputs:
    """Inputs of all channels: signatures of the settings and of the rows, and the marks of edits."""

    shared: str
    news: str
    edits: Mapping[str, int]

    @property
    def version(self) -> str:
        """Signature of all of them."""
        return signature_of(self.news, sorted(self.edits.items()))


@dataclass(slots=True, kw_only=True)
class PublishJob:
    """Write channels as feeds, the OPML of the sources, the News sitemap and the site.

    A lease lets a single process write at a time, so that the files of a killed writer can be swept safely,
    or a single process for each part.
    """

    store: Store
    output: PublishedFiles
    channels: Sequence[Channel]
    options: PublishOptions
    templates: Templates
    feeds: FeedWriter
    owner: str
    newsletters: Sequence[Newsletter] = ()
    _begun: set[bool] = field(default_factory=set, init=False)
    _lock: Lock = field(default_factory=Lock, init=False)
    _built_from: str = field(default="", init=False)

    def run(
        self,
        now: datetime,
        *,
        part: str = "",
        progress: Callable[[int, int], None] = lambda _done, _all: None,
        should_stop: Callable[[], bool] = lambda: False,
    ) -> PublishResult:
        """Update the output from the store: all of it, or a part of ``parts``.

        A channel or page that cannot be rendered is quarantined and does not stop the others. When
        ``should_stop`` returns true, the job ends after a batch of pages; the next run continues there.
        """
        return self._with_lock(
            now, part, lambda lease: self._run(now, part, progress, lease, should_stop), should_stop
        )

    def run_archive(self, now: datetime, *, should_stop: Callable[[], bool] = lambda: False) -> PublishResult:
        """Update only the newsletters' archives: pages that a mail links to must exist before the mail."""
        return self.run(now, part=NEWSLETTERS, should_stop=should_stop)

    def parts(self, now: datetime) -> list[str]:
        """Return the parts that workers may write side by side, in the order in which they should begin.

        Pages come before the lists that name them, and the parts that find their due work themselves last.
        """
        context = self._new_context(now, lambda: False)
        version = self._channel_inputs(context).version
        with self.store.read() as connection:
            pages = [f"{PAGES_PART}{block}" for block in stale.stale_blocks(connection, MAX_BLOCKS)]
            marked = {mark.partition(":")[0].partition("@")[0] for mark in stale.stale_lists(connection)}
        channels = [
            f"{stale.CHANNEL}{channel.name}"
            for channel in context.channels
            if context.known.get(BUILT_FROM + channel.name) != version
        ]
        kinds = {"lists": KINDS, "stories": ("story",), "days": ("day",)}
        lists = [part for part, names in kinds.items() if not marked.isdisjoint(names)]
        return [*channels, *pages, *lists, NEWSLETTERS, SITE_PART]

    def frame(self, now: datetime) -> SiteFrame:
        """Return the frame of the web server's pages, with the newest top stories."""
        return read_frame(self._new_context(now, lambda: False))

    def _with_lock(
        self,
        now: datetime,
        part: str,
        work: Callable[[HeldLease], PublishResult],
        should_stop: Callable[[], bool],
    ) -> PublishResult:
        """Run ``work`` as the only writer of this process, and of a part in all processes."""
        end = time.monotonic() + LOCK_TIMEOUT
        while not self._lock.acquire(timeout=LOCK_POLL):
            if should_stop() or time.monotonic() > end:
                return PublishResult(busy=True)
        try:
            name = leases.lease_name(part)
            with held_lease(self.store, name, owner=self.owner, now=now, take=leases.take_part) as lease:
                if lease is None:
                    return PublishResult(busy=True)
                try:
                    self._begin(alone=not part)
                    return work(lease)
                except RenderError as error:
                    return PublishResult(failures=(str(error),))
                finally:
                    self._end(now)
        finally:
            self._lock.release()

    def _begin(self, *, alone: bool) -> None:
        """Prepare the output once; build everything again if its files were in another place before."""
        if alone not in self._begun:
            with self.store.write() as connection:
                moved = file_hashes.use_place(connection, self.output.place)
            if moved:
                self.forget()
            self.output.begin(alone=alone)
            self._begun.add(alone)

    def _end(self, now: datetime) -> None:
        """Record the files that are written, also beside files that failed."""
        written: dict[str, str | None] = {}
        for _ in range(2):
            with suppress(RenderError):
                written |= self.output.flush()
        if written:
            with self.store.write() as connection:
                file_hashes.record_files(connection, written, now)

    def _run(
        self,
        now: datetime,
        part: str,
        progress: Callable[[int, int], None],
        lease: HeldLease,
        should_stop: Callable[[], bool],
    ) -> PublishResult:
        is_site = part in ("", SITE_PART)
        stops = lease.until_lost(should_stop)
        if is_site:
            index_waiting(self.store, stops)
        context = replace(self._new_context(now, stops), ensure_held=lease.ensure_held)
        if is_site:
            _mark_sources(context)
            _remove_channels(context)
        elif part.startswith(stale.CHANNEL):
            return self._channel_part(context, part.removeprefix(stale.CHANNEL))
        written, failures = self._feeds(context, part) if is_site else ([], [])
        site = SiteBuild(context)
        archive = _archive(context, site) if part in ("", NEWSLETTERS) else PublishResult()
        if part and part != NEWSLETTERS:
            site.begin()
            site.run_part(part)
        elif not part:
            site.run(progress)
        return PublishResult(
            feeds=tuple(written),
            pages=(*site.written, *archive.pages),
            failures=(*failures, *site.failures, *archive.failures),
        )

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
            channels=tuple(self.channels),
            newsletters=tuple(self.newsletters),
            views=ArticleViews(sources, self.options.site_url),
            documents=self.feeds.write_all,
            known=known,
            failing=failing,
            now=now,
            should_stop=should_stop,
        )

    def _channel_inputs(self, context: PublishContext) -> ChannelInputs:
        sources = context.views.sources
        shown = {str(source.id): signature_of(*visible_fields(source)) for source in sources.values()}
        shared = signature_of(self.options, sorted(shown.items()))
        with self.store.read() as connection:
            marks = stale.stale_lists(connection)
            news = signature_of(shared, context.channels, feed_inputs(connection))
        edits = {name: version for name, version in marks.items() if name.startswith(stale.EDIT)}
        return ChannelInputs(shared, news, edits)

    def _feeds(self, context: PublishContext, part: str) -> tuple[list[str], list[str]]:
        """Write the feeds of all channels, unless other workers do, the OPML and the News sitemap."""
        written: list[str] = []
        failures: list[str] = []
        inputs = self._channel_inputs(context)
        news, edits = inputs.news, inputs.edits
        if part:
            built = {context.known.get(BUILT_FROM + channel.name) for channel in context.channels}
            edits = edits if built <= {inputs.version} else {}
        paths = (path for channel in context.channels for path in feed_paths(channel.name))
        # This job may have built every channel from equal inputs: then no query is needed.
        is_built = not edits and news == self._built_from and all(map(self.output.exists, paths))
        for channel in () if part or is_built else context.channels:
            if context.should_stop():
                news, edits = "", {}
                break
            written += self._channel(context, channel, inputs, failures)
        if edits and not failures:
            with context.commit() as connection:
                stale.clear_lists(connection, edits)
        if not part:
            self._built_from = "" if failures else news
        for write in (write_former_channels, write_embeds, write_source_lists, write_news_sitemap):
            try:
                written += write(context)
            except RenderError as error:
                failures.append(str(error))
        return written, failures

    def _channel_part(self, context: PublishContext, name: str) -> PublishResult:
        written: list[str] = []
        failures: list[str] = []
        inputs = self._channel_inputs(context)
        for channel in context.channels:
            if channel.name == name:
                written += self._channel(context, channel, inputs, failures)
        if not failures:
            context.save({BUILT_FROM + name: inputs.version})
        return PublishResult(feeds=tuple(written), failures=tuple(failures))

    def _channel(
        self, context: PublishContext, channel: Channel, inputs: ChannelInputs, failures: list[str]
    ) -> list[str]:
        """Write the changed files of a channel; return their paths, or add to ``failures``."""
        build = ChannelBuild(context)
        written: list[str] = []
        try:
            # An archive without the second part predates signatures of queries.
            query, name = signature_of(channel.clauses), f"archive of {channel.name}"
            declared = f"{signature_of(channel, self.options)} {query}"
            old = (name, *(f"archive of {text}" for text in channel.moved_from))
            before = next(filter(None, map(context.known.get, old)), "")
            edited = {int(name.removeprefix(stale.EDIT)) for name in inputs.edits}
            if before.partition(" ")[2] not in ("", query):
                build.restart_archive(channel)
            elif edited or before != declared:
                written += build.rewrite(channel, edited if before == declared else None)
            written += build.run(channel, inputs.shared)
            if before != declared:
                context.save({name: declared})
        except (RenderError, ValueError, LookupError, TypeError) as error:
            failures.append(f"channel {channel.name}: {error}")
            context.record_failure("channel", channel.name, error)
        return written

    def forget(self) -> None:
        """Forget the signatures of all outputs: the next run builds everything again."""
        self._built_from = ""
        with self.store.write() as connection:
            stale.clear_signatures(connection)
            file_hashes.forget_hashes(connection)


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
        stale.save_signatures(connection, {"sources": json.dumps(rights)}, context.now)


def _remove_channels(context: PublishContext) -> None:
    """Remove the files of channels that are no longer declared, and record that they are gone."""
    names = {channel.name for channel in context.channels}
    moved = {old: channel.name for channel in context.channels for old in channel.moved_from}
    for output, signature in context.known.items():
        old = output.removeprefix(stale.CHANNEL)
        if old == output or old in names or signature == stale.GONE:
            continue
        remove_channel(context, old)
        with context.commit() as connection:
            channel_archives.move_archive(connection, old, moved.get(old))
            stale.save_signatures(connection, {output: stale.GONE}, context.now)
            quarantine.clear_failure(connection, "channel", old)
