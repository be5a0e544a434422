"""What becomes of the entries of one reading: identity first, then the rules of the operator."""

from dataclasses import dataclass, field, replace
from datetime import datetime

from syndicate.ingest.identity import Decision, Kind, decide, entry_key, keys_of
from syndicate.ingest.reappearing import Reappeared
from syndicate.ingest.rules import Rule, apply_rules
from syndicate.jobs.moved import moved_articles
from syndicate.model import KnownArticle, ParsedSource, Source
from syndicate.store import Store, tombstones
from syndicate.store import articles as article_store
from syndicate.text.names import title_hash
from syndicate.text.urls import canonical_url


@dataclass(frozen=True, slots=True, kw_only=True)
class Decided:
    """What to do with the entries of one answer.

    ``buried`` are known dead ones that came as other bytes, ``buried_again`` those with other ids as well.
    """

    decisions: list[Decision] = field(default_factory=list)
    refused: list[tuple[str, str]] = field(default_factory=list)
    dropped: list[tombstones.Dropped] = field(default_factory=list)
    buried: list[tuple[str, str]] = field(default_factory=list)
    buried_again: list[tombstones.Dropped] = field(default_factory=list)


def decide_entries(
    store: Store,
    rules: tuple[Rule, ...],
    source: Source,
    parsed: ParsedSource,
    now: datetime,
    *,
    is_first: bool,
) -> Decided:
    """What to do with the entries worth a decision; none twice.

    A source of which no digest is known has no article yet, so there is nothing to compare with.
    """
    known: tuple[KnownArticle, ...] = ()
    pruned: frozenset[str] = frozenset()
    urls = [canonical_url(entry.url) for entry in parsed.entries]
    back = Reappeared(moved={})
    if not is_first:
        keys = [key for entry in parsed.entries for key in keys_of(entry)]
        with store.read() as connection:
            known, pruned = article_store.known_entries(connection, source.id, keys, urls)
            back = moved_articles(connection, source.id, parsed, known)
    by_key = {article.entry_key: article for article in known}
    by_url: dict[str, list[KnownArticle]] = {}
    for article in known:
        by_url.setdefault(article.url, []).append(article)
    decided = Decided(refused=list(parsed.refused))
    taken: set[str] = set()
    for entry, url in zip(parsed.entries, urls, strict=True):
        candidates = [by_key[key] for key in keys_of(entry) if key in by_key] if by_key else []
        decision = decide(
            entry, source, candidates + by_url.get(url, []), now, moved=back.moved.get(entry.digest)
        )
        key = decision.article.entry_key if decision.article else entry_key(entry)
        if decision.kind is Kind.REFUSED:
            decided.refused.append((entry.digest, decision.reason))
        elif key in pruned:
            decided.buried.append((key, entry.digest))
        elif entry.digest in back.buried:
            again = tombstones.Dropped(entry_key=key, digest=entry.digest, title_hash=title_hash(entry.title))
            decided.buried_again.append(again)
        elif key not in taken:
            taken.add(key)
            _judge(decided, decision, rules, source)
    return decided


def _judge(decided: Decided, decision: Decision, rules: tuple[Rule, ...], source: Source) -> None:
    """Take an article through the rules. One that was accepted before is never dropped afterwards."""
    article = decision.article
    if article and rules:
        ruled = apply_rules(rules, article, source)
        if ruled.dropped_by and decision.kind is Kind.NEW:
            gone = tombstones.Dropped(
                entry_key=article.entry_key, digest=article.digest, rule=ruled.dropped_by
            )
            decided.dropped.append(gone)
            return
        decision = replace(decision, article=ruled.article)
    decided.decisions.append(decision)
