"""Plots of stories: coverage, growth in a day, and places by hour."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from syndicate.groups import grouped
from syndicate.plots import BumpLine, Figure, SourceLane, bump, lanes, step_area
from syndicate.store.stories.story_store import StoryArticleRow
from syndicate.text.phrases import plural

DAY = timedelta(days=1)
_LANES = 30


def growth(rows: Sequence[StoryArticleRow], now: datetime, highest: int) -> Figure:
    """Draw the number of a story's sources in the last 24 hours, on a scale to ``highest``."""
    firsts = sorted(times[0] for times in _by_source(rows).values())
    counts = [(max(first, now - DAY), float(n)) for n, first in enumerate(firsts, start=1)]
    new = sum(first > now - DAY for first in firsts)
    finding = f"{plural(len(firsts), 'source')}, {new} of them new in 24 hours."
    return step_area("Sources in 24 hours", finding, counts, now - DAY, now, highest)


def coverage(rows: Sequence[StoryArticleRow], names: Mapping[int, str], now: datetime) -> Figure:
    """Draw the articles of a story by source, the first source at the top, in the zone of ``now``."""
    found = sorted(_by_source(rows).items(), key=lambda item: item[1][0])
    sources = [
        SourceLane(names[source], [at.astimezone(now.tzinfo) for at in times]) for source, times in found
    ]
    start = sources[0].times[0]
    finding = f"{sources[0].name} was first; {plural(len(sources), 'source')} so far."
    return lanes("Coverage", finding, sources[:_LANES], start, max(start + timedelta(hours=1), now))


def trending(places: Mapping[str, Sequence[int | None]], hours: Sequence[datetime]) -> Figure:
    """Draw the places of stories, by headline, at each hour."""
    first = next((title for title, known in places.items() if known[-1] == 1), "")
    finding = f"First now: {first}." if first else "No story is trending now."
    lines = [BumpLine(title, known) for title, known in places.items()]
    return bump("Places in the list trending", finding, [at.strftime("%H:%M") for at in hours], lines)


def _by_source(rows: Sequence[StoryArticleRow]) -> dict[int, list[datetime]]:
    """Return the times of a story's articles by source, the earliest first."""
    by_time = sorted(rows, key=lambda row: row.published)
    return grouped((row.source_id, row.published) for row in by_time)
