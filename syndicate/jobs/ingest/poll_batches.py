"""Answers → rows: which of them bring something new, what that says, and what is stored of it.

One source's failure is its own, whatever it is: each step is done with care for one source after the other,
and what cannot be done for several together is done for each alone.
"""

import logging
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from threading import Lock
from typing import TypeVar
from zoneinfo import ZoneInfo

from syndicate.errors import FetchError, NotAsked, ParseError, ParserClosed, StoreError, SyndicateError
from syndicate.ingest.feed.change_detection import compare, hash_document, is_last
from syndicate.ingest.folder.folder_reader import read_folder
from syndicate.ingest.identity import has_date
from syndicate.ingest.poll_schedule import PollOutcome, after_poll, asked_to_wait, options_for
from syndicate.jobs.ingest.batch_queue import Inbox
from syndicate.jobs.ingest.crashing_items import CrashingItems
from syndicate.jobs.ingest.document_content import Poll, dates_by_sight, reading_of_entries
from syndicate.jobs.ingest.entry_importer import EntryImporter, LeaseLost
from syndicate.jobs.ingest.poll_parsing import ChangedDocument, Unread, poll_of, read_alone, read_together
from syndicate.jobs.ingest.poll_result import SourceOutcome
from syndicate.jobs.ingest.poll_storing import PollStoring
from syndicate.jobs.ingest.source_reading import file_reader, other_site, outcome_of
from syndicate.jobs.run_clock import RunClock
from syndicate.model import ParsedSource, Source, SourceState
from syndicate.net import Fetched

log = logging.getLogger("syndicate.ingest")

# Of an answer of a known source that much is expected to be new: one in so many bytes.
KNOWN_SHARE = 8

Polled = tuple[Source, SourceState]
"""A source with the state in which its poll finds it, or the one that a poll without news leaves."""
_Answered = tuple[Source, SourceState, Fetched | FetchError]
T = TypeVar("T")


class Answers:
    """The answers of one run, and what becomes of them.

    Several threads may ``take`` some. Only one of them works at a time, while the others wait for parsers:
    competing for the interpreter costs a fifth of the processor's time.
    """

    def __init__(self, intake: EntryImporter, storing: PollStoring, clock: RunClock) -> None:
        self._intake = intake
        self._storing = storing
        self._clock = clock
        self._inbox: Inbox[_Answered] = Inbox(_bytes_of, _bytes_to_read)
        self._turn = Lock()

    def put(self, polled: Polled, answer: Fetched | FetchError) -> None:
        """An answer has come; waits while too many wait."""
        self._inbox.put((*polled, answer))

    def take(self) -> list[SourceOutcome | Polled]:
        """Process a batch of responses; release the lock while a parser works."""
        with self._turn:
            now = self._clock.now()
            taken, unread = self._look_through(self._inbox.take(), now)
        if not unread:
            return taken
        read_so_far = list(zip(unread, read_together(self._intake, unread), strict=True))
        with self._turn:
            polls: list[Poll] = []
            for item, parsed in read_so_far:
                if parsed is None:
                    continue
                read = self._isolate_errors(
                    item.source, item.state, now, partial(self._poll_of, item, parsed, now)
                )
                if isinstance(read, Poll):
                    polls.append(read)
                else:
                    taken.append(read)
            taken += self._save_all(polls, now)
        # One of them may cost a parser all its time, so none waits for the others; the longest come last.
        alone = [unread for unread, parsed in read_so_far if parsed is None]
        for item in sorted(alone, key=lambda unread: len(unread.compared.unseen)):
            read = self._isolate_errors(item.source, item.state, now, partial(self._read_alone, item, now))
            with self._turn:
                taken += self._save_all([read], now) if isinstance(read, Poll) else [read]
        return taken

    def read_folder(self, source: Source, state: SourceState, zone: ZoneInfo) -> SourceOutcome:
        """Read a source without requests; ``zone`` is for dates that name none."""
        now = self._clock.now()
        return self._isolate_errors(source, state, now, partial(self._read_folder, source, state, now, zone))

    def _look_through(
        self, answers: Sequence[_Answered], now: datetime
    ) -> tuple[list[SourceOutcome | Polled], list[Unread]]:
        """The answers with which nothing is left to do, and those that have to be read."""
        taken: list[SourceOutcome | Polled] = []
        changed: list[ChangedDocument] = []
        for source, state, answer in answers:
            found = self._isolate_errors(source, state, now, partial(self._look, source, state, answer, now))
            if isinstance(found, ChangedDocument):
                changed.append(found)
            else:
                taken.append(found)
        known = self._intake.known_item_hashes_of([document.source for document in changed])
        unread: list[Unread] = []
        for document in changed:
            work = partial(self._compare, document, known[document.source.id], now)
            compared = self._isolate_errors(document.source, document.state, now, work)
            if isinstance(compared, Unread):
                unread.append(compared)
            else:
                taken.append(compared)
        return taken, unread

    def _look(
        self, source: Source, state: SourceState, answer: Fetched | FetchError, now: datetime
    ) -> SourceOutcome | Polled | ChangedDocument:
        """Return whether an answer brings another document than the last one that was read."""
        if isinstance(answer, NotAsked):
            return source, asked_to_wait(state, now + timedelta(seconds=answer.retry_after or 0.0))
        if isinstance(answer, FetchError):
            return self._storing.save_failure(source, state, answer, now)
        elsewhere = other_site(source, answer)
        state = state if elsewhere == state.read_from else replace(state, read_from=elsewhere)
        document = hash_document(answer.body)
        if answer.unchanged or is_last(document, state.feed_skeleton_hash):
            return self._nothing_new(source, state, outcome_of(source, answer), now)
        return ChangedDocument(source=source, state=state, answer=answer, document=document)

    def _compare(
        self, changed: ChangedDocument, known: frozenset[str], now: datetime
    ) -> SourceOutcome | Polled | Unread:
        """Return whether a changed document has to be read."""
        source, state, answer = changed.source, changed.state, changed.answer
        compared = compare(answer.body, changed.document, state.feed_skeleton_hash, known)
        if compared.nothing_new:
            state = replace(state, feed_skeleton_hash=compared.feed_skeleton_hash)
            return self._nothing_new(source, state, outcome_of(source, answer), now)
        # Of a large document that is known but for an item, only that is kept while it is read and stored.
        answer = replace(answer, body=b"")
        return Unread(source=source, state=state, answer=answer, known=known, compared=compared)

    def _nothing_new(
        self, source: Source, state: SourceState, outcome: PollOutcome, now: datetime
    ) -> SourceOutcome | Polled:
        after = after_poll(state, outcome, now, options_for(source, self._intake.polling))
        # Its address may have to be replaced, which is this source's own affair.
        return self._storing.save_redirected(source, after) if after.permanent_url else (source, after)

    def _read_alone(self, unread: Unread, now: datetime) -> SourceOutcome | Poll:
        try:
            parsed, killers = read_alone(self._intake, unread)
        except ParserClosed:
            raise
        except ParseError as error:
            return self._poll_of(unread, error, now)
        return self._poll_of(unread, parsed, now, killers)

    def _poll_of(
        self, unread: Unread, parsed: ParsedSource | ParseError, now: datetime, killers: CrashingItems = ()
    ) -> SourceOutcome | Poll:
        if isinstance(parsed, ParseError):
            return self._storing.save_failure(unread.source, unread.state, parsed, now)
        return poll_of(unread, parsed, killers, now, self._intake.pages)

    def _save_all(self, polls: Sequence[Poll], now: datetime) -> list[SourceOutcome]:
        """Store polls together; if one of them cannot be stored, each by itself: it must stop no other."""
        if len(polls) > 1:
            try:
                return self._storing.save(polls, now)
            except StoreError:
                raise
            except Exception as error:  # noqa: BLE001 - whose it is will show when each is stored by itself
                log.info("of %s polls each is stored by itself (%s)", len(polls), type(error).__name__)
        return [
            self._isolate_errors(poll.source, poll.state, now, partial(self._save_one, poll, now))
            for poll in polls
        ]

    def _save_one(self, poll: Poll, now: datetime) -> SourceOutcome:
        return self._storing.save([poll], now)[0]

    def _isolate_errors(
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

    def _read_folder(
        self, source: Source, state: SourceState, now: datetime, zone: ZoneInfo
    ) -> SourceOutcome:
        try:
            read = file_reader(self._intake.parser, zone)
            known = self._intake.known_item_hashes(source)
            parsed = read_folder(Path(source.url), known=known, read=read)
        except ParserClosed:
            raise
        except SyndicateError as error:
            return self._storing.save_failure(source, state, error, now)
        undated = sum(not has_date(entry, now) for entry in parsed.entries)
        if undated and state.last_success is None:
            warning = (
                f"{undated} of {len(parsed.entries)} files say no date, so they are archive, in no list and "
                "no newsletter: write one into them, such as date: 2026-11-27"
            )
            parsed = replace(parsed, warnings=(*parsed.warnings, warning))
        reading = reading_of_entries(source, parsed, by_sight=dates_by_sight(source, state))
        poll = Poll(state=state, outcome=PollOutcome(source_name=source.name), reading=reading)
        return self._save_all([poll], now)[0]


def _bytes_of(answered: _Answered) -> int:
    answer = answered[2]
    return len(answer.body) if isinstance(answer, Fetched) else 0


def _bytes_to_read(answered: _Answered) -> int:
    """Return how much of an answer has to be parsed: little for a source that was read before."""
    known = bool(answered[1].feed_skeleton_hash)
    return _bytes_of(answered) // (KNOWN_SHARE if known else 1)
