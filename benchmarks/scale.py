"""Ten thousand sources in one process, and servers that never answer.

``python -m benchmarks.scale`` serves small feeds on loopback, each source at an address of its own
(127.x.y.z), and runs the daemon's own ingest job: the first poll of everything, then ticks in which every
answer is 304. It prints CPU for each source (children included, the server apart), memory, and how the
parsing was shared. ``--hanging 200 --sources 2000`` makes that many servers accept and never answer, and
tells when the others were done.
"""

import argparse
import asyncio
import json
import resource
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from multiprocessing import get_context
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from benchmarks.measuring import child_seconds, cpu_seconds
from syndicate.jobs.ingest.entry_plan import SourceOutcome
from syndicate.services import Services, open_services
from syndicate.settings import load_settings
from syndicate.text.language import detect_language

CONFIG = '[http]\nallow_private = ["127.0.0.0/8"]\nmin_interval = "1h"\n[mail]\naddress = "1 Main Street"\n'
FEED = (
    '<?xml version="1.0"?><rss version="2.0"><channel><title>Paper {0}</title><link>http://paper.example/{0}</link>'
    "<description>x</description><language>en</language>{1}</channel></rss>"
)
ITEM = (
    "<item><title>Report {1} of paper {0}</title><guid>{0}-{1}</guid><link>http://paper.example/{0}/{1}</link>"
    "<pubDate>Tue, 24 Nov 2026 08:{1:02}:00 GMT</pubDate><description>What happened at {1}.</description>"
    "</item>"
)
NOW = datetime(2026, 11, 24, 9, tzinfo=UTC)


def main() -> None:
    """Run and print one JSON object."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sources", type=int, default=10_000)
    parser.add_argument("--hanging", type=int, default=0)
    parser.add_argument("--items", type=int, default=1, help="items of each feed")
    arguments = parser.parse_args()
    with (
        _server(arguments.hanging, arguments.items) as (port, pid),
        _services(arguments.sources, port) as services,
    ):
        detect_language("Der Spracherkenner soll schon geladen sein, bevor gemessen wird.")
        work = _hanging if arguments.hanging else _ticks
        print(json.dumps({"sources": arguments.sources} | work(services, arguments.sources, pid), indent=2))


def _ticks(services: Services, sources: int, server: int) -> dict[str, Any]:
    figures: dict[str, Any] = {}
    for step, name in enumerate(("first poll", "nothing new", "nothing new again")):
        start, started = cpu_seconds(server), time.monotonic()
        result = services.ingest.run(NOW + timedelta(hours=3 * step))
        figures[name] = {
            "polled": len(result.sources),
            "new": result.new,
            "failed": result.failed,
            "ms_cpu_each": round(1000 * (cpu_seconds(server) - start) / sources, 3),
            "seconds": round(time.monotonic() - started, 1),
        }
    figures["first_poll_over_nothing_new"] = round(
        figures["first poll"]["ms_cpu_each"] / max(figures["nothing new again"]["ms_cpu_each"], 0.001), 1
    )
    figures["workers_cpu_s"] = sorted(round(used, 1) for used in child_seconds(server).values())
    figures["peak_mib"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    return figures


def _hanging(services: Services, _sources: int, server: int) -> dict[str, Any]:
    started = time.monotonic()
    done: list[float] = []

    def note(outcome: SourceOutcome, _all: int) -> None:
        if not outcome.error:
            done.append(time.monotonic() - started)

    start = cpu_seconds(server)
    result = services.ingest.run(NOW, report=note)
    return {
        "read": len(done),
        "failed": result.failed,
        "half_of_the_rest_after_s": round(done[len(done) // 2], 1),
        "all_of_the_rest_after_s": round(max(done), 1),
        "everything_after_s": round(time.monotonic() - started, 1),
        "cpu_s": round(cpu_seconds(server) - start, 1),
    }


@contextmanager
def _services(sources: int, port: int) -> Iterator[Services]:
    folder = Path(tempfile.mkdtemp(prefix="syndicate-benchmark-"))
    declared = (
        f'[[sources]]\nname = "paper {number}"\n'
        f'url = "http://127.1.{number // 250}.{number % 250 + 1}:{port}/{number}"\n'
        for number in range(sources)
    )
    (folder / "config.toml").write_text(CONFIG + "".join(declared))
    try:
        with open_services(load_settings(folder / "config.toml", {}), now=NOW) as services:
            yield services
    finally:
        shutil.rmtree(folder)


@contextmanager
def _server(hanging: int, items: int) -> Iterator[tuple[int, int]]:
    context = get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=_serve, args=(hanging, items, theirs), daemon=True)
    process.start()
    try:
        yield ours.recv(), process.pid or 0
    finally:
        process.kill()
        process.join()


def _serve(hanging: int, items: int, ready: Connection) -> None:
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        number = int(head.split(b" ", 2)[1].lstrip(b"/"))
        if number % 10 == 0 and number < 10 * hanging:
            await asyncio.sleep(3600)
        etag = b'"%d"' % number
        if b"if-none-match: " + etag in head.lower():
            writer.write(b"HTTP/1.1 304 Not Modified\r\nETag: " + etag + b"\r\nConnection: close\r\n\r\n")
        else:
            body = FEED.format(number, "".join(ITEM.format(number, item) for item in range(items))).encode()
            writer.write(
                b"HTTP/1.1 200 OK\r\nContent-Type: application/rss+xml\r\nConnection: close\r\nETag: %b\r\n"
                b"Content-Length: %d\r\n\r\n%b" % (etag, len(body), body)
            )
        await writer.drain()
        writer.close()

    async def serve() -> None:
        server = await asyncio.start_server(answer, "0.0.0.0", 0, backlog=4096)
        ready.send(server.sockets[0].getsockname()[1])
        await server.serve_forever()

    asyncio.run(serve())


if __name__ == "__main__":
    main()
