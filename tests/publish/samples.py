"""Articles for the tests of feeds: everything a field can hold, with marks that need escaping."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from syndicate.model import Article, Channel, Image, PublishedArticle, RelatedLink, Republish, Source
from syndicate.publish.lists.list_page import ListPage, list_page_of
from syndicate.publish.publish_options import PublishOptions
from syndicate.publish.site import SitePages
from syndicate.publish.site_headline import Headline

NOW = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)
OPTIONS = PublishOptions(
    site_url="https://news.example", title="The Daily Tide", description="News of the coast", version="1.2.3"
)
WORLD = Channel(name="world", title="World & sea", query="section:world")
HARBOUR = Source(
    id=1,
    name="The Harbour & Pier",
    title="Harbour - RSS: latest",
    url="https://harbour.example/feed.xml",
    home_url="https://harbour.example/",
    feed_id="tag:harbour.example,2026:feed",
)
OURS = Source(id=2, name="Our desk", url="desk", own=True, republish=Republish.FULL)


def uid(number: int) -> str:
    return f"6f1c7a52-0000-5000-8000-{number:012d}"


def related(number: int, **changes: Any) -> RelatedLink:
    link = RelatedLink(
        article_id=number,
        uid=uid(number),
        title=f"Ebb & flow {number}",
        url=f"https://pilot.example/{number}?a=1&b=2",
        path=f"site/articles/{number}.html",
        source_name="The <Pilot>",
        published=NOW - timedelta(days=1),
        language="en",
        score=0.5,
    )
    return replace(link, **changes)


def published(number: int = 1, *, source: Source = HARBOUR, **changes: Any) -> PublishedArticle:
    """An article ``number`` hours old; ``changes`` go to the article or to what is published of it."""
    article = Article(
        id=number,
        uid=uid(number),
        source_id=source.id,
        entry_key=str(number),
        url=f"https://harbour.example/{number}?x=1&y=2",
        path=f"site/articles/2026/11/flood-{number}.html",
        title=f"Flood & <storm> {number}",
        authors=("Ann O'Neil", "Bo Åkerlund"),
        published=NOW - timedelta(hours=number),
        updated=NOW - timedelta(hours=number) + timedelta(minutes=20),
        first_seen=NOW,
        language="en",
        section="world",
        tags=("tides", "R&D"),
        summary="Water & wind: 3 < 4",
        image=Image(url="https://harbour.example/i.jpg?w=1&h=2", width=600, height=400, alt='A "boat"'),
    )
    own_fields = {name: changes.pop(name) for name in ("link", "html", "text", "related") if name in changes}
    article = replace(article, **changes)
    link = f"{OPTIONS.site_url}/{article.path}" if source.own else article.url
    item = PublishedArticle(
        article=article,
        source=source,
        link=link,
        html="<p>The water rose &amp; fell.</p>",
        text="The water rose & fell.",
        related=(related(101), related(102)),
    )
    return replace(item, **own_fields)


def list_page(pages: SitePages, kind: str, name: str, headlines: Sequence[Headline]) -> bytes:
    """Return the only page of a list."""
    return list_page_of(pages, ListPage(kind=kind, name=name, headlines=headlines))


def page_of(
    pages: SitePages, item: PublishedArticle, *, more: Sequence[Headline] = (), **lists: Sequence[Headline]
) -> bytes:
    """Return the page of an article; ``more`` are the latest articles of its section."""
    (page,) = pages.article_pages([item], [Headline.of(item)], {item.article.section: more}, **lists)
    if isinstance(page, Exception):
        raise page
    return page
