"""The ingest job: due sources → articles.

Fetching happens on the fetch thread, parsing in worker processes, and one small pool of threads here takes
answers through decide and write: one at a time when they trickle in, several together when they come faster
than they are taken. Only one of these threads works at a time, while the others wait for parsers: competing
for the interpreter costs a fifth of the processor's time. A poll commits its articles, the validators of the
answer and the next check in one transaction: killed before it, the next poll gets the same bytes again.
"""

import logging
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from threading import Lock
from typing import TypeVar
from zoneinfo import ZoneInfo

from syndicate.errors import (
    PAUSE,
    FetchError,
    NotAsked,
    ParseError,
    ParserClosed,
    StoreError,
    SyndicateError,
)
from syndicate.ingest.folders import read_folder
from syndicate.ingest.polling import PollOutcome, after_poll, asked_to_wait
from syndicate.ingest.unchanged import compare, document_digest, is_last
from syndicate.jobs.ingest.claims import Claims
from syndicate.jobs.ingest.inbox import Inbox
from syndicate.jobs.ingest.intake import Intake, LeaseLost
from syndicate.jobs.ingest.one_by_one import Killers
from syndicate.jobs.ingest.poll_reading import Changed, Unread, poll_of, read_alone, read_together
from syndicate.jobs.ingest.poll_storing import PollStoring
from syndicate.jobs.ingest.reading import Poll, reading_of_entries
from syndicate.jobs.ingest.result import IngestResult, SourceOutcome
from syndicate.jobs.ingest.source_reading import file_reader, other_site, outcome_of, source_request
from syndicate.jobs.run_clock import RunClock
from syndicate.model import ParsedSource, Source, SourceKind, SourceState
from syndicate.net import Fetched, FetchRequest
from syndicate.store import robots as robots_store
from syndicate.store import sources as source_store
from syndicate.text.urls import origin_of

log = logging.getLogger("syndicate.ingest")

THREADS = 3
# Of an answer of a known source that much is expected to be new: one in so many bytes.
KNOWN_SHARE = 8
# Polls that brought nothing share a transaction: a crash loses no article, and at most so many next checks.
QUIET = 50


_Polled = tuple[Source, SourceState]
"""A source with the state in which its poll finds it, or the one that a poll without news leaves."""
_Answered = tuple[Source, SourceState, Fetched | FetchError]
T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class IngestJob:
    """Reads what is due. ``zone`` is for dates of local files that name none.

    ``follow_hubs`` is whether hubs that feeds name are taken down for ``jobs.ingest.websub`` to subscribe to.
    """

    intake: Intake
    zone: ZoneInfo
    follow_hubs: bool = False
    _left: list[int] = field(default_factory=list, repr=False)

    def run(
        self,
        now: datetime,
        *,
        names: Sequence[str] | None = None,
        meanwhile: bool = False,
        report: Callable[[SourceOutcome, int], None] = lambda _outcome, _all: None,
        stopping: Callable[[], bool] = lambda: False,
    ) -> IngestResult:
        """Poll every source that is due (or the named ones, due or not) and store what is new.

        One source's failure is its own: it is recorded with the source and the rest goes on. ``report``
        is called with each outcome and the number of sources in this run so far. With ``meanwhile`` also
        what becomes due while servers that hang are waited for is read.
        """
        outcomes: list[SourceOutcome] = []
        # Older than the claims: what is due at their moment is due at that of the clock.
        clock = RunClock(now, still=0.0) if meanwhile else RunClock(now)
        claims = Claims(intake=self.intake, now=now, names=names, left=self._left)
        try:
            # When the parser is closed the program ends, and nothing has failed.
            with suppress(ParserClosed):
                for outcome in self._poll(claims, clock, stopping, meanwhile=meanwhile):
                    claims.held.pop(outcome.name, None)
                    outcomes.append(outcome)
                    report(outcome, len(outcomes) + len(claims.held))
            claims.give_back()
        except StoreError:
            claims.leave()
            raise
        return IngestResult(sources=tuple(outcomes))

    @property
    def _storing(self) -> PollStoring:
        return PollStoring(intake=self.intake, follow_hubs=self.follow_hubs)

    def due(self, now: datetime, *, names: Sequence[str] | None = None) -> list[str]:
        """The names of the sources that the next run would poll."""
        with self.intake.store.read() as connection:
            return source_store.due_sources(connection, now=now, names=names)

    def _poll(
        self, claims: Claims, clock: RunClock, stopping: Callable[[], bool], *, meanwhile: bool
    ) -> Iterable[SourceOutcome]:
        ready: list[SourceOutcome] = []
        waiting: dict[int, _Polled] = {}

        def more() -> list[FetchRequest]:
            if stopping() or not claims.may_claim(meanwhile=meanwhile):
                return []
            # What is done must not wait as long as servers that hang.
            ready.extend(_done(running, quiet))
            ready.extend(self._save_quiet(quiet) if quiet else ())
            claims.keep()
            return self._requests(claims.claim(meanwhile=meanwhile), waiting, ready, clock)

        with ThreadPoolExecutor(THREADS, thread_name_prefix="ingest") as pool:
            inbox: Inbox[_Answered] = Inbox(_bytes_of, _bytes_to_read)
            turn = Lock()
            running: deque[Future[list[SourceOutcome | _Polled]]] = deque()
            quiet: list[_Polled] = []
            while not stopping() and (claimed := claims.claim()):
                requests = self._requests(claimed, waiting, ready, clock)
                for request, answer in self.intake.fetcher().fetch_each(requests, more) if requests else ():
                    inbox.put((*waiting.pop(int(str(request.key))), answer))
                    # One for each answer; those that come too late find none.
                    running.append(pool.submit(self._take, inbox, turn, clock))
                    yield from _done(running, quiet)
                    if len(quiet) >= QUIET:
                        yield from self._save_quiet(quiet)
                    yield from _emptied(ready)
                    if stopping():
                        break
                    claims.keep()
                yield from _emptied(ready)
            for taken in running:
                yield from _settled(taken, quiet)
            if quiet:
                yield from self._save_quiet(quiet)

    def _requests(
        self,
        claimed: Sequence[_Polled],
        waiting: dict[int, _Polled],
        ready: list[SourceOutcome],
        clock: RunClock,
    ) -> list[FetchRequest]:
        """What to ask of those that join ``waiting``; the others are ``ready`` at once."""
        for source, state in claimed:
            if source.kind is SourceKind.FOLDER:
                now = clock.now()
                ready.append(
                    self._careful(source, state, now, partial(self._read_folder, source, state, now))
                )
        feeds = {claim[0].id: claim for claim in claimed if claim[0].kind is not SourceKind.FOLDER}
        ready.extend(self._leave_alone(feeds, clock.now()))
        requests: list[FetchRequest] = []
        agent = self.intake.agent()
        for source, state in feeds.values():
            try:
                requests.append(source_request(source, state, agent=agent))
                waiting[source.id] = source, state
            except FetchError as error:
                ready.append(self._storing.save_failure(source, state, error, clock.now()))
        return requests

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

    def _take(self, inbox: Inbox[_Answered], turn: Lock, clock: RunClock) -> list[SourceOutcome | _Polled]:
        """Some answers, from bytes to rows; whoever waits for a parser lets another thread have its turn."""
        with turn:
            now = clock.now()
            taken, unread = self._look_through(inbox.take(), now)
        if not unread:
            return taken
        read_so_far = list(zip(unread, read_together(self.intake, unread), strict=True))
        with turn:
            polls: list[Poll] = []
            for one, parsed in read_so_far:
                if parsed is None:
                    continue
                read = self._careful(one.source, one.state, now, partial(self._poll_of, one, parsed, now))
                if isinstance(read, Poll):
                    polls.append(read)
                else:
                    taken.append(read)
            taken += self._save_all(polls, now)
        # One of them may cost a parser all its time, so none waits for the others; the longest come last.
        alone = [one for one, parsed in read_so_far if parsed is None]
        for one in sorted(alone, key=lambda unread: len(unread.compared.unseen)):
            read = self._careful(one.source, one.state, now, partial(self._read_alone, one, now))
            with turn:
                taken += self._save_all([read], now) if isinstance(read, Poll) else [read]
        return taken

    def _look_through(
        self, answers: Sequence[_Answered], now: datetime
    ) -> tuple[list[SourceOutcome | _Polled], list[Unread]]:
        """The answers with which nothing is left to do, and those that have to be read."""
        taken: list[SourceOutcome | _Polled] = []
        changed: list[Changed] = []
        for source, state, answer in answers:
            found = self._careful(source, state, now, partial(self._look, source, state, answer, now))
            if isinstance(found, Changed):
                changed.append(found)
            else:
                taken.append(found)
        known = self.intake.known_digests_of([one.source for one in changed])
        unread: list[Unread] = []
        for one in changed:
            work = partial(self._compare, one, known[one.source.id], now)
            compared = self._careful(one.source, one.state, now, work)
            if isinstance(compared, Unread):
                unread.append(compared)
            else:
                taken.append(compared)
        return taken, unread

    def _save_all(self, polls: Sequence[Poll], now: datetime) -> list[SourceOutcome]:
        """Store polls together; if one of them cannot be stored, each by itself: it must stop no other."""
        if len(polls) > 1:
            try:
                return self._storing.save(polls, now)
            except StoreError:
                raise
            except Exception as error:  # noqa: BLE001 - whose it is will show when each is stored by itself
                log.info("of %s polls each is stored by itself (%s)", len(polls), type(error).__name__)
        return [self._careful(one.source, one.state, now, partial(self._save_one, one, now)) for one in polls]

    def _save_one(self, poll: Poll, now: datetime) -> SourceOutcome:
        return self._storing.save([poll], now)[0]

    def _careful(
        self, source: Source, state: SourceState, now: datetime, work: Callable[[], T]
    ) -> T | SourceOutcome:
        """Do what belongs to one source. A bug that it brings out must not stop the others."""
        try:
            return work()
        except (StoreError, ParserClosed):
            raise
        except LeaseLost:
            return SourceOutcome(name=source.name, unchanged=True)
        except Exception as error:
            # A traceback repeats what it was about; that of a private source stays with us.
            bug = None if source.private else error
            log.error("what source %s sent could not be stored", source.name, exc_info=bug)  # noqa: TRY400
            problem = SyndicateError(f"what it sent could not be stored ({type(error).__name__}: {error})")
            return self._storing.save_failure(source, state, problem, now)

    def _nothing_new(
        self, source: Source, state: SourceState, outcome: PollOutcome, now: datetime
    ) -> SourceOutcome | _Polled:
        after = after_poll(state, outcome, now, self._storing.intervals(source))
        # Its address may have to be replaced, which is this source's own affair.
        return self._storing.save_redirected(source, after) if after.permanent_url else (source, after)

    def _save_quiet(self, quiet: list[_Polled]) -> Iterable[SourceOutcome]:
        """Store what these polls leave, and forget them."""
        with self.intake.store.write() as connection:
            polls = [(source.id, after) for source, after in quiet]
            source_store.save_quiet_polls(connection, polls, owner=self.intake.owner)
        for source, after in quiet:
            warning = f"{source.name} was not asked: {PAUSE}" if after.not_before else ""
            yield SourceOutcome(name=source.name, unchanged=True, warning=warning)
        quiet.clear()

    def _look(
        self, source: Source, state: SourceState, answer: Fetched | FetchError, now: datetime
    ) -> SourceOutcome | _Polled | Changed:
        """Whether an answer brings another document than the last one that was read."""
        if isinstance(answer, NotAsked):
            return source, asked_to_wait(state, now + timedelta(seconds=answer.retry_after or 0.0))
        if isinstance(answer, FetchError):
            return self._storing.save_failure(source, state, answer, now)
        elsewhere = other_site(source, answer)
        state = state if elsewhere == state.read_from else replace(state, read_from=elsewhere)
        document = document_digest(answer.body)
        if answer.unchanged or is_last(document, state.frame):
            return self._nothing_new(source, state, outcome_of(source, answer), now)
        return Changed(source=source, state=state, answer=answer, document=document)

    def _compare(
        self, changed: Changed, known: frozenset[str], now: datetime
    ) -> SourceOutcome | _Polled | Unread:
        """Whether a changed document has to be read."""
        source, state, answer = changed.source, changed.state, changed.answer
        compared = compare(answer.body, changed.document, state.frame, known)
        if compared.nothing_new:
            state = replace(state, frame=compared.frame)
            return self._nothing_new(source, state, outcome_of(source, answer), now)
        # Of a large document that is known but for an item, only that is kept while it is read and stored.
        answer = replace(answer, body=b"")
        return Unread(source=source, state=state, answer=answer, known=known, compared=compared)

    def _poll_of(
        self, unread: Unread, parsed: ParsedSource | ParseError, now: datetime, killers: Killers = ()
    ) -> SourceOutcome | Poll:
        if isinstance(parsed, ParseError):
            return self._storing.save_failure(unread.source, unread.state, parsed, now)
        return poll_of(unread, parsed, killers, now, self.intake.pages)

    def _read_alone(self, unread: Unread, now: datetime) -> SourceOutcome | Poll:
        try:
            parsed, killers = read_alone(self.intake, unread)
        except ParserClosed:
            raise
        except ParseError as error:
            return self._poll_of(unread, error, now)
        return self._poll_of(unread, parsed, now, killers)

    def _read_folder(self, source: Source, state: SourceState, now: datetime) -> SourceOutcome:
        try:
            read = file_reader(self.intake.parser, self.zone)
            known = self.intake.known_digests(source)
            parsed = read_folder(Path(source.url), known=known, read=read)
        except ParserClosed:
            raise
        except SyndicateError as error:
            return self._storing.save_failure(source, state, error, now)
        reading = reading_of_entries(source, parsed)
        poll = Poll(state=state, outcome=PollOutcome(source_name=source.name), reading=reading)
        return self._save_all([poll], now)[0]


def _bytes_of(answered: _Answered) -> int:
    answer = answered[2]
    return len(answer.body) if isinstance(answer, Fetched) else 0


def _bytes_to_read(answered: _Answered) -> int:
    """How much of an answer will have to be read: of a source that was read before, most likely little."""
    known = bool(answered[1].frame)
    return _bytes_of(answered) // (KNOWN_SHARE if known else 1)


def _emptied(ready: list[SourceOutcome]) -> Iterable[SourceOutcome]:
    while ready:
        yield ready.pop(0)


def _done(
    running: deque[Future[list[SourceOutcome | _Polled]]], quiet: list[_Polled]
) -> Iterable[SourceOutcome]:
    """What ``_settled`` gives of the first ones, as far as they are done."""
    while running and running[0].done():
        yield from _settled(running.popleft(), quiet)


def _settled(future: Future[list[SourceOutcome | _Polled]], quiet: list[_Polled]) -> Iterable[SourceOutcome]:
    """The outcomes that are stored; those that are not yet join ``quiet``."""
    for result in future.result():
        if isinstance(result, SourceOutcome):
            yield result
        else:
            quiet.append(result)
