"""Memory that placed articles add to an idle daemon.

``python -m benchmarks.story_memory [--articles 20000]`` fills a store with a week of invented news (see
``story_cost``) that ends now, lets one more article wait, and starts ``syndicate run`` on it: it loads the
index to place that one. When the daemon has done nothing for ``QUIET`` seconds its resident memory
(``VmRSS``) is read. The same store is then started once more with a window of a minute, so that the index is
empty, and at last an empty store, in which nothing is ever placed.
"""

import argparse
import json
import multiprocessing
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from sqlalchemy import delete

from benchmarks.daemon_memory import free_port
from benchmarks.measuring import memory_mib, seconds_of
from benchmarks.story_cost import START, TEMPLATES, WEEK, copies, written
from benchmarks.story_cost_restart import fill_store
from benchmarks.story_cost_texts import PackedArticle, Wire
from syndicate.store import open_store, schema
from syndicate.store.ingest import article_store, source_store
from syndicate.store.stories import story_store
from tests.factories import new_article

QUIET = 10.0
CONFIGURATION = """
[site]
url = "https://news.example"
[web]
listen = "127.0.0.1:{port}"
[stories]
window = "{window}"
"""


def fill(url: str, count: int) -> None:
    """A store of so many placed articles of the week that ends now, none of whose pages has to be written."""
    store = open_store(url)
    store.migrate()
    if count:
        fill_store(store, list(_until_now(count)))
    with store.write() as connection:
        connection.execute(delete(schema.stale_pages))
    store.dispose()


def _until_now(count: int) -> Iterator[tuple[PackedArticle, int, int]]:
    week = written(Wire(1), min(count, TEMPLATES))
    shift = datetime.now(UTC) - WEEK - START
    for item, story, text in copies(week, max(1, count // len(week))):
        yield replace(item, published=item.published + shift), story, text


def resident(folder: Path, url: str, window: str) -> float:
    """MiB of a daemon that has placed what waited and has come to rest."""
    store = open_store(url)
    text = CONFIGURATION.format(port=free_port(), window=window) + f'[store]\nurl = "{url}"\n'
    (folder / "config.toml").write_text(text, "utf-8")
    command = [sys.executable, "-m", "syndicate", "run", "--config", str(folder / "config.toml")]
    with subprocess.Popen(command, stderr=(folder / "log").open("wb")) as daemon:
        last, since = -1.0, time.monotonic()
        while time.monotonic() < since + QUIET:
            if daemon.poll() is not None:
                raise SystemExit((folder / "log").read_text("utf-8")[-2000:])
            time.sleep(0.5)
            # The bells alone take some hundredths of a second.
            if (spent := seconds_of(daemon.pid)) > last + 0.1:
                last, since = spent, time.monotonic()
        with store.read() as connection:
            if story_store.count_unplaced(connection):
                raise SystemExit("the waiting article was not placed")
        found = memory_mib(daemon.pid, "VmRSS")
        daemon.send_signal(signal.SIGTERM)
        daemon.wait()
    store.dispose()
    return found


def wait_for_place(url: str, number: int) -> None:
    """One more article, which the daemon has to place."""
    store = open_store(url)
    now = datetime.now(UTC)
    with store.write() as connection:
        (source, *_) = source_store.list_sources(connection)
        item = new_article(number, published=now - timedelta(seconds=9), updated=now, first_seen=now)
        article_store.add_articles(connection, [(source.id, [item])])
    store.dispose()


def measure(count: int) -> dict[str, float]:
    """Resident MiB with the articles in the window, with them outside, and with an empty store."""
    found: dict[str, float] = {}
    with tempfile.TemporaryDirectory(prefix="syndicate-stories-") as name:
        folder = Path(name)
        for part, articles in (("held", count), ("empty", 0)):
            url = f"sqlite:///{folder / part}.db"
            filling = multiprocessing.get_context("spawn").Process(target=fill, args=(url, articles))
            filling.start()
            filling.join()
            if articles:
                wait_for_place(url, 10_000_001)
                found["held"] = resident(folder, url, "7d")
                wait_for_place(url, 10_000_002)
                found["outside the window"] = resident(folder, url, "1m")
            else:
                found["empty store"] = resident(folder, url, "7d")
    return found | {
        "index": found["held"] - found["outside the window"],
        "all": found["held"] - found["empty store"],
    }


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--articles", type=int, default=20_000)
    print(json.dumps(measure(parser.parse_args().articles), indent=2))


if __name__ == "__main__":
    main()
