"""Top against three months of Google News ranks: headlines streamed through the real index and ranking.

    python -m benchmarks.top_stories FOLDER/gnews_top_en [--seed N] [--part tune|held] [--json]

``snapshots.jsonl`` holds the list of "Top stories" every four hours. A headline arrives when a
snapshot first shows it; those of one snapshot arrive shuffled, so that nothing betrays their ranks. The
pool of a snapshot is every story the product would rank then. Relevant are the stories among the
first ten places: ``11 - place`` now (``top10_ndcg_now``); for ``top10_ndcg_next12h`` the best place in
the snapshots of the next twelve hours, of the stories in the pool.

The first 30 % of the snapshots only teach. ``own`` weights are learned as an installation does: once a
day, from what other sources made of a source's stories. ``none`` are all 1. ``taught`` weights are learned
from how often a source's headlines were among the first ten *before*, which no installation knows. The two
measures without a suffix are those of ``own``.
"""

import argparse
import json
import math
import random
import sys
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from benchmarks.story_sets import in_part, read_rows
from syndicate.stories import (
    ENOUGH_OTHERS,
    IndexedArticle,
    RankedArticle,
    RankingOptions,
    Record,
    StoryFacts,
    StoryIndex,
    StoryOptions,
    learn_weights,
    rank_step,
    rank_top,
    theme_weight,
)
from tests.stories.newsroom import terms_of

TEACHING = 0.3
PLACES = 10
SOON = timedelta(hours=12, minutes=20)
DAY = timedelta(days=1)
WAYS = ("own", "none", "taught")


@dataclass(frozen=True, slots=True)
class Headline:
    """A headline as it arrived, with the articles that the index then links it to, and its neighbours."""

    number: int
    source: int
    seen: datetime
    related: tuple[int, ...]
    neighbours: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Snapshot:
    """One list: (place, article) pairs; and (article, story) of what arrived with it or changed its story."""

    moment: datetime
    places: tuple[tuple[int, int], ...]
    moved: tuple[tuple[int, int], ...]


@dataclass(frozen=True, slots=True)
class Stream:
    """Everything that happened, and the story that each article came into."""

    articles: Mapping[int, Headline]
    stories: Mapping[int, int]
    snapshots: Sequence[Snapshot]


def read_stream(file: Path, seed: int) -> Stream:
    """Stream the headlines through the story index, snapshot by snapshot."""
    rows: dict[str, list[dict[str, str]]] = defaultdict(list)
    for row in read_rows(file):
        rows[row["snapshot"]].append(row)
    options, rng = StoryOptions(), random.Random(seed)
    index, numbers = StoryIndex(options), dict[tuple[str, str], int]()
    sources: dict[str, int] = {}
    articles: dict[int, Headline] = {}
    stories: dict[int, int] = {}
    came: dict[int, int] = {}
    snapshots = []
    for text in sorted(rows):
        moment = datetime.fromisoformat(text)
        for row in rng.sample(rows[text], len(rows[text])):
            key = (row["title"], row["source"])
            if key in numbers:
                continue
            number = numbers[key] = len(numbers) + 1
            source = sources.setdefault(row["source"], len(sources) + 1)
            neighbours = _place(index, number, source, moment, row["title"])
            related = tuple(link.article_id for link in index.related(number)[: options.related_limit])
            articles[number] = Headline(number, source, moment, related, neighbours)
        places = tuple(sorted((int(row["rank"]), numbers[row["title"], row["source"]]) for row in rows[text]))
        moved = tuple(
            (number, story)
            for number in articles
            if number in index and (story := index.story_of(number)) and stories.get(number) != story
        )
        stories.update(moved)
        came.update((number, story) for number, story in moved if number not in came)
        snapshots.append(Snapshot(moment, places, moved))
        index.forget_before(moment - timedelta(days=options.window_days))
    return Stream(articles, came, snapshots)


def _place(index: StoryIndex, number: int, source: int, moment: datetime, title: str) -> tuple[int, ...]:
    """Place a headline; return its neighbours."""
    item = IndexedArticle(
        article_id=number,
        source_id=source,
        published=moment,
        title=title,
        terms=terms_of(title, "", "en"),
    )
    placement = index.add(item)
    if placement.story is None:
        index.assign(number, number)
    return placement.neighbours


class Newsroom:
    """Knowledge of a store at one snapshot: members of stories, and what sources did so far."""

    def __init__(self, stream: Stream, way: str) -> None:
        self._stream = stream
        self._way = way
        self._day: datetime | None = None
        self._weights: dict[int, float] = {}
        self._judged: Counter[int] = Counter()
        self._prominence: defaultdict[int, float] = defaultdict(float)
        self._stories: dict[int, int] = {}
        self._members: defaultdict[int, set[int]] = defaultdict(set)

    def arrive(self, snapshot: Snapshot) -> None:
        """Take in what a snapshot shows for the first time, and what its headlines did to stories."""
        for number, story in snapshot.moved:
            if number in self._stories:
                self._members[self._stories[number]].discard(number)
            self._stories[number] = story
            self._members[story].add(number)

    def learn(self, snapshot: Snapshot) -> None:
        """Take in what a snapshot teaches; called after its own list was judged."""
        if self._way == "taught":
            for place, number in snapshot.places:
                source = self._stream.articles[number].source
                self._judged[source] += 1
                self._prominence[source] += float(place <= PLACES)

    def _learned(self, moment: datetime, options: RankingOptions) -> dict[int, float]:
        """Return the weights at an instant: ``own`` weights as the product learns them, once a day."""
        if self._way == "own":
            today = rank_step(moment, int(DAY.total_seconds()))
            if today != self._day:
                self._day, self._weights = today, learn_weights(self._records(today, options))
            return self._weights
        return learn_weights(
            {source: Record(count, self._prominence[source]) for source, count in self._judged.items()}
        )

    def _records(self, today: datetime, options: RankingOptions) -> dict[int, Record]:
        until = today - DAY
        since = until - timedelta(days=options.learn_days)
        judged: Counter[int] = Counter()
        shares: defaultdict[int, defaultdict[int, float]] = defaultdict(lambda: defaultdict(float))
        for story, numbers in self._members.items():
            begun: dict[int, datetime] = {}
            told = self._told(story) if numbers else []
            for headline in told:
                begun.setdefault(headline.source, headline.seen)
            for headline in told:
                if since <= headline.seen < until:
                    judged[headline.source] += 1
                    others = [
                        other for other, at in begun.items() if headline.seen < at <= headline.seen + DAY
                    ]
                    for other in others:
                        share = min(len(others), ENOUGH_OTHERS) / ENOUGH_OTHERS / len(others)
                        shares[headline.source][other] += share
        return {
            source: Record(count, sum(shares[source].values()), shares[source])
            for source, count in judged.items()
        }

    def facts(self, moment: datetime, options: RankingOptions) -> list[StoryFacts]:
        """Return the facts that the product's ranking is given at that instant."""
        weights = self._learned(moment, options)
        since = moment - timedelta(hours=options.slow_window_hours)
        stories = {story: self._told(story) for story, numbers in sorted(self._members.items()) if numbers}
        return [
            self._story(story, members, weights)
            for story, members in stories.items()
            if members[-1].seen > since
        ]

    def story_of(self, number: int) -> int:
        """The story an article is in now, or, if it has not come yet, the one it will come into."""
        return self._stories.get(number, self._stream.stories[number])

    def _told(self, story: int) -> list[Headline]:
        return [self._stream.articles[number] for number in sorted(self._members[story])]

    def _story(self, story: int, members: Sequence[Headline], weights: Mapping[int, float]) -> StoryFacts:
        near = self._others(story, [number for member in members for number in member.neighbours])
        seen: dict[int, datetime] = {}
        for article in self._others(story, [number for member in members for number in member.related]):
            seen[article.source] = max(article.seen, seen.get(article.source, article.seen))
        sources = Counter(article.source for article in near)
        return StoryFacts(
            story_id=story,
            lead_article_id=members[0].number,
            articles=tuple(
                RankedArticle(
                    article_id=member.number,
                    source_id=member.source,
                    source_weight=1.0,
                    seen=member.seen,
                    learned=weights.get(member.source, 1.0),
                )
                for member in members
            ),
            theme=theme_weight((weights.get(source, 1.0), count) for source, count in sources.items()),
            echoes=tuple((weights.get(source, 1.0), at) for source, at in seen.items()),
        )

    def _others(self, story: int, numbers: Sequence[int]) -> list[Headline]:
        """Return the articles with these numbers that other stories have, each once."""
        return [self._stream.articles[n] for n in sorted({*numbers}) if self._stories[n] != story]


def top_stories(file: Path, seed: int, part: str) -> dict[str, float]:
    """``top10_ndcg_now`` and ``top10_ndcg_next12h`` of ``snapshots.jsonl``, and of other weights."""
    stream = read_stream(file, seed)
    measures: dict[str, float] = {}
    for way in WAYS:
        now, soon = _evaluate(stream, way, part)
        suffix = "" if way == WAYS[0] else f"_{way}"
        measures |= {f"top10_ndcg_now{suffix}": now, f"top10_ndcg_next12h{suffix}": soon}
    return measures


def _evaluate(stream: Stream, way: str, part: str) -> tuple[float, float]:
    room = Newsroom(stream, way)
    options = RankingOptions()
    now, soon = [], []
    for position, snapshot in enumerate(stream.snapshots):
        room.arrive(snapshot)
        judged = in_part(snapshot.moment.date().isoformat(), part)
        if judged and position >= TEACHING * len(stream.snapshots):
            facts = room.facts(snapshot.moment, options)
            now.append(_ndcg(room, facts, snapshot.moment, options, [snapshot]))
            later = [
                item
                for item in stream.snapshots[position + 1 : position + 8]
                if item.moment <= snapshot.moment + SOON
            ]
            if later:
                soon.append(_ndcg(room, facts, snapshot.moment, options, later))
        room.learn(snapshot)
    return sum(now) / len(now), sum(soon) / len(soon)


def _ndcg(
    room: Newsroom,
    facts: Sequence[StoryFacts],
    moment: datetime,
    options: RankingOptions,
    lists: Sequence[Snapshot],
) -> float:
    gains: dict[int, int] = {}
    since = moment - timedelta(hours=options.window_hours)
    known = {fact.story_id for fact in facts if fact.articles[-1].seen > since}
    for snapshot in lists:
        for place, number in snapshot.places:
            story = room.story_of(number)
            if place <= PLACES and story in known:
                gains[story] = max(gains.get(story, 0), PLACES + 1 - place)
    best = sorted(gains.values(), reverse=True)[:PLACES]
    found = [gains.get(story.story_id, 0) for story in rank_top(facts, moment, options)[:PLACES]]
    return _discounted(found) / _discounted(best) if best else 0.0


def _discounted(gains: Sequence[int]) -> float:
    return sum(gain / math.log2(place + 2) for place, gain in enumerate(gains))


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folder", type=Path)
    parser.add_argument("--seed", type=int, default=1, help="shuffles what arrives together")
    parser.add_argument("--part", default="", choices=["tune", "held"], help="judge half of the days only")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    arguments = parser.parse_args()
    measures = top_stories(arguments.folder / "snapshots.jsonl", arguments.seed, arguments.part)
    if arguments.json:
        print(json.dumps(measures, indent=2))
        return 0
    for name, value in measures.items():
        print(f"{name:24} {value:6.3f}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
