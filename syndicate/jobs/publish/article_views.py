"""Rows put together into what feeds, pages and mail show: each article with its source and links."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape

from syndicate.model import (
    Article,
    ArticleBody,
    PublishedArticle,
    RelatedLink,
    Republish,
    Source,
    reader_link,
)
from syndicate.store import Connection
from syndicate.store.core import leases
from syndicate.store.ingest import article_store
from syndicate.store.stories import ranked_lists, story_store
from syndicate.text.language import count_sources, is_foreign, main_language

COVERAGE_LIMIT = 8
OTHER_LANGUAGES_LIMIT = 3

Links = tuple[RelatedLink, ...]
Told = dict[int, list[RelatedLink]]
"""The articles of each story by its id; none for a story that has just one."""


def news_of(connection: Connection) -> tuple[object, ...]:
    """All that moves what feeds hold: placed and pruned articles, the editor, the ranked lists."""
    lists = [ranked_lists.ranked_stories(connection, name) for name in ("top", "trending")]
    counters = [leases.read_counter(connection, key) for key in (leases.PLACEMENTS, leases.EDITOR)]
    return counters, [[story.article_id for story in ranked] for ranked in lists]


@dataclass(frozen=True, slots=True)
class ArticleViews:
    """Puts rows together. ``told`` keeps the coverage of stories between calls; ``None`` keeps nothing."""

    sources: Mapping[int, Source]
    site_url: str
    told: Told | None = None

    def published(self, connection: Connection, articles: Sequence[Article]) -> list[PublishedArticle]:
        """Return each article with its text bounded by ``republish``, its related links and its coverage."""
        ids = [article.id for article in articles]
        related = story_store.related_links(connection, ids, site_url=self.site_url)
        return self._views(
            articles, related, self._coverage(connection, articles), self._texts(connection, articles)
        )

    def listed(self, connection: Connection, articles: Sequence[Article]) -> list[PublishedArticle]:
        """Return the same for lists of headlines, which show neither the text nor related links."""
        return self._views(articles, {}, self._coverage(connection, articles), {})

    def alone(self, connection: Connection, articles: Sequence[Article]) -> list[PublishedArticle]:
        """Return each article with its text, without the links that change with every day."""
        return self._views(articles, {}, {}, self._texts(connection, articles))

    def _coverage(self, connection: Connection, articles: Sequence[Article]) -> Told:
        """Return the articles of each story; only stories that are not known yet are read."""
        known = {} if self.told is None else self.told
        missing = sorted(
            {article.story_id for article in articles if article.story_id is not None} - known.keys()
        )
        found = story_store.coverage_links(connection, missing, site_url=self.site_url) if missing else {}
        known |= {story_id: found.get(story_id, []) for story_id in missing}
        return known

    def _texts(self, connection: Connection, articles: Sequence[Article]) -> Mapping[int, ArticleBody]:
        full = [
            article.id for article in articles if self.sources[article.source_id].republish is Republish.FULL
        ]
        return article_store.get_bodies(connection, full)

    def _views(
        self,
        articles: Sequence[Article],
        related: Mapping[int, list[RelatedLink]],
        told: Told,
        texts: Mapping[int, ArticleBody],
    ) -> list[PublishedArticle]:
        views = []
        for article in articles:
            source = self.sources[article.source_id]
            html, text = _bounded(article, source, texts.get(article.id))
            link = reader_link(own=source.own, url=article.url, path=article.path, site_url=self.site_url)
            near = related.get(article.id, ())
            telling = tuple(told.get(article.story_id or 0, ()))
            foreign = tuple(link for link in near if is_foreign(link.language, article.language))
            coverage, others = _by_language(article, source.name, telling, foreign)
            sources, foreign_sources = count_sources(source.name, article.language, telling)
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
                )
            )
        return views


def _bounded(article: Article, source: Source, body: ArticleBody | None) -> tuple[str, str]:
    if source.republish is Republish.FULL and body is not None:
        return body.html, body.text
    if source.republish is Republish.NONE or not article.summary:
        return "", ""
    return f"<p>{escape(article.summary, quote=False)}</p>", article.summary


def _by_language(article: Article, name: str, told: Links, related: Links) -> tuple[Links, Links]:
    """Return the first report of each other source in this language, and the best links in others."""
    own: dict[str, RelatedLink] = {}
    foreign: dict[object, RelatedLink] = {}
    for link in told:
        if is_foreign(link.language, article.language):
            foreign.setdefault(main_language(link.language), link)
        elif link.source_name != name:
            own.setdefault(link.source_name, link)
    known = {link.article_id for link in told}
    foreign |= {link.uid: link for link in related if link.article_id not in known}
    return tuple(own.values())[:COVERAGE_LIMIT], tuple(foreign.values())[:OTHER_LANGUAGES_LIMIT]
