"""Sample edition, so that a template can be tried before there is any news."""

from datetime import datetime, timedelta

from syndicate.model import (
    TOP,
    TRENDING,
    Article,
    EditionStory,
    PublishedArticle,
    RelatedLink,
    Source,
    StoryLinks,
)


def sample_stories(now: datetime) -> tuple[EditionStory, ...]:
    """Return a top story and a trending story with every field set."""
    return (_story(1, TOP, "A headline of usual length", now), _story(2, TRENDING, "Another headline", now))


def _story(number: int, kind: str, title: str, now: datetime) -> EditionStory:
    published = now - timedelta(hours=number)
    source = Source(id=number, name=f"Sample source {number}", url="https://example.com/feed.xml")
    link = RelatedLink(
        article_id=10 + number,
        uid=f"sample-{10 + number}",
        title=f"A related headline {number}",
        url=f"https://example.com/related-{number}",
        path=f"site/articles/related-{number}.html",
        source_name="Other source",
        published=published,
    )
    article = Article(
        id=number,
        uid=f"sample-{number}",
        source_id=number,
        entry_key=f"sample-{number}",
        url=f"https://example.com/{number}",
        path=f"site/articles/sample-{number}.html",
        title=title,
        published=published,
        updated=published,
        first_seen=published,
        language="en",
        summary="One or two sentences that say what happened.",
    )
    lead = PublishedArticle(
        article=article,
        source=source,
        link=article.url,
        related=(link,),
        coverage=(link,),
        sources=2,
        story=StoryLinks(path="site/stories/sample.html", links=(link,)),
    )
    return EditionStory(story_id=number, position=number, kind=kind, coverage=2, lead=lead)
