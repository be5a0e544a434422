"""Ingest job: poll the due sources and store their articles.

The fetch thread fetches, worker processes parse, and a small pool of threads takes batches of responses from
bytes to rows (``poll_batches``).
"""

from collections import deque
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from zoneinfo import ZoneInfo

from syndicate.errors import PAUSE, FetchError, ParserClosed, StoreError
from syndicate.ingest.poll_schedule import paused_until, polled_url
from syndicate.jobs.events.noted_changes import note_answers
from syndicate.jobs.ingest.claims import Claim, Claims
from syndicate.jobs.ingest.entry_importer import EntryImporter
from syndicate.jobs.ingest.entry_plan import SourceOutcome
from syndicate.jobs.ingest.poll_batches import PollBatches
from syndicate.jobs.ingest.poll_records import QuietPoll, record_of, save_records
from syndicate.jobs.ingest.poll_storing import PollStoring
from syndicate.jobs.ingest.source_reading import source_request
from syndicate.jobs.run_clock import RunClock
from syndicate.net import Fetched, FetchRequest
from syndicate.store.ingest import robots_store, source_store
from syndicate.text.urls import origin_of

THREADS = 3
MAX_UNSAVED = 50
"""Polls without news in one transaction: a crash loses at most so many next check times, and no article."""


@dataclass(frozen=True, slots=True, kw_only=True)
class IngestResult:
    """Results of a run, source by source, in the order in which they were stored."""

    sources: tuple[SourceOutcome, ...] = ()

    @property
    def new(self) -> int:
        """Number of articles accepted."""
        return sum(outcome.new for outcome in self.sources)

    @property
    def changed(self) -> int:
        """Number of articles that an edit changed."""
        return sum(outcome.changed for outcome in self.sources)

    @property
    def dropped(self) -> int:
        """Number of new articles that a rule dropped."""
        return sum(outcome.dropped for outcome in self.sources)

    @property
    def failed(self) -> int:
        """Number of sources that could not be read."""
        return sum(1 for outcome in self.sources if outcome.error)

    def summary(self) -> dict[str, int | str]:
        """Return the counts for log, text and JSON."""
        counts = {name: getattr(self, name) for name in ("new", "changed", "dropped", "failed")}
        return {"sources": len(self.sources), **counts}


@dataclass(slots=True, kw_only=True)
class IngestJob:
    """Polls due sources. ``zone`` is for dates of local files without a zone.

    ``follow_hubs``: store the WebSub hubs that feeds name, so that ``websub_job`` subscribes to them.
    ``_abandoned`` are the ids of sources that a run could not release because the store was unreachable.
    """

    importer: EntryImporter
    zone: ZoneInfo
    follow_hubs: bool = False
    _abandoned: tuple[int, ...] = field(default=(), init=False, repr=False)

    def run(
        self,
        now: datetime,
        *,
        names: Sequence[str] | None = None,
        shard: int | None = None,
        claim_newly_due: bool = False,
        report: Callable[[SourceOutcome, int], None] = lambda _outcome, _all: None,
        should_stop: Callable[[], bool] = lambda: False,
    ) -> IngestResult:
        """Poll every due source, of a ``shard`` or of all, or the named sources, due or not.

        New articles are stored. The failure of a source is stored with it, and the run goes on. The run
        calls ``report`` with each outcome and the number of sources so far. With ``claim_newly_due`` the run
        also polls sources that become due while it waits for slow servers.
        """
        outcomes: list[SourceOutcome] = []
        # A source due at the time of a claim is due at the time of the later clock as well.
        clock = RunClock(now, fixed_for=0.0) if claim_newly_due else RunClock(now)
        abandoned, self._abandoned = self._abandoned, ()
        claims = Claims(importer=self.importer, now=now, names=names, shard=shard, abandoned=abandoned)
        storing = PollStoring(importer=self.importer, follow_hubs=self.follow_hubs)
        batches = PollBatches(self.importer, storing, clock)
        run = _Run(self, claims, batches, clock, should_stop, claim_newly_due)
        try:
            # A closed parser means that the program stops, not that a source failed.
            with suppress(ParserClosed):
                for outcome in run.outcomes():
                    claims.unpolled.pop(outcome.name, None)
                    outcomes.append(outcome)
                    report(outcome, len(outcomes) + len(claims.unpolled))
            claims.release()
        except StoreError:
            self._abandoned += claims.unreleased()
            raise
        return IngestResult(sources=tuple(outcomes))

    def due_shards(self, now: datetime) -> list[int]:
        """Return the shards with due sources; first release sources that a failed run left claimed."""
        if abandoned := self._abandoned:
            with self.importer.store.write() as connection:
                source_store.release_sources(connection, abandoned, owner=self.importer.owner)
            self._abandoned = tuple(set(self._abandoned).difference(abandoned))
        with self.importer.store.read() as connection:
            return source_store.due_shards(connection, now)

    def due(self, now: datetime, *, names: Sequence[str] | None = None) -> list[str]:
        """Return the names of the sources that the next run would poll."""
        with self.importer.store.read() as connection:
            return source_store.due_sources(connection, now=now, names=names)


@dataclass(slots=True)
class _Run:
    """State of a run, from claims to outcomes.

    ``_fetching`` are claims without a response yet, by source id. ``_running`` are batches that threads
    process. ``_unsaved`` are polls without news, not stored yet. ``_ready`` are outcomes to report next.
    """

    job: IngestJob
    claims: Claims
    batches: PollBatches
    clock: RunClock
    should_stop: Callable[[], bool]
    claim_newly_due: bool
    _fetching: dict[int, Claim] = field(default_factory=dict)
    _running: deque[Future[list[SourceOutcome | QuietPoll]]] = field(default_factory=deque)
    _unsaved: list[QuietPoll] = field(default_factory=list)
    _ready: deque[SourceOutcome] = field(default_factory=deque)

    def outcomes(self) -> Iterable[SourceOutcome]:
        """Poll the sources that can be claimed; yield each outcome once it is stored."""
        with ThreadPoolExecutor(THREADS, thread_name_prefix="ingest") as pool:
            while not self.should_stop() and (claimed := self.claims.claim()):
                for request, response in self._fetch(self._requests(claimed)):
                    self.batches.put(self._fetching.pop(int(str(request.key))), response)
                    # One call for each response; a call whose response is in an earlier batch finds none.
                    self._running.append(pool.submit(self.batches.process))
                    yield from self._finished()
                    if len(self._unsaved) >= MAX_UNSAVED:
                        yield from self._save_unsaved()
                    yield from self._take_ready()
                    self.claims.extend()
                yield from self._take_ready()
            while self._running:
                yield from self._results(self._running.popleft())
            yield from self._save_unsaved()

    def _fetch(self, requests: list[FetchRequest]) -> Iterable[tuple[FetchRequest, Fetched | FetchError]]:
        """Yield the responses that come before the program stops."""
        if not requests:
            return ()
        fetcher = self.job.importer.fetcher()
        return fetcher.fetch_each(requests, self._further_requests, should_stop=self.should_stop)

    def _further_requests(self) -> list[FetchRequest]:
        """Return requests for further sources while the run waits for slow servers."""
        if not self.claims.may_claim(newly_due=self.claim_newly_due):
            return []
        # Finished polls must not wait for slow servers.
        self._ready.extend(self._finished())
        self._ready.extend(self._save_unsaved())
        self.claims.extend()
        return self._requests(self.claims.claim(newly_due=self.claim_newly_due))

    def _requests(self, claimed: Sequence[Claim]) -> list[FetchRequest]:
        """Return the requests for sources to fetch; the outcomes of the other sources are ``_ready``."""
        for source, state in claimed:
            if not source.kind.is_requested:
                self._ready.append(self.batches.read_folder(source, state, self.job.zone))
        feeds = {claim[0].id: claim for claim in claimed if claim[0].kind.is_requested}
        self._ready.extend(self._postpone_busy(feeds))
        requests: list[FetchRequest] = []
        agent = self.job.importer.agent()
        for source, state in feeds.values():
            try:
                requests.append(source_request(source, state, agent=agent))
                self._fetching[source.id] = source, state
            except FetchError as error:
                self._ready.append(self.batches.storing.save_failure(source, state, error, self.clock.now()))
        return requests

    def _postpone_busy(self, feeds: dict[int, Claim]) -> Iterable[SourceOutcome]:
        """Remove the sources whose server asked any request for a pause, and store the pause."""
        with self.job.importer.store.read() as connection:
            now = self.clock.now()
            busy = robots_store.paused_origins(connection, now)
        if not busy:
            return
        postponed = [
            QuietPoll(source, paused_until(state, busy[origin]), record_of(source, "put_off", now))
            for source, state in feeds.values()
            if (origin := origin_of(polled_url(source.url, state))) in busy
        ]
        for poll in postponed:
            del feeds[poll.source.id]
        if postponed:
            self._unsaved += postponed
            yield from self._save_unsaved()

    def _take_ready(self) -> Iterable[SourceOutcome]:
        while self._ready:
            yield self._ready.popleft()

    def _finished(self) -> Iterable[SourceOutcome]:
        """Yield the outcomes of the first batches, as far as they are finished."""
        while self._running and self._running[0].done():
            yield from self._results(self._running.popleft())

    def _results(self, batch: Future[list[SourceOutcome | QuietPoll]]) -> Iterable[SourceOutcome]:
        """Yield the stored outcomes of a batch; polls without news join ``_unsaved``."""
        for result in batch.result():
            if isinstance(result, SourceOutcome):
                yield result
            else:
                self._unsaved.append(result)

    def _save_unsaved(self) -> Iterable[SourceOutcome]:
        """Store the polls without news in a transaction."""
        if not self._unsaved:
            return
        with self.job.importer.store.write() as connection:
            polls = [(poll.source.id, poll.state) for poll in self._unsaved]
            answered = [poll.source for poll in self._unsaved if not poll.state.failures]
            note_answers(connection, answered, self.clock.now())
            source_store.save_unchanged_polls(connection, polls, owner=self.job.importer.owner)
            save_records(connection, [poll.record for poll in self._unsaved])
        for source, after, _ in self._unsaved:
            warning = f"{source.name} was not asked: {PAUSE}" if after.not_before else ""
            yield SourceOutcome(name=source.name, unchanged=True, warning=warning)
        self._unsaved.clear()
