import asyncio
import http.client
import os
import shutil
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from syndicate.errors import StoreBusy
from syndicate.templating import Templates
from syndicate.web import WebOptions, WebServer, create_app

TUESDAY = 1_795_510_800  # Tue, 24 Nov 2026 09:00:00 GMT


@dataclass
class Mailbox:
    """One subscription behind the token ``good``; remembers what it was asked."""

    subscribed: bool = True
    busy: bool = False
    looked: list[str] = field(default_factory=list)

    def reset(self) -> None:
        self.subscribed, self.busy, self.looked = True, False, []

    def look(self, token: str) -> str | None:
        self.looked.append(token)
        if self.busy:
            raise StoreBusy("busy")
        return "Morning & <b>News</b>" if token == "good" else None

    def unsubscribe(self, token: str) -> bool:
        self.subscribed = False
        return token == "good"


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
    mailbox: Mailbox
    health: dict[str, object]

    def put(self, name: str, content: bytes, modified: int = TUESDAY) -> Path:
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        fresh = path.with_name(".fresh.tmp")
        fresh.write_bytes(content)
        os.utime(fresh, (modified, modified))
        fresh.replace(path)
        return path

    def ask(self, method: str, path: str, body: bytes | None = None, /, **fields: str) -> Answer:
        connection = http.client.HTTPConnection(self.server.host, self.server.port, timeout=10)
        try:
            connection.putrequest(method, path, skip_accept_encoding=True)
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


@pytest.fixture(scope="session")
def running_site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    folder = tmp_path_factory.mktemp("web") / "feeds"
    mailbox = Mailbox()
    health: dict[str, object] = {}
    app = create_app(WebOptions(), folder, mailbox, templates=Templates(), health=lambda: health)
    server = WebServer(app, "127.0.0.1", 0)
    thread = run(server)
    yield Site(server, folder, mailbox, health)
    server.stop()
    thread.join()


@pytest.fixture
def site(running_site: Site) -> Site:
    """The server with an empty folder, a subscribed mailbox and good health."""
    shutil.rmtree(running_site.folder, ignore_errors=True)
    running_site.folder.mkdir()
    running_site.mailbox.reset()
    running_site.health.clear()
    running_site.health.update(ok=True, sources=3)
    return running_site
