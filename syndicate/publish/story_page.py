"""Page of a story: every report, newest first, and the numbers of reports over time."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta, tzinfo
from itertools import groupby
from typing import Final, NamedTuple
from urllib.parse import quote

from syndicate.groups import grouped
from syndicate.model import Image, PublishedArticle, RelatedLink, known_since
from syndicate.publish.feeds.entries import corrected_at
from syndicate.publish.page_context import Page
from syndicate.publish.publish_options import PublishOptions
from syndicate.publish.site import SitePages
from syndicate.publish.site_headline import Headline, NamedPath, SourceMark
from syndicate.publish.site_metadata import collection_facts
from syndicate.publish.site_paths import story_feed
from syndicate.templating import Markup, iso_date
from syndicate.text.language import is_foreign, main_language
from syndicate.text.plain import excerpt

# Reports on a page: the newest and the first. More would take the page beyond 100 KB.
NEWEST_SHOWN: Final = 60
FIRST_SHOWN: Final = 15
MAX_SUMMARY: Final = 240
# Reports in the structured data.
_LISTED: Final = 20
_HOUR: Final = timedelta(hours=1)
# Hours of a bar, while the bars of a story are at most so many.
_BAR_HOURS: Final = ((1, 72), (6, 56), (24, 84), (168, 10_000))
_LABELS: Final = 6
_WIDEST_BAR: Final = 5.0
"""Per cent of the chart. The bar of a story of two hours would else fill nearly half of it."""


class TextGroup(NamedTuple):
    """Report of a story, and the reports of other sources with the same text."""

    report: RelatedLink
    copies: tuple[RelatedLink, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class StoryMaterial:
    """Rows of a story.

    ``links`` lead to all its articles. ``articles`` holds the lead and the articles shown in full, by id.
    ``tags`` are the keys of tags with a page, ``related`` the leads of other stories.
    """

    path: str
    lead: PublishedArticle
    links: Sequence[RelatedLink]
    articles: Mapping[int, PublishedArticle]
    tags: Sequence[NamedPath] = ()
    related: Sequence[Headline] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class StoryReport:
    """Report in the timeline of a story.

    - ``headline``: the article, with at most a sentence or two as its summary
    - ``id``: its id on the page
    - ``at``: its time; ``leads``: true for the lead; ``own``: true for an own source
    - ``corrected``: time of a correction, or ``None``; ``foreign``: in another language than the site
    - ``copies``: reports of other sources with the same text
    """

    headline: Headline
    id: str
    at: datetime
    leads: bool
    own: bool
    corrected: datetime | None
    foreign: bool
    copies: Sequence[Headline]


class StoryDay(NamedTuple):
    """Reports of a day. ``left_out`` is the number of reports between this day's and the next day's."""

    at: datetime
    reports: Sequence[StoryReport]
    left_out: int


class ChartBar(NamedTuple):
    """Bar of a chart; place and size in per cent."""

    x: float
    y: float
    width: float
    height: float


@dataclass(frozen=True, slots=True, kw_only=True)
class StoryChart:
    """Numbers of reports over time. ``hours`` is the time of a bar; ``labels`` divide the axis equally."""

    hours: int
    most: int
    bars: Sequence[ChartBar]
    labels: Sequence[datetime]


@dataclass(frozen=True, kw_only=True)
class StoryPage(Page):
    """Variables of ``pages/story.html``."""

    lead: Headline
    sources: int
    articles: int
    languages: int
    first: datetime
    last: datetime
    first_id: str
    chart: StoryChart | None
    days: Sequence[StoryDay]
    tellers: Sequence[tuple[SourceMark, int]]
    tags: Sequence[NamedPath]
    related: Sequence[Headline]
    image: Image | None
    share: str
    trending: Sequence[Headline]


def text_groups(links: Sequence[RelatedLink]) -> list[TextGroup]:
    """Return the reports of a story, newest first, each text once under its first report."""
    texts = ((-link.article_id if link.same_text is None else link.same_text, link) for link in links)
    groups = grouped(sorted(texts, key=lambda text: _age(text[1])))
    return [TextGroup(first, tuple(rest)) for first, *rest in reversed(groups.values())]


def shown_groups(groups: Sequence[TextGroup]) -> tuple[Sequence[TextGroup], Sequence[TextGroup]]:
    """Return the newest and the first groups that a page shows; the second part is empty if all fit."""
    if len(groups) <= NEWEST_SHOWN + FIRST_SHOWN:
        return groups, ()
    return groups[:NEWEST_SHOWN], groups[-FIRST_SHOWN:]


def story_page(
    pages: SitePages, story: StoryMaterial, options: PublishOptions, trending: Sequence[Headline]
) -> bytes:
    """Return the page at ``story.path``."""
    lead, times = Headline.of(story.lead), [known_since(link.published) for link in story.links]
    groups = text_groups(story.links)
    counts = Counter(link.source_name for link in sorted(story.links, key=_age, reverse=True))
    canonical, paths = pages.absolute(story.path), {link.path for link in story.links}
    feed = NamedPath(name=lead.title, title=lead.title, path=story_feed(story.path))
    page = StoryPage(
        canonical=canonical,
        description=lead.summary,
        feeds=(feed,) if options.automatic_channels else (),
        json_ld=_structured(pages, story, groups, options),
        share_image=lead.image,
        lead=lead,
        sources=len(counts),
        articles=len(story.links),
        languages=len({main_language(link.language) for link in story.links} - {""}),
        first=min(times),
        last=max(times),
        first_id=f"report-{groups[-1].report.article_id}",
        chart=story_chart(times, options.time_zone),
        days=_days(story, groups, options),
        tellers=[(SourceMark.of(name), count) for name, count in counts.items()],
        tags=story.tags,
        related=story.related,
        image=lead.image,
        share=f"mailto:?subject={quote(lead.title, errors='replace')}&body={quote(canonical)}",
        trending=[headline for headline in trending if headline.path not in paths],
    )
    return pages.page("pages/story.html", story.path, page, lead.section)


def story_chart(times: Sequence[datetime], zone: tzinfo) -> StoryChart | None:
    """Return the chart of reports at these times; the longer the story, the more hours are a bar.

    Reports that share one bar have no chart.
    """
    first, last = min(times).astimezone(zone), max(times)
    for hours, most in _BAR_HOURS:
        start = first.replace(minute=0, second=0, microsecond=0, hour=first.hour if hours == 1 else 0)
        count = int((last - start) / (hours * _HOUR)) + 1
        if count <= most:
            break
    # Labels of bars of six hours name days.
    unit = 4 if hours == 6 else 1
    span = -(-count // (_LABELS * unit)) * unit
    places = Counter(int((at - start) / (hours * _HOUR)) for at in times)
    if len(places) < 2:
        return None
    count, tallest = -(-count // span) * span, max(places.values())
    width = 100 / count
    bars = [
        ChartBar(
            round(place * width, 2),
            round(100 - 100 * number / tallest, 2),
            round(min(width * 0.8, _WIDEST_BAR), 2),
            round(100 * number / tallest, 2),
        )
        for place, number in sorted(places.items())
    ]
    labels = [start + place * hours * _HOUR for place in range(0, count, span)]
    return StoryChart(hours=hours, most=tallest, bars=bars, labels=labels)


def _days(story: StoryMaterial, groups: Sequence[TextGroup], options: PublishOptions) -> list[StoryDay]:
    newest, oldest = shown_groups(groups)
    days: list[StoryDay] = []
    for part in (newest, oldest):
        reports = [_report(story, group, options.language) for group in part]
        for _, of_day in groupby(reports, key=lambda report: report.at.astimezone(options.time_zone).date()):
            listed = list(of_day)
            days.append(StoryDay(listed[0].at, listed, 0))
        if part is newest and oldest:
            days[-1] = days[-1]._replace(left_out=len(groups) - len(newest) - len(oldest))
    return days


def _report(story: StoryMaterial, group: TextGroup, language: str) -> StoryReport:
    link, item = group.report, story.articles[group.report.article_id]
    headline = Headline.of(item)
    return StoryReport(
        headline=replace(headline, summary=excerpt(headline.summary, MAX_SUMMARY)),
        id=f"report-{link.article_id}",
        at=known_since(link.published),
        leads=link.article_id == story.lead.article.id,
        own=item.source.own,
        corrected=corrected_at(item.article),
        foreign=is_foreign(link.language, language),
        copies=tuple(map(Headline.of_related, group.copies)),
    )


def _structured(
    pages: SitePages, story: StoryMaterial, groups: Sequence[TextGroup], options: PublishOptions
) -> Markup:
    article = story.lead.article
    path = pages.site.section_path(article.section)
    return collection_facts(
        options,
        story.path,
        article.title,
        [Headline.of_related(group.report) for group in groups[:_LISTED]],
        [(pages.section_name(article.section), path)] if path else (),
        inLanguage=article.language or options.language,
        dateModified=iso_date(max(known_since(link.published) for link in story.links), options.time_zone),
    )


def _age(link: RelatedLink) -> tuple[datetime, int]:
    return known_since(link.published), link.article_id
