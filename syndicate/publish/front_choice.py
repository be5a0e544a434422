"""Places of the front page: the story that stands at each, chosen from ranked and newest headlines."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from math import ceil
from typing import Final

from syndicate.publish.site_headline import Growth, Headline, Hot, SectionBlock, StoryView

# Without a report in this time the page shows the newest articles and says so.
OLD: Final = timedelta(hours=36)
LANE_HOURS: Final = 60
LATEST_SHOWN: Final = 13
TRENDING_SHOWN: Final = 5
MORE_SHOWN: Final = 4
SECTION_SHOWN: Final = 9
# Headlines of a section below the first ones, for the weight of the page.
LESS_SHOWN: Final = 5
_FULL_SECTIONS = 3
_BESIDE = 4
_BESIDE_PER_SOURCE = 2
_LEAST_TRENDING = 2
# Heights in lines of text: picture of the lead, two stories side by side.
_PICTURE_LINES = 16
_PAIR_LINES = 10
# Articles in Latest as one of three columns; characters of a title and of a source in a line there.
_LATEST_LEAST, _LATEST_MOST = 8, 18
_LATEST_TITLE, _LATEST_SOURCE = 22, 26
# Height of a line there, and of the gap between two articles.
_LATEST_LINE, _LATEST_GAP = 0.88, 1
_LANES = 7
_LEAST_LANES, _LEAST_SOURCES = 3, 3
# Below this number of recent stories the page has two columns.
_FEW = 12
_NEW = timedelta(hours=1)
_HOT_DOT = timedelta(hours=4)
_BURST = timedelta(hours=12)
_BURST_SOURCES = 5
_GROWTH = timedelta(hours=6)


@dataclass(frozen=True, slots=True, kw_only=True)
class Lane:
    """Story on the track of the last hours; positions are percent of the track from its left end.

    ``dots`` are its articles, each with true if it is new; ``ring`` is the first report, or ``None`` if that
    is older than the track.
    """

    headline: Headline
    start: float
    end: float
    ring: float | None
    dots: tuple[tuple[float, bool], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class FrontPlaces:
    """Stories by place. ``old`` is true if none is recent, ``wide`` if there are enough for three columns."""

    old: bool = False
    wide: bool = False
    lead: Headline | None = None
    under: Sequence[Headline] = ()
    beside: Sequence[Headline] = ()
    latest: Sequence[Headline] = ()
    more: Sequence[Headline] = ()
    trending: Sequence[Headline] = ()
    lanes: Sequence[Lane] = ()
    sections: Sequence[SectionBlock] = ()


def choose_front(
    top: Sequence[Headline],
    trending: Sequence[Headline],
    latest: Sequence[Headline],
    sections: Sequence[SectionBlock],
    now: datetime,
    *,
    section_minimum: int = 1,
    mirrored: bool = False,
) -> FrontPlaces:
    """Choose the stories of every place; above Latest no story stands twice.

    ``latest`` are the newest articles. ``sections`` hold more headlines than they show; a section is left out
    if fewer than ``section_minimum`` of its stories stand nowhere else. ``mirrored`` reverses the tracks, for
    a page that is read from right to left.
    """
    newest = max((headline.first_seen for headline in latest), default=now)
    old = now - newest > OLD
    ranked = () if old else top
    growing = {story_key(headline) for headline in trending}
    pool = _distinct([*ranked, *latest])
    if old or not pool:
        lead, rest = pool[0] if pool else None, _without(latest, pool[:5])
        return FrontPlaces(old=old, lead=lead, under=pool[1:5], latest=rest[:LATEST_SHOWN])
    lead, *left = [_hot(headline, growing, now) for headline in pool]
    wide = sum(now - headline.first_seen <= OLD for headline in pool) >= _FEW
    beside = _beside(left) if wide else []
    left = _without(left, beside)
    column = sum(_lines(headline, 32) for headline in beside) + (_PICTURE_LINES / 2 if beside else 0)
    under = left[: _under_count(lead, column) if wide else 4]
    left = _without(left, under)
    more = left[:MORE_SHOWN] if wide else []
    used = [lead, *beside, *under, *more]
    shown_trending = _without(trending, used)[:TRENDING_SHOWN]
    shown_trending = shown_trending if len(shown_trending) >= _LEAST_TRENDING else []
    used += shown_trending
    column = max(column, _lead_lines(lead) + _PAIR_LINES * len(under) / 2)
    newest_left = _latest(latest, column) if wide else _without(latest, used)[:LATEST_SHOWN]
    return FrontPlaces(
        wide=wide,
        lead=lead,
        under=under,
        beside=beside,
        latest=[_new(headline, now) for headline in newest_left],
        more=more,
        trending=shown_trending,
        lanes=_lanes([*top, *trending], now, mirrored=mirrored),
        sections=_blocks(sections, used, section_minimum),
    )


def story_key(headline: Headline) -> str:
    """Return the path of the headline's story, else of its article."""
    return headline.story.path if headline.story else headline.path


def growth_of(headline: Headline) -> Growth | None:
    """Return the sources of the hours before the story's newest report, if there are several."""
    if headline.story is None:
        return None
    newest: dict[str, datetime] = {}
    for source, at in headline.story.reports:
        newest[source] = max(at, newest.get(source, at))
    last = max(newest.values())
    recent = [at for at in newest.values() if last - at <= _GROWTH]
    hours = ceil((last - min(recent)) / timedelta(hours=1))
    return Growth(len(recent), max(1, hours)) if len(recent) > 1 else None


def place_on_track(at: datetime, now: datetime, *, mirrored: bool) -> float:
    """Return a time's position on the track of the last ``LANE_HOURS`` hours, in percent from the left."""
    share = 1 - (now - at) / timedelta(hours=LANE_HOURS)
    percent = 1 + 97 * min(1.0, max(0.0, share))
    return round(100 - percent if mirrored else percent, 1)


def _distinct(headlines: Iterable[Headline]) -> list[Headline]:
    found: dict[str, Headline] = {}
    for headline in headlines:
        found.setdefault(story_key(headline), headline)
    return list(found.values())


def _without(headlines: Iterable[Headline], used: Iterable[Headline]) -> list[Headline]:
    keys = {story_key(headline) for headline in used}
    return [headline for headline in headlines if story_key(headline) not in keys]


def _beside(headlines: Sequence[Headline]) -> list[Headline]:
    """Return the second column: at most two stories of a source; stories with a picture first."""
    counts, chosen = Counter[str](), list[Headline]()
    for headline in headlines:
        if counts[headline.source_name] < _BESIDE_PER_SOURCE and len(chosen) < _BESIDE:
            counts[headline.source_name] += 1
            chosen.append(headline)
    return sorted(chosen, key=lambda headline: headline.image is None)


def _lead_first(headlines: Sequence[Headline]) -> list[Headline]:
    """Return headlines in order, after the most covered story or else the first with a picture."""
    first = max(
        headlines,
        key=lambda headline: (headline.coverage if headline.story else 1, headline.image is not None),
        default=None,
    )
    return sorted(headlines, key=lambda headline: headline is not first)


def _under_count(lead: Headline, column: float) -> int:
    """Return the number of stories below the lead for a height like that of the second column."""
    pairs = round((column - _lead_lines(lead)) / _PAIR_LINES)
    return 2 * min(3, max(1 if lead.image else 2, pairs))


def _lead_lines(lead: Headline) -> float:
    """Return the height of the lead in lines of text."""
    return 2 * _lines(lead, 64) + (_PICTURE_LINES if lead.image else 0)


def _latest(headlines: Sequence[Headline], column: float) -> Sequence[Headline]:
    """Return as many headlines as are about as high as the highest other column."""
    count, height = 0, 0.0
    for headline in headlines[:_LATEST_MOST]:
        lines = 1 + ceil(len(headline.title) / _LATEST_TITLE) + (len(headline.source_name) > _LATEST_SOURCE)
        height += _LATEST_GAP + _LATEST_LINE * lines
        if height > column and count >= _LATEST_LEAST:
            break
        count += 1
    return headlines[:count]


def _blocks(sections: Iterable[SectionBlock], used: Iterable[Headline], minimum: int) -> list[SectionBlock]:
    """Return the sections with a minimum of stories that are not ``used``; no story stands in two."""
    blocks, taken = list[SectionBlock](), [*used]
    for block in sections:
        limit = SECTION_SHOWN if len(blocks) < _FULL_SECTIONS else LESS_SHOWN
        headlines = _lead_first(_without(_distinct(block.headlines), taken)[:limit])
        if len(headlines) >= minimum:
            taken += headlines
            blocks.append(replace(block, headlines=headlines))
    return blocks


def _lines(headline: Headline, width: int) -> float:
    """Estimate the height of a story in lines, in a column of ``width`` characters."""
    title, summary = len(headline.title) / width, min(5.0, len(headline.summary) / width)
    others = min(2, len(headline.story.others)) if headline.story else 0
    return 2 * ceil(title) + summary + 2.5 * others + 3


def _new(headline: Headline, now: datetime) -> Headline:
    if headline.dated and now - headline.published < _NEW:
        return replace(headline, hot=Hot("new", headline.published))
    return headline


def _hot(headline: Headline, growing: set[str], now: datetime) -> Headline:
    """Return the headline with the news of its story: a new report, many sources at once, or growth."""
    story = headline.story
    last = story.last if story else headline.first_seen
    if now - last < _NEW and headline.dated:
        return replace(headline, hot=Hot("new", last))
    if story and now - last <= 2 * _BURST:
        early = [(source, at) for source, at in story.reports if at - story.first <= _BURST]
        sources = len({source for source, _ in early})
        hours = max(1, ceil((max(at for _, at in early) - story.first) / timedelta(hours=1)))
        if sources >= _BURST_SOURCES:
            return replace(headline, hot=Hot("sources", last, sources, hours))
    if story_key(headline) in growing:
        return replace(headline, hot=Hot("growing", last))
    return headline


def _lanes(headlines: Sequence[Headline], now: datetime, *, mirrored: bool) -> list[Lane]:
    begin = now - timedelta(hours=LANE_HOURS)
    covered = [
        (headline, headline.story)
        for headline in _distinct(headlines)
        if headline.story and headline.story.sources >= _LEAST_SOURCES and headline.story.last > begin
    ]
    if len(covered) < _LEAST_LANES:
        return []
    covered.sort(key=lambda pair: pair[1].sources, reverse=True)
    return [_lane(*pair, begin, now, mirrored=mirrored) for pair in covered[:_LANES]]


def _lane(headline: Headline, story: StoryView, begin: datetime, now: datetime, *, mirrored: bool) -> Lane:
    first = story.first
    times = sorted(at for _, at in story.reports if at >= begin)
    dots = {place_on_track(at, now, mirrored=mirrored): now - at <= _HOT_DOT for at in times}
    places = sorted(dots)
    ring = place_on_track(first, now, mirrored=mirrored) if first >= begin else None
    return Lane(
        headline=headline,
        start=places[0] if ring or mirrored else 0,
        end=places[-1] if ring or not mirrored else 100,
        ring=ring,
        dots=tuple((place, hot) for place, hot in dots.items() if place != ring),
    )
