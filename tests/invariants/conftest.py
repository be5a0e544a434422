"""Newsrooms for histories: on SQLite by copying a file, on PostgreSQL by copying a database."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from uuid import uuid4

import pytest

from syndicate.ingest.worker.parser_pool import ParserPool
from tests import postgres
from tests.empty_stores import write_empty_store
from tests.invariants.newsroom import Equipment, Newsroom

Place = Callable[[], AbstractContextManager[Newsroom]]


@pytest.fixture(scope="session")
def equipment(parsers: ParserPool) -> Equipment:
    return Equipment(parsers)


@pytest.fixture
def place(tmp_path: Path, equipment: Equipment, request: pytest.FixtureRequest) -> Callable[[str], Place]:
    """Returns what makes newsrooms on an engine, as often as a failing history has to be tried."""

    @contextmanager
    def on_sqlite() -> Iterator[Newsroom]:
        with TemporaryDirectory(dir=tmp_path) as name:
            folder = Path(name)
            with equipment.newsroom(write_empty_store(folder), folder) as newsroom:
                yield newsroom

    @contextmanager
    def on_postgres() -> Iterator[Newsroom]:
        server = request.getfixturevalue("postgres_server")
        template = request.getfixturevalue("postgres_template")
        name = f"syndicate_{uuid4().hex}"
        with (
            TemporaryDirectory(dir=tmp_path) as folder,
            postgres.database(server, name, template=template) as url,
            equipment.newsroom(url, Path(folder)) as newsroom,
        ):
            yield newsroom

    return lambda engine: on_sqlite if engine == "sqlite" else on_postgres
