"""Speed and cost of 1, 2 and 4 workers on this machine, of one process on both engines, and of the queue.

``python -m benchmarks.workers --json > benchmarks/service_times.json`` starts a PostgreSQL of its own (as the
tests do: without waits for a disk), a server of feeds and pages with each source at an address of its own on
loopback, and a mail sink. For each number of workers, stage by stage: all sources are read for the first
time, then without news (304), then the pages of all articles, articles are placed, published, and an edition
is sent. Only ``stories`` has one worker at a time.

A stage begins when its workers have started, have looked for work once and have found none. Speed is counted
from the first to the last unit. CPU is that of the workers' Python processes, of their parser processes, of
all processes of PostgreSQL, and of the servers of feeds and mail; ``others`` are the cores that other
programs used meanwhile. ``one process`` runs the same jobs as ``syndicate run`` in this process, with SQLite
and with PostgreSQL.
"""

import argparse
import asyncio
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from datetime import UTC, datetime, timedelta
from functools import partial
from multiprocessing import get_context
from multiprocessing.connection import Connection as Pipe
from pathlib import Path
from typing import Any, NamedTuple
from uuid import uuid4

import psycopg
from sqlalchemy import func, insert, literal, select, update

from benchmarks.measuring import TICK, processes, seconds_of, seconds_of_ended_children, stat
from benchmarks.story_cost_texts import Wire
from syndicate.services import Services, open_services
from syndicate.settings import load_settings
from syndicate.store import Store, open_store, schema
from syndicate.store.core.engine import libpq_url
from syndicate.store.core.migration import shard_subscribers
from syndicate.store.ingest import article_store
from syndicate.store.leases import leases
from syndicate.store.mail import newsletter_store
from tests import factories, postgres

LATER = datetime(2200, 1, 1, tzinfo=UTC)
LONG_AGO = datetime(2000, 1, 1, tzinfo=UTC)
ITEMS = 2
DOMAINS = 200
LOOK = 12.0
"""Seconds in which each stage has looked for work once and has imported its modules."""
LIMIT = 240.0
CONFIG = """
[store]
url = "{url}"
[site]
url = "https://news.example"
[http]
allow_private = true
host_gap = 0
[web]
listen = ""
[mail]
from = "News <news@news.example>"
address = "1 Pier Road, Harbour Town"
transport = "smtp"
host = "127.0.0.1"
port = {smtp}
tls = "none"
connections = 20
[[channels]]
name = "news"
[[newsletters]]
name = "daily"
schedule = "daily 07:00"
max_lateness = "6d"
"""
SOURCE = '[[sources]]\nname = "s{0}"\nurl = "http://127.1.{1}.{2}:{3}/feed/{0}"\nfull_text = "always"\n'
ITEM = (
    "<item><title>{title}</title><guid>{link}</guid><link>{link}</link><description>{text}</description>"
    "<pubDate>{date:%a, %d %b %Y %H:%M:%S} GMT</pubDate></item>"
)
PAGE = (
    '<!doctype html><html lang="en"><head><title>{title}</title></head><body><nav><a href="/">Home</a></nav>'
    "<article><h1>{title}</h1>{text}</article><footer>Imprint</footer></body></html>"
)


def serve(sources: int, ready: Pipe) -> None:
    """Serve feeds with an ETag and the pages of their items, until killed."""
    wire, now = Wire(1), datetime.now(UTC)
    reports = [[wire.report() for _ in range(ITEMS)] for _ in range(sources)]

    def document(host: str, path: str) -> tuple[str, str] | None:
        kind, _, rest = path.strip("/").partition("/")
        if kind == "feed":
            items = "".join(
                ITEM.format(
                    title=report.title,
                    link=f"http://{host}/page/{rest}/{number}",
                    text=report.text[:300],
                    date=now - timedelta(minutes=int(rest) % 600 + number),
                )
                for number, report in enumerate(reports[int(rest)])
            )
            channel = f"<title>{rest}</title><link>http://{host}/</link><description>x</description>{items}"
            return "application/rss+xml", f'<rss version="2.0"><channel>{channel}</channel></rss>'
        if kind == "page":
            source, _, number = rest.partition("/")
            report = reports[int(source)][int(number)]
            return "text/html", PAGE.format(title=report.title, text=f"<p>{report.text}</p>" * 3)
        return None

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        host = next(line[6:] for line in head.split("\r\n") if line.lower().startswith("host: "))
        found = document(host, head.split(" ", 2)[1])
        if found is None:
            writer.write(b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
        elif "if-none-match" in head.lower():
            writer.write(b'HTTP/1.1 304 Not Modified\r\nETag: "1"\r\nConnection: close\r\n\r\n')
        else:
            body = found[1].encode()
            facts = f'Content-Type: {found[0]}\r\nETag: "1"\r\nContent-Length: {len(body)}\r\n'
            writer.write(f"HTTP/1.1 200 OK\r\nConnection: close\r\n{facts}\r\n".encode() + body)
        with suppress(ConnectionError):
            await writer.drain()
        writer.close()

    async def forever() -> None:
        server = await asyncio.start_server(answer, "0.0.0.0", 0, backlog=4096)
        ready.send(server.sockets[0].getsockname()[1])
        await server.serve_forever()

    asyncio.run(forever())


class Cpu(NamedTuple):
    """CPU seconds so far by place, and commits of the database."""

    worker: float
    parsers: float
    database: float
    server: float
    all: float
    commits: int
    at: float


class Machine:
    """Processes whose CPU is measured, apart from the workers."""

    def __init__(self, server_url: str, servers: tuple[int, ...]) -> None:
        self._servers = servers
        self.sql = psycopg.connect(server_url, autocommit=True)
        backend = self.sql.info.backend_pid
        self.postmaster = int(stat(backend)[1])

    def cpu(self, workers: list[int], database: str) -> Cpu:
        """Return the CPU so far of the workers, PostgreSQL, the servers and the whole machine."""
        postgres_processes = processes(self.postmaster)
        apart = {*postgres_processes, *self._servers, *workers}
        children = {pid for worker in workers for pid in processes(worker)} - apart
        busy = Path("/proc/stat").read_text().split("\n", 1)[0].split()[1:9]
        commits = self.sql.execute(
            "SELECT xact_commit FROM pg_stat_database WHERE datname = %s", [database]
        ).fetchone()
        return Cpu(
            worker=sum(map(seconds_of, workers)),
            parsers=sum(map(seconds_of, children)),
            database=sum(map(seconds_of, postgres_processes)) + seconds_of_ended_children(self.postmaster),
            server=sum(map(seconds_of, self._servers)),
            all=(sum(map(int, busy)) - int(busy[3]) - int(busy[4])) / TICK,
            commits=commits[0] if commits else 0,
            at=time.monotonic(),
        )


class Stage(NamedTuple):
    """Stage to measure: ``hold`` makes its work wait, ``start`` makes it due, ``left`` counts the rest."""

    stage: str
    units: int
    hold: Callable[[], object]
    start: Callable[[], object]
    left: Callable[[], int]


class Newsroom:
    """Synthetic newsroom in a store: its configuration and the work of each stage."""

    def __init__(self, folder: Path, url: str, sources: int, mails: int, http: int, smtp: int) -> None:
        self.folder, self.config, self._sources, self._mails = folder, folder / "config.toml", sources, mails
        declared = (SOURCE.format(n, n // 250, n % 250 + 1, http) for n in range(sources))
        self.config.write_text(CONFIG.format(url=url, smtp=smtp) + "".join(declared), "utf-8")
        with open_services(load_settings(self.config, {})):
            pass  # The rows of the sources are stored.
        self.store: Store = open_store(url)

    def _write(self, *statements: Any) -> None:
        with self.store.write() as connection:
            for statement in statements:
                connection.execute(statement)

    def _count(self, statement: Any) -> int:
        with self.store.read() as connection:
            return connection.scalar(statement) or 0

    def stages(self) -> dict[str, Stage]:
        """Return the stages in the order of work."""
        sources, reads, deliveries = schema.sources, schema.page_reads, schema.deliveries
        articles, pages = schema.articles, self._sources * ITEMS
        never = (sources.c.last_attempt.is_(None)) | (sources.c.last_attempt < LONG_AGO)
        unread = select(func.count()).select_from(sources).where(never)
        hold = update(sources).values(next_check=LATER, last_attempt=LONG_AGO - timedelta(days=1))
        poll = update(sources).values(next_check=LONG_AGO)
        polls = (
            lambda: self._write(hold),
            lambda: self._write(poll),
            lambda: self._count(unread),
        )
        waiting = select(func.count()).select_from(reads).where(reads.c.state == "waiting")
        unplaced = select(func.count()).select_from(articles).where(articles.c.placed.is_(False))
        stale = select(func.count()).select_from(schema.stale_pages)
        unsent = select(func.count()).select_from(deliveries).where(deliveries.c.state != "sent")
        return {
            "first poll": Stage("ingest", self._sources, *polls),
            "poll": Stage("ingest", self._sources, *polls),
            "page": Stage(
                "pages",
                pages,
                lambda: self._write(update(reads).values(next_try=LATER)),
                lambda: self._write(update(reads).values(next_try=LONG_AGO)),
                lambda: self._count(waiting),
            ),
            "story": Stage(
                "stories",
                pages,
                lambda: self._write(update(articles).values(placed=True)),
                lambda: self._write(update(articles).values(placed=False)),
                lambda: self._count(unplaced),
            ),
            "publish": Stage("publish", pages, lambda: None, lambda: None, lambda: self._count(stale)),
            "mail": Stage(
                "deliver",
                self._mails,
                self._cut,
                lambda: self._write(update(deliveries).values(not_before=LONG_AGO)),
                lambda: self._count(unsent),
            ),
        }

    def _cut(self) -> None:
        """Add subscribers and cut an edition of 50 kB for them, whose mails wait."""
        now = datetime.now(UTC)
        with self.store.write() as connection:
            leases.ensure_secret(connection)
            newsletter_store.sync_newsletters(connection, [factories.newsletter()], now - timedelta(days=30))
            rows = [
                {
                    "address": f"reader{number}@example{number % DOMAINS}.org",
                    "address_key": f"reader{number}@example{number % DOMAINS}.org",
                    "name": "",
                    "language": "",
                    "created": now - timedelta(days=9),
                }
                for number in range(self._mails)
            ]
            connection.execute(insert(schema.subscribers), rows)
            columns = ("subscriber_id", "newsletter", "state", "created", "changed", "cadence")
            at = literal(now - timedelta(days=9), schema.subscribers.c.created.type)
            chosen = select(
                schema.subscribers.c.id, literal("daily"), literal("confirmed"), at, at, literal("edition")
            )
            connection.execute(insert(schema.subscriptions).from_select(columns, chosen))
            shard_subscribers(connection)
            (number, article), *_ = article_store.get_articles(connection, range(1, 50)).items()
            assert number
            html = "<p>" + "A sentence or two that say what has happened. " * 1_000 + "</p>"
            factories.cut(
                connection,
                [factories.edition_story(article)],
                rendered=("The day", html, html[3:-4]),
                now=now,
            )
            connection.execute(update(schema.deliveries).values(not_before=LATER))


@contextmanager
def working(config: Path, count: int, stage: str) -> Iterator[list[int]]:
    """Run workers of a stage; yield their process ids once they have started."""
    command = [sys.executable, "-m", "syndicate", "worker", "--config", str(config), "--log", "json"]
    with ExitStack() as stack:
        started = []
        for number in range(count):
            log = config.with_name(f"log-{stage}-{number}")
            output = stack.enter_context(log.open("wb"))
            options = ["--stages", stage] if stage else []
            process = stack.enter_context(subprocess.Popen([*command, *options], stderr=output))
            stack.callback(process.send_signal, signal.SIGTERM)
            started.append((process, log))
        for process, log in started:
            while b'"started"' not in log.read_bytes():
                if process.poll() is not None:
                    raise SystemExit(log.read_text("utf-8")[-2000:])
                time.sleep(0.1)
        yield [process.pid for process, _ in started]


def measured(machine: Machine, name: str, work: Stage, workers: list[int], wait: float) -> dict[str, Any]:
    """Let the work of a stage become due, wait for its end, and return speed and cost of a unit."""
    work.hold()
    time.sleep(wait)
    before = start = machine.cpu(workers, name)
    work.start()
    began = first = time.monotonic()
    first_left, left, samples = work.units, work.units, 0
    while left:
        time.sleep(0.1)
        samples += 1
        left, now = work.left(), time.monotonic()
        if left == work.units:
            first, start = now, machine.cpu(workers, name)
        elif first_left == work.units:
            first_left = left
        if now > began + LIMIT:
            raise SystemExit(f"{work.stage}: {left} of {work.units} units are left after {LIMIT:.0f} s")
    seconds, after = max(time.monotonic() - first, 0.1), machine.cpu(workers, name)
    # PostgreSQL's processes report their commits once a second. Each look at the rest was a commit as well.
    time.sleep(1.2)
    commits = machine.cpu(workers, name).commits - samples
    found = cost(before, after._replace(commits=commits), work.units, seconds)
    # Until the work begins, other programs use the cores of the workers.
    return found | {"others": cost(start, after, work.units, seconds)["others"]}


def cost(before: Cpu, after: Cpu, units: int, seconds: float) -> dict[str, Any]:
    """Return the figures of a stage, by unit of work."""
    spent = Cpu._make(later - earlier for earlier, later in zip(before, after, strict=True))
    ours = spent.worker + spent.parsers + spent.database + spent.server
    by_place = {
        f"{place}_ms": round(1000 * getattr(spent, place) / units, 3)
        for place in ("worker", "parsers", "database", "server")
    }
    others = max(0.0, spent.all - ours) / spent.at
    return {
        "units": units,
        "seconds": round(seconds, 1),
        "per_second": round(units / seconds, 1),
        **by_place,
        "commits": round(spent.commits / units, 3),
        "others": round(others, 2),
    }


def run_workers(newsroom: Newsroom, machine: Machine, name: str, count: int) -> dict[str, Any]:
    """Measure each stage with so many workers."""
    stages, found = newsroom.stages(), {}
    stages["first poll"].hold()
    with working(newsroom.config, count, "ingest") as workers:
        for stage in ("first poll", "poll"):
            wait = LOOK if stage == "first poll" else 0.0
            found[stage] = measured(machine, name, stages[stage], workers, wait)
    for stage in ("page", "story", "publish", "mail"):
        if stage != "publish":
            stages[stage].hold()
        workers_of_stage = 1 if stage == "story" else count
        with working(newsroom.config, workers_of_stage, stages[stage].stage) as workers:
            work = stages[stage]._replace(hold=lambda: None)
            found[stage] = measured(machine, name, work, workers, 0.0 if stage == "publish" else LOOK)
    return found


def run_one_process(newsroom: Newsroom, machine: Machine, name: str) -> dict[str, Any]:
    """Run the jobs of all stages in this process; return the CPU of each unit."""
    found, stages = {}, newsroom.stages()
    with open_services(load_settings(newsroom.config, {})) as services:
        for stage, call in _calls(services).items():
            if stage == "mail":
                stages[stage].hold()
            if stage in ("poll", "mail"):
                stages[stage].start()
            before, began = machine.cpu([os.getpid()], name), time.monotonic()
            while True:
                call(datetime.now(UTC))
                if stage in ("first poll", "poll") or not stages[stage].left():
                    break
                if time.monotonic() > began + LIMIT:
                    raise SystemExit(f"{stage}: {stages[stage].left()} units are left")
            took, after = time.monotonic() - began, machine.cpu([os.getpid()], name)
            time.sleep(1.2)
            after = after._replace(commits=machine.cpu([], name).commits)
            found[stage] = cost(before, after, stages[stage].units, took)
    return found


def _calls(services: Services) -> dict[str, Callable[[datetime], object]]:
    return {
        "first poll": services.ingest.run,
        "poll": services.ingest.run,
        "page": services.pages.run,
        "story": services.stories.run,
        "publish": services.publish.run,
        "mail": services.deliver.run,
    }


def run_queue(newsroom: Newsroom, machine: Machine, name: str, url: str, messages: int) -> dict[str, Any]:
    """Measure messages without work, and an idle worker of all stages."""
    rows = "SELECT 'ingest.' || n %% 64, 'ingest', json_build_object('part', n %% 64)"
    add = f"INSERT INTO procrastinate_jobs (queue_name, task_name, args) {rows} FROM generate_series(1, %s) n"
    with (
        working(newsroom.config, 1, "") as workers,
        psycopg.connect(libpq_url(url), autocommit=True) as sql,
    ):
        time.sleep(2 * LOOK)
        before = machine.cpu(workers, name)
        time.sleep(30)
        after = machine.cpu(workers, name)
        idle = {
            "worker_cores": round((after.worker - before.worker) / 30, 4),
            "database_cores": round((after.database - before.database) / 30, 4),
            "transactions_per_second": round((after.commits - before.commits) / 30, 1),
        }
        sql.execute(add, [messages])

        def left() -> int:
            found = sql.execute("SELECT count(*) FROM procrastinate_jobs WHERE task_name = 'ingest'")
            return int((found.fetchone() or (0,))[0])

        work = Stage("ingest", messages, lambda: None, partial(sql.execute, add, [messages]), left)
        # The first messages import what the later need.
        while left():
            time.sleep(0.1)
        return {"idle": idle, "message": measured(machine, name, work, workers, 0.0)}


@contextmanager
def servers(sources: int) -> Iterator[tuple[int, int, tuple[int, int]]]:
    """Start the server of feeds and the mail sink; yield both ports and the process ids."""
    context = get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=serve, args=(sources, theirs), daemon=True)
    process.start()
    command = [sys.executable, str(Path(__file__).with_name("mail_sink.py"))]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as sink:
        try:
            assert sink.stdout is not None
            yield ours.recv(), int(sink.stdout.readline()), (process.pid or 0, sink.pid)
        finally:
            sink.kill()
            process.kill()
            process.join()


def main() -> None:
    """Measure everything and print the tables, or JSON."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--workers", default="1,2,4")
    parser.add_argument("--sources", type=int, default=1_000)
    parser.add_argument("--mails", type=int, default=5_000)
    parser.add_argument("--messages", type=int, default=1_000)
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    result: dict[str, Any] = {
        "cores": len(os.sched_getaffinity(0)),
        "load": round(os.getloadavg()[0], 1),
        "workers": {},
        "one process": {},
    }
    with servers(arguments.sources) as (http, smtp, pids), postgres.server() as server_url:
        machine = Machine(server_url, pids)

        @contextmanager
        def newsroom(engine: str, sources: int = arguments.sources) -> Iterator[tuple[Newsroom, str, str]]:
            name = f"workers_{uuid4().hex}"
            folder = Path(tempfile.mkdtemp(prefix="syndicate-workers-"))
            with ExitStack() as stack:
                stack.callback(shutil.rmtree, folder, ignore_errors=True)
                url = f"sqlite:///{folder / 'syndicate.db'}"
                if engine == "postgresql":
                    url = stack.enter_context(postgres.database(server_url, name))
                made = Newsroom(folder, url, sources, arguments.mails, http, smtp)
                stack.callback(made.store.dispose)
                yield made, name, url

        for count in map(int, arguments.workers.split(",")):
            with newsroom("postgresql") as (made, name, url):
                result["workers"][str(count)] = run_workers(made, machine, name, count)
                report(f"workers: {count}", result["workers"][str(count)])
                if count == 1:
                    result["queue"] = run_queue(made, machine, name, url, arguments.messages)
                    report("queue", {"message": result["queue"]["message"]})
                    print(result["queue"]["idle"], file=sys.stderr)
        # What a process does once in its life, such as imports, is no part of a unit.
        with newsroom("sqlite", 40) as (made, name, _):
            run_one_process(made, machine, name)
        for engine in ("sqlite", "postgresql"):
            with newsroom(engine) as (made, name, _):
                result["one process"][engine] = run_one_process(made, machine, name)
                report(engine, result["one process"][engine])
    if arguments.json:
        print(json.dumps(result, indent=2))


def report(title: str, runs: dict[str, dict[str, Any]]) -> None:
    """Print the figures of a run to standard error."""
    names = list(next(iter(runs.values())))
    lines = [f"{title:<16}" + "".join(f"{name:>14}" for name in names)]
    lines += [f"{stage:<16}" + "".join(f"{run[name]:>14}" for name in names) for stage, run in runs.items()]
    print("\n".join(lines), file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
