"""Stories for the tests of this room."""

from datetime import UTC, datetime, timedelta
from typing import Any

from syndicate.model import Article, Newsletter, PublishedArticle, RankedStory, Republish, Source, Story
from syndicate.newsletter.compose import Candidate
from syndicate.newsletter.periods import Period

NOW = datetime(2026, 11, 24, 7, 0, tzinfo=UTC)
PERIOD = Period(start=NOW - timedelta(days=1), end=NOW, key="2026-11-24T07:00")


def newsletter(**changes: Any) -> Newsletter:
    facts: dict[str, Any] = {
        "name": "morning",
        "title": "The Morning Brief",
        "schedule": "daily 07:00",
        "time_zone": "UTC",
    }
    return Newsletter(**(facts | changes))


def published(
    number: int,
    *,
    source: int = 1,
    name: str = "",
    republish: Republish = Republish.SUMMARY,
    **changes: Any,
) -> PublishedArticle:
    facts: dict[str, Any] = {
        "id": number,
        "uid": f"uid-{number}",
        "source_id": source,
        "entry_key": f"key-{number}",
        "url": f"https://paper{source}.example.com/{number}",
        "path": f"site/articles/{number}.html",
        "title": f"Title {number}",
        "published": NOW - timedelta(hours=1),
        "updated": NOW - timedelta(hours=1),
        "first_seen": NOW - timedelta(hours=1),
        "language": "en",
        "summary": f"Summary {number}.",
    }
    article = Article(**(facts | changes))
    paper = Source(
        id=source,
        name=name or f"paper{source}",
        url=f"https://paper{source}.example.com/feed",
        republish=republish,
    )
    return PublishedArticle(article=article, source=paper, link=article.url)


def candidate(
    number: int,
    *,
    top: float | None = None,
    trending: float | None = None,
    source: int | None = None,
    coverage: int = 1,
    hours_ago: float = 1.0,
    link: str | None = None,
) -> Candidate:
    """A story whose only article came ``hours_ago`` before the end of the period."""
    moment = NOW - timedelta(hours=hours_ago)
    url: dict[str, Any] = {"url": link} if link else {}
    lead = published(number, source=number if source is None else source, **url)

    def ranked(score: float | None) -> RankedStory | None:
        if score is None:
            return None
        return RankedStory(
            story_id=number,
            article_id=number,
            position=number,
            score=score,
            coverage=coverage,
            parts={"all": score},
        )

    return Candidate(
        story=Story(id=number, lead_id=number, created=moment, updated=moment, articles=1, coverage=coverage),
        lead=lead,
        times=((moment, moment),),
        top=ranked(top),
        trending=ranked(trending),
    )
