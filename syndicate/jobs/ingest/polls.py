"""The ingest job: due sources → articles.

Fetching happens on the fetch thread, parsing in worker processes, and one small pool of threads here takes
answers through decide and write: one at a time when they trickle in, several together when they come faster
than they are taken. A poll commits its articles, the validators of the answer and the next check in one
transaction: killed before it, the next poll gets the same bytes again.
"""

from collections import deque
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from zoneinfo import ZoneInfo

from syndicate.errors import PAUSE, FetchError, ParserClosed, StoreError
from syndicate.ingest.poll_schedule import asked_to_wait, polled_url
from syndicate.jobs.ingest.claims import Claims
from syndicate.jobs.ingest.entry_importer import EntryImporter
from syndicate.jobs.ingest.poll_batches import Answers, Polled
from syndicate.jobs.ingest.poll_result import IngestResult, SourceOutcome
from syndicate.jobs.ingest.poll_storing import PollStoring
from syndicate.jobs.ingest.source_reading import source_request
from syndicate.jobs.run_clock import RunClock
from syndicate.model import SourceKind
from syndicate.net import Fetched, FetchRequest
from syndicate.store.ingest import robots_store, source_store
from syndicate.text.urls import origin_of

THREADS = 3
# Polls that brought nothing share a transaction: a crash loses no article, and at most so many next checks.
QUIET = 50


@dataclass(slots=True, kw_only=True)
class IngestJob:
    """Reads what is due. ``zone`` is for dates of local files that name none.

    ``follow_hubs`` is whether hubs that feeds name are taken down for ``jobs.ingest.websub`` to subscribe to.
    ``_left`` are sources that a run held when it lost the store, by id.
    """

    intake: EntryImporter
    zone: ZoneInfo
    follow_hubs: bool = False
    _left: tuple[int, ...] = field(default=(), init=False, repr=False)

    def run(
        self,
        now: datetime,
        *,
        names: Sequence[str] | None = None,
        meanwhile: bool = False,
        report: Callable[[SourceOutcome, int], None] = lambda _outcome, _all: None,
        stopping: Callable[[], bool] = lambda: False,
    ) -> IngestResult:
        """Poll every source that is due (or the named sources, due or not) and store what is new.

        One source's failure is its own: it is recorded with the source and the rest goes on. ``report``
        is called with each outcome and the number of sources in this run so far. With ``meanwhile`` also
        what becomes due while servers that hang are waited for is read.
        """
        outcomes: list[SourceOutcome] = []
        # Older than the claims: what is due at their moment is due at that of the clock.
        clock = RunClock(now, still=0.0) if meanwhile else RunClock(now)
        left, self._left = self._left, ()
        claims = Claims(intake=self.intake, now=now, names=names, left=left)
        run = _Run(self, claims, clock, stopping, meanwhile=meanwhile)
        try:
            # When the parser is closed the program ends, and nothing has failed.
            with suppress(ParserClosed):
                for outcome in run.outcomes():
                    claims.held.pop(outcome.name, None)
                    outcomes.append(outcome)
                    report(outcome, len(outcomes) + len(claims.held))
            claims.give_back()
        except StoreError:
            self._left += claims.unread()
            raise
        return IngestResult(sources=tuple(outcomes))

    def due(self, now: datetime, *, names: Sequence[str] | None = None) -> list[str]:
        """The names of the sources that the next run would poll."""
        with self.intake.store.read() as connection:
            return source_store.due_sources(connection, now=now, names=names)


class _Run:
    """One run: who is asked, and the way to the outcome of each.

    ``_waiting`` are those whose answer has not come, by id. ``_running`` are answers that are being read.
    ``_quiet`` are polls without news, which are not stored yet. ``_ready`` are outcomes to be told next.
    """

    def __init__(
        self,
        job: IngestJob,
        claims: Claims,
        clock: RunClock,
        stopping: Callable[[], bool],
        *,
        meanwhile: bool,
    ) -> None:
        self._intake = job.intake
        self._zone = job.zone
        self._claims = claims
        self._clock = clock
        self._stopping = stopping
        self._meanwhile = meanwhile
        self._storing = PollStoring(intake=job.intake, follow_hubs=job.follow_hubs)
        self._answers = Answers(job.intake, self._storing, clock)
        self._waiting: dict[int, Polled] = {}
        self._running: deque[Future[list[SourceOutcome | Polled]]] = deque()
        self._quiet: list[Polled] = []
        self._ready: deque[SourceOutcome] = deque()

    def outcomes(self) -> Iterable[SourceOutcome]:
        """Poll what can be claimed; each outcome once it is stored."""
        with ThreadPoolExecutor(THREADS, thread_name_prefix="ingest") as pool:
            while not self._stopping() and (claimed := self._claims.claim()):
                requests = self._requests(claimed)
                for request, answer in self._answers_to(requests):
                    self._answers.put(self._waiting.pop(int(str(request.key))), answer)
                    # One for each answer; those that come too late find none.
                    self._running.append(pool.submit(self._answers.take))
                    yield from self._done()
                    if len(self._quiet) >= QUIET:
                        yield from self._save_quiet()
                    yield from self._told()
                    self._claims.keep()
                yield from self._told()
            while self._running:
                yield from self._settled(self._running.popleft())
            yield from self._save_quiet()

    def _answers_to(
        self, requests: list[FetchRequest]
    ) -> Iterable[tuple[FetchRequest, Fetched | FetchError]]:
        """Return what comes before the program stops; the others are given back."""
        if not requests:
            return ()
        return self._intake.fetcher().fetch_each(requests, self._more, stopping=self._stopping)

    def _more(self) -> list[FetchRequest]:
        """Further requests, if there may be any, while servers that hang are waited for."""
        if not self._claims.may_claim(meanwhile=self._meanwhile):
            return []
        # What is done must not wait as long as they.
        self._ready.extend(self._done())
        self._ready.extend(self._save_quiet())
        self._claims.keep()
        return self._requests(self._claims.claim(meanwhile=self._meanwhile))

    def _requests(self, claimed: Sequence[Polled]) -> list[FetchRequest]:
        """Return what to ask of those that join ``_waiting``; the others are ``_ready`` at once."""
        for source, state in claimed:
            if source.kind is SourceKind.FOLDER:
                self._ready.append(self._answers.read_folder(source, state, self._zone))
        feeds = {claim[0].id: claim for claim in claimed if claim[0].kind is not SourceKind.FOLDER}
        self._ready.extend(self._leave_alone(feeds))
        requests: list[FetchRequest] = []
        agent = self._intake.agent()
        for source, state in feeds.values():
            try:
                requests.append(source_request(source, state, agent=agent))
                self._waiting[source.id] = source, state
            except FetchError as error:
                self._ready.append(self._storing.save_failure(source, state, error, self._clock.now()))
        return requests

    def _leave_alone(self, feeds: dict[int, Polled]) -> Iterable[SourceOutcome]:
        """Take out those whose server asked for a pause, whichever request it answered with that."""
        with self._intake.store.read() as connection:
            busy = robots_store.paused_origins(connection, self._clock.now())
        if not busy:
            return
        alone = [
            (source, asked_to_wait(state, busy[origin]))
            for source, state in feeds.values()
            if (origin := origin_of(polled_url(source.url, state))) in busy
        ]
        for source, _ in alone:
            del feeds[source.id]
        if alone:
            self._quiet += alone
            yield from self._save_quiet()

    def _told(self) -> Iterable[SourceOutcome]:
        while self._ready:
            yield self._ready.popleft()

    def _done(self) -> Iterable[SourceOutcome]:
        """Return the results of the first batches, as far as they are done."""
        while self._running and self._running[0].done():
            yield from self._settled(self._running.popleft())

    def _settled(self, taken: Future[list[SourceOutcome | Polled]]) -> Iterable[SourceOutcome]:
        """The outcomes that are stored; those that are not yet join ``_quiet``."""
        for result in taken.result():
            if isinstance(result, SourceOutcome):
                yield result
            else:
                self._quiet.append(result)

    def _save_quiet(self) -> Iterable[SourceOutcome]:
        """Store what polls without news leave, and forget them."""
        if not self._quiet:
            return
        with self._intake.store.write() as connection:
            polls = [(source.id, after) for source, after in self._quiet]
            source_store.save_unchanged_polls(connection, polls, owner=self._intake.owner)
        for source, after in self._quiet:
            warning = f"{source.name} was not asked: {PAUSE}" if after.not_before else ""
            yield SourceOutcome(name=source.name, unchanged=True, warning=warning)
        self._quiet.clear()
