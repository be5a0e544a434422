"""Common tools of the jobs that read untrusted documents, and the writing of their plans.

Polls, parts of sitemaps, pages of articles and pushes come in by different jobs. Each job plans the entries
of a document, then writes the plan in a transaction with its own rows (``write_plans``).
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from syndicate.ingest.article_rules import Rule
from syndicate.ingest.page.full_text import DocumentContent, PageOptions
from syndicate.ingest.poll_schedule import PollingOptions
from syndicate.ingest.worker.parser_pool import ParserPool
from syndicate.jobs.ingest.entry_plan import EntryPlan, plan_entries
from syndicate.model import NewArticle
from syndicate.net import FetchThread, UserAgent
from syndicate.store import Connection, Store
from syndicate.store.core import quarantine
from syndicate.store.ingest import article_store, known_articles, page_store, part_store, tombstones
from syndicate.store.ingest.tombstones import Tombstone


class LeaseLost(Exception):
    """The lease of the source ran out and another process took it: nothing is stored here."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EntryImporter:
    """Store, fetcher, parser and rules of the jobs that read untrusted documents.

    ``fetcher`` and ``parser`` start on first use: not every run needs them. ``owner`` is the name of this
    process in leases, ``agent`` its current user agent.
    """

    store: Store
    fetcher: Callable[[], FetchThread]
    parser: Callable[[], ParserPool]
    polling: PollingOptions
    owner: str
    agent: Callable[[], UserAgent]
    rules: Callable[[], tuple[Rule, ...]] = tuple
    pages: PageOptions = field(default_factory=PageOptions)

    def known_item_hashes(self, listed: Mapping[int, Sequence[str]]) -> dict[int, frozenset[str]]:
        """Return, by source id, the hashes of items not to parse: stored, or failed too often.

        They are among the ``listed`` hashes of the source's document. Without any, all hashes of the source
        are read.
        """
        if not listed:
            return {}
        with self.store.read() as connection:
            return known_articles.known_item_hashes(connection, listed)

    def plan(self, contents: Sequence[DocumentContent], now: datetime) -> list[EntryPlan]:
        """Return the rows to write for documents of different sources."""
        return plan_entries(self.store, self.rules(), self.pages, contents, now)


def write_plans(connection: Connection, plans: Sequence[EntryPlan], now: datetime) -> list[int]:
    """Write the plans of documents; return the number of new articles stored of each."""
    added = article_store.add_articles(connection, [(plan.content.source.id, plan.new) for plan in plans])
    for plan in plans:
        content, source_id = plan.content, plan.content.source.id
        _change_articles(connection, source_id, plan.changed, whole=content.whole)
        page_store.queue_pages(connection, source_id, plan.pages, now)
        if content.parsed.parts:
            part_store.save_parts(connection, source_id, content.parts, now)
        article_store.save_item_hashes(connection, plan.new_hashes)
        gone = [*plan.dropped, *plan.pruned_with_new_id]
        gone += [Tombstone(entry_key=key, item_hash=item) for key, item in content.skipped_entries]
        gone += [Tombstone(entry_key=guid, item_hash=tombstones.SHARED) for guid in plan.shared_guids]
        tombstones.save_tombstones(connection, source_id, gone, now)
        tombstones.save_tombstone_hashes(connection, source_id, plan.pruned_again)
        for item_hash, reason in plan.refused:
            quarantine.record_failure(connection, "entry", item_hash, reason, now=now, source_id=source_id)
    quarantine.clear_failures(connection, "document", [plan.content.source.name for plan in plans])
    return [len(ids) for ids in added]


def _change_articles(
    connection: Connection, source_id: int, changed: Sequence[tuple[int, NewArticle]], *, whole: bool
) -> None:
    """Store edits; a short text replaces the full text of a page only if it is the ``whole`` text."""
    words = {} if whole else page_store.full_text_words(connection, [article_id for article_id, _ in changed])
    for article_id, article in changed:
        keep = article.words < words.get(article_id, 0)
        article_store.change_article(connection, article_id, source_id, article, keep_text=keep)
