"""Common steps of jobs that read untrusted documents: fetch, parse, decide, store.

Feeds, parts of sitemaps, pages of articles and what hubs send come in by different jobs. What
they say becomes articles here, in one transaction with whatever the job has to remember of it.
"""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from syndicate.ingest.article_rules import Rule
from syndicate.ingest.identity import EntryMatch
from syndicate.ingest.page.full_text import PageOptions
from syndicate.ingest.poll_schedule import PollingOptions
from syndicate.ingest.worker.parser_pool import ParserPool
from syndicate.jobs.ingest.document_content import DocumentContent
from syndicate.jobs.ingest.entry_plan import EntryPlan, decide_entries
from syndicate.jobs.ingest.page_queue import change_articles, note_found, pages_to_read
from syndicate.jobs.ingest.poll_result import SourceOutcome
from syndicate.model import NewArticle, ParsedSource, QueuedPage, Source
from syndicate.net import FetchThread, UserAgent
from syndicate.store import Connection, Store
from syndicate.store.core import quarantine
from syndicate.store.ingest import article_store, known_articles, tombstones

AlsoWrite = Callable[[Connection, Sequence[NewArticle]], None]
"""Called in the transaction that stores what was read, with the articles that are new."""
AlsoWriteAll = Callable[[Connection, Sequence[Sequence[NewArticle]]], None]
"""The same for several readings: with the new articles of each."""


class LeaseLost(Exception):
    """Another process has the source by now: what this one read is the other's to store."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EntryImporter:
    """The tools of those jobs, and the operator's rules.

    ``fetcher`` and ``parser`` are made on first use: not every run needs them. ``owner`` is the name under
    which this process leases what it reads, ``agent`` what we call ourselves now.
    """

    store: Store
    fetcher: Callable[[], FetchThread]
    parser: Callable[[], ParserPool]
    polling: PollingOptions
    owner: str
    agent: Callable[[], UserAgent]
    rules: tuple[Rule, ...] = ()
    pages: PageOptions = field(default_factory=PageOptions)

    def known_item_hashes(self, source: Source) -> frozenset[str]:
        """Digests of items that need no reading: those we have, and those that failed too often."""
        return self.known_item_hashes_of([source])[source.id]

    def known_item_hashes_of(self, sources: Collection[Source]) -> dict[int, frozenset[str]]:
        """``known_item_hashes`` of each source, by its id."""
        if not sources:
            return {}
        with self.store.read() as connection:
            return known_articles.known_item_hashes(connection, [source.id for source in sources])

    def parse(
        self, body: bytes, url: str, content_type: str, charset: str, known: frozenset[str], **more: Any
    ) -> ParsedSource:
        """Return what a body says, read where it cannot hurt us; raises ``ParseError``.

        See ``known_item_hashes``; ``more`` says how it is to be read (``source_reading.reading_of``).
        """
        return self.parser().parse(
            body, url=url, content_type=content_type, charset=charset, known=known, **more
        )

    def accept(self, reading: DocumentContent, now: datetime, settle: AlsoWrite) -> SourceOutcome:
        """Store what was read, together with whatever ``settle`` writes."""
        return self.accept_all([reading], now, lambda connection, new: settle(connection, new[0]))[0]

    def accept_all(
        self, readings: Sequence[DocumentContent], now: datetime, settle: AlsoWriteAll
    ) -> list[SourceOutcome]:
        """``accept`` for readings of different sources, in one transaction."""
        decided = decide_entries(self.store, self.rules, readings, now)
        takings = [
            self._taking(content, choice, now) for content, choice in zip(readings, decided, strict=True)
        ]
        with self.store.write() as connection:
            added = article_store.add_articles(
                connection, [(taking.source.id, taking.new) for taking in takings]
            )
            for taking in takings:
                _note(connection, taking, now)
            names = [taking.source.name for taking in takings]
            quarantine.clear_failures(connection, "document", names)
            settle(connection, [write.new if ids else () for write, ids in zip(takings, added, strict=True)])
        return [write.outcome(len(ids)) for write, ids in zip(takings, added, strict=True)]

    def _taking(self, reading: DocumentContent, decided: EntryPlan, now: datetime) -> "_PendingWrite":
        decisions = decided.decisions
        new = [
            decision.article for decision in decisions if decision.kind is EntryMatch.NEW and decision.article
        ]
        changed = [
            (decision.existing.id, decision.article)
            for decision in decisions
            if decision.article and decision.existing
        ]
        articles = [] if reading.whole else [*new, *(article for _, article in changed)]
        pages = pages_to_read(self.store, reading, articles, now, self.pages)
        return _PendingWrite(reading=reading, decided=decided, new=new, changed=changed, pages=pages)


@dataclass(frozen=True, slots=True, kw_only=True)
class _PendingWrite:
    """Writes of one reading."""

    reading: DocumentContent
    decided: EntryPlan
    new: Sequence[NewArticle]
    changed: Sequence[tuple[int, NewArticle]]
    pages: Sequence[QueuedPage]

    @property
    def source(self) -> Source:
        return self.reading.source

    def outcome(self, added: int) -> SourceOutcome:
        return SourceOutcome(
            name=self.source.name,
            new=added,
            changed=len(self.changed),
            dropped=len(self.decided.dropped),
            unchanged=not added and not self.changed,
            warning=" ".join(self.reading.parsed.warnings),
        )


def _note(connection: Connection, taking: _PendingWrite, now: datetime) -> None:
    """Everything but the new articles and what a job settles besides."""
    source, decided = taking.source, taking.decided
    change_articles(connection, source.id, taking.changed, whole=taking.reading.whole)
    note_found(connection, source.id, taking.reading.found, taking.pages, now)
    item_hashes = [
        (decision.existing.id, decision.item_hash)
        for decision in decided.decisions
        if decision.existing and decision.item_hash
    ]
    article_store.save_item_hashes(connection, item_hashes)
    pruned_again = [*decided.dropped, *decided.pruned_with_new_id]
    tombstones.save_tombstones(connection, source.id, pruned_again, now)
    tombstones.save_tombstone_hashes(connection, source.id, decided.pruned_again)
    for item_hash, reason in decided.refused:
        quarantine.record_failure(connection, "entry", item_hash, reason, now=now, source_id=source.id)
