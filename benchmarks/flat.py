"""Cost of the same work on a store of 60 000 and of 1 000 000 articles.

``python -m benchmarks.flat --keep /dev/shm/flat`` fills both stores, copies each and prints the CPU
milliseconds of every row, the least of several runs, and the ratio. ``--articles 60000 300000`` chooses other
sizes; kept stores are used again. A million articles take about 2.5 GB and seven minutes of CPU time.

Everything is invented, at one article in 4.3 minutes, so that about 1 000 fall in the last 72 hours:

- 50 sources share the articles. Three others have 100, 10 000 and 50 000 old articles, as far as each
  is at most a fifth of the store.
- Titles have six words and texts twenty, drawn so that early words are frequent. ``frequentword`` stands in
  half of the articles, ``rareword`` in 20 of each store.
- The stories job places the articles of the last nine days, which its index covers. Older articles get their
  stories (every tenth has three articles of two sources), leads and addresses from the store's functions,
  and 300 bytes instead of terms, which no run reads.
- The pages of older articles are not written. Their marks are removed, and the bounds of lists and of the
  archives of channels, and the counts of days, are stored as a publication would store them. Each list
  has an empty first page: without it, the next publication would take the list for a new one and write
  the latest 1 000 articles with each tag and author again.

The first 50 000 articles and the last nine days are written with the functions of the store, 2 000 in a
transaction; the articles between are copies of the first, 50 000 in a transaction, with later ids and times.
"""

import argparse
import json
import random
import shutil
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from sqlalchemy import delete, func, select

from benchmarks.measuring import cpu_seconds
from syndicate.cli.arguments import articles_named
from syndicate.errors import SyndicateError
from syndicate.jobs.publish.lists.day_build import MONTH
from syndicate.jobs.publish.lists.list_state import read_list
from syndicate.jobs.stories.leads import refresh_stories
from syndicate.jobs.stories.stories_job import name_stories
from syndicate.model import Clause, ClauseField, NewArticle
from syndicate.publish.lists.list_page import FOLDERS, first_path
from syndicate.reports.explanation import explain_article
from syndicate.reports.health import read_health
from syndicate.services import Services, open_services
from syndicate.settings import load_settings
from syndicate.store import Connection, schema
from syndicate.store.ingest import article_store, source_store
from syndicate.store.output import channel_archives, channel_store, paged_lists, stale
from syndicate.store.search.word_index import WORDS
from syndicate.store.stories import story_store

NOW = datetime(2026, 11, 25, 12, 0, 5, tzinfo=UTC)
APART = timedelta(hours=72) / 1_000
PLACED_BY_JOB = timedelta(days=9)
SOURCES, SECTIONS, TAGS = 50, 8, 500
OLD = {"few": 100, "some": 10_000, "many": 50_000}
"""Old articles of the sources that are polled."""
WRITTEN = 50_000
FIRST = 50
COPIED = {
    "stories": "lead_id", "articles": "id", "article_bodies": "article_id", "article_tags": "article_id",
    "article_authors": "article_id", "article_terms": "article_id", "article_words": "rowid",
}  # fmt: skip
"""Copied tables, and their columns with the id of an article."""
CHANNEL = 50
"""Articles of a channel, and of a page of its archive."""
BATCH, RUNS, ENOUGH_SECONDS = 2_000, 5, 3.0
PORT = 18_471
"""Port of the polled feeds: pages name their addresses, so it must be the same in each run."""
RARE, FREQUENT = "rareword", "frequentword"


def main() -> None:
    """Fill the stores that are missing, run every row on a copy of each, and print the table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--articles", type=int, nargs="+", default=[60_000, 1_000_000])
    parser.add_argument("--keep", type=Path, help="folder of filled stores")
    parser.add_argument("--stages", nargs="+", choices=STAGES, default=list(STAGES))
    parser.add_argument("--fill", action="store_true", help="fill the stores and measure nothing")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="syndicate-flat-") as temporary:
        figures: dict[str, dict[int, float]] = {}
        for articles in arguments.articles:
            filled = filled_store(arguments.keep or Path(temporary), articles)
            if arguments.fill:
                continue
            folder = Path(temporary) / f"run-{articles}"
            shutil.copytree(filled, folder)
            with _server():
                for name, value in _measure(folder, arguments.stages):
                    figures.setdefault(name, {})[articles] = value
                    print(f"  {name}: {value:.2f}", flush=True)
            shutil.rmtree(folder)
    sizes = "".join(f"{articles:>12,}" for articles in arguments.articles)
    print(f"{'CPU ms, or files':<44}{sizes}{'ratio':>8}")
    for name, row in figures.items():
        values = "".join(f"{row.get(articles, float('nan')):>12.2f}" for articles in arguments.articles)
        ratio = max(row.values()) / min(row.values()) if len(row) > 1 and all(row.values()) else float("nan")
        print(f"{name:<44}{values}{ratio:>8.2f}")


def _config() -> str:
    names = [f"paper{number}" for number in range(SOURCES)]
    sources = [
        f'[[sources]]\nname = "{name}"\nurl = "https://{name}.example/"\nsection = "part{place % SECTIONS}"\n'
        for place, name in enumerate(names)
    ]
    polled = (f'[[sources]]\nname = "{name}"\nurl = "http://127.0.0.1:{PORT}/{name}"\n' for name in OLD)
    return (
        '[http]\nallow_private = ["127.0.0.0/8"]\nmin_interval = "1s"\nhost_gap = "0s"\n'
        '[mail]\naddress = "1 Main Street"\n[retention]\narticles = "20000d"\ntombstones = "20000d"\n'
        '[[channels]]\nname = "all"\nquery = ""\n[[channels]]\nname = "part1"\nquery = "section:part1"\n'
        '[[newsletters]]\nname = "daily"\nschedule = "daily 07:00"\n' + "".join((*sources, *polled))
    )


# Filling


def filled_store(folder: Path, articles: int) -> Path:
    """Return the filled store of this size below a folder, filled now unless it is kept there."""
    filled = folder / str(articles)
    if not (filled / "done").exists():
        _fill(filled, articles)
    return filled


def _fill(folder: Path, articles: int) -> None:
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    writer, started = _Writer(articles), time.monotonic()
    recent = int(PLACED_BY_JOB / APART)
    with opened(folder) as services:
        with services.store.write() as connection:
            _shelve(connection, writer.add(connection, range(FIRST)))
        # Without a publication before, the next would write the pages of all articles.
        services.publish.run(NOW)
        services.publish.run(NOW)
        last = articles - recent
        for start in (FIRST, *range(BATCH, min(WRITTEN, last), BATCH)):
            with services.store.write() as connection:
                numbers = range(start, min(start - start % BATCH + BATCH, last))
                _shelve(connection, writer.add(connection, numbers))
        for start in range(WRITTEN, last, WRITTEN):
            print(f"  {articles:,}: {start:,} after {time.monotonic() - started:.0f} s", flush=True)
            with services.store.write() as connection:
                _copy(connection, range(start, min(start + WRITTEN, last)))
        _publish_archive(services)
        for start in range(articles - recent, articles, BATCH):
            with services.store.write() as connection:
                writer.add(connection, range(start, min(start + BATCH, articles)))
        services.stories.run(NOW)
        services.publish.run(NOW)
        services.publish.run(NOW)
    (folder / "done").touch()


def _copy(connection: Connection, numbers: range) -> None:
    """Store copies of written articles and of their stories, with later ids and times."""
    if connection.dialect.name == "sqlite":
        # Each page of an index gets its rows at once.
        connection.exec_driver_sql(f"PRAGMA cache_size = -{1 << 20}")
    copy = numbers[0] // WRITTEN
    shift, later = copy * WRITTEN, int(copy * WRITTEN * APART / timedelta(microseconds=1))
    changed = dict.fromkeys(
        ("id", "article_id", "rowid", "story_id", "lead_id", "same_text"), f"{{}} + {shift}"
    )
    changed |= dict.fromkeys(("published", "first_seen"), f"{{}} + {later}")
    changed |= dict.fromkeys(("uid", "entry_key", "url", "item_hash", "content_hash"), f"{{}} || '-{copy}'")
    changed["path"] = f"CASE path WHEN '' THEN '' ELSE path || '-{copy}' END"
    of = f"BETWEEN {numbers[0] + 1 - shift} AND {numbers[-1] + 1 - shift}"
    for name, key in COPIED.items():
        table = schema.metadata.tables.get(name, WORDS)
        columns = [column.name for column in table.columns]
        if table is WORDS and connection.dialect.name != "sqlite":
            columns = ["rowid", "words"]
        values = [changed.get(column, "{}").format(column) for column in columns]
        connection.exec_driver_sql(
            f"INSERT INTO {name} ({', '.join(columns)})"
            f" SELECT {', '.join(values)} FROM {name} WHERE {key} {of}"
        )


class _Writer:
    """Invents articles by number, the oldest first."""

    def __init__(self, articles: int) -> None:
        self._articles = articles
        words = random.Random(7)
        self._words = ["".join(words.choices("abdefgiklmnoprstu", k=7)) for _ in range(50_000)]
        self._sources: dict[str, int] = {}
        self.old = [name for name, count in OLD.items() if count <= articles // 5]

    def add(self, connection: Connection, numbers: range) -> list[int]:
        """Store articles; return their ids."""
        if not self._sources:
            self._sources = {source.name: source.id for source in source_store.list_sources(connection)}
        by_source: dict[int, list[NewArticle]] = {}
        for number in numbers:
            by_source.setdefault(self._sources[self._source(number)], []).append(self.article(number))
        found = article_store.add_articles(connection, list(by_source.items()))
        return sorted(article_id for ids in found for article_id in ids)

    def _source(self, number: int) -> str:
        """Return the source of an article."""
        for place, name in enumerate(self.old):
            if number % (self._articles // OLD[name]) == place:
                return name
        return f"paper{random.Random(number).randrange(SOURCES)}"

    def article(self, number: int) -> NewArticle:
        """Return an article."""
        chosen = random.Random(number)
        words = [self._words[int(50_000 * chosen.random() ** 2)] for _ in range(26)]
        if chosen.random() < 0.5:
            words[20] = FREQUENT
        if number % (self._articles // 20) == 0:
            words[21] = RARE
        published = NOW - APART * (self._articles - number)
        uid = f"{chosen.getrandbits(128):032x}"
        text = " ".join(words[6:])
        return NewArticle(
            uid=uid, entry_key=uid, url=f"https://paper.example/{number}",
            path=f"site/articles/{published:%Y/%m}/{uid}.html", title=" ".join(words[:6]), summary=text,
            published=published, updated=published, first_seen=published,
            language=("en", "en-gb", "de", "fr")[number % 4], section=f"part{number % SECTIONS}",
            tags=(f"tag{chosen.randrange(TAGS)}",), authors=(f"Author {chosen.randrange(TAGS)}",),
            content_hash=uid, item_hash=uid, html=f"<p>{text}</p>", text=text,
        )  # fmt: skip


def _shelve(connection: Connection, ids: list[int]) -> None:
    """Give older articles their stories: of every 30, three share a story."""
    seen = NOW - PLACED_BY_JOB
    # Neighbours by id are of the same source.
    random.Random(ids[0]).shuffle(ids)
    leads = [number for place, number in enumerate(ids) if place % 30 not in (1, 2)]
    stories = dict(zip(leads, story_store.add_stories(connection, leads, seen), strict=True))
    placed, last = [], 0
    for number in ids:
        last = stories.get(number, last)
        placed.append(
            story_store.ArticlePlacement(article_id=number, story_id=last, same_text=number, terms=bytes(300))
        )
    story_store.place_articles(connection, placed)
    refresh_stories(connection, stories.values(), seen)
    name_stories(connection, NOW)
    connection.execute(delete(schema.stale_pages))


def _publish_archive(services: Services) -> None:
    """Store the bounds of lists and archives and the counts of days; remove all marks."""
    with services.store.read() as connection:
        names = list(stale.lists_by_name(stale.stale_lists(connection)))
        names += [f"section:part{number}" for number in range(SECTIONS)]
        sources = {str(source.id): source.name for source in source_store.list_sources(connection)}
        names += [f"source:{number}" for number in sources]
        names += [f"tag:tag{number}" for number in range(TAGS)]
        names += [f"author:author {number}" for number in range(TAGS)]
        days = Counter(
            datetime.fromtimestamp(seconds, UTC).date()
            for (seconds,) in connection.execute(select(schema.articles.c.published))
            for seconds in [seconds.timestamp()]
        )
    for name in sorted(name for name in {*names} if name.partition(":")[0] in FOLDERS):
        with services.store.write() as connection:
            state = read_list(connection, name, {})
            paged_lists.save_bounds(connection, state.name, state.before, state.bounds)
        if state.count:
            services.published.write(first_path(state.kind, sources.get(state.key, state.key)), b"")
    for name, section in (("all", ()), ("part1", (schema.articles.c.section_key == "part1",))):
        with services.store.write() as connection:
            ids = connection.scalars(
                select(schema.articles.c.id).where(*section).order_by(schema.articles.c.id)
            )
            lasts = list(enumerate((0, *ids.all()[CHANNEL - 1 :: CHANNEL])))
            for number, last in lasts[len(channel_archives.archive_bounds(connection, name)) :]:
                channel_archives.add_archive_page(connection, name, number, last)
    months: dict[date, dict[str, tuple[int, int]]] = {}
    for day, count in days.items():
        months.setdefault(day.replace(day=1), {})[str(day.day)] = count, 0
    with services.store.write() as connection:
        signatures = {f"{MONTH}{month:%Y-%m}": json.dumps(found) for month, found in months.items()}
        stale.save_signatures(connection, signatures, NOW)
        connection.execute(delete(schema.stale_lists))
        connection.execute(delete(schema.stale_pages))


# Measuring


def _measure(folder: Path, stages: list[str]) -> Iterator[tuple[str, float]]:
    with opened(folder) as services:
        room = _Room(folder, services)
        for stage in stages:
            for name, run, prepare in STAGES[stage](room):
                yield name, _least(run, prepare)
        yield from room.files.items()


_Row = tuple[str, Callable[[], object], Callable[[], object]]
"""Name of a row, the measured run, and what has to happen before each run."""


def _nothing() -> None:
    pass


def _stories(room: "_Room") -> Iterator[_Row]:
    services, clock = room.services, room.clock
    services.stories.run(clock.tick())
    yield "stories: one new article", lambda: services.stories.run(clock.now), room.arrive
    yield "stories: a step of the clock", lambda: services.stories.run(clock.tick(900)), _nothing
    yield "stories: nothing new", lambda: services.stories.run(clock.now), _nothing
    yield "stories: after a restart", room.restart_stories, room.arrive


def _reads(room: "_Room") -> Iterator[_Row]:
    services, clock = room.services, room.clock

    def explain(text: str) -> Callable[[], object]:
        def call(connection: Connection) -> None:
            try:
                match, *others = articles_named(connection, text)
            except SyndicateError:
                return
            explain_article(connection, services, match, others, clock.now)

        return room.read(call)

    def channel(field: ClauseField, value: str) -> Callable[[], object]:
        clauses = [Clause(field=field, values=(value,))]
        return room.read(lambda connection: channel_store.channel_articles(connection, clauses, limit=50))

    with services.store.read() as connection:
        middle = connection.scalars(select(func.max(schema.articles.c.id))).one() // 2
        title = article_store.get_articles(connection, [middle])[middle].title
    yield "explain: by id", explain(str(middle)), _nothing
    yield "explain: by title", explain(title), _nothing
    unknown = " ".join(title.split()[::-1])
    yield "explain: unknown title", explain(unknown), _nothing
    yield "explain: unknown title, frequent word", explain(f"{FREQUENT} {unknown}"), _nothing
    yield "channel with a rare word", channel(ClauseField.WORD, RARE), _nothing
    yield "channel with a frequent word", channel(ClauseField.WORD, FREQUENT), _nothing
    yield "channel with an unknown word", channel(ClauseField.WORD, "unknownword"), _nothing
    yield "channel of a tag", channel(ClauseField.TAG, "tag7"), _nothing
    yield "channel of a language", channel(ClauseField.LANGUAGE, "de"), _nothing
    yield "preferences: sections and languages", room.read(_offered), _nothing
    yield "prune: nothing to do", lambda: services.prune.run(clock.now), _nothing
    yield "command: open the store", room.reopen, _nothing
    yield "status", lambda: read_health(services, clock.now), _nothing
    yield "sources list", room.read(source_store.list_sources), _nothing


def _ingest(room: "_Room") -> Iterator[_Row]:
    with room.services.store.read() as connection:
        articles = article_store.count_articles(connection)
    for name in _Writer(articles).old:

        def poll(name: str = name) -> None:
            room.services.ingest.run(room.clock.tick(7200), names=[name])

        poll()
        yield f"ingest: one new entry, source with {name}", poll, _nothing


def _publish(room: "_Room") -> Iterator[_Row]:
    publish, clock = room.services.publish, room.clock
    declared = publish.channels

    def place() -> None:
        room.arrive()
        room.services.stories.run(clock.now)

    def counted(name: str) -> None:
        written = publish.run(clock.now)
        room.files[f"files: {name}"] = len(written.pages) + len(written.feeds)

    def toggle() -> None:
        publish.channels = declared if len(publish.channels) < len(declared) else declared[:-1]

    counted("first publication of a process")
    publish.run(clock.now)
    yield "publish: nothing new", lambda: publish.run(clock.now), _nothing
    yield "publish: one new article", lambda: counted("one new article"), place
    yield "publish: a channel less, or more", lambda: counted("a channel less, or more"), toggle


STAGES = {"stories": _stories, "reads": _reads, "ingest": _ingest, "publish": _publish}


def _offered(connection: Connection) -> None:
    channel_store.sections(connection)
    channel_store.usual_languages(connection)


class _Clock:
    """Time of the runs."""

    def __init__(self) -> None:
        self.now = NOW + timedelta(seconds=1)

    def tick(self, seconds: float = 5) -> datetime:
        """Advance the time and return it."""
        self.now += timedelta(seconds=seconds)
        return self.now


class _Room:
    """Opened store in which the rows run, with its time."""

    def __init__(self, folder: Path, services: Services) -> None:
        self.folder, self.services, self.clock = folder, services, _Clock()
        self._number = 0
        self._writer = _Writer(200_000)
        self.files: dict[str, float] = {}
        """Number of files that a publication wrote, by the name of its row."""

    def read(self, call: Callable[[Connection], object]) -> Callable[[], object]:
        """Return a function that makes a call in a read transaction."""

        def run() -> None:
            with self.services.store.read() as connection:
                call(connection)

        return run

    def arrive(self) -> None:
        """Store an article as seen now."""
        self._number += 1
        article, now = self._writer.article(10_000_000 + self._number), self.clock.tick()
        article = replace(article, published=now, updated=now, first_seen=now)
        with self.services.store.write() as connection:
            source = source_store.list_sources(connection)[self._number % SOURCES]
            article_store.add_articles(connection, [(source.id, [article])])

    def reopen(self) -> None:
        """Open the store once more, as a command does."""
        with opened(self.folder):
            pass

    def restart_stories(self) -> None:
        """Run the stories job without its index."""
        self.services.__dict__.pop("stories", None)
        self.services.stories.run(self.clock.now)


def _least(run: Callable[[], object], prepare: Callable[[], object]) -> float:
    times = []
    for _ in range(RUNS):
        prepare()
        start = cpu_seconds()
        run()
        times.append(cpu_seconds() - start)
        if sum(times) > ENOUGH_SECONDS:
            break
    return min(times) * 1000


@contextmanager
def opened(folder: Path) -> Iterator[Services]:
    """Open a filled store at the time of the benchmark."""
    (folder / "config.toml").write_text(_config(), "utf-8")
    with open_services(load_settings(folder / "config.toml", {}), now=NOW) as services:
        yield services


@contextmanager
def _server() -> Iterator[None]:
    context = get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=_serve, args=(theirs,), daemon=True)
    process.start()
    try:
        ours.recv()
        yield
    finally:
        process.kill()
        process.join()


def _serve(ready: Any) -> None:
    """Serve feeds of 20 items; each request to a feed finds one new item."""
    asked = Counter[str]()

    class Feed(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked[self.path] += 1
            last = asked[self.path]
            items = "".join(
                f"<item><title>Report {number} here</title><guid>{self.path}-{number}</guid>"
                f"<link>http://127.0.0.1{self.path}/{number}</link><description>What happened at {number}."
                "</description></item>"
                for number in range(last + 20, last, -1)
            )
            body = f'<rss version="2.0"><channel><title>x</title>{items}</channel></rss>'.encode()
            self.send_response(200)
            self.send_header("Content-Type", "application/rss+xml")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: Any) -> None:
            pass

    server = HTTPServer(("127.0.0.1", PORT), Feed)
    ready.send(None)
    server.serve_forever()


if __name__ == "__main__":
    main()
