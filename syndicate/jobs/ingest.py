"""The ingest job: due sources → articles.

Fetching happens on the fetch thread, parsing in worker processes, and one small pool of threads here
takes each answer through decide and write. A poll commits its articles, the validators of the answer
and the next check in one transaction: killed before it, the next poll gets the same bytes again.
"""

import logging
import secrets
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from syndicate.errors import (
    PAUSE,
    FetchError,
    NotAsked,
    ParseError,
    ParserClosed,
    ParserDied,
    StoreError,
    SyndicateError,
)
from syndicate.ingest.folders import read_folder
from syndicate.ingest.full_text import sort_entries
from syndicate.ingest.polling import (
    PollingOptions,
    PollOutcome,
    after_poll,
    asked_to_wait,
    failed,
    hub_missed,
    replacing_url,
    told,
    with_wishes,
)
from syndicate.ingest.unchanged import compare
from syndicate.ingest.websub import discover
from syndicate.jobs.ingest_result import IngestResult, SourceOutcome
from syndicate.jobs.intake import Intake, LeaseLost
from syndicate.jobs.one_by_one import Killers, read_one_by_one, record_killers
from syndicate.jobs.run_clock import RunClock
from syndicate.jobs.source_reading import (
    file_reader,
    other_site,
    outcome_of,
    reading_of,
    source_request,
)
from syndicate.model import (
    NewArticle,
    Origin,
    ParsedSource,
    Source,
    SourceKind,
    SourceState,
)
from syndicate.net import Fetched, FetchRequest
from syndicate.store import Connection, quarantine
from syndicate.store import articles as article_store
from syndicate.store import hubs as hub_store
from syndicate.store import robots as robots_store
from syndicate.store import sources as source_store
from syndicate.text.privacy import hide_address
from syndicate.text.urls import origin_of

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
# Each reading of them lists all their items.
_WHOLE = (SourceKind.FEED, SourceKind.FOLDER)


_Polled = tuple[Source, SourceState]
"""A source with the state in which its poll finds it, or the one that a poll without news leaves."""


@dataclass(frozen=True, slots=True, kw_only=True)
class IngestJob:
    """Reads what is due. ``zone`` is for dates of local files that name none.

    ``follow_hubs`` is whether hubs that feeds name are taken down for ``jobs.websub`` to subscribe to.
    """

    intake: Intake
    zone: ZoneInfo
    follow_hubs: bool = False

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
        with self.intake.store.read() as connection:
            return source_store.due_sources(connection, now=now, names=names)

    def _claim(self, now: datetime, names: Sequence[str] | None, clock: RunClock) -> list[_Polled]:
        until = clock.now() + LEASE
        with self.intake.store.write() as connection:
            return source_store.claim_due_sources(
                connection, now=now, owner=self.intake.owner, until=until, limit=CLAIM, names=names
            )

    def _poll(
        self, claims: Sequence[_Polled], clock: RunClock, stopping: Callable[[], bool]
    ) -> Iterable[SourceOutcome]:
        folders = [claim for claim in claims if claim[0].kind is SourceKind.FOLDER]
        feeds = {claim[0].id: claim for claim in claims if claim[0].kind is not SourceKind.FOLDER}
        for source, state in folders:
            yield self._read_folder(source, state, clock.now())
        if not feeds:
            return
        yield from self._leave_alone(feeds, clock.now())
        requests: list[FetchRequest] = []
        agent = self.intake.agent()
        for source, state in tuple(feeds.values()):
            try:
                requests.append(source_request(source, state, agent=agent))
            except FetchError as error:
                feeds.pop(source.id)
                yield self._failed(source, state, error, clock.now())
        extended = clock.now()
        with ThreadPoolExecutor(THREADS, thread_name_prefix="ingest") as pool:
            running: set[Future[SourceOutcome | _Polled]] = set()
            quiet: list[_Polled] = []
            for request, answer in self.intake.fetcher().fetch_each(requests):
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
                    with self.intake.store.write() as connection:
                        source_store.extend_leases(
                            connection, feeds, owner=self.intake.owner, until=extended + LEASE
                        )
            yield from _settled(running, quiet)
            yield from self._save_quiet(quiet)
        if feeds:
            with self.intake.store.write() as connection:
                source_store.release_sources(connection, feeds, owner=self.intake.owner)

    def _leave_alone(self, feeds: dict[int, _Polled], now: datetime) -> Iterable[SourceOutcome]:
        """Take out those whose server asked for a pause, whichever request it answered with that."""
        with self.intake.store.read() as connection:
            busy = robots_store.busy_origins(connection, now)
        if not busy:
            return
        waiting = [
            (source, asked_to_wait(state, busy[origin]))
            for source, state in feeds.values()
            if (origin := origin_of(source.url)) in busy
        ]
        for source, _ in waiting:
            del feeds[source.id]
        if waiting:
            yield from self._save_quiet(waiting)

    def _take(
        self, source: Source, state: SourceState, answer: Fetched | FetchError, now: datetime
    ) -> SourceOutcome | _Polled:
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
    ) -> SourceOutcome | _Polled:
        after = after_poll(state, outcome, now, self._intervals(source))
        if not after.permanent_url:
            return source, after
        # Its address may have to be replaced, which is this source's own affair.
        with self.intake.store.write() as connection:
            self._save_state(connection, source, after)
        return SourceOutcome(name=source.name, unchanged=True)

    def _save_quiet(self, quiet: list[_Polled]) -> Iterable[SourceOutcome]:
        """Store what these polls leave, and forget them."""
        with self.intake.store.write() as connection:
            polls = [(source.id, after) for source, after in quiet]
            source_store.save_quiet_polls(connection, polls, owner=self.intake.owner)
        for source, after in quiet:
            warning = f"{source.name} was not asked: {PAUSE}" if after.not_before else ""
            yield SourceOutcome(name=source.name, unchanged=True, warning=warning)
        quiet.clear()

    def _read_answer(
        self, source: Source, state: SourceState, answer: Fetched | FetchError, now: datetime
    ) -> SourceOutcome | _Polled:
        if isinstance(answer, NotAsked):
            return source, asked_to_wait(state, now + timedelta(seconds=answer.retry_after or 0.0))
        if isinstance(answer, FetchError):
            return self._failed(source, state, answer, now)
        outcome, elsewhere = outcome_of(source, answer), other_site(source, answer)
        state = state if elsewhere == state.read_from else replace(state, read_from=elsewhere)
        known = frozenset() if answer.unchanged else self.intake.known_digests(source)
        compared = compare(answer.body, state.frame, known)
        if answer.unchanged or compared.nothing_new:
            return self._nothing_new(source, state, outcome, now)
        try:
            parsed, killers = self._parse(source, answer, compared.unseen, known)
        except ParseError as error:
            return self._failed(source, state, error, now)
        # Lenient readings are no basis for leaving out the next one.
        state = replace(state, frame="" if parsed.warnings or parsed.refused else compared.frame)
        parsed = replace(parsed, digests=(*compared.seen, *parsed.digests))
        return self._save(
            source, state, outcome, parsed, now, answer=answer, is_first=not known, killers=killers
        )

    def _parse(
        self, source: Source, answer: Fetched, document: bytes, known: frozenset[str]
    ) -> tuple[ParsedSource, Killers]:
        """What an answer says, and the items that had to be left out when parsers died of it three times."""

        def parse(only: frozenset[str] | None) -> ParsedSource:
            how = reading_of(source) if only is None else {**reading_of(source), "only": only}
            return self.intake.parse(document, answer.url, answer.content_type, answer.charset, known, **how)

        try:
            return parse(None), ()
        except ParserClosed:
            raise
        except ParserDied:
            with self.intake.store.read() as connection:
                deaths = 1 + quarantine.count_failures(connection, "document", source.name)
            if source.kind is not SourceKind.FEED or deaths < quarantine.LIMIT:
                raise
            found = read_one_by_one(parse, known)
            if found is None:
                raise
            return found

    def _read_folder(self, source: Source, state: SourceState, now: datetime) -> SourceOutcome:
        try:
            read = file_reader(self.intake.parser, self.zone)
            known = self.intake.known_digests(source)
            parsed = read_folder(Path(source.url), known=known, read=read)
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
        with self.intake.store.write() as connection:
            source_store.save_poll(connection, source.id, after, owner=self.intake.owner)
            if isinstance(error, FetchError) and error.busy and after.not_before:
                robots_store.busy_origin(connection, error.busy, after.not_before)
            if isinstance(error, ParserDied) and not isinstance(error, ParserClosed):
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
        killers: Killers = (),
    ) -> SourceOutcome:
        """Articles, what the source says about itself, and the next check, in one transaction."""
        found = sort_entries(source, parsed, now, self.intake.pages, first=state.last_success is None)
        parsed = found.parsed

        def settle(connection: Connection, new: Sequence[NewArticle]) -> None:
            before, came = state, with_wishes(outcome, parsed)
            if new and answer:
                published = article_store.latest_published(connection, source.id, limit=RHYTHM)
                came = replace(came, published=published)
                if hub_missed((one.published for one in new), now):
                    before = replace(state, pushed_until=None)
            after = after_poll(before, came, now, self._intervals(source))
            if parsed.left_out or parsed.cut_off:
                # Or the next answer would count as unchanged, and the items not read would never be.
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
            if source.kind in _WHOLE and not (parsed.left_out or parsed.cut_off):
                resting = quarantine.clear_unlisted(connection, source.id, parsed.digests)
                # Or the document without these items would be one without news, and they would stay.
                after = replace(after, frame="") if resting else after
            record_killers(connection, source, killers, now)
            after = replace(after, warning=" ".join(parsed.warnings))
            self._save_state(connection, source, after, about=(parsed.title, parsed.home_url, parsed.feed_id))

        done = self.intake.accept(source, parsed, now, settle, found=found, is_first=is_first)
        return replace(done, warning=told(done.warning, state.read_from))

    def _intervals(self, source: Source) -> PollingOptions:
        if source.kind is not SourceKind.FOLDER:
            return self.intake.polling
        interval = min(self.intake.polling.min_interval, FOLDER_INTERVAL)
        return replace(self.intake.polling, min_interval=interval, unvalidated_interval=interval)

    def _save_state(
        self,
        connection: Connection,
        source: Source,
        state: SourceState,
        *,
        about: tuple[str, str, str] | None = None,
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
            owner=self.intake.owner,
            about=about,
            url=url or None,
        ):
            raise LeaseLost


def _settled(
    futures: Iterable[Future[SourceOutcome | _Polled]], quiet: list[_Polled]
) -> Iterable[SourceOutcome]:
    """The outcomes that are stored; those that are not yet join ``quiet``."""
    for future in futures:
        result = future.result()
        if isinstance(result, SourceOutcome):
            yield result
        else:
            quiet.append(result)
