"""Pages of days and months, and the index of the archive.

The signature of the output ``month YYYY-MM`` holds, by day, the number of articles and the leading article of
the most covered story. Calendars and links to the days before and after come from these rows.
"""

import json
from bisect import bisect_left
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from functools import partial
from itertools import groupby, pairwise

from syndicate.groups import grouped
from syndicate.jobs.publish.lists.list_build import ListBuild
from syndicate.publish.lists.day_page import (
    DayArticle,
    DayLink,
    DayPage,
    Weeks,
    archive_page,
    day_page,
    day_parts,
    latest_page,
    month_page,
    weeks_of,
)
from syndicate.publish.lists.sources_page import SourceFacts, sources_page
from syndicate.publish.site_headline import Headline
from syndicate.publish.site_paths import (
    ARCHIVE_PATH,
    LATEST_PATH,
    SOURCES_PATH,
    UNDATED_PATH,
    day_path,
    month_path,
)
from syndicate.store import Connection
from syndicate.store.core.batches import in_batches
from syndicate.store.core.column_types import from_microseconds, to_microseconds
from syndicate.store.output import paged_lists, site_rows, stale

MONTH = "month "
ZONE = "time zone of days"
COVERED = 5
# Maximum numbers of days that are read and committed together, and of their articles unless it is one day.
BATCH_DAYS, BATCH_ARTICLES = 50, 4_000
_HOUR = timedelta(hours=1)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

# Number of articles of a day, each text once, and its most covered article or 0.
Day = tuple[int, int]


@dataclass(slots=True, kw_only=True)
class DayBuild:
    """Build the pages of stale days with the writer and the headlines of a list build."""

    lists: ListBuild
    _days: dict[date, Day] = field(default_factory=dict, init=False)
    # Days with articles, all and by month, oldest first.
    _known: list[date] = field(default_factory=list, init=False)
    _months: dict[date, list[date]] = field(default_factory=dict, init=False)
    _calendars: dict[date, Weeks] = field(default_factory=dict, init=False)

    def run(self) -> None:
        """Write the days of stale hours, their months and the archive; unmark each month's hours."""
        context = self.lists.context
        zone = str(context.options.time_zone)
        before, undated = context.known.get(ZONE, ""), context.output.exists(UNDATED_PATH)
        layout = f"{zone} undated" if undated else zone
        with context.store.read() as connection:
            marks = stale.lists_by_name(stale.stale_lists(connection)).get("day:", {})
            if not marks and before == layout and context.output.exists(ARCHIVE_PATH):
                return
            self._days = _stored_days(context.known)
            # In another time zone, a day may have lost its articles to the days beside it.
            moved = set() if before.partition(" ")[0] == zone else {*self._days}
            days = {mark: self._days_of(mark) for mark in marks}
            marked = {day for found in days.values() for day in found}
            waiting = self._counted(connection, marked | moved)
        if beside := {self._mark_of(day): {day} for day in waiting - marked}:
            # A month is stored before the next is written: days of other months that link to it wait too.
            with context.store.write() as connection:
                stale.mark_lists(connection, beside)
                marks |= stale.stale_lists(connection, beside)
            days |= beside
        self._known = sorted(self._days)
        self._months = {month: list(days) for month, days in groupby(self._known, _month_of)}
        if not self._write(waiting, marks, days):
            return
        if waiting or before != layout or not context.output.exists(ARCHIVE_PATH):
            months = [self._month_link(month) for month in reversed(self._months)]
            render = partial(archive_page, self.lists.pages, months, undated=undated)
            self.lists.write_page("day:", ARCHIVE_PATH, render)
        if before != layout:
            context.save({ZONE: layout})

    def _write(self, waiting: Collection[date], marks: Mapping[str, int], days: dict[str, set[date]]) -> bool:
        """Write these days and their months, newest first; return false when the job has to stop.

        ``days`` are the days of each mark.
        """
        context, newest_first = self.lists.context, sorted(waiting, reverse=True)
        due = {month: set(found) for month, found in groupby(newest_first, _month_of)}
        failed, done = set[date](), set[date]()
        most = max((count for count, _ in self._days.values()), default=1)
        size = max(1, min(BATCH_DAYS, BATCH_ARTICLES // most))
        for batch in in_batches(newest_first, size):
            if self.lists.gives_up():
                return False
            with context.store.read() as connection:
                contents = self._contents(connection, [day for day in batch if day in self._days])
            failed |= {_month_of(day) for day in batch if not self._day(day, contents.get(day))}
            ended = {_month_of(day) for day in batch if day == min(due[_month_of(day)])}
            # Marks of a month that failed stay, so that the next run writes it again.
            whole = sorted(ended - failed, reverse=True)
            months = [month for month in whole if self._month(month, due.keys())]
            done.update(*(due[month] for month in months))
            over = {mark: marks[mark] for mark, found in days.items() if found <= done}
            days = {mark: found for mark, found in days.items() if mark not in over}
            with context.commit() as connection:
                signatures = {f"{MONTH}{month:%Y-%m}": self._signature(month) for month in months}
                stale.save_signatures(connection, signatures, context.now)
                stale.clear_lists(connection, over)
        return True

    def _days_of(self, mark: str) -> set[date]:
        """Return the days, in the site's time zone, that an hour belongs to."""
        (hour,) = stale.marked_hours([mark])
        start = _EPOCH + hour * _HOUR
        zone = self.lists.context.options.time_zone
        return {at.astimezone(zone).date() for at in (start, start + _HOUR - timedelta(microseconds=1))}

    def _mark_of(self, day: date) -> str:
        """Return a mark that is of this day alone."""
        noon = datetime.combine(day, time(12), self.lists.context.options.time_zone)
        return f"day@{to_microseconds(noon) // stale.HOUR}:"

    def _counted(self, connection: Connection, days: set[date]) -> set[date]:
        """Count the articles of these days; return them with the days whose pages link to them.

        A day with its first article, or without its last, changes the days before and after and its month.
        """
        moved = set()
        for day in days:
            count = paged_lists.texts_between(connection, *self._span(day))
            if (day in self._days) != bool(count):
                moved.add(day)
            if count:
                self._days[day] = (count, self._days.get(day, (0, 0))[1])
            else:
                self._days.pop(day, None)
        known = sorted({*self._days, *moved})
        beside = {
            other
            for before, after in pairwise(known)
            for day, other in ((before, after), (after, before))
            if day in moved
        }
        months = {(day.year, day.month) for day in moved}
        same = {day for day in self._days if (day.year, day.month) in months}
        return days | same | beside

    def _span(self, day: date) -> tuple[int, int]:
        zone = self.lists.context.options.time_zone
        start, end = (datetime.combine(at, time(), zone) for at in (day, day + timedelta(days=1)))
        return max(to_microseconds(start), stale.FIRST_DATE), to_microseconds(end)

    def _day(self, day: date, found: tuple[DayPage, list[DayArticle]] | None) -> bool:
        """Write the pages of a day, and remove the pages that it no longer has."""
        parts, context = 0, self.lists.context
        written = True
        if found:
            content, articles = found
            parts = day_parts(len(articles))
            zone = context.options.time_zone
            for part in range(1, parts + 1):
                render = partial(day_page, self.lists.pages, content, articles, part, zone)
                written &= self.lists.write_page("day:", day_path(day, part), render)
        for part in range(parts + 1, 1_000):
            if not context.output.exists(day_path(day, part)):
                break
            context.remove(day_path(day, part))
        return written

    def _contents(
        self, connection: Connection, days: Sequence[date]
    ) -> dict[date, tuple[DayPage, list[DayArticle]]]:
        """Return the facts of each day, and its articles, newest first."""
        found = {day: paged_lists.rows_between(connection, *self._span(day)) for day in days}
        every = [row for rows in found.values() for row in rows]
        coverage = paged_lists.story_coverage(connection, {row.story_id for row in every})
        read = self.lists.headlines.read(connection, [row.article_id for row in every])
        shown = {number: listed.headline for number, listed in read.items()}
        contents = {}
        for day, rows in found.items():
            texts = grouped((row.same_text, row.article_id) for row in rows[::-1])
            members = grouped((row.story_id, row.article_id) for row in rows if row.story_id in coverage)
            best = sorted(members, key=lambda story: -coverage[story][0])[:COVERED]
            covered = [coverage[n][1] if coverage[n][1] in members[n] else members[n][0] for n in best]
            self._days[day] = len(texts), covered[0] if covered else 0
            articles = [
                DayArticle(shown[first], [shown[number] for number in copies if number in shown])
                for first, *copies in texts.values()
                if first in shown
            ]
            known, at = self._known, bisect_left(self._known, day)
            page = DayPage(
                day=day,
                sources=len({row.source_id for row in rows}),
                stories=len({row.story_id for row in rows}),
                covered=[shown[number] for number in covered if number in shown],
                previous=self._link(known[at - 1]) if at else None,
                next=self._link(known[at + 1]) if at + 1 < len(known) else None,
                weeks=self._weeks(_month_of(day)),
            )
            contents[day] = page, articles[::-1]
        return contents

    def _signature(self, month: date) -> str:
        return json.dumps({str(day.day): self._days[day] for day in self._months.get(month, ())})

    def _weeks(self, month: date) -> Weeks:
        """Return the calendar of a month, made once: its pages share the markup."""
        if month not in self._calendars:
            counts = {day.day: self._days[day][0] for day in self._months[month]}
            self._calendars[month] = weeks_of(month, counts)
        return self._calendars[month]

    def _link(self, day: date, headline: Headline | None = None) -> DayLink:
        return DayLink(day, day_path(day), self._days[day][0], headline)

    def _month(self, month: date, due: Collection[date]) -> bool:
        """Write or remove the page of a month, after the pages that link to it, unless they are due.

        Return whether its own page could be written.
        """
        known, path = [*self._months], month_path(month)
        at = bisect_left(known, month)
        written = [month] if month in self._months else []
        if not written:
            self.lists.context.remove(path)
        if not self.lists.context.output.exists(path):
            near = (*known[max(0, at - 1) : at], *known[at + len(written) :][:1])
            failed = [other for other in near if other not in due and not self._write_month(other)]
            if marks := [self._mark_of(self._months[other][0]) for other in failed]:
                # A later run changes the links of these months.
                with self.lists.context.store.write() as connection:
                    stale.mark_lists(connection, marks)
        return all(map(self._write_month, written))

    def _write_month(self, month: date) -> bool:
        known = [*self._months]
        place = known.index(month)
        earlier = self._month_link(known[place - 1]) if place else None
        later = self._month_link(known[place + 1]) if place + 1 < len(known) else None
        days = self._months[month][::-1]
        ids = [self._days[day][1] for day in days if self._days[day][1]]
        read = self.lists.headlines.read_from(self.lists.context.store, ids)
        shown = {number: listed.headline for number, listed in read.items()}
        links = [self._link(day, shown.get(self._days[day][1])) for day in days]
        render = partial(month_page, self.lists.pages, month, links, self._weeks(month), earlier, later)
        return self.lists.write_page("day:", month_path(month), render)

    def _month_link(self, month: date) -> DayLink:
        count = sum(self._days[day][0] for day in self._months[month])
        return DayLink(month, month_path(month), count)


def _stored_days(known: Mapping[str, str]) -> dict[date, Day]:
    """Return the days with pages from the stored months."""
    found: dict[date, Day] = {}
    for name, value in known.items():
        if name.startswith(MONTH) and value:
            first = date.fromisoformat(f"{name.removeprefix(MONTH)}-01")
            found |= {
                first.replace(day=int(day)): (count, top) for day, (count, top) in json.loads(value).items()
            }
    return found


def _month_of(day: date) -> date:
    return day.replace(day=1)


# Numbers of articles on "Latest": so many at least, and at most while they are of two days.
LEAST = 100
MOST = 150


def write_latest(lists: ListBuild) -> None:
    """Write "Latest" and the list of sources."""
    context, pages = lists.context, lists.pages
    zone = context.options.time_zone
    with context.store.read() as connection:
        places = paged_lists.newest_places(connection, MOST)
        read = lists.headlines.read(connection, [place.article_id for place in places])
        newest = paged_lists.newest_of_sources(connection)
        until = max(newest.values(), default=0)
        counts = Counter[int]()
        for count in site_rows.recent_counts(connection, from_microseconds(until - 24 * stale.HOUR)):
            counts[count.source_id] += count.articles
    headlines = [listed.headline for listed in read.values()]
    days = [headline.published.astimezone(zone).date() for headline in headlines]
    shown = [
        headline
        for place, (headline, day) in enumerate(zip(headlines, days, strict=True))
        if place < LEAST or day >= days[0] - timedelta(days=1)
    ]
    lists.write_page("", LATEST_PATH, partial(latest_page, pages, shown, zone, trending=lists.trending))
    facts = [
        SourceFacts(source, from_microseconds(newest[source.id]), counts[source.id])
        for source in context.views.sources.values()
        if source.id in newest
    ]
    lists.write_page("", SOURCES_PATH, partial(sources_page, pages, facts))
