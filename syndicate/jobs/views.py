"""Rows put together into what feeds, pages and mail show: each article with its source and links."""

from collections.abc import Mapping, Sequence
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
from syndicate.store import Connection, leases, ranking
from syndicate.store import articles as article_store
from syndicate.store import stories as story_store

COVERAGE_LIMIT = 8


def news_of(connection: Connection) -> tuple[object, ...]:
    """All that moves what feeds hold: placed and pruned articles, the editor, the ranked lists."""
    lists = [ranking.ranked_stories(connection, name) for name in ("top", "trending")]
    counters = [leases.counter(connection, key) for key in (leases.PLACEMENTS, leases.EDITOR)]
    return counters, [[story.article_id for story in ranked] for ranked in lists]


def published_articles(
    connection: Connection, articles: Sequence[Article], sources: Mapping[int, Source], *, site_url: str
) -> list[PublishedArticle]:
    """Each article with its text bounded by ``republish``, its related links and its coverage."""
    related = story_store.related_links(connection, [article.id for article in articles], site_url=site_url)
    told = story_store.coverage_links(connection, _story_ids(articles), site_url=site_url)
    texts = article_store.get_bodies(connection, _full_text(articles, sources))
    return [
        _published(article, sources[article.source_id], related, told, texts.get(article.id), site_url)
        for article in articles
    ]


def listed_articles(
    connection: Connection, articles: Sequence[Article], sources: Mapping[int, Source], *, site_url: str
) -> list[PublishedArticle]:
    """The same for lists of headlines, which show neither the text nor related links."""
    told = story_store.coverage_links(connection, _story_ids(articles), site_url=site_url)
    return [_published(article, sources[article.source_id], {}, told, None, site_url) for article in articles]


def _published(
    article: Article,
    source: Source,
    related: Mapping[int, list[RelatedLink]],
    told: Mapping[int, list[RelatedLink]],
    body: ArticleBody | None,
    site_url: str,
) -> PublishedArticle:
    html, text = _bounded(article, source, body)
    return PublishedArticle(
        article=article,
        source=source,
        link=reader_link(own=source.own, url=article.url, path=article.path, site_url=site_url),
        html=html,
        text=text,
        related=tuple(related.get(article.id, ())),
        coverage=_others(source.title or source.name, told.get(article.story_id or 0, ())),
    )


def _bounded(article: Article, source: Source, body: ArticleBody | None) -> tuple[str, str]:
    if source.republish is Republish.FULL and body is not None:
        return body.html, body.text
    if source.republish is Republish.NONE or not article.summary:
        return "", ""
    return f"<p>{escape(article.summary, quote=False)}</p>", article.summary


def _others(name: str, told: Sequence[RelatedLink]) -> tuple[RelatedLink, ...]:
    """One link for each other source that tells the story: its first report."""
    first: dict[str, RelatedLink] = {}
    for link in told:
        if link.source_name != name:
            first.setdefault(link.source_name, link)
    return tuple(first.values())[:COVERAGE_LIMIT]


def _story_ids(articles: Sequence[Article]) -> list[int]:
    return sorted({article.story_id for article in articles if article.story_id is not None})


def _full_text(articles: Sequence[Article], sources: Mapping[int, Source]) -> list[int]:
    return [article.id for article in articles if sources[article.source_id].republish is Republish.FULL]
