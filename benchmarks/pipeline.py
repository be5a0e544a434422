"""The whole pipeline against feedparser's defaults on the same bytes, in one run.

``python -m benchmarks.pipeline FOLDER`` serves a folder of feeds over loopback HTTP and runs the daemon's
own jobs from the first poll to feeds, pages and one edition on disk. Beside it, feedparser with its
defaults merely parses the same bytes. CPU time counts, children's too; starting the interpreters
and importing is counted apart. The second poll shows what it costs when nothing is new.
"""

import argparse
import io
import json
import resource
import shutil
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from multiprocessing import get_context
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any
from unittest.mock import patch

import feedparser

from benchmarks.measuring import cpu_seconds
from syndicate.ingest.worker.parsers import ParseRequest
from syndicate.jobs.publish.publish_job import PublishResult
from syndicate.jobs.publish.site_build import SiteBuild
from syndicate.newsletter.periods import Period
from syndicate.newsletter.render import inline_styles
from syndicate.services import Services, open_services
from syndicate.settings import load_settings
from syndicate.text.language import detect_language

CONFIG = """
[site]
title = "Benchmark"
[http]
allow_private = ["127.0.0.1"]
host_gap = 0
min_interval = 0
[mail]
address = "1 Main Street"
[[channels]]
name = "news"
[[channels]]
name = "top"
query = "top"
[[newsletters]]
name = "daily"
schedule = "daily 00:00"
first_edition = "latest"
"""


@dataclass
class Figures:
    """CPU seconds by stage, and what came of them."""

    stages: dict[str, float] = field(default_factory=dict)
    counts: dict[str, int] = field(default_factory=dict)


def main() -> None:
    """Run everything and print the table, or one JSON object."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--repeat", type=int, default=1, help="runs; the one of the median ratio counts")
    arguments = parser.parse_args()
    files = sorted(
        path for path in arguments.folder.iterdir() if path.suffix in (".xml", ".rss", ".atom", ".json")
    )
    bodies = [path.read_bytes() for path in files]
    results = [_once(files, bodies) for _ in range(arguments.repeat)]
    middle = sorted(results, key=lambda result: result["ratio"])[len(results) // 2]
    print(json.dumps(middle, indent=2) if arguments.json else _table(middle))


def _once(files: list[Path], bodies: list[bytes]) -> dict[str, Any]:
    # The processor's speed changes within a run: the baseline is the mean of a parse before and after.
    before, entries = _in_child(_parse_with_defaults, bodies)
    figures = _in_child(_pipeline, files)
    after, _ = _in_child(_parse_with_defaults, bodies)
    baseline = (before + after) / 2
    stages = figures.stages
    feeds = stages["ingest"] + stages["feeds"]
    everything = sum(stages[name] for name in ("ingest", "stories", "feeds", "pages", "edition"))
    return {
        "ratio": round(everything / baseline, 3),
        "ratio_feeds": round(feeds / baseline, 3),
        "ratio_second_poll": round(stages["second poll"] / baseline, 3),
        "feeds": len(files),
        "entries": entries,
        "baseline_s": round(baseline, 3),
        "ms_per_entry_baseline": round(1000 * baseline / max(entries, 1), 3),
        "stages_s": {name: round(value, 3) for name, value in stages.items()},
        "counts": figures.counts,
    }


def _parse_with_defaults(bodies: list[bytes]) -> tuple[float, int]:
    feedparser.parse(io.BytesIO(bodies[0]))
    start = time.process_time()
    entries = sum(len(feedparser.parse(io.BytesIO(body)).entries) for body in bodies)
    return time.process_time() - start, entries


def _pipeline(files: list[Path]) -> Figures:
    figures = Figures()
    server, port = _start_server(files)
    folder = Path(tempfile.mkdtemp(prefix="syndicate-benchmark-"))
    try:
        config = folder / "config.toml"
        sources = "".join(
            f'[[sources]]\nname = "s{number}"\nurl = "http://127.0.0.1:{port}/{number}"\n'
            f'section = "part{number % 8}"\n'
            for number in range(len(files))
        )
        config.write_text(CONFIG + sources, "utf-8")
        with open_services(load_settings(config, {})) as services:
            _warm(services)
            _stages(services, figures, server.pid or 0)
        figures.counts["peak_mib"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
        figures.counts["peak_mib_largest_child"] = (
            resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss // 1024
        )
    finally:
        server.terminate()
        server.join()
        shutil.rmtree(folder)
    return figures


def _warm(services: Services) -> None:
    """Start what a daemon has long started: worker processes, the fetch thread, imported libraries."""
    # A worker imports the parser of Markdown when it first meets some.
    item = b"<item><title>x</title><description>[x](https://x.example/)</description></item>"
    body = b"<rss version='2.0'><channel><title>t</title>" + item + b"</channel></rss>"
    with ThreadPoolExecutor(2) as pool:
        for _ in range(2):
            pool.submit(services.parsers.parse, ParseRequest(body=body, url="http://x/"))
    # Made on first use, with the libraries that each imports.
    services.fetcher, services.ingest, services.stories, services.publish, services.editions  # noqa: B018
    detect_language("Der Spracherkenner soll schon geladen sein, bevor gemessen wird.")
    inline_styles("<html><head><style>p{color:red}</style></head><body><p>x</p></body></html>")


def _stages(services: Services, figures: Figures, server_pid: int) -> None:
    now = datetime.now(UTC)

    def measure(name: str, work: Callable[[], object]) -> object:
        before = cpu_seconds(server_pid)
        result = work()
        figures.stages[name] = cpu_seconds(server_pid) - before
        return result

    ingested = measure("ingest", lambda: services.ingest.run(now))
    placed = measure("stories", lambda: services.stories.run(now))
    published = _publish(services, figures, server_pid, now)
    # The feeds are old: an edition of the last day would be empty. This one covers everything.
    measure("edition", lambda: _edition(services, now))
    later = now + timedelta(minutes=1)
    second = measure("second poll", lambda: services.ingest.run(later))
    measure("second stories", lambda: services.stories.run(later))
    again = measure("second publish", lambda: services.publish.run(later))
    figures.counts |= {
        "articles": ingested.new,  # type: ignore[attr-defined]
        "failed": ingested.failed,  # type: ignore[attr-defined]
        "new_stories": placed.new_stories,  # type: ignore[attr-defined]
        "duplicates": placed.duplicates,  # type: ignore[attr-defined]
        "feed_files": len(published.feeds),
        "pages": len(published.pages),
        "second_new": second.new,  # type: ignore[attr-defined]
        "second_files": len(again.feeds) + len(again.pages),  # type: ignore[attr-defined]
    }


def _publish(services: Services, figures: Figures, server_pid: int, now: datetime) -> PublishResult:
    """Publish; what feeds cost is counted apart from the pages, which begin when they are written."""
    begin = SiteBuild.begin
    marks = [cpu_seconds(server_pid)]

    def begin_pages(pages: SiteBuild) -> Any:
        marks.append(cpu_seconds(server_pid))
        return begin(pages)

    with patch.object(SiteBuild, "begin", begin_pages):
        result = services.publish.run(now)
    before, between, after = marks[0], marks[1], cpu_seconds(server_pid)
    figures.stages |= {"feeds": between - before, "pages": after - between}
    return result


def _edition(services: Services, now: datetime) -> None:
    newsletter = services.newsletters[0]
    period = Period(start=now - timedelta(days=3650), end=now)
    draft = services.editions.draft(newsletter, period, now)
    if draft.checked is None:
        raise SystemExit("the benchmark's edition is empty")


def _start_server(files: list[Path]) -> tuple[BaseProcess, int]:
    context = get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=_serve, args=(files, theirs), daemon=True)
    process.start()
    return process, ours.recv()


def _serve(files: list[Path], ready: Connection) -> None:
    bodies = {f"/{number}": path.read_bytes() for number, path in enumerate(files)}

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            body = bodies[self.path]
            etag = f'"{len(body)}"'
            unchanged = self.headers.get("If-None-Match") == etag
            self.send_response(304 if unchanged else 200)
            self.send_header("ETag", etag)
            if not unchanged:
                self.send_header("Content-Type", "application/xml")
                self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            if not unchanged:
                self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    # The default backlog of 5 drops connections, and TCP then waits for seconds.
    ThreadingHTTPServer.request_queue_size = 256
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    ready.send(server.server_port)
    server.serve_forever()


def _in_child(work: Callable[[Any], Any], argument: object) -> Any:
    """Run in a fresh process, so that neither side warms or fattens the other."""
    context = get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=_answer, args=(work, argument, theirs))
    process.start()
    theirs.close()
    try:
        return ours.recv()
    finally:
        process.join()


def _answer(work: Callable[[Any], Any], argument: object, answer: Connection) -> None:
    answer.send(work(argument))


def _table(result: dict[str, Any]) -> str:
    lines = [
        (
            f"{result['feeds']} feeds, {result['entries']} entries; feedparser with its defaults: "
            f"{result['baseline_s']} s CPU, {result['ms_per_entry_baseline']} ms an entry"
        ),
        "",
        f"{'stage':<16}{'CPU s':>8}{'of baseline':>13}",
    ]
    lines += [
        f"{name:<16}{value:>8.3f}{value / result['baseline_s']:>13.3f}"
        for name, value in result["stages_s"].items()
    ]
    lines += [
        "",
        f"ingest and feeds   {result['ratio_feeds']:.2f} x the baseline",
        f"everything         {result['ratio']:.2f} x the baseline",
        f"second poll        {result['ratio_second_poll']:.3f} x the baseline",
        "",
        ", ".join(f"{name} {value}" for name, value in result["counts"].items()),
    ]
    return "\n".join(lines)


if __name__ == "__main__":
    main()
