"""Headlines of a run that several lists share, read once."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import NamedTuple

from syndicate.jobs.publish.article_views import ArticleViews
from syndicate.model import Article
from syndicate.publish.site_headline import Headline
from syndicate.store import Connection
from syndicate.store.ingest import article_store

# Maximum number of headlines kept.
MAX_HEADLINES = 10_000


class Listed(NamedTuple):
    """Article as lists show it: its headline, its tags and its authors."""

    headline: Headline
    tags: tuple[str, ...]
    authors: tuple[str, ...]


@dataclass(slots=True)
class Headlines:
    """Headlines that several lists of a run show, each read once."""

    views: ArticleViews
    known: Mapping[int, Article]
    _kept: dict[int, Listed] = field(default_factory=dict)

    def read(self, connection: Connection, ids: Sequence[int]) -> dict[int, Listed]:
        """Return articles as lists show them, in this order; unknown ids are left out."""
        missing = [number for number in ids if number not in self._kept]
        if len(self._kept) + len(missing) > MAX_HEADLINES:
            missing, self._kept = list(ids), {}
            self.views = replace(self.views, coverage_cache={})
        articles = [self.known[number] for number in missing if number in self.known]
        articles += article_store.get_articles(connection, set(missing) - self.known.keys()).values()
        self._keep(connection, articles)
        return {number: self._kept[number] for number in ids if number in self._kept}

    def of(self, connection: Connection, articles: Sequence[Article]) -> list[Headline]:
        """Return the headlines of articles."""
        self._keep(connection, [article for article in articles if article.id not in self._kept])
        return [self._kept[article.id].headline for article in articles]

    def _keep(self, connection: Connection, articles: Sequence[Article]) -> None:
        for item in self.views.listed(connection, articles):
            article = item.article
            self._kept[article.id] = Listed(Headline.of(item), article.tags, article.authors)
