"""Cost of one tick of the stories job: a new article is placed, linked and ranked, and nothing else waits.

``python -m benchmarks.one_tick --archive 60000`` invents 10 000 articles of 50 sources seen in the last 72
hours, which the job places, and an archive of older articles at the same rate, each in a story of its own.
Each story is as old as its articles, so that stories become too old at each step of the clock. Then articles
arrive one at a time. ``--kept FOLDER`` keeps the filled store for the next run. All figures are CPU time of
this process.
"""

import argparse
import json
import random
import shutil
import statistics
import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from unittest import mock
from uuid import UUID

from syndicate.jobs.stories.leads import refresh_stories
from syndicate.jobs.stories.ranking_job import RankingJob
from syndicate.model import NewArticle
from syndicate.services import Services, open_services
from syndicate.settings import load_settings
from syndicate.store.ingest import article_store, source_store
from syndicate.store.stories import ranked_lists, story_store

SOURCES, SECTIONS = 50, 8
HOURS = 72
NOW = datetime(2026, 11, 25, 12, 0, 5, tzinfo=UTC)
"""Five seconds after a step of the clock."""
KINDS = ("lone", "first report", "second report", "late", "edited")
BATCH = 5000
ARRIVE_TOGETHER = 30
TICKS = 8


def main() -> None:
    """Fill a store, let articles arrive, print milliseconds."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--recent", type=int, default=10_000)
    parser.add_argument("--archive", type=int, default=60_000)
    parser.add_argument("--kept", type=Path)
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="syndicate-tick-") as temporary:
        folder = Path(temporary) / "run"
        filled = arguments.kept or Path(temporary) / "filled"
        if not filled.exists():
            filled.mkdir(parents=True)
            _fill(filled, arguments.recent, arguments.archive)
        shutil.copytree(filled, folder)
        result = _measure(folder)
    if arguments.json:
        print(json.dumps(result, indent=2))
        return
    print(f"{'CPU ms':<34}{'least':>9}{'median':>9}{'of it lists':>13}")
    for name, (least, median, lists) in result.items():
        print(f"{name:<34}{least:>9.2f}{median:>9.2f}{lists:>13.2f}")


def _fill(folder: Path, recent: int, archive: int) -> None:
    sources = "".join(
        f'[[sources]]\nname = "s{number}"\nurl = "https://s{number}.example/feed"\n'
        f'section = "part{number % SECTIONS}"\n'
        for number in range(SOURCES)
    )
    (folder / "config.toml").write_text(sources, "utf-8")
    writer = _Writer()
    with open_services(load_settings(folder / "config.toml", {}), now=NOW) as services:
        step = HOURS / recent
        for start in range(0, archive, BATCH):
            ages = (HOURS + step * number for number in range(start, min(start + BATCH, archive)))
            _shelve(services, writer.add(services, [writer.article(NOW, hours) for hours in ages]))
        arrived = []
        for start in range(0, recent, ARRIVE_TOGETHER):
            numbers = range(start, min(start + ARRIVE_TOGETHER, recent))
            ids = writer.add(services, [writer.article(NOW, step * (recent - number)) for number in numbers])
            arrived.append((ids, NOW - timedelta(hours=step * (recent - numbers[-1]))))
        services.stories.run(NOW)
        with services.store.write() as connection:
            # A single run would make all stories new, unlike a daemon.
            for ids, at in arrived:
                refresh_stories(connection, ranked_lists.stories_of(connection, ids), at)


def _shelve(services: Services, ids: list[int]) -> None:
    """Give each article a story of its own, without terms: the index does not know it."""
    with services.store.write() as connection:
        stories = story_store.add_stories(connection, ids, NOW - timedelta(hours=HOURS + 1))
        story_store.place_articles(
            connection,
            [
                story_store.ArticlePlacement(
                    article_id=article_id, story_id=story_id, same_text=article_id, terms=None
                )
                for article_id, story_id in zip(ids, stories, strict=True)
            ],
        )
        refresh_stories(connection, stories, NOW - timedelta(hours=HOURS + 1))


def _measure(folder: Path) -> dict[str, tuple[float, float, float]]:
    writer = _Writer(seed=8)
    spent: list[float] = []
    lists: list[float] = []
    rank = RankingJob.run

    def timed_rank(job: RankingJob, *arguments: Any) -> tuple[str, ...]:
        start = time.process_time()
        try:
            return rank(job, *arguments)
        finally:
            lists.append(time.process_time() - start)

    with (
        open_services(load_settings(folder / "config.toml", {}), now=NOW) as services,
        mock.patch.object(RankingJob, "run", timed_rank),
    ):

        def tick(now: datetime) -> None:
            lists.append(0.0)
            start = time.process_time()
            services.stories.run(now)
            spent.append(time.process_time() - start)

        def figures() -> tuple[float, float, float]:
            milliseconds = [1000 * seconds for seconds in spent]
            found = (
                min(milliseconds),
                statistics.median(milliseconds),
                1000 * min(filter(None, lists), default=0.0),
            )
            spent.clear()
            lists.clear()
            return found

        now = NOW + timedelta(seconds=1)
        writer.add(services, [writer.article(now, 0.01)])
        tick(now)
        result = {"the first after a restart": figures()}
        for kind in KINDS:
            for _ in range(TICKS):
                now += timedelta(seconds=15)
                writer.arrive(services, kind, now)
                tick(now)
            result[f"within a step: {kind}"] = figures()
        for _ in range(TICKS):
            now += timedelta(seconds=900)
            tick(now)
        result["a step without news"] = figures()
        for _ in range(TICKS):
            now += timedelta(seconds=900)
            writer.arrive(services, "lone", now)
            tick(now)
        result["a step and an article"] = figures()
        for _ in range(TICKS):
            tick(now)
        result["nothing to do"] = figures()
    return result


class _Writer:
    """Invents articles; the same articles every time. Every fifth belongs to the event that is running."""

    def __init__(self, seed: int = 7) -> None:
        self._random = random.Random(seed)
        words = random.Random(7)
        self._words = [f"{words.choice('bdfglmnprst')}{number:x}" for number in range(50_000)]
        self._number = 10_000_000 * (seed - 7)
        self._event: list[str] = []
        self._sources: list[int] = []
        self._last: tuple[int, int]

    def article(self, now: datetime, hours: float, words: list[str] | None = None) -> NewArticle:
        """Invent an article seen and published some hours ago."""
        self._number += 1
        if self._number % 20 == 1:
            self._event = self._draw(25)
        event = (self._event if self._number % 5 in (0, 1) else []) if words is None else words
        text = self._draw(80) + event * 2
        self._random.shuffle(text)
        published = now - timedelta(hours=hours)
        uid = str(UUID(int=self._random.getrandbits(128)))
        return NewArticle(
            uid=uid,
            entry_key=uid,
            url=f"https://s.example/{self._number}",
            path=f"site/articles/{published:%Y/%m}/{uid}.html",
            title=" ".join([*event[:5], *self._draw(4)]),
            published=published,
            updated=published,
            first_seen=published,
            language="en",
            section=f"part{self._number % SECTIONS}",
            summary=" ".join(text[:30]),
            content_hash=uid,
            item_hash=uid,
            html="<p>" + " ".join(text) + "</p>",
            text=" ".join(text),
        )

    def arrive(self, services: Services, kind: str, now: datetime) -> None:
        """Let one article of a kind arrive."""
        if kind == "edited":
            article_id, source_id = self._last
            changed = self.article(now, 0.1, [])
            with services.store.write() as connection:
                article_store.change_article(connection, article_id, source_id, changed)
            return
        if kind == "first report":
            self._event = self._draw(25)
        event = self._event if "report" in kind else []
        self.add(services, [self.article(now, 9.0 if kind == "late" else 0.02, event)])

    def add(self, services: Services, articles: list[NewArticle]) -> list[int]:
        """Store articles as the ingest job would, each from a source drawn by lot; returns their ids."""
        with services.store.write() as connection:
            self._sources = self._sources or [source.id for source in source_store.list_sources(connection)]
            by_source: dict[int, list[NewArticle]] = {}
            for article in articles:
                by_source.setdefault(self._random.choice(self._sources), []).append(article)
            found = article_store.add_articles(connection, list(by_source.items()))
            self._last = found[-1][-1], list(by_source)[-1]
        return [article_id for ids in found for article_id in ids]

    def _draw(self, count: int) -> list[str]:
        # The cube makes early words common, as in real text.
        return [self._words[int(len(self._words) * self._random.random() ** 3)] for _ in range(count)]


if __name__ == "__main__":
    main()
