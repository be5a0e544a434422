"""Pages of days and months, the index of the archive, and "Latest"."""

from calendar import Calendar
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, tzinfo
from itertools import groupby
from typing import Final, NamedTuple

from syndicate.publish.lists.list_page import latest_path
from syndicate.publish.page_context import Page
from syndicate.publish.site import SitePages
from syndicate.publish.site_headline import Headline, NamedPath
from syndicate.publish.site_metadata import collection_facts
from syndicate.publish.site_paths import (
    ARCHIVE_PATH,
    LATEST_PATH,
    UNDATED_PATH,
    day_path,
    month_path,
    root_of,
)
from syndicate.templating import Markup
from syndicate.text.markup import NO_MARKUP, clean_markup

# Number of articles on a further page of a day, and the maximum on its first page.
PART: Final = 60
FIRST_PART: Final = 120
_LEVELS: Final = 3
# Place for the mark of the current day in the shared markup of a calendar, and the mark.
_PLACE: Final = "\0"
_CURRENT: Final = ' aria-current="page"'


class DayArticle(NamedTuple):
    """Article of a day, and the day's later articles with the same text."""

    headline: Headline
    copies: Sequence[Headline] = ()


class HourBlock(NamedTuple):
    """Articles of an hour of the clock, newest first; ``hour`` is its start."""

    hour: datetime
    articles: Sequence[DayArticle]


class DayBlock(NamedTuple):
    """Articles of a day by hour, newest first; ``path`` is the page of the day."""

    day: date
    path: str
    articles: int
    hours: Sequence[HourBlock]


class DayLink(NamedTuple):
    """Day or month with its page and number of articles, and a day with its most covered story."""

    day: date
    path: str
    articles: int
    headline: Headline | None = None


class CalendarDay(NamedTuple):
    """Day of a calendar: ``path`` is "" without articles; ``level``, 0 to 3, grows with their number."""

    day: date
    path: str
    articles: int
    level: int


Weeks = tuple[tuple[CalendarDay | None, ...], ...]


@dataclass(frozen=True, kw_only=True)
class DayPage(Page):
    """Variables of ``pages/day.html``.

    - ``day``, ``hours``: the date, and its articles by hour
    - ``articles``, ``sources``, ``stories``: counts of the day
    - ``previous``, ``next``: the nearest days with articles; ``pages``: links of the pager
    - ``weeks``: days of the month; ``calendar``: their calendar as markup; ``month``: the month's page
    - ``covered``: the most covered stories
    """

    day: date
    hours: Sequence[HourBlock] = ()
    articles: int = 0
    sources: int
    stories: int
    previous: DayLink | None
    next: DayLink | None
    pages: Sequence[NamedPath] = ()
    weeks: Weeks = ()
    calendar: Markup = NO_MARKUP
    month: str = ""
    covered: Sequence[Headline]


@dataclass(frozen=True, kw_only=True)
class LatestPage(Page):
    """Variables of ``pages/latest.html``.

    - ``days``: the newest articles by day and hour; ``trending``: trending stories
    - ``filters``: "Latest" of each section; ``current``: the section of the page, or ``""``
    """

    days: Sequence[DayBlock]
    filters: Sequence[NamedPath]
    current: str = ""
    trending: Sequence[Headline] = ()


@dataclass(frozen=True, kw_only=True)
class ArchivePage(Page):
    """Variables of ``pages/archive.html``, the page of a month or the index of all months.

    - ``month``: first day of the month, or ``None``; ``weeks``, ``calendar``: as on a day
    - ``days``: days of the month with articles, newest first
    - ``years``: months with articles by year, newest first; ``undated``: path of the undated articles
    """

    month: date | None
    weeks: Weeks = ()
    calendar: Markup = NO_MARKUP
    days: Sequence[DayLink] = ()
    years: Mapping[int, Sequence[DayLink]]
    undated: str = ""
    previous: DayLink | None = None
    next: DayLink | None = None


def day_parts(count: int) -> int:
    """Return the number of pages of a day with so many articles."""
    return 1 + max(0, -(-(count - FIRST_PART) // PART))


def day_page(
    pages: SitePages,
    content: DayPage,
    articles: Sequence[DayArticle],
    part: int,
    zone: tzinfo,
) -> bytes:
    """Return a page of a day, with its ``articles``, newest first, and the calendar of ``content.weeks``.

    Part 1 holds the newest articles, part 2 the oldest.
    """
    day, oldest_first = content.day, articles[::-1]
    path = day_path(day, part)
    parts = day_parts(len(oldest_first))
    start = PART * (parts - 1 if part == 1 else part - 2)
    shown = oldest_first[start:] if part == 1 else oldest_first[start : start + PART]
    order = [1, *range(parts, 1, -1)]
    page = replace(
        content,
        canonical=pages.absolute(path),
        json_ld=collection_facts(
            pages.site, path, day.isoformat(), [article.headline for article in shown[::-1]]
        ),
        hours=by_hour(shown[::-1], zone),
        articles=len(articles),
        older=content.previous.path if content.previous else "",
        newer=content.next.path if content.next else "",
        pages=[
            NamedPath(
                name="" if other == 1 else str(other - 1), path="" if other == part else day_path(day, other)
            )
            for other in (order if parts > 1 else ())
        ],
        calendar=_calendar(pages, path, content.weeks, day),
        month=month_path(day),
    )
    return pages.page("pages/day.html", path, page)


def latest_page(
    pages: SitePages,
    headlines: Sequence[Headline],
    zone: tzinfo,
    *,
    section: str = "",
    trending: Sequence[Headline] = (),
) -> bytes:
    """Return "Latest" of the site or of a section; headlines are newest first."""
    path = latest_path(section) if section else LATEST_PATH
    dated = [headline for headline in headlines if headline.dated]
    blocks = []
    for day, group in groupby(dated, lambda headline: headline.published.astimezone(zone).date()):
        shown = [DayArticle(headline) for headline in group]
        blocks.append(DayBlock(day, day_path(day), len(shown), by_hour(shown, zone)))
    filters = [NamedPath(path=LATEST_PATH if section else "")]
    filters += [
        NamedPath(name=other.name, path="" if other.name == section else latest_path(other.name))
        for other in pages.sections
    ]
    page = LatestPage(
        canonical=pages.absolute(path),
        feeds=pages.section_feeds(section),
        days=blocks,
        filters=filters if len(filters) > 1 else (),
        current=section,
        trending=trending,
    )
    return pages.page("pages/latest.html", path, page, section)


def month_page(
    pages: SitePages,
    month: date,
    days: Sequence[DayLink],
    weeks: Weeks,
    previous: DayLink | None,
    following: DayLink | None,
) -> bytes:
    """Return the page of a month with its days, newest first."""
    page = ArchivePage(
        canonical=pages.absolute(month_path(month)),
        month=month,
        weeks=weeks,
        calendar=_calendar(pages, month_path(month), weeks),
        days=days,
        years={},
        previous=previous,
        next=following,
        older=previous.path if previous else "",
        newer=following.path if following else "",
    )
    return pages.page("pages/archive.html", month_path(month), page)


def archive_page(pages: SitePages, months: Sequence[DayLink], *, undated: bool) -> bytes:
    """Return the index of the archive; months are newest first."""
    years = {year: list(group) for year, group in groupby(months, lambda link: link.day.year)}
    page = ArchivePage(
        canonical=pages.absolute(ARCHIVE_PATH),
        month=None,
        years=years,
        undated=UNDATED_PATH if undated else "",
    )
    return pages.page("pages/archive.html", ARCHIVE_PATH, page)


def _calendar(pages: SitePages, path: str, weeks: Weeks, current: date | None = None) -> Markup:
    """Return the calendar of a month for a page, which marks the ``current`` day.

    The pages of a month share its markup, with a place for the mark in the link of each day.
    """
    pieces = str(pages.part("pages/parts/month.html", root_of(path), weeks=weeks, mark=_PLACE)).split(_PLACE)
    linked = [day.day for week in weeks for day in week if day and day.path]
    if current in linked[: len(pieces) - 1]:
        pieces[linked.index(current)] += _CURRENT
    return clean_markup("".join(pieces))


def by_hour(articles: Iterable[DayArticle], zone: tzinfo) -> list[HourBlock]:
    """Group articles of a day, newest first, by the hour of the clock."""

    def hour_of(article: DayArticle) -> datetime:
        return article.headline.published.astimezone(zone).replace(minute=0, second=0, microsecond=0)

    return [HourBlock(hour, list(group)) for hour, group in groupby(articles, hour_of)]


def weeks_of(day: date, counts: Mapping[int, int]) -> Weeks:
    """Return the calendar of a day's month, weeks from Monday; days of other months are ``None``."""
    most = max(counts.values(), default=1)

    def cell(other: date) -> CalendarDay | None:
        count = counts.get(other.day, 0)
        level = -(-_LEVELS * count // most)
        path = day_path(other) if count else ""
        return CalendarDay(other, path, count, level) if other.month == day.month else None

    weeks = Calendar().monthdatescalendar(day.year, day.month)
    return tuple(tuple(map(cell, week)) for week in weeks)
