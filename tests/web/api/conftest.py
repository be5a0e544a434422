"""The API over a room of a real store, called in this process; tokens with any scopes."""

import asyncio
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

import pytest
from starlette.types import ASGIApp, Message

from syndicate.ingest.worker.parser_pool import ParserPool
from syndicate.jobs.admin.access.token_actions import TokenRequests
from syndicate.model.actors import SCOPES, Change, command_actor
from syndicate.store import Store
from syndicate.store.access import user_store
from syndicate.web.api import ApiOptions, create_api
from tests.factories import NOW
from tests.jobs.room import Room

_runner = asyncio.Runner()
BASE = "/api/v1"
ALL = frozenset(SCOPES) - {"admin:write"}
SOURCES = """
[[sources]]
name = "harbour"
url = "https://harbour.example/feed"
[[sources]]
name = "own desk"
url = "https://news.example/desk"
kind = "api"
own = true
[[newsletters]]
name = "daily"
title = "Daily"
schedule = "daily 07:00"
approval = "1h"
[[channels]]
name = "all"
query = ""
"""


@dataclass
class Reply:
    """Answer of the API."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def problem(self) -> str:
        assert self.headers["content-type"] == "application/problem+json", self.body
        return str(self.json["type"]).rpartition("#")[2]


@dataclass
class Api:
    """The application with its clock, and a token that requests carry."""

    room: Room
    app: ASGIApp
    token: str = ""
    now: list[datetime] = field(default_factory=lambda: [NOW])

    def with_token(self, *scopes: str, role: str = "admin") -> "Api":
        """Return the API with a new token."""
        return Api(self.room, self.app, add_token(self.room, scopes or tuple(ALL), role), self.now)

    def ask(self, method: str, path: str, body: Any = None, /, **headers: str) -> Reply:
        """Send a request; ``body`` is bytes, or becomes JSON."""
        data = body if isinstance(body, bytes) else b"" if body is None else json.dumps(body).encode()
        given = {"authorization": f"Bearer {self.token}"} if self.token else {}
        if body is not None:
            given["content-type"] = "application/json"
        given |= {name.replace("_", "-").lower(): value for name, value in headers.items()}
        return _runner.run(
            _ask(self.app, method, path if path.startswith("/api") else BASE + path, data, given)
        )

    def get(self, path: str, /, **headers: str) -> Reply:
        return self.ask("GET", path, None, **headers)

    def post(self, path: str, body: Any = None, /, **headers: str) -> Reply:
        return self.ask("POST", path, {} if body is None else body, **headers)


async def _ask(app: ASGIApp, method: str, path: str, body: bytes, headers: dict[str, str]) -> Reply:
    url = urlsplit(path)
    scope = {
        "type": "http", "method": method, "path": url.path, "raw_path": quote(url.path).encode(),
        "query_string": url.query.encode(), "headers": [(k.encode(), v.encode()) for k, v in headers.items()],
        "client": ("192.0.2.7", 4000), "server": ("127.0.0.1", 80), "scheme": "http", "http_version": "1.1",
    }  # fmt: skip
    sent: list[Message] = []
    parts = [{"type": "http.request", "body": body, "more_body": False}]

    async def receive() -> Message:
        while not parts:  # the client stays connected
            await asyncio.sleep(3600)
        return parts.pop()

    async def send(message: Message) -> None:
        sent.append(message)

    await app(scope, receive, send)
    start = sent[0]
    found = {name.decode().lower(): value.decode() for name, value in start["headers"]}
    return Reply(start["status"], found, b"".join(message.get("body", b"") for message in sent[1:]))


def add_token(room: Room, scopes: tuple[str, ...], role: str = "admin") -> str:
    """Add a token of a user with this role; a token may lack scopes, never exceed the role."""
    address = f"{role}@news.example"
    with room.store.write() as connection:
        user = user_store.find_user(connection, address_key=address)
        number = user.id if user else user_store.add_user(
            connection, address=address, address_key=address, name=role, role=role, now=NOW
        )  # fmt: skip
    change = Change(actor=command_actor("test"), now=NOW)
    return room.services.admin.tokens.add(change, "program", scopes, user_id=number).secret


def api_of(room: Room, **options: Any) -> Api:
    """Return the API of a room."""
    now = [NOW]
    jobs = room.services.admin
    find_actor = TokenRequests(tokens=jobs.tokens).actor
    made = ApiOptions(site_url="https://news.example", **options)
    app = create_api(jobs, room.store, find_actor, made, clock=lambda: now[0])
    return Api(room, app, now=now)


@pytest.fixture(scope="session", autouse=True)
def closed_loop() -> Iterator[None]:
    """All requests share a loop, whose threads are costly to start."""
    yield
    _runner.close()


@pytest.fixture
def room(tmp_path: Path, sqlite_store: Store, parsers: ParserPool) -> Iterator[Room]:
    room = Room(tmp_path, sqlite_store, parsers)
    room.declare(SOURCES)
    yield room
    room.close()


@pytest.fixture
def rooms(tmp_path: Path, store: Store, parsers: ParserPool) -> Iterator[Room]:
    """A room on each engine."""
    room = Room(tmp_path, store, parsers)
    room.declare(SOURCES)
    yield room
    room.close()


@pytest.fixture
def api(room: Room) -> Api:
    """The API, asked with a token for everything that a token may have."""
    return api_of(room).with_token()
