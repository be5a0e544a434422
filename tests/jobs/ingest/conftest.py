"""Newsrooms whose sources are on a server on loopback."""

from collections.abc import Iterator

import pytest

from tests.jobs.hub import Hub
from tests.jobs.ingest.page_site import site_of
from tests.jobs.ingest.served_feeds import MANY, feed, serving
from tests.jobs.ingest.websub_hub import opened
from tests.jobs.room import Room, item, source
from tests.net.scripted_server import Answer, ScriptedServer


@pytest.fixture
def serve(rooms: Room):
    """Start a server for ``rooms``; it ends with the test."""
    started = []

    def start(answers: dict[str, Answer], more: str = "") -> ScriptedServer:
        started.append(serving(rooms, answers, more))
        return started[-1]

    yield start
    rooms.close()
    for server in started:
        server.__exit__(None, None, None)


@pytest.fixture
def papers(rooms: Room, serve) -> Room:
    """More sources than a batch holds."""
    server = serve({f"/{name}": feed(item(1, name), item(2, f"Second of {name}")) for name in MANY})
    rooms.declare("".join(source(name, server.url(f"/{name}")) for name in MANY))
    return rooms


@pytest.fixture
def site(room: Room):
    yield from site_of(room)


@pytest.fixture
def sites(rooms: Room):
    """On both engines."""
    yield from site_of(rooms)


@pytest.fixture
def hub(room: Room) -> Iterator[Hub]:
    """Hub whose topic has an article."""
    with opened(room) as hub:
        yield hub


@pytest.fixture
def each_hub(rooms: Room) -> Iterator[Hub]:
    """The same on both engines."""
    with opened(rooms) as hub:
        yield hub
