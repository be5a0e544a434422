"""Memory of the daemon and its workers: idle after real feeds, and while articles arrive all the time.

``python -m benchmarks.daemon_soak --articles 6000`` serves invented feeds over loopback: each answer holds
the newest entries of a source and some that no poll has seen. ``syndicate run`` polls them until the store
has so many articles. Each line of the table is a sample of the process tree: PSS (``smaps_rollup``) of the
main process and of its children, in MiB. The slope is fitted to the second half of the samples. All articles
lie in the window of the stories.

``python -m benchmarks.daemon_soak --feeds FOLDER`` serves real feeds instead, dated as if published this
week, and prints the PSS of the idle daemon after all sources were polled and every worker has come to rest.
"""

import argparse
import itertools
import json
import signal
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from multiprocessing import get_context
from multiprocessing.connection import Connection
from pathlib import Path
from zlib import crc32

from sqlalchemy import func, select

from benchmarks.daemon_memory import free_port
from benchmarks.measuring import memory_mib, processes, seconds_of
from benchmarks.redated import redated
from benchmarks.story_cost_texts import Wire
from syndicate.store import Store, open_store, schema
from syndicate.store.stories import story_store

QUIET = 250.0
"""Seconds without a new article and a new front page; unused memory is released within 240."""
ENTRIES = 30
PARAGRAPHS = (1, 1, 1, 2, 4)
CONFIGURATION = """
[site]
url = "https://news.example"
[http]
allow_private = true
min_interval = "{interval}"
max_interval = "{interval}"
host_gap = "0s"
[web]
listen = "127.0.0.1:{web}"
"""
SOURCE = (
    '[[sources]]\nname = "s{number}"\nurl = "http://127.0.0.1:{port}/{number}"\nsection = "part{section}"\n'
)


class InventedFeeds:
    """Feeds whose every answer has ``each`` new entries; the texts repeat words as real news does."""

    def __init__(self, sources: int, each: int) -> None:
        self._wire = Wire(1)
        self._lock = threading.Lock()
        self._numbers = itertools.count()
        self._each = each
        self._entries: list[deque[str]] = [deque(maxlen=ENTRIES) for _ in range(sources)]

    def __call__(self, source: int) -> bytes:
        """Return the next answer of a source."""
        with self._lock:
            entries = self._entries[source]
            entries.extendleft([self._entry() for _ in range(self._each)])
            body = "".join(entries)
        channel = f"<title>Source {source}</title><link>https://s{source}.example/</link>"
        return f'<rss version="2.0"><channel>{channel}{body}</channel></rss>'.encode()

    def _entry(self) -> str:
        number = next(self._numbers)
        report = self._wire.report()
        text = " ".join(
            f"&lt;p&gt;{report.text}.&lt;/p&gt;" for _ in range(PARAGRAPHS[number % len(PARAGRAPHS)])
        )
        link = f"https://p{number % 7}.example/{number}"
        return (
            f"<item><title>{report.title}</title><link>{link}</link><guid>{link}</guid>"
            f"<pubDate>{format_datetime(datetime.now(UTC))}</pubDate><description>{text}</description></item>"
        )


class RealFeeds:
    """Real feeds with dates of this week, equal in every answer."""

    def __init__(self, folder: Path) -> None:
        now = datetime.now(UTC)
        files = [
            path for path in sorted(folder.iterdir()) if path.suffix in (".xml", ".rss", ".atom", ".json")
        ]
        self.bodies = [redated(path.read_bytes(), now, 7).at(now) for path in files]

    def __call__(self, source: int) -> bytes:
        """Return the answer of a source."""
        return self.bodies[source]


def _serve(folder: Path | None, sources: int, each: int, ready: Connection) -> None:
    feeds = RealFeeds(folder) if folder else InventedFeeds(sources, each)
    answer: Callable[[int], bytes] = feeds

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            known = self.path[1:].isdecimal()
            body = answer(int(self.path[1:])) if known else b""
            self.send_response(200 if known else 404)
            self.send_header("Content-Type", "application/xml")
            # A source without a validator is polled once a day.
            self.send_header("ETag", f'"{crc32(body)}"')
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    ThreadingHTTPServer.request_queue_size = 256
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    ready.send((server.server_port, len(feeds.bodies) if isinstance(feeds, RealFeeds) else sources))
    server.serve_forever()


def sample(root: int) -> tuple[float, list[float]]:
    """Return the MiB of the main process and of each child."""
    main, *children = (memory_mib(pid, "Pss") for pid in processes(root))
    return main, sorted(filter(None, children), reverse=True)


def count(store: Store, *, polled: bool = False, unplaced: bool = False) -> int:
    """Count the articles, the sources that were polled, or the articles that wait for a story."""
    with store.read() as connection:
        if unplaced:
            return story_store.count_unplaced(connection)
        statement = select(func.count()).select_from(schema.articles)
        if polled:
            statement = select(func.count()).where(schema.sources.c.last_attempt.is_not(None))
        return connection.scalar(statement) or 0


@contextmanager
def daemon(
    folder: Path, feeds: Path | None, sources: int, each: int
) -> Iterator[tuple[subprocess.Popen[bytes], Store, int]]:
    """Run the daemon on served feeds; yield its process, its store and the number of sources."""
    context = get_context("spawn")
    ours, theirs = context.Pipe()
    server = context.Process(target=_serve, args=(feeds, sources, each, theirs), daemon=True)
    server.start()
    port, sources = ours.recv()
    text = CONFIGURATION.format(web=free_port(), interval="1h" if feeds else "5s")
    text += "".join(SOURCE.format(number=number, port=port, section=number % 8) for number in range(sources))
    (folder / "config.toml").write_text(text, "utf-8")
    store = open_store(f"sqlite:///{folder / 'syndicate.db'}")
    store.migrate()
    command = [sys.executable, "-m", "syndicate", "run", "--config", str(folder / "config.toml")]
    with (folder / "log").open("wb") as log, subprocess.Popen(command, stderr=log) as process:
        try:
            yield process, store, sources
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait()
            server.terminate()
            store.dispose()


def check(process: subprocess.Popen[bytes], folder: Path) -> None:
    if process.poll() is not None:
        raise SystemExit((folder / "log").read_text("utf-8")[-2000:])


def idle(folder: Path, feeds: Path) -> dict[str, object]:
    """Return the memory of the daemon when it has polled every source and then done nothing for a while."""
    with daemon(folder, feeds, 0, 0) as (process, store, sources):
        since, peak, front = time.monotonic(), 0.0, 0.0
        while time.monotonic() < since + QUIET:
            check(process, folder)
            time.sleep(1)
            main, children = sample(process.pid)
            peak = max(peak, main + sum(children))
            written = folder / "feeds" / "site" / "index.html"
            changed = written.stat().st_mtime if written.exists() else 0.0
            if count(store, polled=True) < sources or count(store, unplaced=True) or changed != front:
                since, front = time.monotonic(), changed
        main, children = sample(process.pid)
        return {
            "sources": sources,
            "articles": count(store),
            "main_mib": round(main, 1),
            "children_mib": [round(child, 1) for child in children],
            "all_mib": round(main + sum(children), 1),
            "peak_mib": round(peak, 1),
            "cpu_seconds": round(sum(map(seconds_of, processes(process.pid))), 1),
        }


def soak(folder: Path, articles: int, sources: int, each: int) -> dict[str, object]:
    """Print samples until the store has so many articles; return the slope of the second half."""
    samples: list[tuple[int, float]] = []
    print(f"{'seconds':>8}{'articles':>10}{'main MiB':>10}{'children':>10}{'all':>8}", flush=True)
    with daemon(folder, None, sources, each) as (process, store, _):
        start = time.monotonic()
        while not samples or samples[-1][0] < articles:
            check(process, folder)
            time.sleep(5)
            main, children = sample(process.pid)
            held = count(store)
            if held > (samples[-1][0] if samples else 0):
                samples.append((held, main + sum(children)))
                print(
                    f"{time.monotonic() - start:>8.0f}{held:>10}{main:>10.1f}{sum(children):>10.1f}"
                    f"{main + sum(children):>8.1f}",
                    flush=True,
                )
        spent = sum(map(seconds_of, processes(process.pid)))
    later = [(held, size) for held, size in samples if held >= articles / 2]
    slope, constant = statistics.linear_regression(*zip(*later, strict=True))
    return {
        "articles": samples[-1][0],
        "last_mib": round(samples[-1][1], 1),
        "constant_mib": round(constant, 1),
        "kb_an_article": round(slope * 1024, 1),
        "cpu_ms_an_article": round(1000 * spent / samples[-1][0], 1),
    }


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--feeds", type=Path)
    parser.add_argument("--articles", type=int, default=6000)
    parser.add_argument("--sources", type=int, default=40)
    parser.add_argument("--each", type=int, default=5, help="new entries in each answer")
    parser.add_argument("--keep", type=Path, help="folder for the store and log")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="syndicate-soak-") as name:
        folder = arguments.keep or Path(name)
        folder.mkdir(parents=True, exist_ok=True)
        if arguments.feeds:
            result = idle(folder, arguments.feeds)
        else:
            result = soak(folder, arguments.articles, arguments.sources, arguments.each)
    print(json.dumps(result, indent=2))


if __name__ == "__main__":
    main()
