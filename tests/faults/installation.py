"""Installation for tests of faults: two hosts with feeds, six subscribers, an SMTP server, and workers."""

import email
import email.policy
import json
import os
import random
import re
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from typing import Any, Self
from uuid import uuid4

import psycopg

from syndicate.services import open_services
from syndicate.settings import load_settings
from syndicate.store.subscribers import audience_store
from tests.crash.newsroom import ITEMS
from tests.delivery.scripted_smtp import ScriptedSmtp
from tests.net.scripted_server import Answer, answer

CHECKOUT = Path(__file__).parents[2]
PATIENCE = 400.0  # seconds; a run takes fifteen on a machine with nothing else to do
READERS = tuple(f"{name}@{name[0]}.example" for name in ("ann", "bob", "cleo", "dora", "emil", "finn"))
HOSTS = ("127.0.0.1", "localhost")
# Times of the run and of files in the output.
TIMES = re.compile(
    rb"\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d+)?)?(Z|\+00:00)?"
    rb"|[A-Z][a-z]{2}, \d\d [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d (GMT|\+0000)"
    rb"|\b\d\d:\d\d\b"
)
# Pages of articles get other lists once in a quarter of an hour.
LISTS = re.compile(
    rb"<section>\n<div class=.head.><h2>(Top stories|Trending)</h2>.*?</section>\n+", re.DOTALL
)
# The order of the front page changes with the time of the run.
FRONT_PAGE = "site/index.html"
HEADLINES = re.compile(rb"<h[23]><a [^\n]*")
UNFINISHED = """
    SELECT (SELECT count(*) FROM articles WHERE placed) < 4
        OR EXISTS (SELECT FROM stale_pages)
        OR (SELECT count(*) FROM deliveries WHERE state IN ('sent', 'uncertain', 'failed')) < 6
"""
PROGRESS = """
    SELECT (SELECT count(*) FROM articles), (SELECT count(*) FROM articles WHERE placed),
        (SELECT count(*) FROM stale_pages),
        (SELECT array_agg(concat_ws(' ', address, state)) FROM deliveries),
        (SELECT array_agg(concat_ws(' ', name, owner, until)) FROM leases),
        (SELECT array_agg(concat_ws(' ', queue_name, status)) FROM procrastinate_jobs),
        (SELECT array_agg(concat_ws(' ', state, wait_event, query)) FROM pg_stat_activity)
"""
Output = dict[str, bytes]


def feeds(due: datetime) -> dict[str, Answer]:
    """Return the answers of the hosts: the first has all articles, so that their order is always the same."""
    articles = [article for items in ITEMS.values() for article in items.items()]
    items = "".join(
        f"<item><title>{title}</title><guid>{row}</guid><link>https://desk.example/{row}</link>"
        f"<pubDate>{format_datetime(due - timedelta(hours=4 + row))}</pubDate>"
        f"<description>{text}</description></item>"
        for row, (title, text) in enumerate(articles, start=1)
    )
    return {f"/{number}": rss(items if number == 0 else "") for number in range(len(HOSTS))}


def rss(items: str) -> bytes:
    head = "<title>Desk</title><link>https://desk.example</link><description>x</description>"
    text = f'<?xml version="1.0"?><rss version="2.0"><channel>{head}{items}</channel></rss>'
    return answer(200, text.encode(), Content_Type="application/rss+xml")


@dataclass
class Worker:
    """Process of a worker, a child of the driver."""

    pid: int
    log: Path

    def is_alive(self) -> bool:
        try:
            os.kill(self.pid, 0)
        except ProcessLookupError:
            return False
        return True

    def is_stopped(self) -> bool:
        return Path(f"/proc/{self.pid}/stat").read_text("utf-8").rpartition(")")[2].split()[0] == "T"

    def send(self, number: signal.Signals) -> None:
        if self.is_alive():
            os.kill(self.pid, number)

    def end(self) -> None:
        """End the worker in order; its exit is no part of the test."""
        self.send(signal.SIGCONT)
        self.send(signal.SIGTERM)
        wait_until(lambda: not self.is_alive(), f"{self.log} to end")

    def lines(self) -> list[dict[str, Any]]:
        """Return the lines of the log so far."""
        text = self.log.read_text("utf-8") if self.log.exists() else ""
        lines = [line for line in text.splitlines() if line]
        return [json.loads(line) if line.startswith("{") else {"event": line} for line in lines]

    def count(self, event: str) -> int:
        """Return the number of lines of the log that begin with ``event``."""
        return sum(line["event"].startswith(event) for line in self.lines())

    def wait_for(self, event: str, count: int = 1) -> None:
        """Wait until the log has ``count`` lines of an event."""
        wait_until(lambda: self.count(event) >= count or not self.is_alive(), f"{event!r} in {self.log}")
        assert self.count(event) >= count, self.lines()


class Workers:
    """Driver process that forks workers; its end ends them all. ``command`` runs it, such as ``unshare``."""

    def __init__(self, environment: Mapping[str, str] | None = None, *, command: Sequence[str] = ()) -> None:
        self._environment = {**os.environ, **(environment or {})}
        self._command = command

    def __enter__(self) -> Self:
        self._driver = subprocess.Popen(
            [*self._command, sys.executable, "-m", "tests.faults.hurried_workers"],
            cwd=CHECKOUT,
            env=self._environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self.started: list[Worker] = []
        return self

    def __exit__(self, *error: object) -> None:
        self.kill_all()
        self._driver.communicate()

    def kill_all(self) -> None:
        for process in self.started:
            process.send(signal.SIGKILL)
        for process in self.started:
            wait_until(lambda process=process: not process.is_alive(), "killed workers")  # type: ignore[misc]
        self.started.clear()

    def start(self, config: Path, **order: Any) -> Worker:
        """Fork a worker; ``order`` is for the driver."""
        log = config.parent / f"worker-{uuid4().hex}.log"
        assert self._driver.stdin
        assert self._driver.stdout
        self._driver.stdin.write(json.dumps({"config": str(config), "log": str(log), **order}) + "\n")
        self._driver.stdin.flush()
        process = Worker(self._outside(int(self._driver.stdout.readline())), log)
        self.started.append(process)
        return process

    def _outside(self, pid: int) -> int:
        """Return the process id, in this process's namespace, of a worker in the driver's namespace."""
        if not self._command:
            return pid
        namespace = Path(f"/proc/{self._driver.pid}/ns/pid_for_children").readlink()
        for process in Path("/proc").glob("[0-9]*"):
            with suppress(OSError):
                if (process / "ns/pid").readlink() == namespace:
                    status = (process / "status").read_text("utf-8")
                    if re.search(rf"^NSpid:.*\s{pid}$", status, re.MULTILINE):
                        return int(process.name)
        raise ProcessLookupError(pid)


@dataclass
class Installation:
    """Folder and database of an installation whose edition is due."""

    folder: Path
    store_url: str
    smtp: ScriptedSmtp
    workers: Workers
    config: Path = field(init=False)

    def __post_init__(self) -> None:
        self.config = self.folder / "config.toml"

    @contextmanager
    def sql(self) -> Iterator[psycopg.Connection[Any]]:
        with psycopg.connect(self.store_url, autocommit=True) as connection:
            yield connection

    def start(self, **order: Any) -> Worker:
        return self.workers.start(self.config, **order)

    def unfinished(self, expected: Output | None = None) -> str:
        """Return what is missing at the end of the work, ``""`` for nothing."""
        try:
            with self.sql() as connection:
                if (connection.execute(UNFINISHED).fetchone() or [True])[0]:
                    return f"rows: {connection.execute(PROGRESS).fetchall()}, {self.last_lines()}"
        except psycopg.Error as error:
            return str(error)
        output = self.output()
        if expected is None:
            return "" if output else "no output"
        names = sorted(set(output) ^ set(expected))
        changed = [name for name in set(output) & set(expected) if output[name] != expected[name]]
        return f"files: {names}, {changed}" if names or changed else ""

    def last_lines(self) -> str:
        """Return the ends of the workers' logs, for the message of a failure."""
        return "\n".join(worker.log.read_text("utf-8")[-3000:] for worker in self.workers.started)

    def output(self) -> Output:
        return read_output(self.folder / "feeds")

    def finish(self, expected: Output | None = None) -> None:
        """Wait for the end of all work, end the workers, and check what everybody got."""
        wait_until(lambda: not self.unfinished(expected), lambda: self.unfinished(expected))
        for process in self.workers.started:
            process.end()
        self.workers.started.clear()
        self.check()

    def check(self) -> None:
        """Check that no article is lost or doubled, and each subscriber has one mail or a reason."""
        received = Counter(addresses(self.smtp.accepted))
        with self.sql() as connection:
            titles = [row[0] for row in connection.execute("SELECT title FROM articles").fetchall()]
            rows = connection.execute("SELECT address, state, cause FROM deliveries").fetchall()
            editions = connection.execute("SELECT count(*) FROM editions").fetchall()
        assert sorted(titles) == sorted(title for items in ITEMS.values() for title in items)
        assert editions == [(1,)]
        assert sorted(address for address, _, _ in rows) == sorted(READERS)
        for address, state, cause in rows:
            assert received[address] <= 1, (address, received, rows)
            assert received[address] == 1 or (state in ("uncertain", "failed") and cause), (address, rows)
            assert state in ("sent", "uncertain", "failed"), rows
        assert set(received) <= set(READERS)

    def uncertain(self) -> int:
        with self.sql() as connection:
            query = "SELECT count(*) FROM deliveries WHERE state = 'uncertain'"
            return int((connection.execute(query).fetchone() or [0])[0])


def addresses(messages: Sequence[bytes]) -> list[str]:
    """Return the recipient of each message."""
    parsed = [email.message_from_bytes(message, policy=email.policy.default) for message in messages]
    return [message["To"].addresses[0].addr_spec for message in parsed]


def install(folder: Path, store_url: str, http_port: int, smtp_port: int, due: datetime) -> Path:
    """Write a configuration and store six subscribers of yesterday."""
    folder.mkdir(parents=True, exist_ok=True)
    sources = "".join(
        f'[[sources]]\nname = "s{number}"\nurl = "http://{host}:{http_port}/{number}"\nfull_text = "never"\n'
        for number, host in enumerate(HOSTS)
    )
    config = folder / "config.toml"
    text = f"""
[site]
url = "https://news.example"
[http]
allow_private = true
host_gap = 0
[web]
listen = ""
{sources}
[[newsletters]]
name = "daily"
schedule = "daily {due:%H:%M}"
[mail]
from = "News <news@news.example>"
address = "1 Pier Road, Harbour Town"
transport = "smtp"
host = "127.0.0.1"
port = {smtp_port}
tls = "none"
[store]
url = "STORE"
"""
    config.write_text(text.replace("STORE", store_url), "utf-8")
    yesterday = due - timedelta(days=1, hours=1)
    with (
        open_services(load_settings(config, {}), now=yesterday) as services,
        services.store.write() as connection,
    ):
        for address in READERS:
            audience_store.add_subscription(
                connection,
                address=address,
                address_key=address,
                name="",
                language="",
                newsletter="daily",
                evidence="test",
                now=yesterday,
            )
    return config


def due_time() -> datetime:
    """Return the minute before the last, at which the edition was due."""
    return (datetime.now(UTC) - timedelta(minutes=1)).replace(second=0, microsecond=0)


def read_output(folder: Path) -> Output:
    """Return the files of an output folder without the times of the run."""
    files = (path for path in folder.rglob("*") if path.is_file()) if folder.is_dir() else ()
    found = {}
    for path in files:
        try:
            content = TIMES.sub(b"TIME", LISTS.sub(b"", path.read_bytes()))
        except FileNotFoundError:
            continue  # replaced meanwhile
        name = str(path.relative_to(folder))
        found[name] = b"\n".join(sorted(HEADLINES.findall(content))) if name == FRONT_PAGE else content
    return found


def seeded(name: str) -> random.Random:
    """Return the random choices of a test: the same in each run, others with SYNDICATE_FAULT_SEED."""
    return random.Random(f"{os.environ.get('SYNDICATE_FAULT_SEED', '')} {name}")


def wait_until(true: Callable[[], object], what: str | Callable[[], str], seconds: float = PATIENCE) -> None:
    """Wait for a condition; fail after ``seconds``."""
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline, f"waited for {what if isinstance(what, str) else what()}"
        time.sleep(0.1)
