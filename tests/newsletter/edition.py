"""An edition with one of each thing a template must cope with.

A picture, none, a long title, a right-to-left story, an update, other coverage, related links, a
headline with no text at all.
"""

from dataclasses import replace
from datetime import timedelta
from typing import Any

from syndicate.model import EditionStory, Image, PublishedArticle, RelatedLink, Republish
from tests.newsletter.stories import NOW, published

URL = "https://news.example.com"
PAPERS = (
    "The Harbour Gazette",
    "Coast & Country",
    "Daily Ledger",
    "صحيفة الميناء",
    "Evening Standard-Bearer",
)


def full_edition() -> tuple[EditionStory, ...]:
    """Four top stories and two trending ones, published in the hours before NOW."""
    bridge = Image(url=f"{URL}/bridge.jpg", width=1200, height=675, alt="Cars on the bridge at dawn")
    return (
        _story(
            1,
            "Harbour bridge reopens after three years, a week ahead of schedule",
            summary="The first cars crossed at six in the morning. Engineers say the new cables will last "
            "until the end of the century, and the ferry that replaced the bridge keeps a summer timetable.",
            image=bridge,
            coverage=5,
            section="Transport",
        ),
        _story(
            2,
            "افتتاح الجسر الجديد فوق الميناء بعد ثلاث سنوات من أعمال البناء",
            language="ar",
            direction="rtl",
            summary="عبرت أولى السيارات الجسر في السادسة صباحاً، ويقول المهندسون إن الكابلات الجديدة ستدوم "
            "حتى نهاية القرن.",
            coverage=2,
        ),
        _story(
            3,
            "City council agrees the budget for schools, libraries and swimming pools after eleven hours of "
            "debate that ended at four in the morning",
            summary="Two readings of the same figures, and one vote between them.",
            coverage=4,
            follow_up=True,
        ),
        _story(4, "Lighthouse keeper’s logbook found", republish=Republish.NONE),
        _story(5, "Night trains to the coast sell out in an hour", kind="trending", coverage=3),
        _story(6, "Why everyone is baking rye bread again", kind="trending"),
    )


def _story(
    number: int,
    title: str,
    *,
    kind: str = "top",
    coverage: int = 1,
    follow_up: bool = False,
    republish: Republish = Republish.SUMMARY,
    **article: Any,
) -> EditionStory:
    moment = NOW - timedelta(hours=number)
    paper = 3 if article.get("language") == "ar" else number % 3
    lead = published(
        number,
        source=paper,
        name=PAPERS[paper],
        republish=republish,
        title=title,
        minutes=number + 1,
        **{"published": moment, "updated": moment, "first_seen": moment} | article,
    )
    others = [place for place in range(5) if place != paper]
    shown = replace(
        lead,
        coverage=tuple(_link(number * 10 + place, f"{title} ({place})", place, lead) for place in others),
        related=tuple(
            _link(number * 100 + place, f"Background {place}: {title}", place, lead)
            for place in range(coverage - 1)
        ),
    )
    return EditionStory(
        story_id=number,
        position=number,
        kind=kind,
        coverage=coverage,
        lead=shown,
        tells=(number, *(link.article_id for link in shown.coverage)),
        follow_up=follow_up,
    )


def _link(number: int, title: str, paper: int, lead: PublishedArticle) -> RelatedLink:
    return RelatedLink(
        article_id=number,
        uid=f"uid-{number}",
        title=title,
        url=f"{URL}/{number}?from=list&n={number}",
        path=f"site/articles/{number}.html",
        source_name=PAPERS[paper],
        published=NOW,
        language=lead.article.language,
        direction=lead.article.direction,
    )
