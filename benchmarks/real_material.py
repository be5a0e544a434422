"""Count what becomes of real feeds: what is hidden, lost, undated or led astray.

``python -m benchmarks.real_material FOLDER`` serves the feeds below FOLDER over loopback HTTP, re-dated so
that each feed's items are spread over the last six days (``benchmarks.redated``), and lives through these
days: each morning it ingests what was there by then, places, publishes and cuts the daily edition into an
outbox folder. Then it looks at rows, pages, feeds and mail and prints a table, with ``--json`` one object.

Each source has a channel of its own, limited as all are to 100 items, so that what a feed brought can be
found in a document; above 300 feeds there is one channel only. ``hidden_…`` are articles that a channel of
everything would not show. ``wrong_base`` are addresses in texts that were resolved against the feed's own
address, or not against the base of their item; ``dead_links`` are relative addresses on disk that are no
files. Enclosures that are images count as pictures. ``--examples N`` shows N of each that should be none.
"""

import argparse
import json
import logging
import os
import re
import shutil
import sys
import tempfile
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any
from urllib.parse import unquote, urljoin, urlsplit

import feedparser
from lxml import html
from sqlalchemy import select

from benchmarks.redated import Feed, redated
from syndicate.jobs.ingest.entry_plan import SourceOutcome
from syndicate.model import EARLIEST
from syndicate.services import Services, open_services
from syndicate.settings import load_settings
from syndicate.store import schema
from syndicate.store.output import channel_store
from syndicate.store.subscribers import audience_store

DAYS = 6
OWN_CHANNELS = 300
SUFFIXES = {".xml", ".rss", ".atom", ".json", ".rdf"}
GOALS = {
    "hidden_without_a_shown_copy": 0, "undated_in_lists": 0, "dead_links": 0,
    "wrong_base": 0, "unreachable_pages": 0, "edition_repeats": 0,
}  # fmt: skip
REASONED = {
    "feeds_refused",
    "quarantined",
    "outputs_failed",
    "copies_within_a_source",
    "copies_across_sources",
}
ADDRESS = re.compile(r"""(?:href|src)\s*=\s*["']?([^"'\s>]+)""", re.IGNORECASE)
CODE = re.compile(r"<(code|pre)\b.*?</\1>", re.DOTALL)
CONFIG = """
[site]
title = "Real material"
url = "https://news.example"
[http]
allow_private = ["127.0.0.1"]
host_gap = 0
min_interval = 0
[mail]
address = "1 Main Street"
transport = "folder"
folder = "outbox"
[[newsletters]]
name = "daily"
schedule = "daily 07:00"
first_edition = "latest"
"""


class Figures:
    """Counts in the order of their first mention, and examples of what should not be."""

    def __init__(self) -> None:
        self.counts: dict[str, int] = {}
        self.examples: dict[str, list[str]] = defaultdict(list)

    def count(self, name: str, number: int = 1, example: str = "") -> None:
        """Add to a figure."""
        self.counts[name] = self.counts.get(name, 0) + number
        if example:
            self.examples[name].append(example)


class Server:
    """Serves the feeds of a folder as they were at a moment."""

    def __init__(self, feeds: Mapping[str, Feed]) -> None:
        self.documents: dict[str, bytes] = {}
        self._feeds = feeds
        server = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                body = server.documents.get(self.path)
                self.send_response(200 if body is not None else 404)
                self.send_header(
                    "Content-Type", "application/json" if (body or b"")[:1] == b"{" else "text/xml"
                )
                self.send_header("Content-Length", str(len(body or b"")))
                self.end_headers()
                with suppress(BrokenPipeError):
                    self.wfile.write(body or b"")

            def log_message(self, *_: object) -> None:
                """Say nothing."""

        class Listening(ThreadingHTTPServer):
            request_queue_size = 128  # all feeds are asked for at once; five would be kept waiting

        self._http = Listening(("127.0.0.1", 0), Handler)
        self.base = f"http://127.0.0.1:{self._http.server_address[1]}"
        Thread(target=self._http.serve_forever, daemon=True).start()

    def show(self, moment: datetime) -> None:
        """Serve every feed without the dated items of later."""
        self.documents = {f"/{name}": feed.at(moment) for name, feed in self._feeds.items()}

    def close(self) -> None:
        """Stop."""
        self._http.shutdown()
        self._http.server_close()


def measure(folder: Path, now: datetime, place: Path) -> Figures:
    """Live through the days in an empty folder and count what came of it."""
    files = sorted(file for file in folder.rglob("*") if file.suffix in SUFFIXES and file.is_file())
    names = {f"{number:04}-{file.stem[:24]}": file for number, file in enumerate(files)}
    feeds = {name: redated(file.read_bytes(), now, DAYS) for name, file in names.items()}
    server = Server(feeds)
    try:
        written = CONFIG + '[[channels]]\nname = "news"\nlimit = 100\n'
        for name in names:
            written += f'[[sources]]\nname = "{name}"\nurl = "{server.base}/{name}"\n'
            if len(names) <= OWN_CHANNELS:
                written += f'[[channels]]\nname = "source-{name}"\nquery = "source:{name}"\nlimit = 100\n'
        (place / "config.toml").write_text(written, "utf-8")
        first = now - timedelta(days=DAYS - 1)
        with open_services(
            load_settings(place / "config.toml", {}), now=first - timedelta(days=1)
        ) as services:
            with services.store.write() as connection:
                audience_store.add_subscription(
                    connection, address="jo@example.org", address_key="jo@example.org", name="", language="",
                    newsletter="daily", evidence="benchmark", now=first,
                )  # fmt: skip
            figures = Figures()
            for day in range(DAYS):
                moment = first + timedelta(days=day)
                server.show(moment)
                outcomes = _serve_with_settings(services, moment, figures)
            for outcome in outcomes:
                if outcome.error:
                    figures.count("feeds_refused", 1, f"{outcome.name}: {outcome.error}")
            _look_at_rows(services, figures)
            _look_at_entries(services, server, figures)
            _look_at_output(services, figures)
            figures.count("messages_in_the_outbox", len(list((place / "outbox").glob("*.eml"))))
    finally:
        server.close()
    return figures


def _serve_with_settings(services: Services, moment: datetime, figures: Figures) -> Sequence[SourceOutcome]:
    """Run one morning; return what became of the polls."""
    outcomes = services.ingest.run(moment).sources
    services.stories.run(moment)
    for edition in services.editions.run(moment):
        figures.count(f"editions_{edition.outcome}", 1)
    failures = services.publish.run(moment).failures
    figures.count("outputs_failed", len(failures), " ".join(failures[:1]))
    services.deliver.run(moment)
    return outcomes


def _look_at_rows(services: Services, figures: Figures) -> None:
    table, stories, sent = schema.articles, schema.ranked, schema.edition_articles
    with services.store.read() as connection:
        rows = connection.execute(select(table).order_by(table.c.published, table.c.id)).all()
        shown = {article.id for article in channel_store.channel_articles(connection, (), limit=1_000_000)}
        ranked = set(connection.scalars(select(stories.c.article_id)))
        items = select(sent).where(sent.c.article_id == sent.c.lead_id)
        carried = connection.execute(items.order_by(sent.c.edition_id, sent.c.article_id)).all()
        quarantined = connection.scalars(select(schema.quarantine.c.reason)).all()
    labels = _labels(rows)
    figures.count("articles_out", len(rows))
    figures.count("quarantined", len(quarantined))
    for reason, count in Counter(quarantined).most_common():
        figures.examples["quarantined"].append(f"{count} × {reason}")
    texts: dict[int, list[Any]] = defaultdict(list)
    for row in rows:
        texts[labels[row.id]].append(row)
    _count_hidden(rows, shown, texts, labels, figures)
    for group in texts.values():
        sources = Counter(row.source_id for row in group)
        within = sum(sources.values()) - len(sources)
        example = " = ".join(row.title[:60] for row in group)
        figures.count("copies_within_a_source", within, example if within else "")
        figures.count("copies_across_sources", len(sources) - 1, example if len(sources) > 1 else "")
    by_id = {row.id: row for row in rows}
    undated = {row.id for row in rows if row.published < EARLIEST}
    figures.count("undated_articles", len(undated))
    listed = ranked | {item.article_id for item in carried}
    for article_id in sorted(undated & listed):
        figures.count("undated_in_lists", 1, by_id[article_id].title)
    figures.count("undated_in_lists", 0)
    seen: set[int] = set()
    for item in carried:
        label = labels.get(item.article_id, -item.article_id)
        repeats = label in seen and not item.follow_up
        figures.count("edition_repeats", int(repeats), by_id[item.article_id].title if repeats else "")
        seen.add(label)


def _count_hidden(
    rows: Sequence[Any],
    shown: set[int],
    texts: Mapping[int, Sequence[Any]],
    labels: Mapping[int, int],
    figures: Figures,
) -> None:
    figures.count("hidden_as_copies_of_shown_articles", 0)
    figures.count("hidden_without_a_shown_copy", 0)
    for row in rows:
        if row.id in shown:
            continue
        if row.story_id is None:
            figures.count("hidden_waiting_for_a_story", 1, row.title)
        elif any(other.id in shown for other in texts[labels[row.id]]):
            figures.count("hidden_as_copies_of_shown_articles", 1, row.title)
        else:
            figures.count("hidden_without_a_shown_copy", 1, row.title)


def _labels(rows: Sequence[Any]) -> dict[int, int]:
    """Return which articles are of one text; one that waits for its place is of no other's."""
    return {row.id: -row.id if row.same_text is None else row.same_text for row in rows}


def _look_at_entries(services: Services, server: Server, figures: Figures) -> None:
    """Compare what feedparser finds in the documents with the stored texts, by the addresses in them."""
    bodies, table, sources = schema.article_bodies, schema.articles, schema.sources
    query = select(sources.c.name, sources.c.home_url, table.c.url, table.c.title, bodies.c.html)
    query = query.join(sources, sources.c.id == table.c.source_id).join(
        bodies, bodies.c.article_id == table.c.id
    )
    stored: dict[tuple[str, str], list[Any]] = defaultdict(list)
    with services.store.read() as connection:
        for row in connection.execute(query):
            stored[row.name, row.url].append(row)
            base = row.url or row.home_url
            if not base or base.startswith(server.base):
                continue  # The feed names no other base than its own address.
            for address in ADDRESS.findall(row.html):
                if address.startswith(server.base):
                    figures.count("wrong_base", 1, f"{row.title} ({base}): {address}")
    figures.count("wrong_base", 0)
    for path, document in server.documents.items():
        parsed = feedparser.parse(document, sanitize_html=False, resolve_relative_uris=False)
        for entry in parsed.entries:
            figures.count("entries_in")
            dated = entry.get("published_parsed") or entry.get("updated_parsed")
            figures.count("entries_without_a_date", int(not dated))
            kinds = [item.get("type", "") for item in entry.get("enclosures", ())]
            figures.count("enclosures_in", sum(not kind.startswith("image/") for kind in kinds))
            text = " ".join(
                part.get("value", "")
                for part in (*entry.get("content", ()), {"value": entry.get("summary", "")})
            )
            figures.count("entries_with_an_image_in_the_text", int("<img" in text.lower()))
            for row in stored.get((path.strip("/"), entry.get("link", "")), ())[:1]:
                for wrong in _wrong(text, entry, parsed, row.html):
                    figures.count("wrong_base", 1, f"{row.title}: {wrong}")


def _wrong(text: str, entry: Any, parsed: Any, kept: str) -> Iterator[str]:
    """Addresses of an article that end as a relative one of its item, but start from another base."""
    base = urljoin(parsed.feed.get("link", ""), entry.get("link", ""))
    declared = next((part.get("base") for part in entry.get("content", ()) if part.get("base")), "")
    base = urljoin(base, declared) if declared else base
    if not urlsplit(base).netloc:
        return
    addresses = ADDRESS.findall(CODE.sub("", kept))
    for relative in {
        item for item in ADDRESS.findall(text) if not urlsplit(item).netloc and not urlsplit(item).scheme
    }:
        if relative.startswith(("#", "{", "%")) or not relative.strip("./"):
            continue
        right, tail = urljoin(base, relative), relative.lstrip("./")
        found = [
            address
            for address in addresses
            if address.endswith(tail) and address != right and unquote(address) != unquote(right)
        ]
        if found and right not in addresses:
            yield f"{found[0]} for {right}"


def _look_at_output(services: Services, figures: Figures) -> None:
    output = services.output
    for file in sorted(output.glob("source-*.json" if any(output.glob("source-*.json")) else "news.json")):
        for item in json.loads(file.read_bytes())["items"]:
            figures.count("items_in_source_channels")
            content = item.get("content_html", "")
            figures.count("items_with_an_image_in_the_content", int("<img" in content))
            figures.count("enclosures_out", len(item.get("attachments", ())))
    pages = {file: file.read_bytes() for file in sorted((output / "site").rglob("*.html"))}
    links = {file: set(_files_linked(file, data, output)) for file, data in pages.items()}
    for file, targets in links.items():
        for target in sorted(targets):
            if not target.exists():
                figures.count("dead_links", 1, f"{file.relative_to(output)} → {target}")
    figures.count("dead_links", 0)
    reached, waiting = set[Path](), [output / "site" / "index.html"]
    while waiting:
        file = waiting.pop()
        if file not in reached:
            reached.add(file)
            waiting += links.get(file, set()) & pages.keys()
    figures.count("pages", len(pages))
    # Former addresses lead to pages, and nothing leads to them.
    former = {file for file, data in pages.items() if b'<meta http-equiv="refresh"' in data[:100]}
    for file in sorted(pages.keys() - reached - former):
        figures.count("unreachable_pages", 1, str(file.relative_to(output)))
    figures.count("unreachable_pages", 0)


def _files_linked(file: Path, data: bytes, output: Path) -> Iterator[Path]:
    """Yield the files that relative addresses of a page lead to."""
    for element in html.fromstring(data).iter("a", "img", "link", "script"):
        address = element.get("href") or element.get("src") or ""
        parts = urlsplit(address) if "[" not in address else urlsplit("")
        if parts.scheme or parts.netloc or not parts.path:
            continue
        path = unquote(parts.path)
        target = f"{output}{path}" if path.startswith("/") else os.path.normpath(f"{file.parent}/{path}")
        yield Path(target, "index.html") if path.endswith("/") else Path(target)


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folder", type=Path)
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.add_argument("--now", type=datetime.fromisoformat, help="the last moment (now)")
    parser.add_argument(
        "--examples", type=int, default=0, metavar="N", help="show N of each that should be none"
    )
    parser.add_argument("--keep", type=Path, help="leave the newsroom in this folder")
    arguments = parser.parse_args()
    logging.disable(logging.WARNING)
    now = (
        (arguments.now or datetime.now(UTC))
        .astimezone(UTC)
        .replace(hour=7, minute=30, second=0, microsecond=0)
    )
    with tempfile.TemporaryDirectory() as folder:
        figures = measure(arguments.folder, now, Path(folder))
        if arguments.keep:
            shutil.copytree(folder, arguments.keep, dirs_exist_ok=True)
    if arguments.json:
        print(json.dumps(figures.counts, indent=2))
        return 0
    for name, count in figures.counts.items():
        goal = f"  goal {GOALS[name]}" if name in GOALS else ""
        print(f"{name.replace('_', ' '):42} {count:7}{goal}")
        if arguments.examples and (name in GOALS or name in REASONED):
            print(
                *(f"    {example[:200]}" for example in figures.examples[name][: arguments.examples]),
                sep="\n",
            )
    return 0


if __name__ == "__main__":
    sys.exit(main())
