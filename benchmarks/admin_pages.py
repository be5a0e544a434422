"""Times of all admin pages on a large store: 10 000 sources, 1 000 000 articles, 100 000 subscribers.

    python -m benchmarks.admin_pages                              # SQLite
    python -m benchmarks.admin_pages --url postgresql://…         # an empty database
    python -m benchmarks.admin_pages --articles 50000 --sources 500 --subscribers 5000

Each page, with typical searches, is rendered several times in this process, without HTTP, and each list of
the API is asked for, and the metrics; the table shows the first, the best and the median, in milliseconds
of CPU and of wall time. The first includes what stays in memory afterwards. The budget is 250 ms for the
overview and 150 ms for every other page. ``--busy SECONDS`` lets another process poll each source once in so
many seconds at a server on loopback meanwhile, or as fast as it can; each poll brings an article.
``--keep FOLDER`` keeps the filled store, ``--only TEXT`` measures pages with this text in their address;
``--serve PORT`` serves it afterwards with the user demo@example.org, whose sign-in cookie is printed.
"""

import argparse
import asyncio
import multiprocessing
import random
import statistics
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import count, islice
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import psycopg
from sqlalchemy import BigInteger, Connection, Table, Text, cast, func, insert, literal, select, update
from starlette.types import ASGIApp, Message

from syndicate.jobs.admin.access.sign_in import Client, SignedIn
from syndicate.jobs.stage_log import StageLog, StageRun
from syndicate.model import EVERY_EDITION
from syndicate.model.actors import ROLES, SCOPES, Actor
from syndicate.services import Services, open_services
from syndicate.services.admin_jobs import AdminJobs
from syndicate.settings import load_settings
from syndicate.store import schema
from syndicate.store.access import user_store
from syndicate.store.access.user_store import User
from syndicate.store.core.column_types import EPOCH, to_microseconds
from syndicate.web.admin.admin_app import create_admin_app
from syndicate.web.admin.admin_request import AdminRequest, Download, Show
from syndicate.web.admin.admin_routes import ADMIN_ROUTES
from syndicate.web.admin.menu import menu_of
from syndicate.web.api import ApiOptions, create_api
from syndicate.web.server import WebServer

NOW = datetime.fromisoformat("2026-11-27T08:42:00+00:00")
BUDGETS = {"/": 250.0}
BUDGET = 150.0
DAYS = 30
NAMES = ["Harbour", "Coast", "Valley", "Quay", "Delta", "Ridge", "Summit", "Lagoon", "Meadow", "Island"]
KINDS = ["Times", "News", "Herald", "Wire", "Gazette", "Post", "Courier", "Journal"]
CONFIG = """
[site]
url = "http://127.0.0.1:8000"
title = "The Tidewater Reader"
time_zone = "Europe/Lisbon"
[mail]
from = "Tidewater <news@example.com>"
address = "1 Pier Road"
[admin]
enabled = true
[[newsletters]]
name = "daily"
schedule = "daily 07:00"
[[newsletters]]
name = "weekly"
schedule = "weekly saturday 10:00"
[store]
url = "{url}"
"""


ACTOR = Actor(kind="token", name="benchmark", token_id=1, scopes=frozenset(SCOPES))
SEARCHES = (
    ("/sources", {"q": "harbour"}),
    ("/sources", {"tab": "attention"}),
    ("/articles", {"q": "ferry"}),
    ("/stories", {"list": "moving"}),
    ("/deliveries", {"state": "uncertain"}),
    ("/deliveries", {"tab": "editions"}),
    ("/deliveries", {"tab": "bounces"}),
    ("/deliveries", {"tab": "providers"}),
    ("/deliveries", {"state": "failed"}),
    ("/subscribers", {"words": "reader77"}),
    ("/subscribers", {"state": "unsubscribed"}),
)
LISTS = tuple(
    f"/api/v1/{name}"
    for name in (
        "status", "articles", "articles?limit=200&count=true", "articles?q=ferry", "stories",
        "stories?list=top",
        "decisions", "sources", "sources?limit=200&count=true", "sources/1/polls", "channels", "newsletters",
        "editions", "deliveries", "deliveries?state=uncertain", "deliveries?count=true", "bounces",
        "subscribers", "subscribers?limit=200&count=true", "suppressions", "jobs", "audit", "webhooks",
    )
)  # fmt: skip


def main() -> None:
    """Fill the store unless it is kept, and print the times of all pages."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--sources", type=int, default=10_000)
    parser.add_argument("--articles", type=int, default=1_000_000)
    parser.add_argument("--subscribers", type=int, default=100_000)
    parser.add_argument("--url", default="")
    parser.add_argument("--keep", type=Path)
    parser.add_argument("--busy", type=float, nargs="?", const=0.0, metavar="SECONDS")
    parser.add_argument("--only", default="")
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--serve", type=int, default=0)
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="syndicate-admin-") as temporary:
        folder = chosen.keep or Path(temporary)
        folder.mkdir(parents=True, exist_ok=True)
        url = chosen.url or f"sqlite:///{folder / 'store.db'}"
        (folder / "config.toml").write_text(CONFIG.format(url=url))
        with open_services(load_settings(folder / "config.toml"), now=NOW) as services:
            with services.store.read() as connection:
                is_filled = connection.execute(select(schema.articles.c.id).limit(1)).first()
            if not is_filled:
                started = time.monotonic()
                fill(services, chosen.sources, chosen.articles, chosen.subscribers)
                if chosen.url:
                    _vacuum(chosen.url)
                print(f"filled in {time.monotonic() - started:.0f} s", flush=True)
            with services.store.write() as connection:
                _advance_ids(connection)
            config = folder / "config.toml"
            with nullcontext() if chosen.busy is None else _ingest_beside(config, chosen.busy):
                _measure(services, chosen.runs, chosen.only)
            if chosen.serve:
                asyncio.run(_serve(services, chosen.serve))


def fill(services: Services, sources: int, articles: int, subscribers: int) -> None:
    """Fill the tables with sources, articles of 30 days, stories, polls, editions and subscribers."""
    chosen = random.Random(7)
    with services.store.write() as connection:
        if connection.dialect.name == "sqlite":
            # Indexes of a million rows do not fit into the cache of a daemon.
            connection.exec_driver_sql("PRAGMA cache_size = -2000000")
        ids = _fill_sources(connection, sources, chosen)
        _fill_articles(connection, ids, articles, chosen)
        _fill_audience(connection, subscribers, chosen)
        _fill_polls(connection, ids, chosen)
    log = StageLog(store=services.store)
    for stage in ("ingest", "pages", "stories", "publish", "editions", "deliver", "bounces", "prune"):
        for minutes in range(600, 0, -20):
            seconds = chosen.expovariate(2)
            log.record(
                stage, StageRun(NOW - timedelta(minutes=minutes), seconds, "", {"new": 3, "failed": 1})
            )
        log.record(stage, StageRun(NOW - timedelta(seconds=4), 0.4, "", {"new": 11, "sources": 3}))
    log.flush()


def _vacuum(url: str) -> None:
    """Do what autovacuum does after a while on PostgreSQL; without it a count reads rows beside its index."""
    with psycopg.connect(url, autocommit=True) as sql:
        sql.execute("VACUUM ANALYZE")


def _fill_sources(connection: Connection, count: int, chosen: random.Random) -> list[int]:
    def row(number: int) -> dict[str, Any]:
        place, kind = NAMES[number % len(NAMES)], KINDS[number // len(NAMES) % len(KINDS)]
        failing, slow = number % 500 == 3, number % 300 == 5
        hour = timedelta(hours=1)
        return {
            "id": number, "name": f"{place} {kind} {number}", "kind": "feed",
            "url": f"https://s{number}.example/feed", "section": f"part{number % 8}", "republish": "summary",
            "origin": "store", "full_text": "auto", "failures": 7 if failing else 0,
            "error": "403 Forbidden" if failing else "", "paused": number % 400 == 9, "weight": 1.0,
            "created": NOW - 60 * 24 * hour, "last_attempt": NOW - hour,
            "last_success": NOW - (7 * hour if failing else hour), "next_check": NOW + chosen.random() * hour,
            "check_reason": "every hour", "warning": "slow" if slow else "",
        }  # fmt: skip

    _insert(connection, schema.sources, map(row, range(1, count + 1)))
    return list(range(1, count + 1))


def _fill_articles(connection: Connection, sources: list[int], count: int, chosen: random.Random) -> None:
    times = 50 if count >= 50_000 else 1
    count //= times
    apart = timedelta(days=DAYS) / count
    weights = [1 / (1 + number) ** 0.6 for number in range(len(sources))]
    owners = chosen.choices(sources, weights, k=count)

    def row(number: int) -> dict[str, Any]:
        at = NOW - apart * (count - number)
        at += timedelta(hours=3) * chosen.random() ** 2 if at < NOW - timedelta(hours=4) else timedelta()
        return {
            "id": number, "source_id": owners[number - 1], "uid": f"{number:032x}", "entry_key": f"e{number}",
            "url": f"https://s.example/{number}", "path": f"site/articles/{number}.html",
            "title": f"Ferry {number} leaves the harbour", "language": "en", "section": f"part{number % 8}",
            "section_key": f"part{number % 8}", "summary": "The ferry left.", "content_hash": f"c{number}",
            "item_hash": f"i{number}", "published": at, "updated": at, "first_seen": at, "minutes": 1,
            "words": 80, "story_id": number // 3 + 1, "same_text": number, "placed": True, "boost": 1.0,
        }  # fmt: skip

    def story(number: int) -> dict[str, Any]:
        at = NOW - apart * max(0, count - number * 3)
        return {
            "id": number, "lead_id": number * 3, "created": at, "updated": at, "articles": 3,
            "coverage": 1 + (number % 9 == 0) * (number % 8), "path": "",
        }  # fmt: skip

    stories = count // 3 + 1
    _insert(connection, schema.stories, map(story, range(1, stories + 1)))
    _insert(connection, schema.articles, map(row, range(1, count + 1)))
    _insert(connection, schema.article_bodies, [{"article_id": count, "html": "<p>The ferry left.</p>"}])
    # Copies inside the store are made ten times as fast as rows that cross the driver.
    for copy in range(1, times):
        moved = int(apart.total_seconds() * 1_000_000) * copy // times
        table = schema.stories
        earlier = {name: cast(table.c[name], BigInteger) - moved for name in ("created", "updated")}
        lead = table.c.lead_id + copy * count
        _copy(connection, table, stories, copy, {"lead_id": lead, **earlier})
        table = schema.articles
        earlier = {
            name: cast(table.c[name], BigInteger) - moved for name in ("published", "updated", "first_seen")
        }
        text = {name: table.c[name] + f"-{copy}" for name in ("uid", "entry_key", "url", "path")}
        numbers = {"story_id": table.c.story_id + copy * stories, "same_text": table.c.id + copy * count}
        _copy(connection, table, count, copy, {**earlier, **text, **numbers})


def _fill_audience(connection: Connection, count: int, chosen: random.Random) -> None:
    def row(number: int) -> dict[str, Any]:
        address = f"reader{number}@mail{number % 9}.example"
        created = NOW - timedelta(days=90) * chosen.random() ** (1 + number % 2)
        return {"id": number, "address": address, "address_key": address, "created": created}

    people = [row(number) for number in range(1, count + 1)]
    _insert(connection, schema.subscribers, people)
    subscriptions, consents = [], []
    for person in people:
        number, at = person["id"], person["created"]
        state = "confirmed" if number % 20 else "unsubscribed"
        shared = {"newsletter": "daily", "address_key": person["address_key"]}
        subscriptions.append(
            {"id": number, "subscriber_id": number, "newsletter": "daily", "state": state, "changed": at}
        )
        consents.append(shared | {"event": "confirmed", "recorded": at})
        if state != "confirmed":
            left = NOW - timedelta(days=60) * chosen.random()
            consents.append(shared | {"event": "unsubscribed", "recorded": left})
    _insert(connection, schema.subscriptions, subscriptions)
    _insert(connection, schema.consents, ({"id": n} | event for n, event in enumerate(consents, start=1)))
    for number in range(1, 8):
        _fill_edition(connection, number, people)


def _fill_edition(connection: Connection, number: int, people: list[dict[str, Any]]) -> None:
    end = NOW.replace(hour=7, minute=0) - timedelta(days=number - 1)
    edition = {
        "id": number, "newsletter": "daily", "variant_key": EVERY_EDITION, "state": "cut",
        "subject": f"Daily {number}",
        "period_start": end - timedelta(days=1), "period_end": end, "cut_at": end, "stories": 8,
    }  # fmt: skip
    _insert(connection, schema.editions, [edition])
    if number > 2:
        table, size = schema.deliveries, 10_000_000
        at = cast(table.c.created, BigInteger) - (number - 2) * 86_400_000_000
        changed = {"edition_id": table.c.edition_id + number - 2, "created": at, "changed": at}
        _copy(connection, table, size, number - 2, changed, after=2 * size)
        return

    def state(person: int) -> str:
        if number == 1 and person % 3 == 0:
            return "pending"
        if person % 20_000 == 7:
            return "uncertain" if number == 1 else "sent"
        return "failed" if person % 500 == 1 else "sent"

    rows = (
        {
            "id": number * 10_000_000 + person["id"], "edition_id": number, "subscription_id": person["id"],
            "address": person["address"], "attempts": 1, "created": end, "not_before": NOW, "changed": end,
            "state": state(person["id"]),
        }
        for person in people
    )  # fmt: skip
    _insert(connection, schema.deliveries, rows)


def _fill_polls(connection: Connection, sources: list[int], chosen: random.Random) -> None:
    table = schema.metadata.tables.get("polls")
    if table is None:
        return
    outcomes = ["new"] * 3 + ["unchanged"] * 12 + ["equal"] * 4 + ["failed"]
    rows = (
        {"source_id": source, "at": NOW - timedelta(hours=hour) - timedelta(minutes=source % 60),
         "outcome": chosen.choice(outcomes), "status": 200, "ms": int(chosen.lognormvariate(5.6, 0.8)),
         "bytes": 18_440, "new": 3, "changed": 0}
        for hour in (0, 8)
        for source in sources
    )  # fmt: skip
    _insert(connection, table, ({"id": number} | row for number, row in enumerate(rows, start=1)))
    for copy in range(1, 21):
        at = cast(table.c.at, BigInteger) - copy * 16 * 3_600_000_000
        _copy(connection, table, 2 * len(sources), copy, {"at": at})


def _insert(connection: Connection, table: Table, rows: Iterable[dict[str, Any]]) -> None:
    """Insert rows; columns that have no value get an empty one."""
    waiting = iter(rows)
    while part := list(islice(waiting, 5000)):
        rest = {
            column.name: _empty(type(column.type).__name__)
            for column in table.columns
            if column.name not in part[0] and not column.nullable and column.server_default is None
        }
        connection.execute(insert(table), [rest | row for row in part])


def _copy(
    connection: Connection, table: Table, size: int, copy: int, changed: dict[str, Any], *, after: int = 0
) -> None:
    """Copy ``size`` ids of a table from ``after`` on with other ids and some other values."""
    values: dict[str, Any] = {column.name: column for column in table.columns if column.computed is None}
    values |= {"id": table.c.id + copy * size, **changed}
    rows = select(*values.values())
    connection.execute(
        insert(table).from_select([*values], rows.where(table.c.id.between(after + 1, after + size)))
    )


def _advance_ids(connection: Connection) -> None:
    """Let PostgreSQL count on from the ids of the filled rows: without it no row can be added beside."""
    if connection.dialect.name == "postgresql":
        for table in schema.metadata.sorted_tables:
            if "id" in table.c:
                last = f"SELECT coalesce(max(id), 0) + 1 FROM {table.name}"
                name = f"pg_get_serial_sequence('{table.name}', 'id')"
                connection.exec_driver_sql(f"SELECT setval({name}, ({last}), false) WHERE {name} IS NOT NULL")


def _empty(kind: str) -> Any:
    known = {"Text": "", "Json": [], "Boolean": False, "LargeBinary": b"", "UtcTime": EPOCH}
    return known.get(kind, 0)


def _pages(services: Services) -> Iterator[tuple[str, str, dict[str, Any], dict[str, str]]]:
    """Yield address, route, values of its path and query of every page that shows rows."""
    with services.store.read() as connection:
        articles = schema.articles
        bodies = select(schema.article_bodies.c.article_id)
        newest = connection.execute(select(articles).where(articles.c.id.in_(bodies)).limit(1)).one()
        edition = connection.execute(select(schema.editions.c.id).order_by(schema.editions.c.id).limit(1))
        edition_id = edition.scalar_one()
    values: dict[str, dict[str, Any]] = {
        "/sources/{id:int}": {"id": 3},
        "/sources/{id:int}/polls": {"id": 1},
        "/stories/{number:int}": {"number": newest.story_id - 1},
        "/articles/{uid}": {"uid": newest.uid},
        "/newsletters/{name}": {"name": "daily"},
        "/newsletters/{name}/edit": {"name": "daily"},
        "/editions/{id:int}": {"id": edition_id},
        "/subscribers/{id:int}": {"id": 77},
    }
    for route in ADMIN_ROUTES:
        if "GET" in route.methods and not route.path.startswith(("/sign", "/pass", "/setup")):
            if "{" not in route.path:
                yield route.path, route.path, {}, {}
            elif path := values.get(route.path):
                yield route.path, route.path, path, {}
    for searched, query in SEARCHES:
        yield f"{searched}?{urlencode(query)}", searched, {}, query


def _measure(services: Services, runs: int, only: str) -> None:
    client = Client(browser="benchmark")
    jobs = services.admin
    user = _user(services)
    with services.store.write() as connection:
        session_id = jobs.sign_in.open_session(connection, user, client, NOW)
    signed_in = jobs.sign_in.look(session_id, NOW)
    assert signed_in is not None
    print(f"{'page':<40}{'first':>10}{'CPU ms':>10}{'median':>10}{'wall ms':>10}{'kB':>8}")
    routes = {route.path: route.page for route in ADMIN_ROUTES if "GET" in route.methods}
    for shown, route, path, query in _pages(services):
        if only not in shown:
            continue
        request = AdminRequest(
            jobs=jobs, now=NOW, address=f"/admin{route}", path=path, query=query, signed_in=signed_in,
            client=client,
        )  # fmt: skip

        def render(route: str = route, request: AdminRequest = request) -> int:
            answer = routes[route](request)
            if isinstance(answer, Download):
                return len(answer.body if isinstance(answer.body, bytes) else b"".join(answer.body))
            if not isinstance(answer, Show):
                return 0
            context = _context(jobs, signed_in, route)
            return len(services.templates.render(answer.template, view=answer.view, **context).encode())

        _print_times(shown, render, runs, BUDGETS.get(shown, BUDGET))
    api = create_api(jobs, services.store, lambda *_: ACTOR, ApiOptions(), clock=lambda: NOW)
    with asyncio.Runner() as runner:
        for address in LISTS:
            if only not in address:
                continue

            def ask(address: str = address) -> int:
                return runner.run(_ask(api, address))

            _print_times(address, ask, runs, BUDGET)
    metrics = replace(services.metrics, clock=count(1, 60).__next__)
    if only in "/metrics":
        _print_times("/metrics", lambda: len(metrics.read(NOW)), runs, BUDGET)


def _print_times(name: str, work: Callable[[], int], runs: int, budget: float) -> None:
    times, walls, size = list[float](), list[float](), 0
    try:
        for _ in range(runs):
            cpu, wall = time.process_time(), time.perf_counter()
            size = work()
            times.append((time.process_time() - cpu) * 1000)
            walls.append((time.perf_counter() - wall) * 1000)
    except Exception as error:  # noqa: BLE001 - the other pages are measured all the same
        print(f"{name:<40}  {error!r:.200}", flush=True)
        return
    late = "" if min(walls) <= budget else "  over budget"
    figures = f"{times[0]:>10.1f}{min(times):>10.1f}{statistics.median(times):>10.1f}{min(walls):>10.1f}"
    print(f"{name:<40}{figures}{size / 1000:>8.0f}{late}", flush=True)


async def _ask(api: ASGIApp, address: str) -> int:
    """Return the size of the answer to a read. Raises ``RuntimeError`` for a status that is not 200."""
    path, _, query = address.partition("?")
    scope = {
        "type": "http", "method": "GET", "path": path, "raw_path": path.encode(), "scheme": "http",
        "query_string": query.encode(), "headers": [(b"authorization", b"Bearer x")], "http_version": "1.1",
        "client": ("127.0.0.1", 4000), "server": ("127.0.0.1", 80),
    }  # fmt: skip
    sent: list[Message] = []

    async def receive() -> Message:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Message) -> None:
        sent.append(message)

    await api(scope, receive, send)
    body = b"".join(message.get("body", b"") for message in sent)
    if sent[0]["status"] != 200:
        raise RuntimeError(f"{sent[0]['status']} {body.decode()}")
    return len(body)


@contextmanager
def _ingest_beside(config: Path, interval: float) -> Iterator[None]:
    context = multiprocessing.get_context("spawn")
    process = context.Process(target=_ingest, args=(config, interval), daemon=True)
    process.start()
    try:
        yield
        if not process.is_alive():
            raise RuntimeError("the ingest beside has ended: the figures are those of an idle store")
    finally:
        process.terminate()
        process.join()


class _Feed(BaseHTTPRequestHandler):
    """Answers each request with a feed of one article that was never seen."""

    def do_GET(self) -> None:
        number = time.time_ns()
        item = (
            f"<item><title>Ferry {number}</title><guid>{number}</guid><link>https://x.example/{number}</link>"
        )
        body = f"<rss version='2.0'><channel><title>Quay</title>{item}</item></channel></rss>".encode()
        self.send_response(200 if self.path.endswith("feed") else 404)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


def _ingest(config: Path, interval: float) -> None:
    """Poll each source at a server on loopback once in so many seconds, until the end."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Feed)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    settings = load_settings(config)
    http = settings.http.model_copy(
        update={"allow_private": True, "host_gap": 0.0, "min_interval": interval, "max_interval": interval}
    )
    with open_services(settings.model_copy(update={"http": http}), now=NOW) as services:
        sources, started = schema.sources, time.monotonic()
        address = f"http://127.0.0.1:{server.server_port}/"
        with services.store.write() as connection:
            url = literal(address).concat(cast(sources.c.id, Text)).concat("/feed")
            number = connection.scalars(select(func.count()).select_from(sources)).one()
            apart = literal(int(interval * 1_000_000 / number), BigInteger)
            first = literal(to_microseconds(datetime.now(UTC)), BigInteger) + sources.c.id * apart
            connection.execute(update(sources).values(url=url, next_check=first))
        polled = 0
        while True:
            polled += len(services.ingest.run(datetime.now(UTC)).sources)
            pace = polled / (time.monotonic() - started)
            print(f"{polled} sources polled beside, {pace:.1f} a second", file=sys.stderr, flush=True)
            time.sleep(1.0 if interval else 0.0)


def _user(services: Services) -> User:
    with services.store.write() as connection:
        address = "demo@example.org"
        user = user_store.find_user(connection, address_key=address)
        if user is None:
            number = user_store.add_user(
                connection, address=address, address_key=address, name="", role="admin", now=NOW
            )
            user_store.change_user(connection, number, password_hash="none")
            user = user_store.find_user(connection, user_id=number)
    assert user is not None
    return user


def _context(jobs: AdminJobs, signed_in: SignedIn, path: str) -> dict[str, Any]:
    options, address = jobs.options, f"/admin{path}"
    empty = dict.fromkeys(("csrf", "form_key", "message", "assets", "first_day"), "")
    return empty | {
        "site_title": options.title, "site_url": options.site_url, "zone": options.zone, "query": {},
        "now": NOW.astimezone(options.zone), "titles": jobs.newsletter_views.titles,
        "viewer": signed_in.user, "scopes": ROLES["admin"],
        "menu": menu_of("admin", address, jobs.needs.counts(NOW)), "address": address,
    }  # fmt: skip


async def _serve(services: Services, port: int) -> None:
    client = Client(browser="benchmark")
    with services.store.write() as connection:
        user = user_store.find_user(connection, address_key="demo@example.org")
        assert user is not None
        session_id = services.admin.sign_in.open_session(connection, user, client, NOW)
    print(f"http://127.0.0.1:{port}/admin/ with the cookie syndicate={session_id}", flush=True)
    app = create_admin_app(services.admin, services.templates, lambda: NOW)
    await WebServer(app, "127.0.0.1", port).serve(lambda: None)


if __name__ == "__main__":
    main()
