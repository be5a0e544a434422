"""The second half of reading a sitemap index: its parts, each with validators and a schedule of its own.

A part and its articles are committed together, like a poll.
"""

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from syndicate.errors import FetchError, ParseError, StoreError, SyndicateError
from syndicate.ingest.page.full_text import sort_entries
from syndicate.ingest.poll_schedule import PollOutcome, after_poll, failed, options_for
from syndicate.jobs.ingest.document_content import DocumentContent
from syndicate.jobs.ingest.entry_importer import EntryImporter, LeaseLost
from syndicate.jobs.ingest.source_reading import outcome_of, reading_of, source_request
from syndicate.model import NewArticle, ParsedSource, SourceState
from syndicate.net import Fetched
from syndicate.store import Connection
from syndicate.store.ingest import part_store
from syndicate.store.ingest.part_store import DuePart
from syndicate.text.privacy import hide_address

log = logging.getLogger("syndicate.sitemaps")

CLAIM = 100
LEASE = timedelta(minutes=30)


@dataclass(frozen=True, slots=True, kw_only=True)
class PartsResult:
    """Counts of one run: parts read, articles accepted, and a line for each failure."""

    read: int = 0
    new: int = 0
    failures: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class SitemapPartsJob:
    """Reads the parts that are due."""

    intake: EntryImporter

    def run(self, now: datetime, *, stopping: Callable[[], bool] = lambda: False) -> PartsResult:
        """Read every part that is due; one that fails is tried again later and hurts no other."""
        with self.intake.store.write() as connection:
            due = part_store.claim_parts(
                connection, now=now, owner=self.intake.owner, until=now + LEASE, limit=CLAIM
            )
        parts = {part.id: part for part in due}
        if not parts:
            return PartsResult()
        read = new = 0
        failures = []
        requests = []
        agent = self.intake.agent()
        for part in due:
            try:
                request = source_request(part.source, part.state, url=part.url, key=part.id, agent=agent)
                requests.append(request)
            except FetchError as error:
                failures.append(self._failed(parts.pop(part.id), error, now))
        for request, answer in self.intake.fetcher().fetch_each(requests, stopping=stopping):
            part = parts.pop(int(str(request.key)))
            try:
                new += self._take(part, answer, now)
                read += 1
            except (FetchError, ParseError) as error:
                failures.append(self._failed(part, error, now))
            except StoreError:
                raise
            except LeaseLost:
                continue
            except Exception as error:
                # A traceback repeats what it was about; that of a private source stays with us.
                bug = None if part.source.private else error
                log.error("a sitemap of %s could not be stored", part.source.name, exc_info=bug)  # noqa: TRY400
                problem = SyndicateError(f"{part.url} could not be stored ({type(error).__name__}: {error})")
                failures.append(self._failed(part, problem, now))
        with self.intake.store.write() as connection:
            part_store.release_parts(connection, list(parts), owner=self.intake.owner)
        return PartsResult(read=read, new=new, failures=tuple(failures))

    def _failed(self, part: DuePart, error: SyndicateError, now: datetime) -> str:
        """Note a failure; returns what may be told of it."""
        outcome = failed(part.url, error)
        if part.source.private:
            outcome = replace(outcome, error=hide_address(outcome.error, part.url))
        self._save(part, outcome, now)
        return outcome.error

    def _take(self, part: DuePart, answer: Fetched | FetchError, now: datetime) -> int:
        """Store what a part brought; the number of new articles. Raises ``FetchError`` and ``ParseError``."""
        if isinstance(answer, FetchError):
            raise answer
        # An index names where its parts are: one that moved is no moved source.
        outcome = replace(outcome_of(part.source, answer), source_name=part.url, permanent_url="")
        if answer.unchanged:
            self._save(part, outcome, now)
            return 0
        parsed = self._parsed(part, answer)
        found = sort_entries(
            part.source, parsed, now, self.intake.pages, first=part.state.last_success is None
        )
        after = after_poll(part.state, outcome, now, options_for(part.source, self.intake.polling))

        def settle(connection: Connection, _new: Sequence[NewArticle]) -> None:
            next_check = self._next_check(part, after, now)
            if not part_store.save_part(connection, part.id, after, next_check, owner=self.intake.owner):
                raise LeaseLost

        reading = DocumentContent(source=part.source, parsed=found.parsed, found=found)
        return self.intake.accept(reading, now, settle).new

    def _parsed(self, part: DuePart, answer: Fetched) -> ParsedSource:
        parsed = self.intake.parse(
            answer.body,
            answer.url,
            answer.content_type,
            answer.charset,
            self.intake.known_item_hashes(part.source),
            **(reading_of(part.source) | {"asked": part.url}),
        )
        if parsed.parts:
            raise ParseError(f"{part.url} is an index inside an index, which the protocol forbids; not read")
        return parsed

    def _save(self, part: DuePart, outcome: PollOutcome, now: datetime) -> None:
        after = after_poll(part.state, outcome, now, options_for(part.source, self.intake.polling))
        with self.intake.store.write() as connection:
            part_store.save_part(
                connection, part.id, after, self._next_check(part, after, now), owner=self.intake.owner
            )

    def _next_check(self, part: DuePart, after: SourceState, now: datetime) -> datetime:
        """A part whose changes the index tells need not be asked in between more than once a day."""
        due = after.next_check or now + timedelta(seconds=self.intake.polling.max_interval)
        if part.changed is None or after.error or self.intake.polling.min_interval <= 0:
            return due
        return max(due, now + timedelta(seconds=self.intake.polling.max_interval))
