"""The newsroom that these tests work with, on SQLite; ``rooms`` has it on both engines."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from syndicate.ingest.worker.parser_pool import ParserPool
from syndicate.store import Store
from tests.jobs.room import Room


@pytest.fixture
def room(tmp_path: Path, sqlite_store: Store, parsers: ParserPool) -> Iterator[Room]:
    room = Room(tmp_path, sqlite_store, parsers)
    yield room
    room.close()


@pytest.fixture
def rooms(tmp_path: Path, store: Store, parsers: ParserPool) -> Iterator[Room]:
    room = Room(tmp_path, store, parsers)
    yield room
    room.close()
