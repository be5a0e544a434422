"""Pages that every new article changes: "Latest" and the list of sources."""

from collections import Counter
from datetime import timedelta
from functools import partial

from syndicate.jobs.publish.lists.list_build import ListBuild
from syndicate.publish.lists.day_page import latest_page
from syndicate.publish.lists.sources_page import SourceFacts, sources_page
from syndicate.publish.site_paths import LATEST_PATH, SOURCES_PATH
from syndicate.store.core.column_types import from_microseconds
from syndicate.store.output import day_counts, paged_lists, stale

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
        for count in day_counts.recent_counts(connection, from_microseconds(until - 24 * stale.HOUR)):
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
