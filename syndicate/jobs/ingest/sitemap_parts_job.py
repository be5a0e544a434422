"""Sitemaps job: read the parts of sitemap indexes, each with validators and a schedule of its own.

A part commits its articles, validators and next check time together, like a poll.
"""

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from syndicate.errors import FetchError, ParseError, StoreError, SyndicateError
from syndicate.ingest.page.full_text import select_entries
from syndicate.ingest.poll_schedule import PollOutcome, after_poll, failed, options_for
from syndicate.jobs.ingest.entry_importer import EntryImporter, LeaseLost, write_plans
from syndicate.jobs.ingest.entry_plan import EntryPlan
from syndicate.jobs.ingest.source_reading import outcome_of, parse_request, parser_options, source_request
from syndicate.model import ParsedSource, SourceState
from syndicate.net import Fetched, FetchRequest
from syndicate.store.ingest import part_store
from syndicate.store.ingest.part_store import DuePart
from syndicate.text.privacy import mask_address

log = logging.getLogger("syndicate.sitemaps")

CLAIM_SIZE = 100
LEASE = timedelta(minutes=30)


@dataclass(frozen=True, slots=True, kw_only=True)
class PartsResult:
    """Counts of a run: parts read, articles accepted, and a line for each failure."""

    read: int = 0
    new: int = 0
    failures: tuple[str, ...] = ()

    def summary(self) -> dict[str, int | str]:
        """Return the counts for log, text and JSON."""
        return {"sitemaps": self.read, "new": self.new, "failed": len(self.failures)}


@dataclass(frozen=True, slots=True, kw_only=True)
class SitemapPartsJob:
    """Reads the due parts."""

    importer: EntryImporter

    def run(
        self, now: datetime, *, shard: int | None = None, should_stop: Callable[[], bool] = lambda: False
    ) -> PartsResult:
        """Read every due part, of a ``shard`` or of all; a part that fails is retried later."""
        store, owner = self.importer.store, self.importer.owner
        with store.write() as connection:
            due = part_store.claim_parts(
                connection, now=now, owner=owner, until=now + LEASE, limit=CLAIM_SIZE, shard=shard
            )
        unread = {part.id: part for part in due}
        if not unread:
            return PartsResult()
        added: list[int] = []
        failures: list[str] = []
        requests: list[FetchRequest] = []
        agent = self.importer.agent()
        for part in due:
            try:
                request = source_request(part.source, part.state, url=part.url, key=part.id, agent=agent)
                requests.append(request)
            except FetchError as error:
                failures.append(self._save_failure(unread.pop(part.id), error, now))
        for request, response in self.importer.fetcher().fetch_each(requests, should_stop=should_stop):
            result = self._process(unread.pop(int(str(request.key))), response, now)
            if isinstance(result, str):
                failures.append(result)
            elif result is not None:
                added.append(result)
        with store.write() as connection:
            part_store.release_parts(connection, list(unread), owner=owner)
        return PartsResult(read=len(added), new=sum(added), failures=tuple(failures))

    def _process(self, part: DuePart, response: Fetched | FetchError, now: datetime) -> int | str | None:
        """Return the number of new articles, the reason of a failure, or ``None`` when the lease was lost."""
        try:
            return self._store(part, response, now)
        except (FetchError, ParseError) as error:
            return self._save_failure(part, error, now)
        except StoreError:
            raise
        except LeaseLost:
            return None
        except Exception as error:
            # A traceback repeats its subject, which must not be logged for a private source.
            bug = None if part.source.private else error
            log.error("a sitemap of %s could not be stored", part.source.name, exc_info=bug)  # noqa: TRY400
            problem = SyndicateError(f"{part.url} could not be stored ({type(error).__name__}: {error})")
            return self._save_failure(part, problem, now)

    def _store(self, part: DuePart, response: Fetched | FetchError, now: datetime) -> int:
        """Return the number of new articles stored. Raises ``FetchError`` and ``ParseError``."""
        if isinstance(response, FetchError):
            raise response
        # A permanent redirect of a part does not move the source: the index gives the addresses of its parts.
        outcome = replace(outcome_of(part.source, response), source_name=part.url, permanent_url="")
        if response.unchanged:
            return self._save(part, outcome, now)
        parsed, is_first = self._parse(part, response), part.state.last_success is None
        content = select_entries(part.source, parsed, now, self.importer.pages, first=is_first)
        (plan,) = self.importer.plan([content], now)
        return self._save(part, outcome, now, [plan])

    def _parse(self, part: DuePart, response: Fetched) -> ParsedSource:
        known = self.importer.known_item_hashes({part.source.id: ()})[part.source.id]
        options = parser_options(part.source, part.url)
        parsed = self.importer.parser().parse(parse_request(response, known=known, **options))
        if parsed.parts:
            raise ParseError(f"{part.url} is an index inside an index, which the protocol forbids; not read")
        return parsed

    def _save_failure(self, part: DuePart, error: SyndicateError, now: datetime) -> str:
        """Store a failure; return its reason, without the address of a private source."""
        outcome = failed(part.url, error)
        if part.source.private:
            outcome = replace(outcome, error=mask_address(outcome.error, part.url))
        self._save(part, outcome, now)
        return outcome.error

    def _save(
        self, part: DuePart, outcome: PollOutcome, now: datetime, plans: Sequence[EntryPlan] = ()
    ) -> int:
        """Store the state of a part and its articles; return the number of new articles."""
        after = after_poll(part.state, outcome, now, options_for(part.source, self.importer.polling))
        next_check, owner = self._next_check(part, after, now), self.importer.owner
        with self.importer.store.write() as connection:
            added = write_plans(connection, plans, now)
            if not part_store.save_part(connection, part.id, after, next_check, owner=owner) and plans:
                raise LeaseLost
        return sum(added)

    def _next_check(self, part: DuePart, after: SourceState, now: datetime) -> datetime:
        """Return the next check time; at most once a day for a part whose changes the index announces."""
        longest = now + timedelta(seconds=self.importer.polling.max_interval)
        due = after.next_check or longest
        if part.changed is None or after.error or self.importer.polling.min_interval <= 0:
            return due
        return max(due, longest)
