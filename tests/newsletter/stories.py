"""Stories for the tests of this room."""

from datetime import UTC, datetime, timedelta
from typing import Any

from syndicate.model import Article, Newsletter, PublishedArticle, RankedStory, Republish, Source, Story
from syndicate.newsletter.compose import Candidate, Member
from syndicate.newsletter.periods import Period

NOW = datetime(2026, 11, 24, 7, 0, tzinfo=UTC)
PERIOD = Period(start=NOW - timedelta(days=1), end=NOW)


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
    facts["updated"] = changes.get("published", facts["updated"])
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
) -> Candidate:
    """A story whose articles came ``hours_ago`` before the end of the period."""

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

    lead = member(number, source=number if source is None else source, hours_ago=hours_ago)
    moment = lead.published
    others = [
        member(1000 * number + more, source=1000 + more, hours_ago=hours_ago) for more in range(1, coverage)
    ]
    return Candidate(
        story=Story(id=number, lead_id=number, created=moment, updated=moment, articles=1, coverage=coverage),
        members=(lead, *others),
        top=ranked(top),
        trending=ranked(trending),
    )


def member(number: int, *, source: int = 1, hours_ago: float = 1.0, **changes: Any) -> Member:
    """An article that came ``hours_ago`` before the end of the period, with a text of its own."""
    moment = NOW - timedelta(hours=hours_ago)
    facts: dict[str, Any] = {"article_id": number, "source_id": source, "text": number}
    return Member(**(facts | {"published": moment, "first_seen": moment} | changes))
