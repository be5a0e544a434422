"""Google News sitemap: own articles of the last two days, rules S1–S8.

Fields and limits: https://developers.google.com/search/docs/crawling-indexing/sitemaps/news-sitemap
"""

from collections.abc import Iterable
from datetime import datetime, timedelta
from html import escape

from syndicate.model import PublishedArticle
from syndicate.publish.feeds.entries import front_page_url, rfc3339
from syndicate.publish.publish_options import PublishOptions
from syndicate.text.plain import xml_safe

MAX_AGE = timedelta(days=2)
MAX_ARTICLES = 1_000
_TRADITIONAL_CHINESE = {"tw", "hk", "mo", "hant"}
_START = (
    '<?xml version="1.0" encoding="UTF-8"?>\n'
    '<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9"'
    ' xmlns:news="http://www.google.com/schemas/sitemap-news/0.9">\n'
)


def news_sitemap(articles: Iterable[PublishedArticle], options: PublishOptions, now: datetime) -> bytes:
    """Return the sitemap of the own sources' articles within ``MAX_AGE`` before ``now``, newest first.

    Articles of other publishers are left out (each publisher announces its own), as are articles outside
    ``site_url`` (S1). The sitemaps.org schema requires an address: without recent articles the newest article
    stays as a plain address, and without articles the front page.
    """
    own_articles = {
        item.link: item
        for item in articles
        if item.source.own and item.link.startswith(f"{options.site_url}/") and item.article.published <= now
    }
    newest = sorted(
        own_articles.values(), key=lambda item: (item.article.published, item.article.uid), reverse=True
    )
    recent = [item for item in newest if now - item.article.published <= MAX_AGE][:MAX_ARTICLES]
    if recent:
        urls = [_url(item, _news(item, options)) for item in recent]
    elif newest:
        urls = [_url(newest[0], "")]
    else:
        urls = [f"<url><loc>{escape(front_page_url(options))}</loc></url>\n"]
    return f"{_START}{''.join(urls)}</urlset>\n".encode()


def _url(item: PublishedArticle, news: str) -> str:
    location = escape(xml_safe(item.link))
    return f"<url><loc>{location}</loc><lastmod>{rfc3339(item.article.updated)}</lastmod>{news}</url>\n"


def _news(item: PublishedArticle, options: PublishOptions) -> str:
    name = escape(xml_safe(options.title), quote=False)
    title = escape(xml_safe(item.article.title), quote=False)
    language = _news_language(item.article.language or options.language)
    return (
        f"<news:news><news:publication><news:name>{name}</news:name>"
        f"<news:language>{language}</news:language></news:publication>"
        f"<news:publication_date>{rfc3339(item.article.published)}</news:publication_date>"
        f"<news:title>{title}</news:title></news:news>"
    )


def _news_language(tag: str) -> str:
    """Return the primary code, except that Chinese is ``zh-cn`` or ``zh-tw`` (S4)."""
    primary, *others = tag.lower().split("-")
    if primary == "zh":
        return "zh-tw" if _TRADITIONAL_CHINESE.intersection(others) else "zh-cn"
    return primary if primary.isascii() and primary.isalpha() and len(primary) in {2, 3} else "en"
