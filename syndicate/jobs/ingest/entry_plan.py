"""Decisions about entries: identity first, then the rules of the operator."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from syndicate.ingest.article_rules import Rule, apply_rules
from syndicate.ingest.identity import (
    EntryDecision,
    EntryMatch,
    decide,
    edited_parts,
    entry_key,
    has_date,
    keys_of,
    urls_of,
)
from syndicate.ingest.rematch import Reappeared
from syndicate.jobs.ingest.document_content import DocumentContent
from syndicate.jobs.ingest.unknown_entries import moved_articles
from syndicate.model import KnownArticle, NewArticle, Source, SourceKind
from syndicate.store import Store
from syndicate.store.ingest import known_articles, tombstones
from syndicate.text.names import title_hash


@dataclass(frozen=True, slots=True, kw_only=True)
class EntryPlan:
    """Decisions about the entries of one answer.

    ``pruned_again`` are pruned entries with new bytes, ``pruned_with_new_id`` pruned entries with new ids as
    well.
    """

    decisions: list[EntryDecision] = field(default_factory=list)
    refused: list[tuple[str, str]] = field(default_factory=list)
    dropped: list[tombstones.Tombstone] = field(default_factory=list)
    pruned_again: list[tuple[str, str]] = field(default_factory=list)
    pruned_with_new_id: list[tombstones.Tombstone] = field(default_factory=list)


def decide_entries(
    store: Store, rules: tuple[Rule, ...], readings: Sequence[DocumentContent], now: datetime
) -> list[EntryPlan]:
    """Return what to do with the entries worth a decision, of each reading; none twice, and no source either.

    A source of which no digest is known has no article yet, so there is nothing to compare with.
    """
    asked = {
        reading.source.id: (
            [key for entry in reading.parsed.entries for key in keys_of(entry)],
            [url for entry in reading.parsed.entries for url in urls_of(entry)],
        )
        for reading in readings
        if reading.parsed.entries and not reading.is_first
    }
    undated = {reading.source.id for reading in readings if reading.by_sight and _has_no_dates(reading, now)}
    if not asked and not undated:
        return [_decided(rules, reading, now, _Known()) for reading in readings]
    parsed = {reading.source.id: reading.parsed for reading in readings if reading.source.id in asked}
    with store.read() as connection:
        found = known_articles.known_entries(connection, asked)
        articles = {source_id: known for source_id, (known, _) in found.items()}
        back = moved_articles(connection, parsed, articles)
        by_sight = undated - known_articles.sources_with_dates(connection, undated)
    facts = {
        source_id: _Known(articles=articles[source_id], pruned=pruned, back=back[source_id])
        for source_id, (_, pruned) in found.items()
    }
    return [
        _decided(
            rules,
            reading,
            now,
            facts.get(reading.source.id, _Known()),
            by_sight=reading.source.id in by_sight,
        )
        for reading in readings
    ]


def _has_no_dates(reading: DocumentContent, now: datetime) -> bool:
    """Return whether no new entry of a reading has a date; in a folder each file stands for itself."""
    entries = reading.parsed.entries
    is_folder = reading.source.kind is SourceKind.FOLDER
    return bool(entries) and (is_folder or not any(has_date(entry, now) for entry in entries))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Known:
    """Rows that the store has for a source's entries."""

    articles: tuple[KnownArticle, ...] = ()
    pruned: frozenset[str] = frozenset()
    back: Reappeared = field(default_factory=lambda: Reappeared(moved={}))


def _decided(
    rules: tuple[Rule, ...], reading: DocumentContent, now: datetime, known: _Known, *, by_sight: bool = False
) -> EntryPlan:
    source, back = reading.source, known.back
    by_key = {article.entry_key: article for article in known.articles}
    by_url: dict[str, list[KnownArticle]] = {}
    for article in known.articles:
        by_url.setdefault(article.url, []).append(article)
    parts = edited_parts(reading.parsed.entries, known.articles, frozenset(reading.parsed.item_hashes))
    decided = EntryPlan(refused=list(reading.parsed.refused))
    taken: set[str] = set()
    for place, entry in enumerate(reading.parsed.entries):
        candidates = [by_key[key] for key in keys_of(entry) if key in by_key] if by_key else []
        candidates += [article for url in urls_of(entry) for article in by_url.get(url, ())]
        moved = back.moved.get(entry.item_hash) or parts.get(entry.item_hash)
        decision = decide(entry, source, candidates, now, moved=moved, by_sight=by_sight)
        if decision.kind is EntryMatch.NEW and decision.article and not decision.article.dated:
            decision = replace(decision, article=_in_order(decision.article, place))
        key = decision.article.entry_key if decision.article else entry_key(entry)
        if decision.kind is EntryMatch.REFUSED:
            decided.refused.append((entry.item_hash, decision.reason))
        elif key in known.pruned:
            decided.pruned_again.append((key, entry.item_hash))
        elif entry.item_hash in back.pruned_again:
            again = tombstones.Tombstone(
                entry_key=key, item_hash=entry.item_hash, title_hash=title_hash(entry.title)
            )
            decided.pruned_with_new_id.append(again)
        elif key not in taken:
            taken.add(key)
            _judge(decided, decision, rules, source)
    return decided


def _in_order(article: NewArticle, place: int) -> NewArticle:
    """Return an undated article as it sorts by its ``place`` in the document: the first comes first."""
    return replace(article, published=article.published - timedelta(microseconds=place))


def _judge(decided: EntryPlan, decision: EntryDecision, rules: tuple[Rule, ...], source: Source) -> None:
    """Take an article through the rules. One that was accepted before is never dropped afterwards."""
    article = decision.article
    if article and rules:
        ruled = apply_rules(rules, article, source)
        if ruled.dropped_by and decision.kind is EntryMatch.NEW:
            gone = tombstones.Tombstone(
                entry_key=article.entry_key, item_hash=article.item_hash, rule=ruled.dropped_by
            )
            decided.dropped.append(gone)
            return
        decision = replace(decision, article=ruled.article)
    decided.decisions.append(decision)
