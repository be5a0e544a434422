"""Sample pages of lists and days for template checks, with every field set and with few."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial

from syndicate.model import ListedArticle, Source
from syndicate.publish.lists.day_page import (
    DayArticle,
    DayLink,
    DayPage,
    archive_page,
    day_page,
    latest_page,
    month_page,
    weeks_of,
)
from syndicate.publish.lists.list_page import (
    ListPage,
    list_facts,
    list_page_of,
    most_active,
)
from syndicate.publish.lists.sources_page import SourceFacts, sources_page
from syndicate.publish.site import SitePages
from syndicate.publish.site_headline import Headline


def sample_lists(
    pages: SitePages, headlines: Sequence[Headline], source: Source, now: datetime
) -> Iterator[Callable[[], object]]:
    """Yield functions that render the pages of lists, days and sources."""
    row = ListedArticle(now, 1, source.id, 1, 1, "Sample", ("sample",))
    rows = [row, row._replace(same_text=2)]
    facts = list_facts(rows, {source.id: source.name}, {1}, UTC)
    of_one = replace(facts, partners=most_active({"Other": 2}), total=2, first=now)
    for content in (
        ListPage(kind="section", name="Sample", headlines=()),
        ListPage(
            kind="section", name="Sample", headlines=headlines, numbers=[1, 2], facts=facts, lead=headlines[0]
        ),
        ListPage(kind="tag", name="sample", headlines=headlines, number=2, numbers=[1, 2, 3], articles=90),
        ListPage(kind="author", name="Sample", headlines=headlines),
        ListPage(kind="source", name=source.name, headlines=headlines, source=source, facts=of_one),
        ListPage(kind="undated", name="", headlines=headlines),
    ):
        yield partial(list_page_of, pages, content, headlines)
    day = now.date()
    link = DayLink(day - timedelta(days=1), "site/days/sample.html", 2, headlines[0])
    articles = [DayArticle(headline, headlines[:1]) for headline in headlines]
    weeks = weeks_of(day, {day.day: 2})
    few = DayPage(day=day, sources=1, stories=1, covered=(), previous=None, next=None, weeks=weeks)
    full = replace(few, covered=headlines, previous=link, next=link)
    for sample in (few, full):
        yield partial(day_page, pages, sample, articles, 1, UTC)
    yield partial(latest_page, pages, headlines, UTC, trending=headlines)
    yield partial(latest_page, pages, (), UTC, section="Sample")
    yield partial(month_page, pages, day.replace(day=1), [link], weeks, link, link)
    yield partial(archive_page, pages, [link], undated=True)
    quiet = SourceFacts(source, now - timedelta(days=100), 0)
    yield partial(sources_page, pages, [SourceFacts(source, now, 2), quiet])
