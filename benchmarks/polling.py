"""Cost of one poll of a feed, against feedparser's defaults and a plain upsert of everything.

``python -m benchmarks.polling FOLDER`` takes every feed of a folder through four polls: the first, one with
one new entry, one with a changed body and no new entry, and one with the same bytes. Each side starts from
the gzipped body and ends with committed rows that words are found in: ours is the daemon's own job with its
worker processes, the other is what one would write in an afternoon, with SQLite's own full-text index and
nothing of ours, so that what makes us quicker does not make it quicker too. The floor is what cannot be
saved: gunzip, one pass of expat, feedparser on the new items only. CPU time, children included; no HTTP on
either side. Costs are the least of all runs; ratios are those of each run, their median first.

Besides, the reading of a first document alone, without judging and storing, against feedparser's.
Last, every feed's items are read once alone and once with the whole document, and the results compared.
"""

import argparse
import gzip
import io
import json
import shutil
import sqlite3
import sys
import tempfile
import time
import zlib
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from statistics import median
from typing import Any, cast
from xml.parsers import expat

import feedparser

from benchmarks.measuring import cpu_seconds
from syndicate.ingest.feed.feed_parser import parse_feed
from syndicate.ingest.feed.feedparser_adapter import read_with_feedparser
from syndicate.ingest.feed.item_splitter import Unsplittable, split
from syndicate.ingest.feed.xml_encoding import utf8_document
from syndicate.ingest.worker.parsers import ParseRequest
from syndicate.model import ParsedSource
from syndicate.net import Fetched, FetchRequest, FetchThread
from syndicate.net.body_limit import decode_body
from syndicate.services import Services, open_services
from syndicate.settings import load_settings
from syndicate.text.hashes import hash_of
from syndicate.text.language import detect_language

PROSE = (
    "Nobody had expected the committee to agree so early, and by noon the first of the fishermen were said "
    "to have written to the paper; what they wrote was short, and not all of it could be printed. "
)
MARKDOWN = (
    b"<item><title>Notes</title><description>## News\n\n[A link](https://warm.example/)</description></item>"
)
WORKERS = 2
CASES = ("first", "one new", "none new", "identical")
LIMIT = 10 * 1024 * 1024
CONFIG = '[http]\nallow_private = true\nhost_gap = 0\nmin_interval = 0\n[mail]\naddress = "1 Main Street"\n'
PLAIN_TABLES = """
    CREATE TABLE entries (
        id INTEGER PRIMARY KEY, source, guid, title, link, summary, content, published, UNIQUE (source, guid)
    );
    CREATE VIRTUAL TABLE found USING fts5 (title, summary, content = 'entries', content_rowid = 'id');
    CREATE TRIGGER added AFTER INSERT ON entries BEGIN
        INSERT INTO found (rowid, title, summary) VALUES (new.id, new.title, new.summary);
    END;
    CREATE TRIGGER changed AFTER UPDATE ON entries BEGIN
        INSERT INTO found (found, rowid, title, summary) VALUES ('delete', old.id, old.title, old.summary);
        INSERT INTO found (rowid, title, summary) VALUES (new.id, new.title, new.summary);
    END;
"""
UPSERT = """
    INSERT INTO entries (source, guid, title, link, summary, content, published) VALUES (?, ?, ?, ?, ?, ?, ?)
    ON CONFLICT (source, guid) DO UPDATE SET title = excluded.title, link = excluded.link,
    summary = excluded.summary, content = excluded.content, published = excluded.published
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Feed:
    """One feed as it is served in the four polls, gzipped, and how many items it has."""

    name: str
    bodies: dict[str, bytes]
    items: int


def main() -> None:
    """Run everything and print the table, or one JSON object; exit 1 when an item differs read alone."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path, nargs="?", help="feeds; without it, invented large ones")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--repeat", type=int, default=5, help="runs, of all sides one after the other")
    arguments = parser.parse_args()
    feeds = [feed for feed in _feeds(_documents(arguments.folder)) if feed]
    # What a process does once in its life, such as compiling statements, is no part of a poll.
    _ours(feeds[:20])
    runs = [
        {"ours": _ours(feeds), "plain": _plain(feeds), "floor": _floor(feeds)}
        for _ in range(arguments.repeat)
    ]
    best = {
        side: {case: min(run[side][case] for run in runs) for case in CASES}
        for side in ("ours", "plain", "floor")
    }
    equal = _equality(feeds)
    result = {
        "feeds": len(feeds),
        "mean_kb": round(
            sum(len(gzip.decompress(feed.bodies["one new"])) for feed in feeds) / len(feeds) / 1000
        ),
        "entries": sum(feed.items for feed in feeds),
        "ms_per_poll": {
            side: {case: round(1000 * cost / len(feeds), 3) for case, cost in costs.items()}
            for side, costs in best.items()
        },
        "ratio": {case: _median_and_range(runs, case) for case in CASES},
        "ratio_floor": {case: round(best["plain"][case] / best["floor"][case], 1) for case in CASES},
        "reading_alone": _reading_alone(feeds, arguments.repeat),
        "equal": equal,
    }
    print(json.dumps(result, indent=2) if arguments.json else _table(result))
    if equal["different"]:
        sys.exit(1)


def _median_and_range(runs: list[dict[str, dict[str, float]]], case: str) -> tuple[float, float, float]:
    """Of the ratios of the runs: between runs a machine's speed changes."""
    ratios = [run["plain"][case] / run["ours"][case] for run in runs]
    return round(median(ratios), 1), round(min(ratios), 1), round(max(ratios), 1)


def _documents(folder: Path | None) -> Iterator[tuple[str, bytes]]:
    if folder is None:
        yield from ((f"large-{number}", _invented(number)) for number in range(30))
        return
    for path in sorted(folder.iterdir()):
        if path.suffix in (".xml", ".rss", ".atom"):
            yield path.name, path.read_bytes()


def _invented(number: int) -> bytes:
    """A large feed, about 222 kB, whose every item holds a long marked-up text."""
    words = (
        "In the harbour the council of boats has taken <a href='https://large.example/{0}'>the ferry {0}</a> "
        "out of service until the <em>spring tide</em> of week {1}, while the market waits for rain. "
    )
    items = []
    for item in range(20):
        paragraphs = "".join(
            "<p>" + words.format(item * 31 + part, number) + PROSE * 3 + "</p>" for part in range(14)
        )
        items.append(
            f"<item><title>Report {item} of {number}</title><link>https://large.example/{number}/{item}</link>"
            f"<guid>large-{number}-{item}</guid><pubDate>Mon, {item + 1:02} Nov 2026 09:00:00 GMT</pubDate>"
            f"<category>harbour</category><description><![CDATA[{paragraphs}]]></description></item>"
        )
    head = f"<title>Large {number}</title><link>https://large.example/</link><description>x</description>"
    return f'<?xml version="1.0"?><rss version="2.0"><channel>{head}{"".join(items)}</channel></rss>'.encode()


def _feeds(documents: Iterable[tuple[str, bytes]]) -> Iterator[Feed | None]:
    """Feeds with at least two items whose first can be left out: the new one of the second poll."""
    for name, body in documents:
        try:
            found = split(utf8_document(body, "")[0])
        except Unsplittable:
            continue
        if len(found.spans) < 2:
            continue
        whole = b'<?xml version="1.0" encoding="utf-8"?>' + found.document
        first = b'<?xml version="1.0" encoding="utf-8"?>' + found.without(frozenset({0}))
        moved = whole + b"<!-- built later -->"
        plain = {"first": first, "one new": whole, "none new": moved, "identical": moved}
        yield Feed(
            name=name,
            bodies={case: gzip.compress(document, mtime=0) for case, document in plain.items()},
            items=len(found.spans),
        )


class _Memory:
    """In the place of the fetch thread: bodies from memory, handled as the client handles an answer."""

    def __init__(self) -> None:
        self.bodies: dict[str, bytes] = {}

    def fetch_each(
        self, requests: Iterable[FetchRequest], _more: object = None, **_options: object
    ) -> Iterator[tuple[FetchRequest, Fetched]]:
        for request in requests:
            wire = self.bodies[request.url]
            wire_hash = hash_of(wire)
            unchanged = wire_hash == request.known_hash
            body = b"" if unchanged else decode_body(wire, "gzip", LIMIT, request.url)
            yield (
                request,
                Fetched(
                    request=request,
                    url=request.url,
                    status=200,
                    unchanged=unchanged,
                    body=body,
                    wire_hash=wire_hash,
                ),
            )

    def close(self) -> None:
        """Nothing to close."""


def _ours(feeds: list[Feed]) -> dict[str, float]:
    folder = Path(tempfile.mkdtemp(prefix="syndicate-benchmark-"))
    (folder / "config.toml").write_text(
        CONFIG
        + "".join(
            f'[[sources]]\nname = "{number}"\nurl = "https://f{number}.example/"\n'
            for number in range(len(feeds))
        )
    )
    now = datetime(2026, 11, 24, 9, tzinfo=UTC)
    costs = {}
    try:
        with open_services(load_settings(folder / "config.toml", {}), now=now) as services:
            memory = _Memory()
            services.__dict__["fetcher"] = cast("FetchThread", memory)
            _warm(services)
            for step, case in enumerate(CASES):
                memory.bodies = {
                    f"https://f{number}.example/": feed.bodies[case] for number, feed in enumerate(feeds)
                }
                start = cpu_seconds()
                result = services.ingest.run(now + timedelta(hours=step))
                costs[case] = cpu_seconds() - start
                if result.failed:
                    raise SystemExit(f"{case}: {[source.error for source in result.sources if source.error]}")
    finally:
        shutil.rmtree(folder)
    return costs


def _warm(services: Services) -> None:
    """Start every worker, and let each process import its libraries, such as the parser of Markdown."""
    document = next(iter(_documents(None)))[1].replace(b"</channel>", MARKDOWN + b"</channel>")

    def parse(_: int) -> None:
        services.parsers.parse(ParseRequest(body=document, url="https://warm.example/"))

    with ThreadPoolExecutor(WORKERS) as pool:
        # The next worker starts when one is asked for while the others are busy, as they are with starting.
        list(pool.map(parse, range(2 * WORKERS)))
    detect_language("Der Spracherkenner soll schon geladen sein, bevor gemessen wird.")


def _plain(feeds: list[Feed]) -> dict[str, float]:
    folder = Path(tempfile.mkdtemp(prefix="syndicate-benchmark-"))
    costs = {}
    connection = sqlite3.connect(folder / "plain.db", isolation_level=None)
    try:
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=FULL")
        connection.executescript(PLAIN_TABLES)
        feedparser.parse(io.BytesIO(gzip.decompress(feeds[0].bodies["first"])))
        for case in CASES:
            start = cpu_seconds()
            for feed in feeds:
                _plain_poll(connection, feed.name, feed.bodies[case])
            costs[case] = cpu_seconds() - start
    finally:
        connection.close()
        shutil.rmtree(folder)
    return costs


def _plain_poll(connection: sqlite3.Connection, name: str, wire: bytes) -> None:
    parsed = feedparser.parse(io.BytesIO(gzip.decompress(wire)))
    connection.execute("BEGIN IMMEDIATE")
    connection.executemany(UPSERT, [_plain_row(name, entry) for entry in parsed.entries])
    connection.execute("COMMIT")


def _plain_row(name: str, entry: Any) -> tuple[str, ...]:
    content = entry.content[0].value if "content" in entry else ""
    link, title, summary = entry.get("link", ""), entry.get("title", ""), entry.get("summary", "")
    date = time.strftime("%Y-%m-%dT%H:%M:%S", entry.published_parsed) if entry.get("published_parsed") else ""
    return name, entry.get("id") or link or title, title, link, summary, content, date


def _floor(feeds: list[Feed]) -> dict[str, float]:
    """Gunzip, one pass of expat, and feedparser (as fast as it goes) on the new items only."""
    costs = {}
    for case in CASES:
        new = [_new_items(feed, case) for feed in feeds]
        start = cpu_seconds()
        for feed, document in zip(feeds, new, strict=True):
            if case == "identical":
                hash_of(feed.bodies[case])
                continue
            expat.ParserCreate("utf-8").Parse(zlib.decompress(feed.bodies[case], 31), True)  # noqa: FBT003
            if document:
                read_with_feedparser(document, ParseRequest(body=document, url="https://floor.example/"))
        costs[case] = cpu_seconds() - start
    return costs


def _new_items(feed: Feed, case: str) -> bytes:
    found = split(utf8_document(gzip.decompress(feed.bodies[case]), "")[0])
    if case == "first":
        return found.document
    return found.without(frozenset(range(1, len(found.spans)))) if case == "one new" else b""


def _reading_alone(feeds: list[Feed], repeat: int) -> float:
    """Compare reading, cleaning and plain text of a first document with feedparser's parsing alone."""
    bodies = [gzip.decompress(feed.bodies["first"]) for feed in feeds]
    readers: tuple[Callable[[bytes], object], ...] = (
        lambda body: feedparser.parse(io.BytesIO(body)),
        lambda body: _parse(body, frozenset()),
    )
    plain, ours = (
        sum(min(_cost(partial(read, body)) for _ in range(repeat)) for body in bodies) for read in readers
    )
    return round(plain / ours, 1)


def _cost(work: Callable[[], object]) -> float:
    start = time.process_time()
    work()
    return time.process_time() - start


def _equality(feeds: list[Feed]) -> dict[str, Any]:
    """Every item read alone, all others being known, is the item that the whole document gives."""
    same, different = 0, []
    for feed in feeds:
        body = gzip.decompress(feed.bodies["one new"])
        whole = _parse(body, frozenset())
        for entry in whole.entries:
            alone = _parse(body, frozenset(whole.item_hashes) - {entry.item_hash})
            if alone == replace(whole, entries=(entry,)):
                same += 1
            else:
                different.append(f"{feed.name}: {entry.title}")
    return {"items": same, "different": different}


def _parse(body: bytes, known: frozenset[str]) -> ParsedSource:
    return parse_feed(ParseRequest(body=body, url="https://equal.example/", known=known))


def _table(result: dict[str, Any]) -> str:
    lines = [
        f"{result['feeds']} feeds of {result['mean_kb']} kB, {result['entries']} entries; ms CPU a poll",
        "",
        f"{'poll':<12}{'plain':>9}{'ours':>9}{'floor':>9}{'ratio':>9}{'of runs':>16}{'floor ratio':>13}",
    ]
    costs = result["ms_per_poll"]
    lines += [
        f"{case:<12}{costs['plain'][case]:>9.2f}{costs['ours'][case]:>9.3f}{costs['floor'][case]:>9.3f}"
        f"{result['ratio'][case][0]:>8.1f}x{'{1:.1f} to {2:.1f}'.format(*result['ratio'][case]):>16}"
        f"{result['ratio_floor'][case]:>12.1f}x"
        for case in CASES
    ]
    different = result["equal"]["different"]
    lines += [
        "",
        f"a first document, reading alone: {result['reading_alone']}x",
        f"items read alone equal to a whole parse: {result['equal']['items']}, not: {len(different)}",
    ]
    return "\n".join([*lines, *different])


if __name__ == "__main__":
    main()
