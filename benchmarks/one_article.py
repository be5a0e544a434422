"""Count of pages that one new article rewrites, in a store that already holds many.

``python -m benchmarks.one_article --articles 100000`` fills a store with invented articles from 50 sources,
spread over 30 days, places and publishes them with the daemon's own jobs, and then adds one article at a
time: a lone one, one more report on a running story, and one that changes the top list. For each it
counts the files whose bytes changed, by kind. The text is random words over a Zipf-like vocabulary.

Placing and writing all of them takes most of the time: ``--filled FOLDER`` begins with a copy of a store of
``benchmarks.flat --keep`` instead, at the time of that benchmark.

``--crawl`` then follows every link from the front page and prints the relative links that lead to no file,
and the live articles that no link leads to.
"""

import argparse
import json
import random
import re
import shutil
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime, timedelta
from functools import partial
from os.path import normpath
from pathlib import Path
from urllib.parse import unquote
from uuid import UUID

from sqlalchemy import select

from benchmarks.flat import NOW
from syndicate.model import NewArticle
from syndicate.services import Services, open_services
from syndicate.settings import load_settings
from syndicate.store import schema
from syndicate.store.ingest import article_store, source_store

SOURCES = 50
SECTIONS = 8
DAYS = 30
_LINK = re.compile(r' (?:href|src)="([^"#?]+)')
_ELSEWHERE = re.compile(r"[a-z][a-z0-9+.-]*:|//")
# Addresses that the web server answers, without a file.
_SERVED = ("search", "search.atom", "opensearch.xml", "subscribe")


def main() -> None:
    """Fill, publish, add, count."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--articles", type=int, default=100_000)
    parser.add_argument("--filled", type=Path, help="folder of a filled store, instead of --articles")
    parser.add_argument("--crawl", action="store_true")
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="syndicate-pages-"))
    try:
        if arguments.filled:
            shutil.copytree(arguments.filled, folder, dirs_exist_ok=True)
        result = _run(folder, 0 if arguments.filled else arguments.articles, crawl=arguments.crawl)
    finally:
        shutil.rmtree(folder)
    if arguments.json:
        print(json.dumps(result, indent=2))
    else:
        for name, value in result.items():
            print(f"{name:<40} {value:>12}")


def _run(folder: Path, count: int, *, crawl: bool) -> dict[str, float | str]:
    now = datetime.now(UTC).replace(microsecond=0) if count else NOW
    if count:
        _configure(folder)
    writer = _Writer(now)
    with open_services(load_settings(folder / "config.toml", {}), now=now) as services:
        result = _fill(services, writer, count, now) if count else {}
        services.publish.run(now)
        idle = round(1000 * _timed(lambda: services.publish.run(now)), 1)
        result["nothing_new_ms"] = idle
        for name, article in writer.arrivals():
            writer.add(services, [article])
            services.stories.run(now)
            start_cpu = time.process_time()
            published = services.publish.run(now)
            result[f"{name}: pages"] = len(published.pages)
            result[f"{name}: feed files"] = len(published.feeds)
            spent = 1000 * (time.process_time() - start_cpu)
            result[f"{name}: ms"] = round(spent, 1)
            result[f"{name}: times nothing new"] = round(spent / max(idle, 0.1), 1)
            kinds = Counter(map(_kind, [*published.pages, *published.feeds]))
            result[f"{name}: kinds"] = ", ".join(f"{kind} {n}" for kind, n in sorted(kinds.items()))
        if crawl:
            result |= _crawl(folder / "feeds", services)
    return result


def _configure(folder: Path) -> None:
    sources = "".join(
        f'[[sources]]\nname = "s{number}"\nurl = "https://s{number}.example/feed"\n'
        f'section = "part{number % SECTIONS}"\n'
        for number in range(SOURCES)
    )
    (folder / "config.toml").write_text(
        '[[channels]]\nname = "news"\n[[channels]]\nname = "top"\nquery = "top"\n' + sources, "utf-8"
    )


def _fill(services: Services, writer: "_Writer", count: int, now: datetime) -> dict[str, float | str]:
    """Store, place and publish articles; return the costs."""
    result: dict[str, float | str] = {"articles": count}
    for start in range(0, count, 5000):
        writer.add(services, [writer.article() for _ in range(min(5000, count - start))])
    for stage, run in (("stories", services.stories.run), ("pages", services.publish.run)):
        print(f"{stage} of {count:,} articles …", file=sys.stderr, flush=True)
        result[f"{stage}_ms_per_article"] = round(1000 * _timed(partial(run, now)) / count, 3)
    return result


def _kind(path: str) -> str:
    """Return the folder of a file below the site, or of a feed, with its suffix."""
    folder = path.removeprefix("site/").rpartition("/")[0].partition("/")[0]
    return f"{folder or 'top level'} {path.rpartition('.')[2]}"


def _crawl(output: Path, services: Services) -> dict[str, float | str]:
    """Follow all links from the front page."""
    waiting, seen, dead = ["site/index.html"], {"site/index.html"}, set[str]()
    while waiting:
        path = waiting.pop()
        for target in _targets(path, (output / path).read_text("utf-8", "replace")):
            if target in seen or target in dead:
                continue
            if not (output / target).is_file():
                dead.add(target)
                continue
            seen.add(target)
            if target.startswith("site/") and target.endswith(".html"):
                waiting.append(target)
    table = schema.articles
    with services.store.read() as connection:
        live = set(connection.scalars(select(table.c.path).where(table.c.story_id.is_not(None))))
    pages = {file.relative_to(output).as_posix() for file in (output / "site").rglob("*.html")}
    return {
        "crawl: pages read": sum(path.endswith(".html") for path in seen),
        "crawl: links without a file": " ".join(sorted(dead)[:20]) or 0,
        "crawl: live articles": len(live),
        "crawl: live articles not reached": len(live - seen),
        "crawl: pages not reached": " ".join(sorted(pages - seen)[:20]) or 0,
    }


def _targets(path: str, page: str) -> Iterable[str]:
    """Yield the paths of the relative links of a page."""
    folder = path.rpartition("/")[0]
    for address in set(_LINK.findall(page)):
        if _ELSEWHERE.match(address):
            continue
        target = normpath(f"{folder}/{unquote(address)}")
        if target not in _SERVED:
            yield f"{target}/index.html" if address.endswith("/") else target


class _Writer:
    """Invents articles; the same ones every time."""

    def __init__(self, now: datetime) -> None:
        self._now = now
        self._random = random.Random(7)
        self._number = 0
        self._ids: list[int] = []
        self._words = [f"{self._random.choice('bdfglmnprst')}{number:x}" for number in range(50_000)]
        self._event: list[str] = []

    def article(self, *, hours: float | None = None, words: Sequence[str] = ()) -> NewArticle:
        """One article; every fifth belongs to the event that is running."""
        self._number += 1
        if self._number % 5 == 1:
            self._event = self._draw(25)
        event = list(words) or (self._event if self._number % 5 in (0, 1) else [])
        text = self._draw(80) + event * 2
        self._random.shuffle(text)
        age = self._random.random() * DAYS * 24 if hours is None else hours
        published = self._now - timedelta(hours=age)
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
            tags=(f"tag{self._number % 200}",),
            summary=" ".join(text[:30]),
            content_hash=uid,
            item_hash=uid,
            html="<p>" + " ".join(text) + "</p>",
            text=" ".join(text),
        )

    def arrivals(self) -> list[tuple[str, NewArticle]]:
        """The articles whose arrival is measured."""
        event = self._draw(25)
        return [
            ("a lone article", self.article(hours=0.2, words=self._draw(1))),
            ("first report", self.article(hours=0.1, words=event)),
            ("second report", self.article(hours=0.05, words=event)),
        ]

    def add(self, services: Services, articles: list[NewArticle]) -> None:
        """Store articles as the ingest job would, spread over the sources."""
        with services.store.write() as connection:
            self._ids = self._ids or [source.id for source in source_store.list_sources(connection)]
            for place, source_id in enumerate(self._ids):
                article_store.add_articles(connection, [(source_id, articles[place :: len(self._ids)])])

    def _draw(self, count: int) -> list[str]:
        # The square makes early words common, as in real text.
        return [self._words[int(len(self._words) * self._random.random() ** 3)] for _ in range(count)]


def _timed(work: Callable[[], object]) -> float:
    start = time.process_time()
    work()
    return time.process_time() - start


if __name__ == "__main__":
    main()
