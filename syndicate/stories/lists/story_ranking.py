"""Top and trending: rank stories by present importance, without clicks.

**Top** is coverage that fades. **Trending** is coverage that grows faster than usual (the weight of a burst,
Kleinberg 2002).
``docs/ranking.md`` has the formulas; ``benchmarks/top_stories.py`` the measurements.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Reversible, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import partial
from itertools import islice
from math import inf, log, log1p

from syndicate.model import RankedStory
from syndicate.stories.lists.list_slots import ScoredStory, arrange_list


@dataclass(frozen=True, slots=True, kw_only=True)
class RankingOptions:
    """Options of the stored lists. Weights are per source, 1 is usual.

    A list holds the stories that moved in the last ``window_hours``. On a slow day, with fewer than
    ``least_stories`` of them, it covers the last ``slow_window_hours``. Stories below ``floor`` are left out
    even if the list is then short. A report loses half its value in ``half_life_hours``, except for the share
    ``lasting``, which takes ``lasting_times`` as long.

    Of the stories with a single source, ``per_source`` keep their place; others only fill the list up to
    ``least_stories``. One of the first ten places is for a rare source.

    ``burst_hours`` is the recent time that trending examines, ``history_hours`` the time before it.
    ``least_usual`` (sources) is expected of every story, whatever its history. A trending story needs
    ``least_sources`` active sources and a burst of ``least_burst``.

    Sources are judged by ``learn_days`` of their articles (0: not at all). ``reads`` adds counted page views
    as a signal.
    """

    half_life_hours: float = 4.0
    lasting: float = 1 / 6
    lasting_times: float = 6.0
    floor: float = 0.05
    window_hours: float = 24.0
    slow_window_hours: float = 72.0
    least_stories: int = 10
    per_source: int = 3
    limit: int = 50
    step_seconds: int = 900
    burst_hours: float = 3.0
    history_hours: float = 24.0
    least_usual: float = 0.5
    least_sources: int = 2
    least_burst: float = 0.5
    learn_days: float = 60.0
    reads: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class RankedArticle:
    """Article of a story for ranking.

    ``seen`` is the time of the first fetch, or the article's date if earlier. ``source_weight`` is declared,
    ``learned`` comes from ``learn_weights``; ``rare`` sources publish a few articles a week.
    """

    article_id: int
    source_id: int
    source_weight: float
    seen: datetime
    learned: float = 1.0
    rare: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class EditorOverrides:
    """The editor's decisions about a story: a place from 1 (0: none), out of the lists, a factor."""

    pin: int = 0
    drop: bool = False
    boost: float = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class StoryFacts:
    """Story for ranking.

    ``usual_rate``: usual number of articles per hour for a story of its topic. ``theme``: the result of
    ``theme_weight``. ``echoes``: for each source of its related links, the weight and when its newest article
    was seen. ``reads``: page views of its articles, 0 without counting.
    """

    story_id: int
    lead_article_id: int
    articles: tuple[RankedArticle, ...]
    topic: str = ""
    usual_rate: float = 0.0
    theme: float = 1.0
    echoes: tuple[tuple[float, datetime], ...] = ()
    reads: int = 0
    overrides: EditorOverrides = EditorOverrides()


# With fewer page views, chance and single readers decide.
MIN_READS = 5
# Maximum of learned weight and theme for a story with a single source: two ordinary sources are worth more.
# (Measured: 1.25 to 2.5 make no difference to nDCG@10.)
MAX_SINGLE_SOURCE = 1.5
# Power of the weight of the sources that write about a story's subject. (Measured on half of the labels: .4
# and .6 are alike, and better than 0 by 1 point of nDCG@10 now and 2 for the next 12 hours.)
ECHO_POWER = 0.5
# Time spans in which sources are counted for readers, in hours.
SPANS = (3, 6, 12, 24, 48, 72, 168)


def rank_step(now: datetime, step_seconds: int) -> datetime:
    """Return the start of the step that contains ``now``: lists are recomputed once a step."""
    seconds = int(now.timestamp())
    return datetime.fromtimestamp(seconds - seconds % step_seconds, UTC)


def rank_top(
    stories: Sequence[StoryFacts], now: datetime, options: RankingOptions
) -> tuple[RankedStory, ...]:
    """Return the list ``top``, with the editor's pins at their places.

    ``parts``: ``source:<id>`` for each source and ``reads``, which add up; then the factors ``theme`` and
    ``boost`` if they are not 1, and marks: ``recent:<hours>`` (sources with a report in that time), ``slow``
    (hours covered on a slow day), ``rare``, ``pin`` (the requested place).
    """
    scale = top_scale(stories, now, options)
    scored_stories = [score_top(story, now, scale, options) for story in stories]
    known = {story.story_id: story for story in stories}

    def marks(story_id: int) -> dict[str, float]:
        return recent_sources(known[story_id], now)

    return ranked_list(scored_stories, options.floor, options, marks) or ()


def top_scale(stories: Reversible[StoryFacts], now: datetime, options: RankingOptions) -> tuple[float, int]:
    """Return the values behind every score in ``top``: the hours covered, and the most page views."""
    # Stories are in the order of their last move.
    fresh = (story for story in reversed(stories) if _articles(story, now, options.window_hours))
    slow = len([*islice(fresh, options.least_stories)]) < options.least_stories
    read = stories if options.reads else ()
    most = max((story.reads for story in read if not story.overrides.drop), default=0)
    return options.slow_window_hours if slow else options.window_hours, most


def score_top(
    story: StoryFacts, now: datetime, scale: tuple[float, int], options: RankingOptions
) -> ScoredStory | None:
    """Return a story scored for ``top``, ``None`` if it is dropped or has no article yet.

    While neither the story nor ``scale`` changes, the score only falls.
    """
    return _scored(story, now, partial(_top_parts, story, now, *scale, options))


def rank_trending(
    stories: Sequence[StoryFacts], now: datetime, options: RankingOptions
) -> tuple[RankedStory, ...]:
    """Return the list ``trending``: only stories well above their usual rate.

    ``parts``: ``gain`` and ``usual`` (weighted sources in the last hours), and ``burst``, which follows from
    the two and times ``boost`` is the score. Pins have no effect here.
    """
    scored = (score_trending(story, now, options) for story in stories)
    return ranked_list(scored, options.least_burst, options) or ()


def score_trending(story: StoryFacts, now: datetime, options: RankingOptions) -> ScoredStory | None:
    """Return a story scored for ``trending``, ``None`` if it is dropped or has no article yet."""
    scored = _scored(story, now, partial(_trending_parts, story, now, options))
    return scored and replace(scored, pin=0)


def fade(age_hours: float, options: RankingOptions) -> float:
    """Return the remaining value of a report at that age: 1 when it is new."""
    quick: float = 0.5 ** (age_hours / options.half_life_hours)
    slow: float = 0.5 ** (age_hours / (options.half_life_hours * options.lasting_times))
    return (1 - options.lasting) * quick + options.lasting * slow


def _top_parts(
    story: StoryFacts, now: datetime, hours: float, most_reads: int, options: RankingOptions
) -> tuple[float, dict[str, float]]:
    newest: dict[int, RankedArticle] = {}
    for article in _articles(story, now, hours):
        known = newest.get(article.source_id)
        if known is None or article.seen > known.seen:
            newest[article.source_id] = article
    if not newest:
        return 0.0, {}
    theme = story.theme * _echo(story, now, options) if story.echoes else story.theme
    others = (article for article in story.articles if article.source_id not in newest)
    single_source = len(newest) == 1 and not any(article.seen <= now for article in others)
    ceiling = MAX_SINGLE_SOURCE if single_source else inf
    parts = {
        f"source:{source}": article.source_weight
        * min(article.learned, ceiling)
        * fade(_hours_between(article.seen, now), options)
        for source, article in sorted(newest.items())
    }
    if single_source:
        theme = min(theme, ceiling / min(*(article.learned for article in newest.values()), ceiling))
    if story.reads >= MIN_READS:
        parts["reads"] = log1p(story.reads) / log1p(most_reads)
    score = sum(parts.values()) * theme
    if theme != 1.0:
        parts["theme"] = theme
    if hours > options.window_hours:
        parts["slow"] = hours
    return score, parts


def _echo(story: StoryFacts, now: datetime, options: RankingOptions) -> float:
    """Return the factor for sources that cover the story's subject, weighed by the age of their articles."""
    half_life = 3600 * options.half_life_hours * options.lasting_times
    ages = [(weight, max((now - seen).total_seconds(), 0.0)) for weight, seen in story.echoes]
    factor: float = (1 + sum([weight * 0.5 ** (age / half_life) for weight, age in ages])) ** ECHO_POWER
    return factor


def recent_sources(story: StoryFacts, now: datetime) -> dict[str, float]:
    """Return the number of sources in the shortest span that has half of them, and two if there are two."""
    newest: dict[int, datetime] = {}
    for article in story.articles:
        if article.seen <= now:
            newest[article.source_id] = max(article.seen, newest.get(article.source_id, article.seen))
    ages = sorted([_hours_between(seen, now) for seen in newest.values()])
    enough = ages[max((len(ages) + 1) // 2, min(len(ages), 2)) - 1]
    if enough >= SPANS[-1]:
        return {}
    hours = SPANS[bisect_right(SPANS, enough)]
    return {f"recent:{hours}": float(bisect_left(ages, hours))}


def _trending_parts(
    story: StoryFacts, now: datetime, options: RankingOptions
) -> tuple[float, dict[str, float]]:
    recent = {
        article.source_id: article.source_weight for article in _articles(story, now, options.burst_hours)
    }
    if len(recent) < options.least_sources:
        return 0.0, {}
    before = _articles(story, now - timedelta(hours=options.burst_hours), options.history_hours)
    own = sum(article.source_weight for article in before) / options.history_hours * options.burst_hours
    topic = story.usual_rate * options.burst_hours
    gain, usual = sum(recent.values()), max(own, topic, options.least_usual)
    burst = gain * log(gain / usual) - (gain - usual) if gain > usual else 0.0
    return burst, {"gain": gain, "usual": usual, "burst": burst}


def ranked_list(
    scored_stories: Iterable[ScoredStory | None],
    floor: float,
    options: RankingOptions,
    marks: Callable[[int], dict[str, float]] = lambda _story_id: {},
    known_above: float = 0.0,
) -> tuple[RankedStory, ...] | None:
    """Return a list, best first; at equal score the fresher story, then the smaller id.

    ``marks`` returns further parts of a story. Stories that score ``known_above`` or less may be missing: the
    result is ``None`` if such a story could have a place.
    """
    limits = {"per_source": options.per_source, "filled": options.least_stories, "limit": options.limit}
    places = arrange_list(filter(None, scored_stories), floor=floor, known_above=known_above, **limits)
    if places is None:
        return None
    return tuple(
        RankedStory(
            story_id=story.story_id,
            article_id=story.article_id,
            position=position,
            score=story.score,
            coverage=story.coverage,
            parts={**story.parts, **marks(story.story_id)},
        )
        for position, story in enumerate(places, start=1)
    )


def _scored(
    story: StoryFacts, now: datetime, score: Callable[[], tuple[float, dict[str, float]]]
) -> ScoredStory | None:
    known = [article for article in story.articles if article.seen <= now]
    overrides = story.overrides
    if not known or overrides.drop:
        return None
    value, parts = score()
    sources = {article.source_id for article in known}
    return ScoredStory(
        story_id=story.story_id,
        article_id=story.lead_article_id,
        score=value * overrides.boost,
        parts={**parts, "boost": overrides.boost} if overrides.boost != 1.0 else parts,
        coverage=len(sources),
        latest=max(article.seen for article in known),
        only_source=next(iter(sources)) if len(sources) == 1 else None,
        rare=all(article.rare for article in known),
        pin=overrides.pin,
    )


def _articles(story: StoryFacts, now: datetime, hours: float) -> list[RankedArticle]:
    """Return the story's articles of the last hours, without articles dated after ``now``."""
    start = now - timedelta(hours=hours)
    return [article for article in story.articles if start < article.seen <= now]


def _hours_between(earlier: datetime, later: datetime) -> float:
    return (later - earlier).total_seconds() / 3600
