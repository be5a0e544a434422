"""What every job that reads strangers' documents does alike: ask, parse, decide, store.

Feeds, parts of sitemaps, pages of articles and what hubs send come in by different jobs. What
they say becomes articles here, in one transaction with whatever the job has to remember of it.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from syndicate.ingest.full_text import PageOptions, SortedEntries
from syndicate.ingest.identity import Kind
from syndicate.ingest.polling import PollingOptions
from syndicate.ingest.rules import Rule
from syndicate.jobs.decided import decide_entries
from syndicate.jobs.ingest_result import SourceOutcome
from syndicate.jobs.source_reading import Parser
from syndicate.jobs.wanted import change_articles, note_found, pages_to_read
from syndicate.model import NewArticle, ParsedSource, Source
from syndicate.net import FetchThread, UserAgent
from syndicate.store import Connection, Store, quarantine, tombstones
from syndicate.store import articles as article_store

Settle = Callable[[Connection, Sequence[NewArticle]], None]
"""Called in the transaction that stores what was read, with the articles that are new."""


class LeaseLost(Exception):
    """Another process has the source by now: what this one read is the other's to store."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Intake:
    """The tools of those jobs, and the operator's rules.

    ``fetcher`` and ``parser`` are made on first use: not every run needs them. ``owner`` is the name under
    which this process leases what it reads, ``agent`` what we call ourselves now.
    """

    store: Store
    fetcher: Callable[[], FetchThread]
    parser: Callable[[], Parser]
    polling: PollingOptions
    owner: str
    agent: Callable[[], UserAgent]
    rules: tuple[Rule, ...] = ()
    pages: PageOptions = field(default_factory=PageOptions)

    def known_digests(self, source: Source) -> frozenset[str]:
        """Digests of items that need no reading: those we have, and those that failed too often."""
        with self.store.read() as connection:
            return article_store.known_digests(connection, source.id)

    def parse(
        self, body: bytes, url: str, content_type: str, charset: str, known: frozenset[str], **more: Any
    ) -> ParsedSource:
        """What a body says, read where it cannot hurt us; raises ``ParseError``.

        See ``known_digests``; ``more`` says how it is to be read (``source_reading.reading_of``).
        """
        return self.parser().parse(
            body, url=url, content_type=content_type, charset=charset, known=known, **more
        )

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
            buried = [*decided.dropped, *decided.buried_again]
            tombstones.remember_dropped(connection, source.id, buried, now)
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
