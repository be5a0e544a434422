"""Dry run of the rules: apply them to articles and store nothing."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, fields
from datetime import datetime
from zoneinfo import ZoneInfo

from syndicate.errors import ParseError
from syndicate.ingest.article_rules import Rule, RuleResult, apply_rules
from syndicate.ingest.identity import accept
from syndicate.ingest.worker.parser_pool import ParserPool
from syndicate.jobs.ingest.source_reading import read_now
from syndicate.model import Article, Entry, NewArticle, Source
from syndicate.net import FetchThread
from syndicate.store import Store
from syndicate.store.ingest import article_store, source_store

_FIELDS = tuple(field.name for field in fields(NewArticle) if field.name not in ("html", "text"))
RuledArticle = tuple[Source, NewArticle, RuleResult]


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleDryRun:
    """Applies the rules to the current articles of a source, or to stored articles."""

    store: Store
    fetcher: Callable[[], FetchThread]
    parser: Callable[[], ParserPool]
    zone: ZoneInfo
    rules: Callable[[], tuple[Rule, ...]]

    def read(self, source: Source, now: datetime, limit: int) -> list[RuledArticle]:
        """Fetch a source and return its latest articles with the result of the rules.

        Raises ``FetchError`` or ``ParseError`` when it cannot be read.
        """
        return self.entries(
            source, read_now(source, self.fetcher, self.parser, self.zone)[0].entries, now, limit
        )

    def entries(
        self, source: Source, entries: Iterable[Entry], now: datetime, limit: int
    ) -> list[RuledArticle]:
        """Return the latest articles among entries with the result of the rules."""
        articles = []
        for entry in entries:
            try:
                articles.append(accept(entry, source, now))
            except ParseError:
                continue
        articles.sort(key=lambda article: article.published, reverse=True)
        return self._ruled((source, article) for article in articles[:limit])

    def stored(self, limit: int) -> list[RuledArticle]:
        """Return the latest stored articles, with their publishers' titles, and the result of the rules."""
        with self.store.read() as connection:
            latest = article_store.latest_articles(connection, limit)
            sources = source_store.get_sources(connection, [stored.source_id for stored, _ in latest])
        return self._ruled((sources[stored.source_id], _as_new(stored, text)) for stored, text in latest)

    def _ruled(self, articles: Iterable[tuple[Source, NewArticle]]) -> list[RuledArticle]:
        rules = self.rules()
        return [(source, article, apply_rules(rules, article, source)) for source, article in articles]


def _as_new(stored: Article, text: str) -> NewArticle:
    title = stored.original_title or stored.declared_title or stored.title
    facts = {name: getattr(stored, name) for name in _FIELDS}
    return NewArticle(**facts | {"title": title, "declared_title": "", "boost": 1.0}, text=text)
