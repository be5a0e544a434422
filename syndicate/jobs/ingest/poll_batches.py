"""Process responses of polls in batches, from bytes to rows: compare, parse, store.

The errors of a source are isolated: each step runs for each source alone, and a batch that cannot be parsed
or stored together is parsed or stored source by source.
"""

import logging
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from threading import Condition, Lock
from typing import NamedTuple, TypeVar
from zoneinfo import ZoneInfo

from syndicate.errors import FetchError, NotAsked, ParseError, ParserClosed, StoreError, SyndicateError
from syndicate.ingest.feed.change_detection import (
    SplitDocument,
    diff_document,
    document_hash,
    is_last_document,
    listed_hashes,
    split_items,
)
from syndicate.ingest.folder.folder_reader import read_folder
from syndicate.ingest.identity import has_date
from syndicate.ingest.page.full_text import DocumentContent
from syndicate.ingest.poll_schedule import PollOutcome, after_poll, options_for, paused_until
from syndicate.jobs.ingest import source_reading
from syndicate.jobs.ingest.claims import Claim
from syndicate.jobs.ingest.entry_importer import EntryImporter, LeaseLost
from syndicate.jobs.ingest.entry_plan import SourceOutcome, dates_by_first_seen
from syndicate.jobs.ingest.poll_parsing import ChangedDocument, Poll, parse_alone, parse_together, parsed_poll
from syndicate.jobs.ingest.poll_records import QuietPoll, record_of, response_body
from syndicate.jobs.ingest.poll_storing import PollStoring
from syndicate.jobs.run_clock import RunClock
from syndicate.model import ParsedSource, Source, SourceState
from syndicate.net import Fetched

log = logging.getLogger("syndicate.ingest")

MAX_BATCH = 16
MAX_BATCH_BYTES = 1_000_000
"""A batch with more bytes to parse takes no further response."""
MAX_QUEUED = 2 * MAX_BATCH
MAX_QUEUED_BYTES = 8 * MAX_BATCH_BYTES
KNOWN_SHARE = 8
"""Expected bytes of a known source's response per byte to parse."""

SourceResponse = tuple[Source, SourceState, Fetched | FetchError]
T = TypeVar("T")


class _Changed(NamedTuple):
    """Response with another document than the last parsed document; ``item_hash`` is the document's.

    ``listed`` are the hashes of its items, empty if the parser may hash other bytes, and for a source never
    read before, of which no hash is stored.
    """

    source: Source
    state: SourceState
    response: Fetched
    item_hash: str
    split: SplitDocument
    listed: Sequence[str]


class BatchQueue:
    """Queue of responses between the network and the threads that process them."""

    def __init__(self) -> None:
        self._waiting: deque[SourceResponse] = deque()
        self._bytes = 0
        self._changed = Condition()

    def put(self, response: SourceResponse) -> None:
        """Add a response; waits while the queue is full."""
        with self._changed:
            self._changed.wait_for(lambda: len(self._waiting) < MAX_QUEUED and self._bytes < MAX_QUEUED_BYTES)
            self._waiting.append(response)
            self._bytes += _size(response)

    def take(self) -> list[SourceResponse]:
        """Return the waiting responses in their order, up to a batch; never waits to fill a batch."""
        batch: list[SourceResponse] = []
        bytes_to_parse = 0
        with self._changed:
            while self._waiting and len(batch) < MAX_BATCH and bytes_to_parse <= MAX_BATCH_BYTES:
                response = self._waiting.popleft()
                batch.append(response)
                bytes_to_parse += _size(response) // (KNOWN_SHARE if response[1].feed_skeleton_hash else 1)
                self._bytes -= _size(response)
            self._changed.notify()
        return batch


def _size(response: SourceResponse) -> int:
    fetched = response[2]
    return len(fetched.body) if isinstance(fetched, Fetched) else 0


class PollBatches:
    """Processes the responses of a run; several threads may call ``process``.

    A single thread works at a time while the others wait for parsers: competing for the interpreter lock
    costs a fifth of the processor time.
    """

    def __init__(self, importer: EntryImporter, storing: PollStoring, clock: RunClock) -> None:
        self._importer = importer
        self.storing = storing
        self._clock = clock
        self._queue = BatchQueue()
        self._lock = Lock()

    def put(self, claim: Claim, response: Fetched | FetchError) -> None:
        """Queue a response; waits while the queue is full."""
        self._queue.put((*claim, response))

    def process(self) -> list[SourceOutcome | QuietPoll]:
        """Process a batch of responses; release the lock while a parser works.

        Returns the outcomes of stored polls, and the polls without news, which the caller stores.
        """
        with self._lock:
            now = self._clock.now()
            results, documents = self._compare_all(self._queue.take(), now)
        if not documents:
            return results
        parsed = parse_together(self._importer, documents)
        with self._lock:
            polls: list[Poll] = []
            for document, content in zip(documents, parsed, strict=True):
                if content is None:
                    continue
                result = self._isolated(document, now, partial(self._parsed_poll, document, content, now))
                if isinstance(result, Poll):
                    polls.append(result)
                else:
                    results.append(result)
            results += self._save_all(polls, now)
        # A document that crashes parsers must not delay the others: each is stored at once, the longest last.
        alone = [document for document, content in zip(documents, parsed, strict=True) if content is None]
        for document in sorted(alone, key=lambda document: len(document.request.body)):
            result = self._isolated(document, now, partial(self._parse_alone, document, now))
            with self._lock:
                results += self._save_all([result], now) if isinstance(result, Poll) else [result]
        return results

    def _compare_all(
        self, batch: Sequence[SourceResponse], now: datetime
    ) -> tuple[list[SourceOutcome | QuietPoll], list[ChangedDocument]]:
        """Return the results of responses without news, and the documents to parse."""
        results: list[SourceOutcome | QuietPoll] = []
        changed: list[_Changed] = []
        for source, state, response in batch:
            look = partial(self._first_look, source, state, response, now)
            first = self._isolate_errors(source, state, now, look)
            if isinstance(first, _Changed):
                changed.append(first)
            else:
                results.append(first)
        listed = {document.source.id: document.listed for document in changed}
        known = self._importer.known_item_hashes(listed)
        documents: list[ChangedDocument] = []
        for document in changed:
            compare_items = partial(self._compare, document, known[document.source.id], now)
            compared = self._isolated(document, now, compare_items)
            if isinstance(compared, ChangedDocument):
                documents.append(compared)
            else:
                results.append(compared)
        return results, documents

    def _first_look(
        self, source: Source, state: SourceState, response: Fetched | FetchError, now: datetime
    ) -> SourceOutcome | QuietPoll | _Changed:
        """Return a changed document, or the result of the poll."""
        if isinstance(response, NotAsked):
            paused = paused_until(state, now + timedelta(seconds=response.retry_after or 0.0))
            return QuietPoll(source, paused, record_of(source, "put_off", now))
        if isinstance(response, FetchError):
            return self.storing.save_failure(source, state, response, now)
        elsewhere = source_reading.other_site(source, response)
        state = state if elsewhere == state.read_from else replace(state, read_from=elsewhere)
        item_hash = document_hash(response.body)
        if response.unchanged or is_last_document(item_hash, state.feed_skeleton_hash):
            return self._nothing_new(source, state, response, now)
        split = split_items(response.body)
        listed = listed_hashes(response.body, split) if source.kind.is_feed and state.last_success else ()
        return _Changed(source, state, response, item_hash, split, listed)

    def _compare(
        self, changed: _Changed, known: frozenset[str], now: datetime
    ) -> SourceOutcome | QuietPoll | ChangedDocument:
        """Return the document to parse, reduced to its unknown items, or the result of the poll."""
        source, state, response, item_hash, split, _ = changed
        compared = diff_document(response.body, split, item_hash, state.feed_skeleton_hash, known)
        if compared.has_only_known_items:
            state = replace(state, feed_skeleton_hash=compared.feed_skeleton_hash)
            return self._nothing_new(source, state, response, now)
        # The comparison has left out the known items already, or none.
        known_to_parser = frozenset() if compared.seen else known
        return ChangedDocument(
            source=source,
            state=state,
            # The body may be large, and the request has the unknown items.
            response=replace(response, body=response_body(response)),
            known=known,
            compared=compared,
            request=source_reading.parse_request(
                response, body=compared.unseen, known=known_to_parser, **source_reading.parser_options(source)
            ),
        )

    def _nothing_new(
        self, source: Source, state: SourceState, response: Fetched, now: datetime
    ) -> SourceOutcome | QuietPoll:
        options = options_for(source, self._importer.polling)
        after = after_poll(state, source_reading.outcome_of(source, response), now, options)
        # The redirect may replace the source's address, which is stored for each source alone.
        outcome = "unchanged" if response.status == 304 else "equal"
        poll = QuietPoll(
            source, after, record_of(source, outcome, now, response.exchange, keep=bool(state.failures))
        )
        return self.storing.save_redirected(poll, now) if after.permanent_url else poll

    def _parse_alone(self, document: ChangedDocument, now: datetime) -> SourceOutcome | Poll:
        try:
            parsed, crashing_items = parse_alone(self._importer, document)
        except ParserClosed:
            raise
        except ParseError as error:
            return self._parsed_poll(document, error, now)
        return parsed_poll(document, parsed, now, self._importer.pages, crashing_items)

    def _parsed_poll(
        self, document: ChangedDocument, parsed: ParsedSource | ParseError, now: datetime
    ) -> SourceOutcome | Poll:
        if isinstance(parsed, ParseError):
            return self.storing.save_failure(document.source, document.state, parsed, now, document.response)
        return parsed_poll(document, parsed, now, self._importer.pages)

    def _save_all(self, polls: Sequence[Poll], now: datetime) -> list[SourceOutcome]:
        """Store polls in a single transaction; if that fails, each poll in its own."""
        if len(polls) > 1:
            try:
                return self.storing.save(polls, now)
            except StoreError:
                raise
            except Exception as error:  # noqa: BLE001 - storing each poll alone shows the faulty source
                log.info("%s polls are stored one by one (%s)", len(polls), type(error).__name__)
        return [self._isolated(poll, now, partial(self._save_one, poll, now)) for poll in polls]

    def _save_one(self, poll: Poll, now: datetime) -> SourceOutcome:
        return self.storing.save([poll], now)[0]

    def _isolated(
        self, of: "_Changed | ChangedDocument | Poll", now: datetime, work: Callable[[], T]
    ) -> T | SourceOutcome:
        return self._isolate_errors(of.source, of.state, now, work)

    def _isolate_errors(
        self, source: Source, state: SourceState, now: datetime, work: Callable[[], T]
    ) -> T | SourceOutcome:
        """Do the work of a source; a bug that its response triggers is stored as the poll's failure."""
        try:
            return work()
        except (StoreError, ParserClosed):
            raise
        except LeaseLost:
            return SourceOutcome(name=source.name, unchanged=True)
        except Exception as error:
            # A traceback repeats its subject, which must not be logged for a private source.
            bug = None if source.private else error
            log.error("the response of source %s could not be stored", source.name, exc_info=bug)  # noqa: TRY400
            problem = SyndicateError(f"its response could not be stored ({type(error).__name__}: {error})")
            return self.storing.save_failure(source, state, problem, now)

    def read_folder(self, source: Source, state: SourceState, zone: ZoneInfo) -> SourceOutcome:
        """Read and store a folder of files; ``zone`` is for dates without a zone."""
        now = self._clock.now()
        return self._isolate_errors(source, state, now, partial(self._read_folder, source, state, now, zone))

    def _read_folder(
        self, source: Source, state: SourceState, now: datetime, zone: ZoneInfo
    ) -> SourceOutcome:
        try:
            known = self._importer.known_item_hashes({source.id: ()})[source.id]
            read = source_reading.file_parser(self._importer.parser, zone)
            parsed = read_folder(Path(source.url), known=known, read=read)
        except ParserClosed:
            raise
        except SyndicateError as error:
            return self.storing.save_failure(source, state, error, now)
        undated = sum(not has_date(entry, now) for entry in parsed.entries)
        if undated and state.last_success is None:
            warning = (
                f"{undated} of {len(parsed.entries)} files have no date, so they are archive, in no list and "
                "no newsletter: write a date into them, such as date: 2026-11-27"
            )
            parsed = replace(parsed, warnings=(*parsed.warnings, warning))
        content = DocumentContent(
            source=source,
            parsed=parsed,
            date_by_first_seen=dates_by_first_seen(source, state),
        )
        poll = Poll(state=state, outcome=PollOutcome(source_name=source.name), content=content)
        return self._save_all([poll], now)[0]
