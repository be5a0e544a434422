"""Decide the rows to write for parsed documents: identity first, then the operator's rules, then pages.

``plan_entries`` looks up the known articles and returns an ``EntryPlan`` for each document;
``entry_importer.write_plans`` writes the plans.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from syndicate.groups import grouped
from syndicate.ingest import identity
from syndicate.ingest.article_rules import Rule, apply_rules
from syndicate.ingest.page.full_text import MAX_USELESS_PAGES, DocumentContent, PageOptions, pages_to_queue
from syndicate.ingest.poll_schedule import status_message
from syndicate.ingest.rematch import Rematch, may_be_archive, rematch_entries
from syndicate.model import (
    Entry,
    FullText,
    KnownArticle,
    NewArticle,
    ParsedSource,
    QueuedPage,
    Source,
    SourceState,
)
from syndicate.store import Connection, Store
from syndicate.store.ingest import known_articles, page_store, tombstones
from syndicate.text.names import title_hash


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceOutcome:
    """Result of a poll of a source."""

    name: str
    new: int = 0
    changed: int = 0
    dropped: int = 0
    unchanged: bool = False
    error: str = ""
    warning: str = ""


def dates_by_first_seen(source: Source, state: SourceState) -> bool:
    """Return whether an undated new entry of this source is dated now (see ``DocumentContent``)."""
    return state.last_success is not None and not source.kind.lists_site


@dataclass(slots=True, kw_only=True)
class EntryPlan:
    """Rows to write for a document.

    ``changed`` and ``new_hashes`` are by article id; ``new_hashes`` belong to equal articles with new bytes.
    ``refused`` are (item hash, reason). ``pruned_again`` are (key, item hash) of pruned articles with new
    bytes, ``pruned_with_new_id`` pruned articles with new ids as well. ``shared_guids`` turned out to name
    several articles. ``pages`` are to be queued.
    """

    content: DocumentContent
    new: list[NewArticle] = field(default_factory=list)
    changed: list[tuple[int, NewArticle]] = field(default_factory=list)
    new_hashes: list[tuple[int, str]] = field(default_factory=list)
    refused: list[tuple[str, str]] = field(default_factory=list)
    dropped: list[tombstones.Tombstone] = field(default_factory=list)
    pruned_again: list[tuple[str, str]] = field(default_factory=list)
    pruned_with_new_id: list[tombstones.Tombstone] = field(default_factory=list)
    shared_guids: Collection[str] = ()
    pages: Sequence[QueuedPage] = ()

    def outcome(self, added: int, read_from: str) -> SourceOutcome:
        """Return the result of the poll, with the number of new articles; ``read_from`` as in the state."""
        return SourceOutcome(
            name=self.content.source.name,
            new=added,
            changed=len(self.changed),
            dropped=len(self.dropped),
            unchanged=not added and not self.changed,
            warning=status_message(" ".join(self.content.parsed.warnings), read_from),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Known:
    """Stored facts about the entries of a document."""

    articles: tuple[KnownArticle, ...] = ()
    pruned: frozenset[str] = frozenset()
    rematched: Rematch = field(default_factory=Rematch)
    shared: frozenset[str] = frozenset()


def plan_entries(
    store: Store,
    rules: tuple[Rule, ...],
    options: PageOptions,
    contents: Sequence[DocumentContent],
    now: datetime,
) -> list[EntryPlan]:
    """Return the plan of each document; the documents are of different sources.

    A first document is compared with nothing, because its source has no article yet.
    """
    keys_and_urls = {
        content.source.id: (
            [key for entry in content.parsed.entries for key in identity.keys_of(entry)],
            [url for entry in content.parsed.entries for url in identity.urls_of(entry)],
        )
        for content in contents
        if content.parsed.entries and not content.is_first
    }
    undated = {
        content.source.id
        for content in contents
        if content.date_by_first_seen and _has_no_dates(content, now)
    }
    known: dict[int, _Known] = {}
    if keys_and_urls or undated:
        parsed = {content.source.id: content.parsed for content in contents}
        with store.read() as connection:
            stored = known_articles.known_entries(connection, keys_and_urls)
            # A program names its articles itself: another key is another article.
            lists = {content.source.id for content in contents if content.source.kind.is_polled}
            articles = {source: articles for source, (articles, _) in stored.items() if source in lists}
            rematched = _rematch(connection, parsed, articles)
            undated -= known_articles.sources_with_dates(connection, undated)
            shared = {}
            for source in lists & stored.keys():
                doubtful = identity.doubtful_guids(parsed[source].entries, *stored[source])
                shared[source] = tombstones.shared_guids(connection, source, doubtful, identity.SHARED_MARK)
        known = {
            source: _Known(
                articles=articles,
                pruned=pruned,
                rematched=rematched.get(source, Rematch()),
                shared=shared.get(source, frozenset()),
            )
            for source, (articles, pruned) in stored.items()
        }
    plans = []
    for content in contents:
        source_id = content.source.id
        facts = known.get(source_id, _Known())
        plan = _plan_document(content, rules, facts, now, undated=source_id in undated)
        plan.pages = _pages_to_queue(store, plan, now, options)
        plans.append(plan)
    return plans


def _has_no_dates(content: DocumentContent, now: datetime) -> bool:
    """Return whether no new entry has a date, or any may have none: each file of a folder is dated alone."""
    entries = content.parsed.entries
    is_local = content.source.kind.is_local
    return bool(entries) and (is_local or not any(identity.has_date(entry, now) for entry in entries))


def _plan_document(
    content: DocumentContent, rules: tuple[Rule, ...], known: _Known, now: datetime, *, undated: bool
) -> EntryPlan:
    """Decide each entry; ``undated`` entries are dated now."""
    parsed, rematched = content.parsed, known.rematched
    by_key = {article.entry_key: article for article in known.articles}
    by_url = grouped((article.url, article) for article in known.articles)
    parts = identity.edited_fragments(parsed.entries, known.articles, frozenset(parsed.item_hashes))
    plan = EntryPlan(content=content, refused=list(parsed.refused))
    taken: set[str] = set()
    if content.source.kind.is_polled:
        listed = frozenset(parsed.item_hashes)
        plan.shared_guids = identity.shared_guids(parsed.entries, known.articles, listed) - known.shared
    shared = known.shared.union(plan.shared_guids)
    for position, entry in enumerate(parsed.entries):
        candidates = [by_key[key] for key in identity.keys_of(entry) if key in by_key] if by_key else []
        candidates += [article for url in identity.urls_of(entry) for article in by_url.get(url, ())]
        moved = rematched.moved.get(entry.item_hash) or parts.get(entry.item_hash)
        decision = identity.match_entry(
            entry, content.source, candidates, now, moved=moved, date_by_first_seen=undated,
            is_shared=identity.entry_key(entry) in shared,
        )  # fmt: skip
        if decision.kind is identity.EntryMatch.NEW and decision.article and not decision.article.dated:
            # An undated article sorts by its position in the document, the first first.
            sort_key = decision.article.published - timedelta(microseconds=position)
            decision = replace(decision, article=replace(decision.article, published=sort_key))
        key = decision.article.entry_key if decision.article else identity.entry_key(entry)
        if decision.kind is identity.EntryMatch.REFUSED:
            plan.refused.append((entry.item_hash, decision.reason))
        elif key in known.pruned:
            plan.pruned_again.append((key, entry.item_hash))
        elif entry.item_hash in rematched.pruned_again:
            facts = {"entry_key": key, "item_hash": entry.item_hash, "title_hash": title_hash(entry.title)}
            plan.pruned_with_new_id.append(tombstones.Tombstone(**facts))
        elif key not in taken:
            taken.add(key)
            _plan_article(plan, decision, rules)
    return plan


def _plan_article(plan: EntryPlan, decision: identity.EntryDecision, rules: tuple[Rule, ...]) -> None:
    """Apply the rules to an article; a rule drops new articles only."""
    article, existing = decision.article, decision.existing
    if article and rules:
        ruled = apply_rules(rules, article, plan.content.source)
        if ruled.dropped_by and decision.kind is identity.EntryMatch.NEW:
            keys = {"entry_key": article.entry_key, "item_hash": article.item_hash}
            plan.dropped.append(tombstones.Tombstone(**keys, rule=ruled.dropped_by))
            return
        article = ruled.article
    if article and existing:
        plan.changed.append((existing.id, article))
    elif article:
        plan.new.append(article)
    elif existing and decision.item_hash:
        plan.new_hashes.append((existing.id, decision.item_hash))


def _rematch(
    connection: Connection, parsed: Mapping[int, ParsedSource], known: Mapping[int, Sequence[KnownArticle]]
) -> dict[int, Rematch]:
    """Return the known and pruned articles among entries with unknown ids and addresses, by source id."""
    unknown = {source: _unknown_entries(parsed[source], articles) for source, articles in known.items()}
    dates = {
        source: [date for entry in entries if (date := entry.published or entry.updated)]
        for source, entries in unknown.items()
    }
    same_date = known_articles.articles_published_at(connection, dates)
    rematched = {}
    for source, entries in unknown.items():
        titles = [entry.title for entry in entries if entry.title] if may_be_archive(entries) else []
        same_title = known_articles.articles_of_titles(connection, source, titles)
        candidates = {article.id: article for article in (*same_date[source], *same_title)}
        pruned = tombstones.pruned_titles(connection, source, [title_hash(title) for title in titles])
        if not candidates and not pruned:
            rematched[source] = Rematch()
            continue
        listed = {article.entry_key for article in known[source]}.union(parsed[source].item_hashes)
        rematched[source] = rematch_entries(entries, candidates.values(), listed, pruned)
    return rematched


def _unknown_entries(parsed: ParsedSource, known: Sequence[KnownArticle]) -> list[Entry]:
    keys, urls = {article.entry_key for article in known}, {article.url for article in known} - {""}
    return [
        entry
        for entry in parsed.entries
        if entry.item_hash
        and keys.isdisjoint(identity.keys_of(entry))
        and urls.isdisjoint(identity.urls_of(entry))
    ]


def _pages_to_queue(
    store: Store, plan: EntryPlan, now: datetime, options: PageOptions
) -> tuple[QueuedPage, ...]:
    """Return the pages of a list that become articles, and the pages of articles worth their full text.

    No page of a source that is read for the first time can have been fruitless.
    """
    content = plan.content
    articles = [] if content.whole else [*plan.new, *(article for _, article in plan.changed)]
    listed = _without_pruned(store, content.source, content.pages)
    pages = pages_to_queue(articles, content, now, options)
    if pages and not content.is_first and _is_fruitless(store, content.source, now, options):
        pages = ()
    return (*listed, *pages)


def _without_pruned(store: Store, source: Source, pages: Sequence[QueuedPage]) -> list[QueuedPage]:
    """Return the pages whose articles were neither pruned nor refused."""
    keys = [identity.entry_key(page.entry) for page in pages if page.entry]
    if not keys:
        return []
    with store.read() as connection:
        pruned = {*known_articles.pruned_keys(connection, [(source.id, key) for key in keys])}
    return [page for page, key in zip(pages, keys, strict=True) if (source.id, key) not in pruned]


def _is_fruitless(store: Store, source: Source, now: datetime, options: PageOptions) -> bool:
    """Return whether a feed's recent pages gave no text: behind a paywall, forbidden, only videos."""
    if not source.kind.is_feed or source.full_text is not FullText.AUTO:
        return False
    with store.read() as connection:
        since = now - timedelta(seconds=options.window)
        return page_store.has_only_useless_pages(connection, source.id, since, MAX_USELESS_PAGES)
