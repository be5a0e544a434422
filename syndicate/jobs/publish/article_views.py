"""Articles with their source and links, assembled from rows for feeds, pages and mail."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import NamedTuple

from syndicate.model import (
    Article,
    ArticleBody,
    PublishedArticle,
    RelatedLink,
    Republish,
    Source,
    StoryLinks,
    reader_link,
)
from syndicate.publish.site_headline import Headline
from syndicate.store import Connection, Store
from syndicate.store.ingest import article_store
from syndicate.store.leases import leases
from syndicate.store.stories import ranked_lists, story_store
from syndicate.text.language import is_foreign, main_language
from syndicate.text.plain import paragraph

COVERAGE_LIMIT = 8
OTHER_LANGUAGES_LIMIT = 3

Links = tuple[RelatedLink, ...]
# Stories by their ids; without links for a story of a single article.
StoriesById = dict[int, StoryLinks]


def feed_inputs(connection: Connection) -> tuple[object, ...]:
    """Return the inputs of feeds: placed and pruned articles, the editor's decisions, the ranked lists."""
    lists = [ranked_lists.ranked_stories(connection, name) for name in ("top", "trending")]
    counters = [leases.read_counter(connection, key) for key in (leases.PLACEMENTS, leases.EDITOR)]
    return counters, [[story.article_id for story in ranked] for ranked in lists]


@dataclass(frozen=True, slots=True)
class ArticleViews:
    """Assemble rows. ``coverage_cache`` keeps the coverage of stories between calls, if given."""

    sources: Mapping[int, Source]
    site_url: str
    coverage_cache: StoriesById | None = None

    def published(self, connection: Connection, articles: Sequence[Article]) -> list[PublishedArticle]:
        """Return each article with its text bounded by ``republish``, its related links and its coverage."""
        ids = [article.id for article in articles]
        related = story_store.related_links(connection, ids, site_url=self.site_url)
        return self._views(
            articles, related, self._coverage(connection, articles), self._texts(connection, articles)
        )

    def listed(self, connection: Connection, articles: Sequence[Article]) -> list[PublishedArticle]:
        """Return the articles for lists of headlines, without text and related links."""
        return self._views(articles, {}, self._coverage(connection, articles), {})

    def headlines(self, connection: Connection, ids: Iterable[int]) -> list[PublishedArticle]:
        """Return the stored articles with these ids for lists of headlines, in this order."""
        ids = list(ids)
        articles = article_store.get_articles(connection, ids)
        return self.listed(connection, [articles[number] for number in ids if number in articles])

    def bare(self, articles: Sequence[Article]) -> list[PublishedArticle]:
        """Return the articles without text and links, from no further rows."""
        return self._views(articles, {}, {}, {})

    def alone(self, connection: Connection, articles: Sequence[Article]) -> list[PublishedArticle]:
        """Return each article with its text, without the links that change every day."""
        return self._views(articles, {}, {}, self._texts(connection, articles))

    def _coverage(self, connection: Connection, articles: Sequence[Article]) -> StoriesById:
        """Return the stories of the articles; only uncached stories are read."""
        cache = {} if self.coverage_cache is None else self.coverage_cache
        missing = sorted(
            {article.story_id for article in articles if article.story_id is not None} - cache.keys()
        )
        stories = story_store.story_links(connection, missing, site_url=self.site_url) if missing else {}
        cache |= {story_id: stories.get(story_id, StoryLinks()) for story_id in missing}
        return cache

    def _texts(self, connection: Connection, articles: Sequence[Article]) -> Mapping[int, ArticleBody]:
        full = [
            article.id for article in articles if self.sources[article.source_id].republish is Republish.FULL
        ]
        return article_store.get_bodies(connection, full)

    def _views(
        self,
        articles: Sequence[Article],
        related: Mapping[int, list[RelatedLink]],
        stories: StoriesById,
        texts: Mapping[int, ArticleBody],
    ) -> list[PublishedArticle]:
        views = []
        for article in articles:
            source = self.sources[article.source_id]
            html, text = _republished(article, source, texts.get(article.id))
            link = reader_link(own=source.own, url=article.url, path=article.path, site_url=self.site_url)
            near = related.get(article.id, ())
            story = stories.get(article.story_id or 0, StoryLinks())
            foreign = tuple(link for link in near if is_foreign(link.language, article.language))
            coverage, others = _by_language(article, source.name, story.links, foreign)
            sources, foreign_sources = count_sources(source.name, article.language, story.links)
            views.append(
                PublishedArticle(
                    article=article,
                    source=source,
                    link=link,
                    html=html,
                    text=text,
                    related=tuple(link for link in near if link not in foreign),
                    coverage=coverage,
                    other_languages=others,
                    sources=sources,
                    foreign_sources=foreign_sources,
                    story=story if story.links else None,
                )
            )
        return views


def _republished(article: Article, source: Source, body: ArticleBody | None) -> tuple[str, str]:
    if source.republish is Republish.FULL and body is not None:
        return body.html, body.text
    summary = "" if source.republish is Republish.NONE else article.summary
    return paragraph(summary), summary


def _by_language(article: Article, name: str, story_links: Links, related: Links) -> tuple[Links, Links]:
    """Return the first report of each other source in this language, and the best links in others."""
    own: dict[str, RelatedLink] = {}
    foreign: dict[object, RelatedLink] = {}
    for link in story_links:
        if is_foreign(link.language, article.language):
            foreign.setdefault(main_language(link.language), link)
        elif link.source_name != name:
            own.setdefault(link.source_name, link)
    known = {link.article_id for link in story_links}
    foreign |= {link.uid: link for link in related if link.article_id not in known}
    return tuple(own.values())[:COVERAGE_LIMIT], tuple(foreign.values())[:OTHER_LANGUAGES_LIMIT]


def count_sources(name: str, language: str, others: Iterable[RelatedLink]) -> tuple[int, int]:
    """Return the number of sources of a story, and of sources only in other languages.

    ``name`` and ``language`` are the source and the language of an article; ``others`` are the other
    articles.
    """
    links = list(others)
    own = {name, *(link.source_name for link in links if not is_foreign(link.language, language))}
    sources = len({name, *(link.source_name for link in links)})
    return sources, sources - len(own)


# Maximum number of headlines kept.
MAX_HEADLINES = 10_000


class Listed(NamedTuple):
    """Article as lists show it: its headline, its tags and its authors."""

    headline: Headline
    tags: tuple[str, ...]
    authors: tuple[str, ...]


@dataclass(slots=True)
class Headlines:
    """Headlines that several pages of a run show, each made once."""

    views: ArticleViews
    _kept: dict[int, Listed] = field(default_factory=dict)

    def read(self, connection: Connection, ids: Sequence[int]) -> dict[int, Listed]:
        """Return articles as lists show them, in this order; unknown ids are left out."""
        missing = [number for number in ids if number not in self._kept]
        if len(self._kept) + len(missing) > MAX_HEADLINES:
            missing, self._kept = list(ids), {}
            self.views = replace(self.views, coverage_cache={})
        if missing:
            self.keep(self.views.headlines(connection, missing))
        return {number: self._kept[number] for number in ids if number in self._kept}

    def read_from(self, store: Store, ids: Sequence[int]) -> dict[int, Listed]:
        """Return articles as ``read`` does; open a transaction only if an article is missing."""
        if self._kept.keys() >= {*ids}:
            return {number: self._kept[number] for number in ids}
        with store.read() as connection:
            return self.read(connection, ids)

    def of(self, connection: Connection, articles: Sequence[Article]) -> list[Headline]:
        """Return the headlines of articles."""
        missing = [article for article in articles if article.id not in self._kept]
        self.keep(self.views.listed(connection, missing))
        return [self._kept[article.id].headline for article in articles]

    def keep(self, items: Sequence[PublishedArticle], most: int | None = None) -> list[Headline]:
        """Return the headlines of articles, and keep them: of all, or of the first ``most``."""
        headlines = list(map(Headline.of, items))
        for item, headline in zip(items[:most], headlines, strict=False):
            self._kept[item.article.id] = Listed(headline, item.article.tags, item.article.authors)
        return headlines
