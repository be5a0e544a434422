"""The ingest job: due sources → articles.

Fetching happens on the fetch thread, parsing in worker processes, and one small pool of threads here
takes each answer through decide and write. A poll commits its articles, the validators of the answer
and the next check in one transaction: killed before it, the next poll gets the same bytes again.
"""

import logging
import secrets
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from syndicate.errors import FetchError, ParseError, ParserDied, StoreError, SyndicateError
from syndicate.ingest.folders import read_folder
from syndicate.ingest.full_text import PageOptions, SortedEntries, sort_entries
from syndicate.ingest.identity import Decision, Kind, decide, entry_key, keys_of
from syndicate.ingest.polling import (
    PollingOptions,
    PollOutcome,
    after_poll,
    failed,
    hub_missed,
    replacing_url,
    with_wishes,
)
from syndicate.ingest.websub import discover
from syndicate.jobs.ingest_result import IngestResult, SourceOutcome
from syndicate.jobs.moved import moved_articles
from syndicate.jobs.requests import Parser, reading_of, request_of
from syndicate.jobs.run_clock import RunClock
from syndicate.jobs.wanted import pages_to_read
from syndicate.model import (
    KnownArticle,
    NewArticle,
    Origin,
    ParsedSource,
    Source,
    SourceKind,
    SourceState,
)
from syndicate.net import Fetched, FetchThread
from syndicate.store import Connection, Store, quarantine
from syndicate.store import articles as article_store
from syndicate.store import hubs as hub_store
from syndicate.store import pages as page_store
from syndicate.store import sitemap_parts as part_store
from syndicate.store import sources as source_store
from syndicate.text.urls import canonical_url, host_of, same_site

log = logging.getLogger("syndicate.ingest")

LEASE = timedelta(minutes=10)
# Seconds between two looks at a folder: it is ours, so nobody's patience is at stake.
FOLDER_INTERVAL = 60.0
CLAIM = 500
THREADS = 3
# So many publications tell a source's rhythm, also of one that publishes ten at a time.
RHYTHM = 60


_Claim = tuple[Source, SourceState]
Settle = Callable[[Connection, Sequence[NewArticle]], None]
"""Called in the transaction that stores what was read, with the articles that are new."""


class LeaseLost(Exception):
    """Another process has the source by now: what this one read is the other's to store."""


@dataclass(frozen=True, slots=True, kw_only=True)
class IngestJob:
    """Reads what is due. ``fetcher`` and ``parser`` are made on first use: not every run needs them.

    ``follow_hubs`` is whether hubs that feeds name are taken down for ``jobs.websub`` to subscribe to.
    """

    store: Store
    fetcher: Callable[[], FetchThread]
    parser: Callable[[], Parser]
    polling: PollingOptions
    zone: ZoneInfo
    owner: str
    follow_hubs: bool = False
    pages: PageOptions = field(default_factory=PageOptions)

    def run(
        self,
        now: datetime,
        *,
        names: Sequence[str] | None = None,
        report: Callable[[SourceOutcome, int], None] = lambda _outcome, _all: None,
        stopping: Callable[[], bool] = lambda: False,
    ) -> IngestResult:
        """Poll every source that is due (or the named ones, due or not) and store what is new.

        One source's failure is its own: it is recorded with the source and the rest goes on. ``report``
        is called with each outcome and the number of sources in this run.
        """
        outcomes: list[SourceOutcome] = []
        clock = RunClock(now)
        while not stopping() and (claims := self._claim(now, names, clock)):
            total = len(outcomes) + len(claims)
            for outcome in self._poll(claims, clock, stopping):
                outcomes.append(outcome)
                report(outcome, total)
            if names is not None:
                break
        return IngestResult(sources=tuple(outcomes))

    def due(self, now: datetime, *, names: Sequence[str] | None = None) -> list[str]:
        """The names of the sources that the next run would poll."""
        with self.store.read() as connection:
            return source_store.due_sources(connection, now=now, names=names)

    def _claim(self, now: datetime, names: Sequence[str] | None, clock: RunClock) -> list[_Claim]:
        until = clock.now() + LEASE
        with self.store.write() as connection:
            return source_store.claim_due_sources(
                connection, now=now, owner=self.owner, until=until, limit=CLAIM, names=names
            )

    def _poll(
        self, claims: Sequence[_Claim], clock: RunClock, stopping: Callable[[], bool]
    ) -> Iterable[SourceOutcome]:
        folders = [claim for claim in claims if claim[0].kind is SourceKind.FOLDER]
        feeds = {claim[0].id: claim for claim in claims if claim[0].kind is not SourceKind.FOLDER}
        for source, state in folders:
            yield self._read_folder(source, state, clock.now())
        if not feeds:
            return
        requests = [request_of(source, state) for source, state in feeds.values()]
        extended = clock.now()
        with ThreadPoolExecutor(THREADS, thread_name_prefix="ingest") as pool:
            running: set[Future[SourceOutcome]] = set()
            for request, answer in self.fetcher().fetch_each(requests):
                source, state = feeds.pop(int(str(request.key)))
                running.add(pool.submit(self._take, source, state, answer, clock.now()))
                if len(running) > 2 * THREADS:
                    done, running = wait(running, return_when=FIRST_COMPLETED)
                    yield from (future.result() for future in done)
                if stopping():
                    break
                if clock.now() - extended > LEASE / 4:
                    extended = clock.now()
                    with self.store.write() as connection:
                        source_store.extend_leases(
                            connection, feeds, owner=self.owner, until=extended + LEASE
                        )
            yield from (future.result() for future in running)
        if feeds:
            with self.store.write() as connection:
                source_store.release_sources(connection, feeds, owner=self.owner)

    def _take(
        self, source: Source, state: SourceState, answer: Fetched | FetchError, now: datetime
    ) -> SourceOutcome:
        """One answer, from bytes to rows. A bug that one source brings out must not stop the others."""
        try:
            return self._read_answer(source, state, answer, now)
        except StoreError:
            raise
        except LeaseLost:
            return SourceOutcome(name=source.name, unchanged=True)
        except Exception as error:
            log.exception("what source %s sent could not be stored", source.name)
            problem = SyndicateError(f"what it sent could not be stored ({type(error).__name__}: {error})")
            return self._failed(source, state, problem, now)

    def _read_answer(
        self, source: Source, state: SourceState, answer: Fetched | FetchError, now: datetime
    ) -> SourceOutcome:
        if isinstance(answer, FetchError):
            return self._failed(source, state, answer, now)
        outcome = PollOutcome(
            source_name=source.name,
            etag=answer.etag,
            last_modified=answer.last_modified,
            body_hash=answer.wire_hash,
            not_modified=answer.status == 304,
            read=not answer.unchanged,
            max_age=answer.max_age,
            permanent_url=answer.permanent_url,
        )
        if answer.unchanged:
            after = after_poll(state, outcome, now, self.polling)
            with self.store.write() as connection:
                self._save_state(connection, source, after)
            return SourceOutcome(name=source.name, unchanged=True)
        known = self.known_digests(source)
        try:
            parsed = self.parse(
                answer.body, answer.url, answer.content_type, answer.charset, known, **reading_of(source)
            )
        except ParseError as error:
            return self._failed(source, state, error, now)
        if not same_site(source.url, answer.url):
            moved = f"It is read from another site, {host_of(answer.url)}: its address leads there."
            parsed = replace(parsed, warnings=(*parsed.warnings, moved))
        return self._save(source, state, outcome, parsed, now, answer=answer, is_first=not known)

    def parse(
        self, body: bytes, url: str, content_type: str, charset: str, known: frozenset[str], **more: Any
    ) -> ParsedSource:
        """What a body says, read where it cannot hurt us; raises ``ParseError``.

        See ``known_digests``; ``more`` says how it is to be read (``requests.reading_of``): else as a feed.
        """
        return self.parser().parse(
            body, url=url, content_type=content_type, charset=charset, known=known, **more
        )

    def _read_folder(self, source: Source, state: SourceState, now: datetime) -> SourceOutcome:
        try:
            parsed = read_folder(Path(source.url), known=self.known_digests(source), zone=self.zone)
        except SyndicateError as error:
            return self._failed(source, state, error, now)
        return self._save(source, state, PollOutcome(source_name=source.name), parsed, now)

    def _failed(
        self, source: Source, state: SourceState, error: SyndicateError, now: datetime
    ) -> SourceOutcome:
        after = after_poll(state, failed(source.name, error), now, self._intervals(source))
        with self.store.write() as connection:
            source_store.save_poll(connection, source.id, after, owner=self.owner)
            if isinstance(error, ParserDied):
                quarantine.record_failure(
                    connection, "document", source.name, str(error), now=now, source_id=source.id
                )
        return SourceOutcome(name=source.name, error=after.error)

    def _save(
        self,
        source: Source,
        state: SourceState,
        outcome: PollOutcome,
        parsed: ParsedSource,
        now: datetime,
        *,
        answer: Fetched | None = None,
        is_first: bool = False,
    ) -> SourceOutcome:
        """Articles, what the source says about itself, and the next check, in one transaction."""
        found = sort_entries(source, parsed, now, self.pages, first=state.last_success is None)
        parsed = found.parsed

        def settle(connection: Connection, new: Sequence[NewArticle]) -> None:
            before, came = state, with_wishes(outcome, parsed)
            if new and answer:
                came = replace(
                    came,
                    published=article_store.latest_published(connection, source.id, limit=RHYTHM),
                )
                if hub_missed((one.published for one in new), now):
                    before = replace(state, pushed_until=None)
            after = after_poll(before, came, now, self._intervals(source))
            if parsed.left_out:
                # Or the next answer would count as unchanged, and the items left out would never be read.
                after = replace(after, etag="", last_modified="", body_hash="")
            if answer and self.follow_hubs and source.kind is SourceKind.FEED:
                hub_store.note_hub(
                    connection,
                    source.id,
                    discover(answer.links, parsed, answer.url),
                    callback=secrets.token_urlsafe(24),
                    secret=secrets.token_urlsafe(32),
                    now=now,
                )
            about = (parsed.title, parsed.home_url, parsed.feed_id)
            self._save_state(connection, source, after, about=about, warning=" ".join(parsed.warnings))

        return self.accept(source, parsed, now, settle, found=found, is_first=is_first)

    def accept(
        self,
        source: Source,
        parsed: ParsedSource,
        now: datetime,
        settle: Settle,
        *,
        found: SortedEntries | None = None,
        is_first: bool = False,
        whole: bool = False,
    ) -> SourceOutcome:
        """Store what was read, together with whatever ``settle`` writes.

        ``found`` is what else follows from the same reading. ``whole`` says that the entries carry all that
        there is of their articles: nothing more is to be read, and a shorter text replaces a longer one.
        """
        found = found or SortedEntries(parsed=parsed)
        decisions, refused = self._decide(source, parsed, now, is_first=is_first)
        new = [one.article for one in decisions if one.kind is Kind.NEW and one.article]
        changed = [(one.existing.id, one.article) for one in decisions if one.article and one.existing]
        digests = [(one.existing.id, one.digest) for one in decisions if one.existing and one.digest]
        articles = [] if whole else [*new, *(one for _, one in changed)]
        pages = pages_to_read(self.store, source, found, articles, now, self.pages)
        with self.store.write() as connection:
            added = article_store.add_articles(connection, source.id, new)
            read = {} if whole else page_store.full_text_words(connection, [one for one, _ in changed])
            for article_id, article in changed:
                keep = article.words < read.get(article_id, 0)
                article_store.change_article(connection, article_id, source.id, article, keep_text=keep)
            article_store.note_digests(connection, digests)
            for digest, reason in refused:
                quarantine.record_failure(connection, "entry", digest, reason, now=now, source_id=source.id)
            page_store.want_pages(connection, source.id, pages, now)
            page_store.pass_over(connection, source.id, found.passed_over, now)
            if found.parsed.parts:
                part_store.save_parts(connection, source.id, found.parts, now)
            quarantine.clear_failure(connection, "document", source.name)
            settle(connection, new if added else ())
        return SourceOutcome(
            name=source.name,
            new=len(added),
            changed=len(changed),
            unchanged=not added and not changed,
            warning=" ".join(parsed.warnings),
        )

    def _intervals(self, source: Source) -> PollingOptions:
        if source.kind is not SourceKind.FOLDER:
            return self.polling
        interval = min(self.polling.min_interval, FOLDER_INTERVAL)
        return replace(self.polling, min_interval=interval, unvalidated_interval=interval)

    def known_digests(self, source: Source) -> frozenset[str]:
        """Digests of items that need no reading: those we have, and those that failed too often."""
        with self.store.read() as connection:
            resting = quarantine.resting_subjects(connection, "entry", source.id)
            return article_store.known_digests(connection, source.id) | resting

    def _decide(
        self, source: Source, parsed: ParsedSource, now: datetime, *, is_first: bool
    ) -> tuple[list[Decision], list[tuple[str, str]]]:
        """Decisions about the entries worth one, and (digest, reason) of those refused.

        A source of which no digest is known has no article yet, so there is nothing to compare with.
        """
        known: tuple[KnownArticle, ...] = ()
        pruned: frozenset[str] = frozenset()
        urls = [canonical_url(entry.url) for entry in parsed.entries]
        moved: dict[str, KnownArticle] = {}
        if not is_first:
            keys = [key for entry in parsed.entries for key in keys_of(entry)]
            with self.store.read() as connection:
                known, pruned = article_store.known_entries(connection, source.id, keys, urls)
                moved = moved_articles(connection, source.id, parsed, known)
        by_key = {article.entry_key: article for article in known}
        by_url: dict[str, list[KnownArticle]] = {}
        for article in known:
            by_url.setdefault(article.url, []).append(article)
        decisions: list[Decision] = []
        refused = list(parsed.refused)
        taken: set[str] = set()
        for entry, url in zip(parsed.entries, urls, strict=True):
            candidates = known and [by_key[key] for key in keys_of(entry) if key in by_key] + by_url.get(
                url, []
            )
            decision = decide(entry, source, candidates, now, moved=moved.get(entry.digest))
            key = decision.article.entry_key if decision.article else entry_key(entry)
            if decision.kind is Kind.REFUSED:
                refused.append((entry.digest, decision.reason))
            elif key not in pruned and key not in taken:
                taken.add(key)
                decisions.append(decision)
        return decisions, refused

    def _save_state(
        self,
        connection: Connection,
        source: Source,
        state: SourceState,
        *,
        about: tuple[str, str, str] | None = None,
        warning: str | None = None,
    ) -> None:
        url = replacing_url(source.url, state) if source.origin is Origin.STORE else ""
        if url:
            state = replace(state, permanent_url="", permanent_seen=0)
        if not source_store.save_poll(
            connection,
            source.id,
            state,
            owner=self.owner,
            about=about,
            warning=warning,
            url=url or None,
        ):
            raise LeaseLost
