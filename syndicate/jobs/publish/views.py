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

Told = dict[int, list[RelatedLink]]
"""The articles of each story by its id; none for a story that has just one."""


def news_of(connection: Connection) -> tuple[object, ...]:
    """All that moves what feeds hold: placed and pruned articles, the editor, the ranked lists."""
    lists = [ranking.ranked_stories(connection, name) for name in ("top", "trending")]
    counters = [leases.counter(connection, key) for key in (leases.PLACEMENTS, leases.EDITOR)]
    return counters, [[story.article_id for story in ranked] for ranked in lists]


def published_articles(
    connection: Connection,
    articles: Sequence[Article],
    sources: Mapping[int, Source],
    *,
    site_url: str,
    told: Told | None = None,
) -> list[PublishedArticle]:
    """Each article with its text bounded by ``republish``, its related links and its coverage.

    ``told`` is what earlier calls read of stories, and takes what this one reads.
    """
    related = story_store.related_links(connection, [article.id for article in articles], site_url=site_url)
    stories = _told(connection, articles, site_url, told)
    texts = article_store.get_bodies(connection, _full_text(articles, sources))
    return [
        _published(article, sources[article.source_id], related, stories, texts.get(article.id), site_url)
        for article in articles
    ]


def listed_articles(
    connection: Connection,
    articles: Sequence[Article],
    sources: Mapping[int, Source],
    *,
    site_url: str,
    told: Told | None = None,
) -> list[PublishedArticle]:
    """The same for lists of headlines, which show neither the text nor related links."""
    stories = _told(connection, articles, site_url, told)
    return [
        _published(article, sources[article.source_id], {}, stories, None, site_url) for article in articles
    ]


def lone_articles(
    connection: Connection, articles: Sequence[Article], sources: Mapping[int, Source], *, site_url: str
) -> list[PublishedArticle]:
    """Return each article with its text, without the links that change with every day."""
    texts = article_store.get_bodies(connection, _full_text(articles, sources))
    return [
        _published(article, sources[article.source_id], {}, {}, texts.get(article.id), site_url)
        for article in articles
    ]


def _told(
    connection: Connection, articles: Sequence[Article], site_url: str, known: Told | None
) -> Mapping[int, list[RelatedLink]]:
    """Return who tells the stories of these articles; only stories that are not known yet are read."""
    known = {} if known is None else known
    missing = [story_id for story_id in _story_ids(articles) if story_id not in known]
    found = story_store.coverage_links(connection, missing, site_url=site_url) if missing else {}
    known |= {story_id: found.get(story_id, []) for story_id in missing}
    return known


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
        coverage=_others(source.name, told.get(article.story_id or 0, ())),
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
