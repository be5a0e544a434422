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
from syndicate.ingest.identity import Kind
from syndicate.ingest.polling import (
    PollingOptions,
    PollOutcome,
    after_poll,
    failed,
    hub_missed,
    replacing_url,
    with_wishes,
)
from syndicate.ingest.rules import Rule
from syndicate.ingest.unchanged import frame_of, says_nothing_new
from syndicate.ingest.websub import discover
from syndicate.jobs.decided import decide_entries
from syndicate.jobs.ingest_result import IngestResult, SourceOutcome
from syndicate.jobs.run_clock import RunClock
from syndicate.jobs.source_reading import Parser, outcome_of, reading_of, source_request
from syndicate.jobs.wanted import change_articles, note_found, pages_to_read
from syndicate.model import (
    NewArticle,
    Origin,
    ParsedSource,
    Source,
    SourceKind,
    SourceState,
)
from syndicate.net import Fetched, FetchRequest, FetchThread
from syndicate.store import Connection, Store, quarantine, tombstones
from syndicate.store import articles as article_store
from syndicate.store import hubs as hub_store
from syndicate.store import sources as source_store
from syndicate.text.privacy import hide_address
from syndicate.text.urls import host_of, same_site

log = logging.getLogger("syndicate.ingest")

LEASE = timedelta(minutes=10)
# Seconds between two looks at a folder: it is ours, so nobody's patience is at stake.
FOLDER_INTERVAL = 60.0
CLAIM = 500
THREADS = 3
# So many publications tell a source's rhythm, also of one that publishes ten at a time.
RHYTHM = 60
# Polls that brought nothing share a transaction: a crash loses no article, and at most so many next checks.
QUIET = 50


_Claim = tuple[Source, SourceState]
_Quiet = tuple[Source, SourceState]
"""A poll that brought nothing, with the state that it leaves, to be stored with others."""
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
    rules: tuple[Rule, ...] = ()
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
        requests: list[FetchRequest] = []
        for source, state in tuple(feeds.values()):
            try:
                requests.append(source_request(source, state))
            except FetchError as error:
                feeds.pop(source.id)
                yield self._failed(source, state, error, clock.now())
        extended = clock.now()
        with ThreadPoolExecutor(THREADS, thread_name_prefix="ingest") as pool:
            running: set[Future[SourceOutcome | _Quiet]] = set()
            quiet: list[_Quiet] = []
            for request, answer in self.fetcher().fetch_each(requests):
                source, state = feeds.pop(int(str(request.key)))
                running.add(pool.submit(self._take, source, state, answer, clock.now()))
                if len(running) > 2 * THREADS:
                    done, running = wait(running, return_when=FIRST_COMPLETED)
                    yield from _settled(done, quiet)
                if len(quiet) >= QUIET:
                    yield from self._save_quiet(quiet)
                if stopping():
                    break
                if clock.now() - extended > LEASE / 4:
                    extended = clock.now()
                    with self.store.write() as connection:
                        source_store.extend_leases(
                            connection, feeds, owner=self.owner, until=extended + LEASE
                        )
            yield from _settled(running, quiet)
            yield from self._save_quiet(quiet)
        if feeds:
            with self.store.write() as connection:
                source_store.release_sources(connection, feeds, owner=self.owner)

    def _take(
        self, source: Source, state: SourceState, answer: Fetched | FetchError, now: datetime
    ) -> SourceOutcome | _Quiet:
        """One answer, from bytes to rows. A bug that one source brings out must not stop the others."""
        try:
            return self._read_answer(source, state, answer, now)
        except StoreError:
            raise
        except LeaseLost:
            return SourceOutcome(name=source.name, unchanged=True)
        except Exception as error:
            # A traceback repeats what it was about; that of a private source stays with us.
            bug = None if source.private else error
            log.error("what source %s sent could not be stored", source.name, exc_info=bug)  # noqa: TRY400
            problem = SyndicateError(f"what it sent could not be stored ({type(error).__name__}: {error})")
            return self._failed(source, state, problem, now)

    def _nothing_new(
        self, source: Source, state: SourceState, outcome: PollOutcome, now: datetime
    ) -> SourceOutcome | _Quiet:
        after = after_poll(state, outcome, now, self._intervals(source))
        if not after.permanent_url:
            return source, after
        # Its address may have to be replaced, which is this source's own affair.
        with self.store.write() as connection:
            self._save_state(connection, source, after)
        return SourceOutcome(name=source.name, unchanged=True)

    def _save_quiet(self, quiet: list[_Quiet]) -> Iterable[SourceOutcome]:
        """Store what these polls leave, and forget them."""
        with self.store.write() as connection:
            polls = [(source.id, after) for source, after in quiet]
            source_store.save_quiet_polls(connection, polls, owner=self.owner)
        yield from [SourceOutcome(name=source.name, unchanged=True) for source, _ in quiet]
        quiet.clear()

    def _read_answer(
        self, source: Source, state: SourceState, answer: Fetched | FetchError, now: datetime
    ) -> SourceOutcome | _Quiet:
        if isinstance(answer, FetchError):
            return self._failed(source, state, answer, now)
        outcome = outcome_of(source, answer)
        known = frozenset() if answer.unchanged else self.known_digests(source)
        if answer.unchanged or says_nothing_new(answer.body, state.frame, known):
            return self._nothing_new(source, state, outcome, now)
        try:
            parsed = self.parse(
                answer.body, answer.url, answer.content_type, answer.charset, known, **reading_of(source)
            )
        except ParseError as error:
            return self._failed(source, state, error, now)
        if not same_site(source.url, answer.url):
            moved = f"It is read from another site, {host_of(answer.url)}: its address leads there."
            parsed = replace(parsed, warnings=(*parsed.warnings, moved))
        # Lenient readings are no basis for leaving out the next one.
        state = replace(state, frame="" if parsed.warnings or parsed.refused else frame_of(answer.body))
        return self._save(source, state, outcome, parsed, now, answer=answer, is_first=not known)

    def parse(
        self, body: bytes, url: str, content_type: str, charset: str, known: frozenset[str], **more: Any
    ) -> ParsedSource:
        """What a body says, read where it cannot hurt us; raises ``ParseError``.

        See ``known_digests``; ``more`` says how it is to be read (``source_reading.reading_of``).
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
        outcome = failed(source.name, error)
        if source.private:
            outcome = replace(outcome, error=hide_address(outcome.error, source.url))
        after = after_poll(state, outcome, now, self._intervals(source))
        with self.store.write() as connection:
            source_store.save_poll(connection, source.id, after, owner=self.owner)
            if isinstance(error, ParserDied):
                quarantine.record_failure(
                    connection, "document", source.name, outcome.error, now=now, source_id=source.id
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
                published = article_store.latest_published(connection, source.id, limit=RHYTHM)
                came = replace(came, published=published)
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
                    # A hub would be told the address.
                    None if source.private else discover(answer.links, parsed, answer.url),
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
        decided = decide_entries(self.store, self.rules, source, parsed, now, is_first=is_first)
        decisions = decided.decisions
        new = [one.article for one in decisions if one.kind is Kind.NEW and one.article]
        changed = [(one.existing.id, one.article) for one in decisions if one.article and one.existing]
        digests = [(one.existing.id, one.digest) for one in decisions if one.existing and one.digest]
        articles = [] if whole else [*new, *(one for _, one in changed)]
        pages = pages_to_read(self.store, source, found, articles, now, self.pages, is_first=is_first)
        with self.store.write() as connection:
            added = article_store.add_articles(connection, source.id, new)
            change_articles(connection, source.id, changed, whole=whole)
            note_found(connection, source.id, found, pages, now)
            article_store.note_digests(connection, digests)
            tombstones.remember_dropped(connection, source.id, decided.dropped, now)
            tombstones.note_buried_digests(connection, source.id, decided.buried)
            for digest, reason in decided.refused:
                quarantine.record_failure(connection, "entry", digest, reason, now=now, source_id=source.id)
            quarantine.clear_failure(connection, "document", source.name)
            settle(connection, new if added else ())
        return SourceOutcome(
            name=source.name,
            new=len(added),
            changed=len(changed),
            dropped=len(decided.dropped),
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
            return article_store.known_digests(connection, source.id)

    def _save_state(
        self,
        connection: Connection,
        source: Source,
        state: SourceState,
        *,
        about: tuple[str, str, str] | None = None,
        warning: str | None = None,
    ) -> None:
        # The file, a list, or whoever gave us a secret for this address decides about another one.
        ours = source.origin is Origin.STORE and not source.listed_in and source.access is None
        url = replacing_url(source.url, state) if ours else ""
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


def _settled(
    futures: Iterable[Future[SourceOutcome | _Quiet]], quiet: list[_Quiet]
) -> Iterable[SourceOutcome]:
    """The outcomes that are stored; those that are not yet join ``quiet``."""
    for future in futures:
        result = future.result()
        if isinstance(result, SourceOutcome):
            yield result
        else:
            quiet.append(result)
