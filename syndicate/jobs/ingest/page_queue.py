"""Choice of pages to queue, given the results of earlier pages, and other effects of a reading."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from syndicate.ingest.identity import entry_key
from syndicate.ingest.page.full_text import FRUITLESS, PageOptions, SortedEntries, wanted_pages
from syndicate.jobs.ingest.document_content import DocumentContent
from syndicate.model import FullText, NewArticle, QueuedPage, Source, SourceKind
from syndicate.store import Connection, Store
from syndicate.store.ingest import article_store, known_articles, page_store, part_store


def pages_to_read(
    store: Store,
    reading: DocumentContent,
    articles: Sequence[NewArticle],
    now: datetime,
    options: PageOptions,
) -> tuple[QueuedPage, ...]:
    """The pages that only a list named, unless passed over before, and those of ``articles`` that pay.

    Of a source that is read for the first time no page can have been in vain.
    """
    source, found = reading.source, reading.found
    named = _not_buried(store, source, found.pages)
    wanted = wanted_pages(articles, source, found, now, options)
    if wanted and not reading.is_first and _is_fruitless(store, source, now, options):
        wanted = ()
    return (*named, *wanted)


def _not_buried(store: Store, source: Source, pages: Sequence[QueuedPage]) -> list[QueuedPage]:
    """The pages whose articles were neither pruned nor passed over."""
    keys = [entry_key(page.entry) for page in pages if page.entry]
    if not keys:
        return []
    with store.read() as connection:
        pruned_again = known_articles.pruned_keys(connection, source.id, keys)
    return [page for page, key in zip(pages, keys, strict=True) if key not in pruned_again]


def _is_fruitless(store: Store, source: Source, now: datetime, options: PageOptions) -> bool:
    """Return whether a feed's pages brought nothing of late: behind a paywall, forbidden, only videos."""
    if source.kind is not SourceKind.FEED or source.full_text is not FullText.AUTO:
        return False
    with store.read() as connection:
        since = now - timedelta(seconds=options.window)
        return page_store.has_only_useless_pages(connection, source.id, since, FRUITLESS)


def note_found(
    connection: Connection, source_id: int, found: SortedEntries, pages: Sequence[QueuedPage], now: datetime
) -> None:
    """Let pages wait, remember what was passed over, and take the parts of a sitemap index."""
    page_store.queue_pages(connection, source_id, pages, now)
    page_store.add_entry_tombstones(connection, source_id, found.passed_over, now)
    if found.parsed.parts:
        part_store.save_parts(connection, source_id, found.parts, now)


def change_articles(
    connection: Connection, source_id: int, changed: Sequence[tuple[int, NewArticle]], *, whole: bool
) -> None:
    """Store edits. A short text does not replace the full one of the page, unless it is the ``whole``."""
    read = {} if whole else page_store.full_text_words(connection, [number for number, _ in changed])
    for article_id, article in changed:
        keep = article.words < read.get(article_id, 0)
        article_store.change_article(connection, article_id, source_id, article, keep_text=keep)
