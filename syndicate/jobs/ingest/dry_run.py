"""Dry run of the rules: reads and judges articles, stores nothing."""

from collections.abc import Callable
from dataclasses import dataclass, fields, replace
from datetime import datetime
from zoneinfo import ZoneInfo

from syndicate.errors import ParseError
from syndicate.ingest.article_rules import Rule, RuleResult, apply_rules
from syndicate.ingest.identity import accept
from syndicate.ingest.worker.parser_pool import ParserPool
from syndicate.jobs.ingest.source_reading import read_now
from syndicate.model import Article, NewArticle, Source
from syndicate.net import FetchThread
from syndicate.store import Store
from syndicate.store.ingest import article_store, source_store

_FIELDS = tuple(field.name for field in fields(NewArticle) if field.name not in ("html", "text"))
Judged = tuple[Source, NewArticle, RuleResult]


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleDryRun:
    """Tries the rules on a source as it is now, or on the articles in the store."""

    store: Store
    fetcher: Callable[[], FetchThread]
    parser: Callable[[], ParserPool]
    zone: ZoneInfo
    rules: tuple[Rule, ...]

    def read(self, source: Source, now: datetime, limit: int) -> list[Judged]:
        """The latest articles of a source that is read now, whatever we have of it.

        Raises ``FetchError`` or ``ParseError`` when it cannot be read.
        """
        found = []
        for entry in read_now(source, self.fetcher, self.parser, self.zone)[0].entries:
            try:
                found.append(accept(entry, source, now))
            except ParseError:
                continue
        found.sort(key=lambda article: article.published, reverse=True)
        return [(source, article, apply_rules(self.rules, article, source)) for article in found[:limit]]

    def stored(self, limit: int) -> list[Judged]:
        """The latest articles in the store, under the titles that their publishers gave them."""
        with self.store.read() as connection:
            sources = {source.id: source for source in source_store.list_sources(connection)}
            latest = article_store.latest_articles(connection, limit)
        return [
            (source, article, apply_rules(self.rules, article, source))
            for source, article in (
                (sources[stored.source_id], _as_accepted(stored, text)) for stored, text in latest
            )
        ]


def _as_accepted(stored: Article, text: str) -> NewArticle:
    article = NewArticle(**{name: getattr(stored, name) for name in _FIELDS}, text=text)
    return replace(
        article,
        title=stored.original_title or stored.declared_title or stored.title,
        declared_title="",
        boost=1.0,
    )
