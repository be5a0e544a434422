"""The memory of the daemon while it cuts an edition and sends it to many readers.

``python -m benchmarks.daemon_memory 1000 10000 100000`` makes, for each number, a newsroom whose newsletter
is due, starts ``syndicate run`` on it and waits until everybody was sent the edition. Its mail goes to a sink
(``mail_sink.py``) over loopback. What is told is the process's own high-water mark (``VmHWM``), before the
edition is cut and at the end, and its CPU seconds. The store is filled by another process.
"""

import json
import multiprocessing
import signal
import socket
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import insert, select

from benchmarks.delivery import sink
from benchmarks.measuring import memory_mib, seconds_of
from syndicate.model import Newsletter, SubscriptionState
from syndicate.store import Store, open_store, schema
from syndicate.store.leases import leases
from syndicate.store.mail.delivery_store import count_deliveries
from syndicate.store.mail.newsletter_store import sync_newsletters
from tests import factories

STORIES = 12
CONNECTIONS = 20
CONFIGURATION = """
[site]
url = "https://news.example"
[mail]
from = "News <news@news.example>"
address = "1 Pier Road, Harbour Town"
transport = "smtp"
host = "127.0.0.1"
port = {smtp}
tls = "none"
connections = {connections}
[bounces]
address = "bounces@news.example"
[web]
listen = "127.0.0.1:{web}"
[[newsletters]]
name = "daily"
schedule = "daily {hour:02d}:00"
max_lateness = "23h"
first_edition = "latest"
"""


def fill(url: str, count: int, ended: datetime) -> None:
    """A store with stories of the period that ended, and so many confirmed subscribers."""
    store = open_store(url)
    store.migrate()
    newsletter = Newsletter(name="daily", title="Daily", schedule="daily 07:00", time_zone="UTC")
    with store.write() as connection:
        leases.ensure_secret(connection)
        (source,) = factories.add_sources(connection, factories.declared())
        articles = [
            factories.new_article(
                number,
                published=ended - timedelta(hours=1, minutes=number),
                first_seen=ended - timedelta(hours=1),
                title=f"Story {number} of the day, told in a headline of usual length",
                summary="A sentence or two that say what has happened, where, and to whom. " * 3,
            )
            for number in range(1, STORIES + 1)
        ]
        for article in factories.add_unplaced(connection, source.id, articles):
            story = factories.place(connection, article)
            factories.save_story(connection, story, lead_id=article, created=ended, updated=ended)
        sync_newsletters(connection, [newsletter], ended - timedelta(days=9))
        connection.execute(insert(schema.subscribers), [reader(number, ended) for number in range(count)])
        state = SubscriptionState.CONFIRMED.value
        facts = {"newsletter": "daily", "state": state, "created": ended, "changed": ended}
        ids = connection.scalars(select(schema.subscribers.c.id)).all()
        connection.execute(insert(schema.subscriptions), [{"subscriber_id": item, **facts} for item in ids])
    store.dispose()


def reader(number: int, created: datetime) -> dict[str, Any]:
    """A subscriber's row."""
    address = f"reader{number}@example{number % 50}.org"
    return {"address": address, "address_key": address, "name": "", "language": "", "created": created}


def free_port() -> int:
    """A port nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def sent(store: Store) -> int:
    """Count the sent deliveries of the edition."""
    with store.read() as connection:
        return count_deliveries(connection).get("sent", 0)


def measure(folder: Path, count: int) -> dict[str, Any]:
    """Run the daemon until everybody has been sent the edition."""
    now = datetime.now(UTC)
    ended = now.replace(minute=0, second=0, microsecond=0)
    url = f"sqlite:///{folder / 'syndicate.db'}"
    filling = multiprocessing.get_context("spawn").Process(target=fill, args=(url, count, ended))
    filling.start()
    filling.join()
    store = open_store(url)
    with sink() as port:
        text = CONFIGURATION.format(smtp=port, connections=CONNECTIONS, web=free_port(), hour=ended.hour)
        (folder / "config.toml").write_text(text, "utf-8")
        command = [sys.executable, "-m", "syndicate", "run", "--config", str(folder / "config.toml")]
        with subprocess.Popen(command, stderr=(folder / "log").open("wb")) as daemon:
            before = 0.0
            while sent(store) < count:
                if daemon.poll() is not None:
                    raise SystemExit((folder / "log").read_text("utf-8")[-2000:])
                before = before if sent(store) else memory_mib(daemon.pid, "VmHWM")
                time.sleep(0.5)
            found = {
                "readers": count,
                "mib_before_sending": before,
                "peak_mib": memory_mib(daemon.pid, "VmHWM"),
                "cpu_seconds": seconds_of(daemon.pid),
            }
            daemon.send_signal(signal.SIGTERM)
            daemon.wait()
    store.dispose()
    return found


def main() -> None:
    first: dict[str, Any] = {}
    for count in map(int, sys.argv[1:] or ("1000", "10000", "100000")):
        with tempfile.TemporaryDirectory(prefix="syndicate-daemon-") as name:
            found = measure(Path(name), count)
        first = first or found
        beside = {
            f"{key}_over_first": round(found[key] / first[key], 2)
            for key in ("readers", "peak_mib", "cpu_seconds")
        }
        print(json.dumps(found | beside), flush=True)


if __name__ == "__main__":
    main()
