import asyncio
import http.client
import os
import shutil
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from starlette.applications import Starlette

from syndicate.audience.link_tokens import unsubscribe_token
from syndicate.jobs.publish.site_frame import bare_frame
from syndicate.publish.publish_options import PublishOptions
from syndicate.store import open_store
from syndicate.store.leases import leases
from syndicate.store.subscribers import audience_store
from syndicate.templating import Templates
from syndicate.web import WebOptions, WebServer
from syndicate.web.readers.server_pages import ServerPages
from tests.empty_stores import write_empty_store
from tests.factories import NOW
from tests.jobs.room import Room
from tests.web_app import create_app

JO = "jo@example.org"
OFFERED = """
[sign_up]
enabled = true
consent = "I want <it>."
per_network = 2
[[newsletters]]
name = "daily"
title = "Morning & <b>News</b>"
schedule = "daily 07:00"
[[newsletters]]
name = "weekly"
title = "نشرة الأسبوع"
schedule = "weekly monday 07:00"
"""
NEWSLETTER = """
[[newsletters]]
name = "daily"
title = "Morning & <b>News</b>"
schedule = "daily 07:00"
"""
TUESDAY = 1_795_510_800  # Tue, 24 Nov 2026 09:00:00 GMT


@dataclass
class Reader:
    """One subscription in a store of its own, and the token that stands for it."""

    room: Room
    token: str

    @property
    def subscribed(self) -> bool:
        with self.room.store.read() as connection:
            return audience_store.count_readers(connection) == 1

    def come_back(self) -> None:
        with self.room.store.write() as connection:
            audience_store.confirm_subscription(connection, JO, "daily", detail="", agreed="", now=NOW)

    @contextmanager
    def locked_out(self) -> Iterator[None]:
        """Somebody else writes to the store for as long."""
        with closing(sqlite3.connect(self.room.folder / "syndicate.db", isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            yield
            other.execute("ROLLBACK")


@contextmanager
def subscribed(folder: Path) -> Iterator[Reader]:
    """A reader of one newsletter; the store gives up at once when it is locked."""
    store = open_store(write_empty_store(folder), busy_timeout=0)
    room = Room(folder, store, None)
    room.declare(NEWSLETTER)
    room.subscribe(JO)
    with store.read() as connection:
        number = audience_store.subscription_of(connection, JO, "daily")
        assert number is not None
        token = unsubscribe_token(leases.read_secret(connection), number)
    yield Reader(room, token)
    room.close()
    store.dispose()


def pages_at_once(title: str = "Coast", language: str = "") -> ServerPages:
    """Pages of the server without a site around them, rendered before they are returned."""
    templates = Templates(None, language)
    frame = bare_frame(templates, PublishOptions(site_url="", title=title, language=language or "en"))
    return ServerPages(templates, lambda: frame, at_once=True)


@dataclass(frozen=True)
class Answer:
    status: int
    fields: http.client.HTTPMessage
    body: bytes

    def __getitem__(self, name: str) -> str | None:
        return self.fields[name]


@dataclass
class Site:
    """A running server over a folder, asked with plain requests."""

    server: WebServer
    folder: Path
    health: dict[str, object] = field(default_factory=dict)

    def put(self, name: str, content: bytes, modified: int = TUESDAY) -> Path:
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        fresh = path.with_name(".fresh.tmp")
        fresh.write_bytes(content)
        os.utime(fresh, (modified, modified))
        fresh.replace(path)
        return path

    def ask(self, method: str, path: str, body: bytes | None = None, /, **fields: str) -> Answer:
        connection = http.client.HTTPConnection(self.server.host, self.server.port, timeout=120)
        try:
            connection.putrequest(method, path, skip_host="Host" in fields, skip_accept_encoding=True)
            for name, value in fields.items():
                connection.putheader(name.replace("_", "-"), value)
            if body is not None:
                connection.putheader("Content-Length", str(len(body)))
            connection.endheaders(body)
            response = connection.getresponse()
            return Answer(response.status, response.msg, response.read())
        finally:
            connection.close()

    def get(self, path: str, **fields: str) -> Answer:
        return self.ask("GET", path, None, **fields)

    def post(self, path: str, body: bytes, kind: str = "application/x-www-form-urlencoded") -> Answer:
        return self.ask("POST", path, body, Content_Type=kind)


def run(server: WebServer) -> threading.Thread:
    """Serve in a thread; returns when connections are answered."""
    ready = threading.Event()
    thread = threading.Thread(target=lambda: asyncio.run(server.serve(ready.set)))
    thread.start()
    ready.wait()
    return thread


@contextmanager
def serving(app: Starlette, folder: Path) -> Iterator[Site]:
    """The application on a port of its own."""
    server = WebServer(app, "127.0.0.1", 0)
    thread = run(server)
    try:
        yield Site(server, folder)
    finally:
        server.stop()
        thread.join()


@pytest.fixture(scope="session")
def running_site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Site, Reader]]:
    place = tmp_path_factory.mktemp("web")
    folder, health = place / "feeds", dict[str, object]()
    with subscribed(place) as reader:
        job = reader.room.services.unsubscribe
        app = create_app(WebOptions(), folder, job, templates=Templates(), health=lambda: health)
        with serving(app, folder) as site:
            site.health = health
            yield site, reader


@pytest.fixture
def site(running_site: tuple[Site, Reader]) -> Site:
    """The server with an empty folder and good health."""
    site, _ = running_site
    shutil.rmtree(site.folder, ignore_errors=True)
    site.folder.mkdir()
    site.health.clear()
    site.health.update(ok=True, sources=3)
    return site


@pytest.fixture
def reader(running_site: tuple[Site, Reader]) -> Reader:
    """The reader whom the server knows, subscribed."""
    _, reader = running_site
    reader.come_back()
    return reader
